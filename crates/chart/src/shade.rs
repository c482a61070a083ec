//! A table of pixel values, shaded as `DataFrame.style.background_gradient("Greys")` of pandas shades it.

use crate::{palette::Rgb, picture::Pixels};

/// Pixel values as a table with a number for each row and column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PixelTable {
    pub pixels: Pixels,
    /// The number of the first row.
    pub first_row: usize,
    /// The number of the first column.
    pub first_column: usize,
    /// What is white and what is black.
    pub shading: Shading,
}

/// What is white and what is black in a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shading {
    /// The smallest and the largest value of each column, as pandas does if nothing else is said.
    #[default]
    Columns,
    /// The smallest and the largest value of the table: pandas' `axis=None`.
    Whole,
}

/// One value with its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub value: u8,
    pub ground: Rgb,
    pub text: Rgb,
}

impl PixelTable {
    pub(crate) fn rows(&self) -> Vec<Vec<Cell>> {
        let ends: Vec<(u8, u8)> = (0..self.pixels.width()).map(|column| self.ends(column)).collect();
        let cells = |row: &[u8]| row.iter().zip(&ends).map(|(value, ends)| cell(*value, *ends)).collect();
        self.pixels.values().chunks(self.pixels.width()).map(cells).collect()
    }

    /// The values of a column that become white and black.
    fn ends(&self, column: usize) -> (u8, u8) {
        let skipped = if self.shading == Shading::Columns { column } else { 0 };
        let step = if self.shading == Shading::Columns { self.pixels.width() } else { 1 };
        let values = self.pixels.values().iter().skip(skipped).step_by(step);
        values.fold((255, 0), |(low, high), value| (low.min(*value), high.max(*value)))
    }
}

fn cell(value: u8, (low, high): (u8, u8)) -> Cell {
    // Where all are equal, matplotlib's `Normalize` gives 0: white.
    let fraction = if high > low { f64::from(value - low) / f64::from(high - low) } else { 0.0 };
    let ground = greys(fraction);
    Cell { value, ground, text: text_on(ground) }
}

/// Matplotlib's colormap `Greys`: 256 steps over nine greys of ColorBrewer, from white (0) to black (1).
pub(crate) fn greys(fraction: f64) -> Rgb {
    const BREWER: [f64; 9] = [255.0, 240.0, 217.0, 189.0, 150.0, 115.0, 82.0, 37.0, 0.0];
    let step = (fraction.clamp(0.0, 1.0) * 256.0).floor().min(255.0);
    let place = step / 255.0 * 8.0;
    let left = (place as usize).min(7);
    Rgb::grey((BREWER[left] + (place - left as f64) * (BREWER[left + 1] - BREWER[left])).round() as u8)
}

/// Black or white, whichever can be read better; at this luminance both contrast alike, 4.6 to 1. (Pandas turns to a light grey
/// at 0.408 already, which is below 3 to 1 on some grounds.)
fn text_on(ground: Rgb) -> Rgb {
    if ground.luminance() < 0.179 { Rgb::grey(255) } else { Rgb::grey(0) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Rows 4..15 and columns 4..22 of the book's first 3, as chapter 4 shows them.
    pub(crate) const BOOK: [[u8; 18]; 11] = [
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 29, 150, 195, 254, 255, 254, 176, 193, 150, 96, 0, 0, 0],
        [0, 0, 0, 48, 166, 224, 253, 253, 234, 196, 253, 253, 253, 253, 233, 0, 0, 0],
        [0, 93, 244, 249, 253, 187, 46, 10, 8, 4, 10, 194, 253, 253, 233, 0, 0, 0],
        [0, 107, 253, 253, 230, 48, 0, 0, 0, 0, 0, 192, 253, 253, 156, 0, 0, 0],
        [0, 3, 20, 20, 15, 0, 0, 0, 0, 0, 43, 224, 253, 245, 74, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 249, 253, 245, 126, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 14, 101, 223, 253, 248, 124, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 11, 166, 239, 253, 253, 253, 187, 30, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 16, 248, 250, 253, 253, 253, 253, 232, 213, 111, 2, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 43, 98, 98, 208, 253, 253, 253, 253, 187, 22, 0],
    ];

    pub(crate) fn book(shading: Shading) -> PixelTable {
        PixelTable { pixels: Pixels::new(11, 18, BOOK.concat()), first_row: 4, first_column: 4, shading }
    }

    #[test]
    fn the_books_table_is_shaded_as_pandas_3_1_shades_it() {
        let rows = book(Shading::Columns).rows();
        for (row, column, value, ground, text) in [
            (0, 0, 0, "#ffffff", "#000000"),
            (1, 5, 29, "#efefef", "#000000"),
            (1, 6, 150, "#7c7c7c", "#000000"),
            (1, 9, 255, "#000000", "#ffffff"),
            (3, 1, 93, "#272727", "#ffffff"),
            (4, 1, 107, "#000000", "#ffffff"),
            (5, 1, 3, "#fcfcfc", "#000000"),
            (7, 8, 101, "#b6b6b6", "#000000"),
            (9, 15, 2, "#fefefe", "#000000"),
            (10, 16, 22, "#000000", "#ffffff"),
            (10, 17, 0, "#ffffff", "#000000"),
        ] {
            let cell = rows[row][column];
            assert_eq!((cell.value, cell.ground.hex(), cell.text.hex()), (value, ground.into(), text.into()));
        }
    }

    #[test]
    fn one_scale_for_the_whole_table_makes_equal_values_equal() {
        let rows = book(Shading::Whole).rows();
        let hex = |row: usize, column: usize| rows[row][column].ground.hex();
        assert_eq!([hex(0, 0), hex(1, 5), hex(1, 6), hex(1, 9)], ["#ffffff", "#f1f1f1", "#7d7d7d", "#000000"]);
        assert_eq!(hex(1, 6), hex(1, 13));
    }

    #[test]
    fn greys_is_matplotlibs_colormap() {
        let at = |step: u8| greys((f64::from(step) + 0.5) / 256.0).hex();
        let expected =
            ["#ffffff", "#ffffff", "#f0f0f0", "#d9d9d9", "#b8b8b8", "#959595", "#7d7d7d", "#464646", "#010101"];
        assert_eq!([0, 1, 32, 64, 100, 128, 150, 200, 254].map(at), expected);
        assert_eq!((greys(1.0), greys(-1.0), greys(2.0)), (Rgb::grey(0), Rgb::grey(255), Rgb::grey(0)));
    }
}
