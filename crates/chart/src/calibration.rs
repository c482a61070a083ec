//! Whether probabilities mean what they say.

use crate::line_chart::{Axis, LineChart, Series, Shape, Style};

/// The reliability diagram: of bins of probability the mean probability, and the share of positives in each, with the interval that
/// it is sure to.
///
/// On the dashed diagonal 0.7 means that 7 of 10 are positive. `error`, the expected calibration error, is in the legend.
pub fn calibration(bins: Vec<(f64, f64)>, intervals: Vec<[f64; 2]>, error: f64) -> LineChart {
    LineChart {
        alt: format!("Reliability diagram: the mean distance from the diagonal is {error:.4}"),
        x: Axis::new("mean probability of a bin").range(0.0, 1.0),
        y: Axis::new("share of positives").range(0.0, 1.0),
        series: vec![
            Series { intervals, ..Series::line(format!("model, error {error:.4}"), bins).drawn(Style::Dots) },
            Series::line("perfect", vec![(0.0, 0.0), (1.0, 1.0)]).drawn(Style::Dashed),
        ],
        shape: Shape::Square,
        ..LineChart::default()
    }
}

/// How many probabilities lie in each of some bins of equal width. The amounts are shown by their magnitudes: most probabilities of a
/// good model lie at both ends.
pub fn histogram(what: &str, counts: &[usize]) -> LineChart {
    let edge = |bin: usize| bin as f64 / counts.len().max(1) as f64;
    let mut points: Vec<(f64, f64)> =
        counts.iter().enumerate().map(|(bin, count)| (edge(bin), *count as f64)).collect();
    points.push((1.0, 0.0));
    let most = counts.iter().max().copied().unwrap_or(1).max(1) as f64;
    let ends = [counts.first(), counts.last()].map(|count| count.copied().unwrap_or(0));
    LineChart {
        alt: format!("Histogram of the {what}: {} in the lowest bin, {} in the highest", ends[0], ends[1]),
        x: Axis::new(what).range(0.0, 1.0),
        y: Axis::new("images").log().range(0.7, most * 1.5),
        series: vec![Series::line("images from here to the next", points).drawn(Style::Steps)],
        shape: Shape::Square,
        ..LineChart::default()
    }
}
