//! A mean and how sure it is.

use crate::student::quantile;

/// The mean of some values, such as a metric over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// How many values.
    pub count: usize,
    pub mean: f64,
    /// Their standard deviation, with count - 1 below; none for one value.
    pub deviation: Option<f64>,
    /// Half the width of the 95 % confidence interval around the mean, by Student's t; none for one value. It takes the
    /// values for independent and about normal, and says nothing of a bias that all of them share.
    pub half_width: Option<f64>,
}

impl Mean {
    /// None without values, or with one that is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len();
        let deviation = (count > 1).then(|| (squares(values) / (count - 1) as f64).sqrt());
        let width = |deviation: f64| quantile(0.05, (count - 1) as f64) * deviation / (count as f64).sqrt();
        Some(Self { count, mean: mean(values), deviation, half_width: deviation.map(width) })
    }
}

/// The sum of the squared distances to the mean; 0 to the bit for equal values.
pub(crate) fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean) * (value - mean)).sum()
}

/// No rounding takes it beyond the values.
fn mean(values: &[f64]) -> f64 {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values.iter().sum::<f64>() / values.len() as f64).max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_scipy() {
        let mean = Mean::of(&[0.9823, 0.9828, 0.9823, 0.9833, 0.9818]).unwrap();
        assert!((mean.mean - 0.9825).abs() < 1e-12);
        assert!((mean.deviation.unwrap() - 0.0005700877125495598).abs() < 1e-12);
        assert!((mean.half_width.unwrap() - 0.0007078573884911245).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_no_interval_and_none_no_mean() {
        let one = Mean { count: 1, mean: 0.5, deviation: None, half_width: None };
        assert_eq!(Mean::of(&[0.5]), Some(one));
        assert_eq!(Mean::of(&[]), None);
        assert_eq!(Mean::of(&[0.5, f64::NAN]), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_width_zero() {
        for value in [0.1, 0.5, 0.9823] {
            assert_eq!(Mean::of(&[value; 7]).unwrap().half_width, Some(0.0));
        }
    }
}
