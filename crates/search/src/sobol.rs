//! Search along a Sobol sequence.

use crate::{Error, space::Space, value::Point};

/// How many keys a space may have for [`sobol`].
pub const SOBOL_DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;

/// How many points [`sobol`] has.
pub const SOBOL_POINTS: u64 = 1 << 16;

/// The point at an index of an Owen-scrambled Sobol sequence, which fills a space more evenly than random points do.
///
/// Any 2^k points from a multiple of 2^k on are balanced; a count in between is less so. A key has its dimension
/// whether active or not. Burley 2020 (<https://jcgt.org/published/0009/04/01/>), on the direction numbers of Joe and Kuo 2008
/// (<https://doi.org/10.1137/070709359>), with 24 bits to a value.
///
/// # Errors
/// Beyond [`SOBOL_DIMENSIONS`] keys or [`SOBOL_POINTS`] points.
pub fn sobol(space: &Space, seed: u64, index: u64) -> Result<Point, Error> {
    let found = space.parameters().len();
    if found > SOBOL_DIMENSIONS {
        return Err(Error::Dimensions { found, limit: SOBOL_DIMENSIONS });
    }
    if index >= SOBOL_POINTS {
        return Err(Error::Points { index, limit: SOBOL_POINTS });
    }
    let seed = (seed ^ (seed >> 32)) as u32;
    let fraction = |dimension| f64::from(sobol_burley::sample(index as u32, dimension as u32, seed));
    Ok(space.fill(|dimension, parameter| parameter.domain.at(fraction(dimension))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random,
        testing::{list, square},
    };

    fn numbers(point: &Point) -> Vec<f64> {
        point.values().filter_map(|value| value.number()).collect()
    }

    /// How far the mean of x² + y² over 256 points is from that over the square, 50 / 3, on average over ten seeds.
    fn error(point: impl Fn(u64, u64) -> Point) -> f64 {
        let value = |seed, index| numbers(&point(seed, index)).iter().map(|x| x * x).sum::<f64>();
        let mean = |seed| (0..256).map(|index| value(seed, index)).sum::<f64>() / 256.0;
        (0..10).map(|seed| (mean(seed) - 50.0 / 3.0).abs()).sum::<f64>() / 10.0
    }

    #[test]
    fn points_never_change_between_releases() {
        let points: Vec<f64> = (0..2).flat_map(|index| numbers(&sobol(&square(), 7, index).unwrap())).collect();
        assert_eq!(points, [1.80877685546875, 0.9259617328643799, -4.7100889682769775, -3.0538153648376465]);
    }

    #[test]
    fn an_integral_is_far_closer_than_with_random_points() {
        let sobol = error(|seed, index| sobol(&square(), seed, index).unwrap());
        let random = error(|seed, index| random(&square(), seed, index));
        assert!(sobol * 20.0 < random, "{sobol} {random}");
    }

    #[test]
    fn sixteen_points_fall_into_sixteen_cells() {
        for seed in 0..8 {
            let cell = |index| {
                numbers(&sobol(&square(), seed, index).unwrap())
                    .iter()
                    .fold(0, |cell, x| cell * 4 + ((x + 5.0) / 2.5) as u32)
            };
            let mut cells: Vec<u32> = (0..16).map(cell).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..16).collect::<Vec<_>>());
        }
    }

    #[test]
    fn limits_are_errors() {
        let wide = |keys| Space::new((0..keys).map(|n| list(&n.to_string(), &["a", "b"])).collect()).unwrap();
        assert!(sobol(&wide(SOBOL_DIMENSIONS), 0, SOBOL_POINTS - 1).is_ok());
        let message = sobol(&wide(SOBOL_DIMENSIONS + 1), 0, 0).unwrap_err().to_string();
        assert_eq!(message, "a space of 257 keys; sobol takes at most 256; search with random or tpe");
        assert!(sobol(&wide(1), 0, SOBOL_POINTS).unwrap_err().to_string().contains("points 0 to 65535"));
    }
}
