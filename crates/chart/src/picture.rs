//! Images, grey or in colour, and what is written below them.

use std::{borrow::Cow, ops::Range};

use png::ColorType;

use crate::{palette::Rgb, svg};

/// An image, row by row: 0 is black, 255 white. There is always at least one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    height: usize,
    width: usize,
    /// Greys; of an image in colour how bright each pixel is.
    values: Vec<u8>,
    /// Nothing of a grey image.
    colours: Vec<Rgb>,
}

/// An image with a caption, and what who does not see it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub pixels: Pixels,
    /// What is written below it; each line is a line.
    pub caption: String,
    /// Whether the caption is right.
    pub verdict: Verdict,
    /// What it shows, in words, where the caption says that only beside a heading; the caption where it is empty.
    pub alt: String,
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

impl Picture {
    pub fn new(pixels: Pixels, caption: impl Into<String>) -> Self {
        Self { pixels, caption: caption.into(), ..Self::default() }
    }

    /// The same where its caption does not say what it shows.
    #[must_use]
    pub fn shows(self, alt: impl Into<String>) -> Self {
        Self { alt: alt.into(), ..self }
    }
}

impl Pixels {
    /// A grey image of `height` rows and `width` columns.
    ///
    /// # Panics
    /// When there are not `height` times `width` values, or none.
    pub fn new(height: usize, width: usize, values: Vec<u8>) -> Self {
        assert!(!values.is_empty() && values.len() == height * width, "an image needs all its pixels");
        Self { height, width, values, colours: Vec::new() }
    }

    /// An image of one plane of greys, or of three of red, green and blue.
    ///
    /// # Panics
    /// When the planes are not of `height` times `width` values, or none.
    pub fn of_planes(height: usize, width: usize, planes: &[u8]) -> Self {
        let length = height * width;
        if planes.len() != 3 * length {
            return Self::new(height, width, planes.to_vec());
        }
        let colour = |at: usize| Rgb(planes[at], planes[length + at], planes[2 * length + at]);
        Self::of_colours(height, width, (0..length).map(colour).collect())
    }

    fn of_colours(height: usize, width: usize, colours: Vec<Rgb>) -> Self {
        Self {
            colours: colours.clone(),
            ..Self::new(height, width, colours.into_iter().map(Rgb::brightness).collect())
        }
    }

    /// Greys, row by row; of an image in colour red, green and blue of each pixel.
    pub(crate) fn samples(&self) -> (ColorType, Cow<'_, [u8]>) {
        if self.colours.is_empty() {
            return (ColorType::Grayscale, self.values.as_slice().into());
        }
        (ColorType::Rgb, self.colours.iter().flat_map(|Rgb(red, green, blue)| [*red, *green, *blue]).collect())
    }

    /// The colour at a row and a column.
    pub(crate) fn colour(&self, row: usize, column: usize) -> Rgb {
        self.colours.get(row * self.width + column).copied().unwrap_or_else(|| Rgb::grey(self.at(row, column)))
    }

    /// Another image, of what `pixel` says of the colours at each row and column.
    pub(crate) fn mapped(
        &self,
        [height, width]: [usize; 2],
        pixel: impl Fn(&dyn Fn(usize, usize) -> u8, usize, usize) -> u8,
    ) -> Self {
        let places = || (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        if self.colours.is_empty() {
            let at = |row: usize, column: usize| self.at(row, column);
            return Self::new(height, width, places().map(|(row, column)| pixel(&at, row, column)).collect());
        }
        let of = |channel: fn(Rgb) -> u8, row: usize, column: usize| {
            pixel(&|row, column| channel(self.colour(row, column)), row, column)
        };
        let channels: [fn(Rgb) -> u8; 3] = [|colour| colour.0, |colour| colour.1, |colour| colour.2];
        let colour = |(row, column): (usize, usize)| {
            let [red, green, blue] = channels.map(|channel| of(channel, row, column));
            Rgb(red, green, blue)
        };
        Self::of_colours(height, width, places().map(colour).collect())
    }

    /// Whether it has no colours.
    pub fn is_grey(&self) -> bool {
        self.colours.is_empty()
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// All greys, row by row; of an image in colour how bright each pixel is.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The grey at a row and a column; of an image in colour how bright it is.
    ///
    /// # Panics
    /// Where there is none.
    pub fn at(&self, row: usize, column: usize) -> u8 {
        assert!(column < self.width, "column {column} of {}", self.width);
        self.values[row * self.width + column]
    }

    /// The bytes of a PNG file.
    pub fn to_png(&self) -> Vec<u8> {
        let (kind, samples) = self.samples();
        svg::encoded(self.height, self.width, kind, &samples)
    }

    /// This one and another of its size beside it, with a white line between.
    ///
    /// # Panics
    /// When the other has other sides.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        assert_eq!((self.height, self.width), (other.height, other.width), "images beside each other are of one size");
        let rows = |of: &Self| -> Vec<Vec<Rgb>> {
            let colour = |place: usize| of.colours.get(place).copied().unwrap_or_else(|| Rgb::grey(of.values[place]));
            (0..of.height).map(|row| (row * of.width..(row + 1) * of.width).map(colour).collect()).collect()
        };
        let joined = rows(self).into_iter().zip(rows(other));
        let colours = joined.flat_map(|(left, right)| left.into_iter().chain([Rgb::grey(255)]).chain(right)).collect();
        Self::of_colours(self.height, 2 * self.width + 1, colours)
    }

    /// The part within these rows and columns; `None` where it is empty or goes beyond the image.
    pub fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Option<Self> {
        if rows.is_empty() || columns.is_empty() || rows.end > self.height || columns.end > self.width {
            return None;
        }
        let at =
            |at: &dyn Fn(usize, usize) -> u8, row: usize, column: usize| at(rows.start + row, columns.start + column);
        Some(self.mapped([rows.len(), columns.len()], at))
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
    fn three_planes_are_colours() {
        let pixels = Pixels::of_planes(1, 2, &[255, 0, 0, 10, 0, 20]);
        assert_eq!([pixels.colour(0, 0), pixels.colour(0, 1)], [Rgb(255, 0, 0), Rgb(0, 10, 20)]);
        assert_eq!(pixels.values(), [76, 8]);
        assert_eq!(*pixels.samples().1, [255, 0, 0, 0, 10, 20]);
        assert_eq!(pixels.part(0..1, 1..2).unwrap().colour(0, 0), Rgb(0, 10, 20));
    }

    #[test]
    fn there_is_no_part_beyond_the_image_and_no_empty_one() {
        let pixels = Pixels::new(3, 4, (0..12).collect());
        assert_eq!((pixels.part(0..4, 0..1), pixels.part(0..1, 0..5), pixels.part(1..1, 0..1)), (None, None, None));
    }

    #[test]
    fn images_stand_beside_each_other_with_a_line_between() {
        let both = Pixels::new(2, 1, vec![1, 2]).beside(&Pixels::of_planes(2, 1, &[3, 4, 5, 6, 7, 8]));
        assert_eq!((both.height(), both.width()), (2, 3));
        let white = Rgb::grey(255);
        assert_eq!(both.colours, [Rgb::grey(1), white, Rgb(3, 5, 7), Rgb::grey(2), white, Rgb(4, 6, 8)]);
    }
}
