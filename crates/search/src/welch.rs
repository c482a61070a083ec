//! Whether two groups differ by more than noise.

use crate::{mean::Mean, student::two_sided};

/// Welch's t-test of two groups whose variances may differ (Welch 1947, <https://doi.org/10.1093/biomet/34.1-2.28>).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// The mean of the first group less that of the second.
    pub difference: f64,
    /// The difference over its standard error.
    pub t: f64,
    /// Degrees of freedom, by Welch and Satterthwaite.
    pub freedom: f64,
    /// How likely a difference as large, either way, would be between groups with one mean.
    pub p: f64,
}

/// None where a group has fewer than two values or one that is not finite, or where neither group has any spread.
pub fn welch(first: &[f64], second: &[f64]) -> Option<Welch> {
    let (first, second) = (Mean::of(first)?, Mean::of(second)?);
    let error = |mean: Mean| Some(mean.deviation?.powi(2) / mean.count as f64);
    let (a, b) = (error(first)?, error(second)?);
    if a + b == 0.0 {
        return None;
    }
    let difference = first.mean - second.mean;
    let t = difference / (a + b).sqrt();
    let weigh = |error: f64, mean: Mean| error * error / (mean.count - 1) as f64;
    let freedom = (a + b) * (a + b) / (weigh(a, first) + weigh(b, second));
    Some(Welch { difference, t, freedom, p: two_sided(t, freedom) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 1e-10
    }

    /// `scipy.stats.ttest_ind(first, second, equal_var=False)`.
    fn agrees(first: &[f64], second: &[f64], [t, freedom, p]: [f64; 3]) {
        let found = welch(first, second).unwrap();
        assert!(is_close(found.t, t) && is_close(found.freedom, freedom) && is_close(found.p, p), "{found:?}");
    }

    #[test]
    fn the_test_is_that_of_scipy() {
        let expected = [-0.704000704958882, 5.9684174075776735, 0.5079545887708895];
        agrees(&[3.0, 4.0, 5.5, 2.0, 7.0, 4.0], &[4.0, 5.0, 3.5, 8.0], expected);
        let expected = [-31.090632849468758, 3.403336604514274, 2.6766635125734812e-05];
        agrees(&[0.9823, 0.9828, 0.9823, 0.9833, 0.9818], &[0.9975, 0.9990, 0.9981], expected);
    }

    #[test]
    fn the_other_way_round_only_the_sign_differs() {
        let (first, second) = ([1.0, 2.0, 4.0], [3.0, 7.0]);
        let (one, other) = (welch(&first, &second).unwrap(), welch(&second, &first).unwrap());
        assert_eq!(other, Welch { difference: -one.difference, t: -one.t, ..one });
    }

    #[test]
    fn without_spread_or_with_one_value_there_is_no_test() {
        assert_eq!(welch(&[0.1; 7], &[0.9823; 6]), None);
        assert_eq!(welch(&[1.0], &[2.0, 3.0]), None);
        assert_eq!(welch(&[1.0, f64::NAN], &[2.0, 3.0]), None);
    }
}
