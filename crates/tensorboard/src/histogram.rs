//! How numbers are spread.

use crate::wire::Message;

/// As many as TensorFlow's `summary.histogram` has, and TensorBoard draws.
const BUCKETS: usize = 30;

/// How many numbers lie in each of some ranges of equal width, from the smallest to the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    min: f64,
    max: f64,
    count: f64,
    sum: f64,
    sum_of_squares: f64,
    /// Where each range ends; it begins where the one before ends.
    limits: Vec<f64>,
    counts: Vec<f64>,
}

impl Histogram {
    /// Of these values, without those that are not finite: they lie nowhere.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite()).map(f64::from);
        let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
        let (sum, sum_of_squares) = finite().fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
        let (limits, counts) = match max - min {
            // One value, however often.
            0.0 => (vec![max], vec![finite().count() as f64]),
            span if span > 0.0 => spread(min, span, finite()),
            _ => return Self::empty(),
        };
        Self { min, max, count: counts.iter().sum(), sum, sum_of_squares, limits, counts }
    }

    fn empty() -> Self {
        Self { min: 0.0, max: 0.0, count: 0.0, sum: 0.0, sum_of_squares: 0.0, limits: vec![], counts: vec![] }
    }

    pub(crate) fn message(&self) -> Message {
        let Self { min, max, count, sum, sum_of_squares, limits, counts } = self;
        let numbers = [*min, *max, *count, *sum, *sum_of_squares];
        let message = (1..).zip(numbers).fold(Message::default(), |message, (field, n)| message.double(field, n));
        message.doubles(6, limits).doubles(7, counts)
    }
}

/// Limits and counts of the ranges.
fn spread(min: f64, span: f64, values: impl Iterator<Item = f64>) -> (Vec<f64>, Vec<f64>) {
    let mut counts = vec![0.0; BUCKETS];
    let scale = BUCKETS as f64 / span;
    for value in values {
        // The largest value would be the first of the range after the last.
        counts[(((value - min) * scale) as usize).min(BUCKETS - 1)] += 1.0;
    }
    let limits = (1..=BUCKETS).map(|bucket| min + span * bucket as f64 / BUCKETS as f64);
    (limits.collect(), counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_counted_where_it_lies() {
        let histogram = Histogram::of(&[0.0, 0.5, 1.5, 30.0, 29.5, 14.99]);
        let counted = |bucket: usize| histogram.counts[bucket];
        assert_eq!([0, 1, 14, 15, 29].map(counted), [2.0, 1.0, 1.0, 0.0, 2.0]);
        assert_eq!((histogram.limits[0], histogram.limits[29], histogram.limits.len()), (1.0, 30.0, 30));
        assert_eq!((histogram.min, histogram.max, histogram.count), (0.0, 30.0, 6.0));
    }

    #[test]
    fn equal_values_lie_in_one_range_and_none_in_no_range() {
        let zeros = Histogram::of(&[0.0; 5]);
        assert_eq!((zeros.limits, zeros.counts), (vec![0.0], vec![5.0]));
        assert_eq!(Histogram::of(&[f32::NAN]), Histogram::empty());
        assert_eq!(Histogram::of(&[1.0, f32::INFINITY]).count, 1.0);
    }

    #[test]
    fn the_message_is_that_of_tensorboards_own_classes() {
        let (limits, counts) = (vec![0.0, 1.0], vec![1.0, 3.0]);
        let histogram = Histogram { min: -1.0, max: 1.0, count: 4.0, sum: 1.0, sum_of_squares: 2.5, limits, counts };
        let expected = "09000000000000f0bf11000000000000f03f19000000000000104021000000000000f03f290000000000000440\
                        32100000000000000000000000000000f03f3a10000000000000f03f0000000000000840";
        let written: String = histogram.message().encoded().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, expected);
    }
}
