//! A [`Span`] as an axis of plotters, with our ticks and labels.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::span::Span;

/// One axis; its values are fractions of the span.
#[derive(Clone)]
pub(super) struct Coordinate(pub Span);

impl Ranged for Coordinate {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, fraction: &f64, (first, last): (i32, i32)) -> i32 {
        first + (f64::from(last - first) * fraction).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _: H) -> Vec<f64> {
        self.0.ticks.iter().map(|tick| tick.at).collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..1.0
    }
}

impl ValueFormatter<f64> for Coordinate {
    fn format_ext(&self, fraction: &f64) -> String {
        let tick = self.0.ticks.iter().find(|tick| tick.at == *fraction);
        tick.map(|tick| tick.label.clone()).unwrap_or_default()
    }
}
