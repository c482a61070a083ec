//! Random search.

use crate::{space::Space, stream::Stream, value::Point};

/// The point at an index of a random search (Bergstra and Bengio 2012,
/// <https://jmlr.org/papers/v13/bergstra12a.html>).
///
/// Each value is drawn from a stream of its own, named by seed, index and key: more trials keep the earlier ones, and a
/// new key leaves the values of the others as they are.
pub fn random(space: &Space, seed: u64, index: u64) -> Point {
    space.fill(|_, parameter| parameter.domain.at(Stream::new(seed, "random", index, &parameter.key).uniform()))
}

/// How often a point that is not new is drawn again.
const ATTEMPTS: u64 = 64;

/// The same, drawn again where that is no new point; `None` where no new one is found: the space has no more, or few.
pub fn random_new(space: &Space, seed: u64, index: u64, is_new: impl Fn(&Point) -> bool) -> Option<Point> {
    // The indices of a search stay far below 2^32, so that each attempt has streams of its own.
    (0..ATTEMPTS).map(|attempt| random(space, seed, index | attempt << 32)).find(is_new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Domain, Parameter, Value,
        testing::{conditional, square},
    };

    #[test]
    fn a_small_space_is_drawn_from_to_its_end() {
        let mut seen: Vec<Point> = vec![];
        for index in 0..9 {
            seen.extend(random_new(&conditional(), 0, index, |point| !seen.contains(point)));
        }
        let distinct =
            (0..2000).map(|index| random(&conditional(), 1, index)).fold(vec![], |mut all: Vec<Point>, point| {
                if !all.contains(&point) {
                    all.push(point);
                }
                all
            });
        assert_eq!(seen.len(), distinct.len());
    }

    #[test]
    fn points_never_change_between_releases() {
        let points: Vec<f64> =
            (0..2).flat_map(|index| random(&square(), 7, index).into_values()).filter_map(|v| v.number()).collect();
        assert_eq!(points, [-2.3662097313118324, 0.4530371701282574, -4.371025742038644, 4.105548887581881]);
    }

    #[test]
    fn a_new_key_leaves_the_others() {
        let mut parameters = vec![Parameter::new("z", Domain::LogUniform { low: 0.1, high: 1.0 })];
        parameters.extend_from_slice(square().parameters());
        let (wide, narrow) = (random(&Space::new(parameters).unwrap(), 3, 5), random(&square(), 3, 5));
        assert_eq!((&wide["x"], &wide["y"]), (&narrow["x"], &narrow["y"]));
    }

    #[test]
    fn every_point_is_of_the_space_and_every_choice_comes() {
        let space = conditional();
        let points: Vec<Point> = (0..100).map(|index| random(&space, 1, index)).collect();
        points.iter().for_each(|point| space.check(point).unwrap());
        let sgd = points.iter().filter(|point| point["opt"] == Value::from("sgd")).count();
        assert!((30..70).contains(&sgd), "{sgd}");
    }
}
