//! From where to where the axes of keys and metric go.

use chart::Axis;
use search::{Domain, Goal, Parameter};

use crate::Study;

/// A ratio of the ends of a list from which on its axis may show magnitudes.
const WIDE: f64 = 8.0;
/// Values so many interquartile ranges below the quartile would press all others together (Tukey's outer fence).
const FENCE: f64 = 3.0;
/// Values of a list that have a label each.
const MOST_LABELS: usize = 6;
/// Free room at both ends, as a part of the whole.
const MARGIN: f64 = 0.03;

/// The axis of a key with these numbers, all of them on it.
pub fn of_key(parameter: &Parameter, numbers: &[f64]) -> Axis {
    let (low, high) = ends(numbers);
    let mut axis = Axis::new(parameter.key.as_str());
    if let Domain::Choice(values) = &parameter.domain
        && values.len() <= MOST_LABELS
    {
        axis.labelled = values.iter().filter_map(|value| value.number()).filter(|n| (low..=high).contains(n)).collect();
    }
    let is_log = match parameter.domain {
        Domain::LogUniform { .. } | Domain::LogInt { .. } => true,
        Domain::Choice(_) => high / low >= WIDE && grows_by_factors(numbers),
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

/// Whether the values of a list are more even by their ratios than by their differences, as 30, 100 and 300 are.
fn grows_by_factors(numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let unevenness = |step: fn(f64, f64) -> f64| {
        let (low, high) = ends(&sorted.windows(2).map(|pair| step(pair[0], pair[1])).collect::<Vec<_>>());
        high / low
    };
    sorted.len() == 2 || unevenness(|low, high| (high / low).ln()) < unevenness(|low, high| high - low)
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
        assert_eq!(scale(&list, &[300.0, 30.0, 100.0, 30.0]), Scale::Log);
        assert_eq!(scale(&list, &[0.01, 0.1]), Scale::Log);
        assert_eq!(scale(&list, &[0.1, 0.2, 0.5, 1.0]), Scale::Log);
        assert_eq!(scale(&list, &[10.0, 40.0, 70.0, 100.0]), Scale::Linear);
        assert_eq!(scale(&list, &[16.0, 32.0, 64.0]), Scale::Linear);
        assert_eq!(scale(&list, &[0.0, 100.0]), Scale::Linear);
        let listed = key(Domain::Choice(vec![30.into(), 100.into(), 300.into()]));
        assert_eq!(of_key(&listed, &[30.0, 300.0]).labelled, [30.0, 100.0, 300.0]);
        assert_eq!(scale(&key(Domain::LogUniform { low: 0.01, high: 1.0 }), &[0.1, 0.2]), Scale::Log);
        assert_eq!(scale(&key(Domain::Uniform { low: 0.0, high: 1.0 }), &[0.001, 0.9]), Scale::Linear);
    }
}
