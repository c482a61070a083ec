//! What commands show of the data.

use chart::Pixels;
use data::{DataSet, Digits};

/// The same for a terminal and as a part of a page.
pub struct Shown {
    /// What it is, in a line.
    pub title: String,
    /// For the terminal that there is.
    pub text: String,
    /// HTML, or an SVG that stands alone.
    pub body: String,
}

/// The image with this number.
pub fn pixels(digits: &Digits, index: usize) -> Pixels {
    Pixels::new(digits.height(), digits.width(), digits.image(index).to_vec())
}

/// The class of a label, 1 or 0.
pub fn class(data: &DataSet, label: u8) -> &str {
    &data.classes[usize::from(label != 1)]
}
