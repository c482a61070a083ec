//! Grey images and what is written below them.

use std::ops::Range;

use png::ColorType;

use crate::svg;

/// A grey image, row by row: 0 is black, 255 white. There is always at least one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    height: usize,
    width: usize,
    values: Vec<u8>,
}

/// An image with a caption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub pixels: Pixels,
    /// What is written below it; each line is a line.
    pub caption: String,
    /// Whether the caption is right.
    pub verdict: Verdict,
}

/// Whether what a caption says is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody judged it.
    #[default]
    None,
    Right,
    Wrong,
}

impl Pixels {
    /// An image of `height` rows and `width` columns.
    ///
    /// # Panics
    /// When there are not `height` times `width` values, or none.
    pub fn new(height: usize, width: usize, values: Vec<u8>) -> Self {
        assert!(!values.is_empty() && values.len() == height * width, "an image needs all its pixels");
        Self { height, width, values }
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The value at a row and a column.
    ///
    /// # Panics
    /// Where there is none.
    pub fn at(&self, row: usize, column: usize) -> u8 {
        assert!(column < self.width, "column {column} of {}", self.width);
        self.values[row * self.width + column]
    }

    /// The bytes of a PNG file.
    pub fn to_png(&self) -> Vec<u8> {
        svg::encoded(self.height, self.width, ColorType::Grayscale, &self.values)
    }

    /// The part within these rows and columns; `None` where it is empty or goes beyond the image.
    pub fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Option<Self> {
        if rows.is_empty() || columns.is_empty() || rows.end > self.height || columns.end > self.width {
            return None;
        }
        let row = |row: usize| &self.values[row * self.width..][columns.clone()];
        let values = rows.clone().flat_map(row).copied().collect();
        Some(Self::new(rows.len(), columns.len(), values))
    }
}

impl Default for Pixels {
    /// One black pixel.
    fn default() -> Self {
        Self::new(1, 1, vec![0])
    }
}

impl Verdict {
    /// What stands before a caption, for who sees no colours.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Right => "✓ ",
            Self::Wrong => "✗ ",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_rows_and_columns_asked_for() {
        let pixels = Pixels::new(3, 4, (0..12).collect());
        assert_eq!(pixels.part(1..3, 1..3), Some(Pixels::new(2, 2, vec![5, 6, 9, 10])));
        assert_eq!(pixels.at(2, 1), 9);
    }

    #[test]
    fn there_is_no_part_beyond_the_image_and_no_empty_one() {
        let pixels = Pixels::new(3, 4, (0..12).collect());
        assert_eq!((pixels.part(0..4, 0..1), pixels.part(0..1, 0..5), pixels.part(1..1, 0..1)), (None, None, None));
    }
}
