//! Whether probabilities mean what they say.

use crate::line_chart::{Axis, LineChart, Series, Shape, Style};

/// The reliability diagram: of bins of probability the mean probability, and the share of positives in each.
///
/// On the dashed diagonal 0.7 means that 7 of 10 are positive. `error`, the expected calibration error, is in the legend.
pub fn calibration(bins: Vec<(f64, f64)>, error: f64) -> LineChart {
    LineChart {
        alt: format!("Reliability diagram: the mean distance from the diagonal is {error:.4}"),
        x: Axis::new("mean probability of a bin").range(0.0, 1.0),
        y: Axis::new("share of positives").range(0.0, 1.0),
        series: vec![
            Series::line(format!("model, error {error:.4}"), bins).drawn(Style::Path),
            Series::line("perfect", vec![(0.0, 0.0), (1.0, 1.0)]).drawn(Style::Dashed),
        ],
        shape: Shape::Square,
        ..LineChart::default()
    }
}
