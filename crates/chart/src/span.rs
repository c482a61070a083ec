//! From where to where an axis goes, and where a value lies on it.

use crate::{
    line_chart::{Axis, Scale},
    ticks,
};

/// Values beyond this many times the upper quartile of all magnitudes would flatten the rest to nothing.
const DWARFING: f64 = 100.0;

/// Free room at both ends, as a part of the whole.
const MARGIN: f64 = 0.03;

/// Farther out than any chart shows, and near enough to compute with.
const FAR: f64 = 1e6;
/// Larger numbers are taken for this one, so that differences of two stay finite.
const HUGE: f64 = 1e300;

/// A resolved axis. On it a value lies at a fraction: 0 at its low end, 1 at its high end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    scale: Scale,
    /// Both ends; decimal logarithms on a logarithmic scale.
    low: f64,
    high: f64,
    /// Round values, from low to high.
    pub ticks: Vec<Tick>,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub at: f64,
    /// What is written there.
    pub label: String,
}

impl Span {
    /// The span of an axis with these values and about `ticks` ticks.
    pub fn new(axis: &Axis, values: &[f64], ticks: usize) -> Self {
        let scale = axis.scale;
        let place = |value: &f64| place(scale, *value);
        let (low, high) = match axis.range {
            Some([low, high]) => ends(scale, [low, high].iter().filter_map(place)),
            None => widened(ends(scale, within_reason(values).iter().filter_map(place))),
        };
        let labelled = match scale {
            _ if !axis.labelled.is_empty() => {
                axis.labelled.iter().filter_map(|value| Some((place(value)?, format!("{value}")))).collect()
            }
            Scale::Linear => ticks::linear(low, high, ticks, axis.is_whole || high - low >= 2.0 && are_whole(values)),
            Scale::Log => ticks::log(low, high, ticks),
        };
        let ticks = labelled.into_iter().map(|(place, label)| Tick { at: (place - low) / (high - low), label });
        Self { scale, low, high, ticks: ticks.collect() }
    }

    /// The same from end to end on the scale of another axis, which must be that of values above 0.
    pub fn on(&self, axis: &Axis, values: &[f64], ticks: usize) -> Self {
        let value = |end: f64| if self.scale == Scale::Log { 10f64.powf(end) } else { end };
        let range = Some([value(self.low), value(self.high)]);
        Self::new(&Axis { range, ..axis.clone() }, values, ticks)
    }

    /// Both ends for a script, of a logarithmic scale as decimal logarithms.
    pub fn data(&self) -> String {
        let log = if self.scale == Scale::Log { " log" } else { "" };
        format!("{:e} {:e}{log}", self.low, self.high)
    }

    /// The fraction at which a value lies, beyond 0 and 1 too; `None` for what is not finite or has no logarithm.
    pub fn at(&self, value: f64) -> Option<f64> {
        let fraction = (place(self.scale, value)? - self.low) / (self.high - self.low);
        Some(fraction.clamp(-FAR, FAR))
    }
}

/// Steps: half of one is no place to label. (Shares may all be 0 or 1, and still have halves.)
fn are_whole(values: &[f64]) -> bool {
    values.iter().filter(|value| value.is_finite()).all(|value| value.fract() == 0.0)
}

fn place(scale: Scale, value: f64) -> Option<f64> {
    let place = match scale {
        Scale::Linear => value.clamp(-HUGE, HUGE),
        Scale::Log => value.log10(),
    };
    (value.is_finite() && place.is_finite()).then_some(place)
}

/// The finite values without those that dwarf all others.
fn within_reason(values: &[f64]) -> Vec<f64> {
    let mut magnitudes: Vec<f64> = values.iter().filter(|v| v.is_finite()).map(|v| v.abs()).collect();
    magnitudes.sort_by(f64::total_cmp);
    let upper = magnitudes.get(magnitudes.len().saturating_sub(1) * 3 / 4).copied().unwrap_or(0.0);
    let limit = if upper > 0.0 { DWARFING * upper } else { f64::INFINITY };
    values.iter().copied().filter(|v| v.is_finite() && v.abs() <= limit).collect()
}

/// Lowest and highest, always apart from each other.
fn ends(scale: Scale, places: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| (low.min(place), high.max(place)));
    let least = match scale {
        Scale::Linear => 1e-12 + 1e-9 * low.abs().max(high.abs()),
        Scale::Log => 1e-3,
    };
    if low > high {
        (0.0, 1.0)
    } else if high - low < least {
        let room = if low == 0.0 || scale == Scale::Log { 0.5 } else { 0.1 * low.abs() };
        (low - room, high + room)
    } else {
        (low, high)
    }
}

/// With a little room, but not below 0 where all values are above.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    let room = MARGIN * (high - low);
    let floor = if low == 0.0 { 0.0 } else { low - room };
    (floor, high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(values: &[f64]) -> (f64, f64) {
        let span = Span::new(&Axis::default(), values, 5);
        (span.low, span.high)
    }

    #[test]
    fn a_span_holds_all_values_with_a_little_room() {
        assert_eq!(span(&[1.0, 3.0, 2.0]), (1.0 - 0.06, 3.0 + 0.06));
        assert_eq!(span(&[0.0, 100.0]), (0.0, 103.0));
    }

    #[test]
    fn what_is_not_finite_and_what_diverged_are_left_out() {
        assert_eq!(span(&[f64::NAN, 0.0, 1.0, 2.0, 3.0, f64::INFINITY]), (0.0, 3.0 * 1.03));
        assert_eq!(span(&[0.0, 1.0, 2.0, 3.0, 1e38]), (0.0, 3.0 * 1.03));
        assert_eq!(span(&[25823.0, 5435.0, 1577.0, 847.0, 709.0, 683.0]).1, 25823.0 + 0.03 * (25823.0 - 683.0));
    }

    #[test]
    fn no_value_and_one_value_still_make_a_span() {
        assert_eq!(span(&[]), (0.0, 1.03));
        assert!(span(&[5.0]).0 < 5.0 && span(&[5.0]).1 > 5.0);
        assert!(span(&[0.0, 0.0]).0 < 0.0);
        assert!(Span::new(&Axis::default().log(), &[10.0], 5).low < 1.0);
    }

    #[test]
    fn a_given_range_is_kept_as_it_is() {
        let span = Span::new(&Axis::new("rate").log().range(1e-7, 10.0), &[1e9], 9);
        let at = |value: f64| span.at(value).map(|fraction| (fraction * 1e6).round() / 1e6);
        assert_eq!([1e-7, 1e-3, 10.0].map(at), [Some(0.0), Some(0.5), Some(1.0)]);
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(at), [None; 4]);
        assert_eq!((span.ticks[1].label.as_str(), (span.ticks[1].at * 1e6).round()), ("1e-6", 125_000.0));
    }
}
