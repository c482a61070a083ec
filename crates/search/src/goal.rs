//! What a study is after, and what it has seen.

use crate::value::Point;

/// Which values of the metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The lower the better, as a loss.
    Minimise,
    /// The higher the better, as an accuracy.
    Maximise,
}

/// A point that is or was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What the trial set.
    pub point: Point,
    /// The metric that it ended with; none while it runs or after it failed.
    pub value: Option<f64>,
}

impl Goal {
    /// The value as a loss: the lower the better, infinity for NaN and the infinities.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            _ if !value.is_finite() => f64::INFINITY,
            Self::Minimise => value,
            Self::Maximise => -value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_worst_for_both_goals() {
        for goal in [Goal::Minimise, Goal::Maximise] {
            assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|v| goal.loss(v)), [f64::INFINITY; 3]);
        }
        assert!(Goal::Maximise.loss(0.9) < Goal::Maximise.loss(0.8));
    }
}
