//! From where to where the axes of keys and metric go.

use chart::Axis;
use search::{Domain, Goal, Parameter};

use crate::Study;

/// A ratio of the ends of a list beyond which its axis shows magnitudes.
const WIDE: f64 = 50.0;
/// Values so many interquartile ranges below the quartile would press all others together (Tukey's outer fence).
const FENCE: f64 = 3.0;
/// Free room at both ends, as a part of the whole.
const MARGIN: f64 = 0.03;

/// The axis of a key with these numbers, all of them on it.
pub fn of_key(parameter: &Parameter, numbers: &[f64]) -> Axis {
    let (low, high) = ends(numbers);
    let axis = Axis::new(parameter.key.as_str());
    let is_log = match parameter.domain {
        Domain::LogUniform { .. } | Domain::LogInt { .. } => true,
        Domain::Choice(_) => high / low > WIDE,
        Domain::Uniform { .. } | Domain::Int { .. } => false,
    };
    if low > 0.0 && is_log {
        let room = (high / low).powf(MARGIN);
        return axis.log().range(low / room, high * room);
    }
    let room = MARGIN * (high - low);
    axis.range(low - room, high + room)
}

/// The axis of the metric, and how many of these values lie beyond its end: those that are far worse than the others.
/// Losses are shown by their magnitudes, so that there is room for all.
pub fn of_metric(study: &Study, values: &[f64]) -> (Axis, usize) {
    let axis = Axis::new(study.metric.to_string());
    if study.metric.usual_goal() == Goal::Minimise {
        return (axis.log(), 0);
    }
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let [lowest, .., highest] = sorted[..] else { return (axis, 0) };
    let quartile = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4];
    let floor = quartile(1) - FENCE * (quartile(3) - quartile(1)).max(0.002);
    if lowest >= floor || study.goal == Goal::Minimise {
        return (axis, 0);
    }
    let beyond = sorted.iter().filter(|value| **value < floor).count();
    let lowest = sorted[beyond];
    let room = MARGIN * (highest - lowest);
    (axis.range(lowest - room, highest + room), beyond)
}

/// What has to be said where values lie beyond the axis.
pub fn beyond(study: &Study, axis: &Axis, count: usize, how: &str) -> Option<String> {
    let floor = study.metric.shown(axis.range?[0]);
    (count > 0).then(|| format!("Of these, {count} with {} below {floor} {how}.", study.metric))
}

/// Lowest and highest.
fn ends(numbers: &[f64]) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    numbers.iter().fold(ends, |(low, high), number| (low.min(*number), high.max(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::Scale;

    #[test]
    fn a_wide_or_logarithmic_key_shows_magnitudes() {
        let key = |domain| Parameter::new("k", domain);
        let list = key(Domain::Choice(vec![1.into()]));
        let scale = |parameter: &Parameter, numbers: &[f64]| of_key(parameter, numbers).scale;
        assert_eq!(scale(&list, &[0.001, 0.1]), Scale::Log);
        assert_eq!(scale(&list, &[0.01, 0.1]), Scale::Linear);
        assert_eq!(scale(&list, &[0.0, 100.0]), Scale::Linear);
        assert_eq!(scale(&key(Domain::LogUniform { low: 0.01, high: 1.0 }), &[0.1, 0.2]), Scale::Log);
        assert_eq!(scale(&key(Domain::Uniform { low: 0.0, high: 1.0 }), &[0.001, 0.9]), Scale::Linear);
    }
}
