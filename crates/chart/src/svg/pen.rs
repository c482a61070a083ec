//! Sizes, colours and text for plotters.

use plotters::{coord::Shift, prelude::*};

use crate::palette;

/// Plotters counts in whole units: finer ones make smooth lines.
pub(super) const DETAIL: u32 = 4;
/// Size of all text; a chart on a telephone is three quarters as wide as it is drawn.
pub(super) const TEXT: f64 = 14.0;
/// Plotters takes a size of text that is larger than what it writes.
const TEXT_FACTOR: f64 = 1.24;
/// Width of a line.
pub(super) const LINE: u32 = 2 * DETAIL;
/// Width of the line of a path, between its dots.
pub(super) const THIN: u32 = DETAIL;
/// Radius of a dot and of a mark, and the length of a dash with the gap behind it, in units of the text size.
pub(super) const DOT: f64 = 0.24;
pub(super) const MARK: f64 = 0.4;
pub(super) const DASH: [f64; 2] = [0.45, 0.35];

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Why it could not.
pub(super) type Trouble = DrawingAreaErrorKind<std::io::Error>;

/// Plotters' units of a multiple of the text size.
pub(super) fn units(texts: f64) -> u32 {
    (texts * TEXT * f64::from(DETAIL)).round() as u32
}

/// How text is written: black, which the page's colour replaces.
pub(super) fn text() -> TextStyle<'static> {
    ("sans-serif", TEXT * TEXT_FACTOR * f64::from(DETAIL)).into_font().color(&BLACK)
}

pub(super) fn colour(palette::Rgb(red, green, blue): palette::Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}
