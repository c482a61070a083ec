//! Images as characters: two pixels in one half block, or grey as ink where there are no colours.

use super::Colours;
use crate::{palette::Rgb, picture::Pixels};

/// From no ink to full ink.
const INK: &[u8; 10] = b" .:-=+*#%@";

/// Lines of `▀`: the upper pixel is the text's colour, the lower one the ground.
pub(super) fn half_blocks(
    [height, width]: [usize; 2],
    pixel: impl Fn(usize, usize) -> Rgb,
    colours: Colours,
) -> Vec<String> {
    let block = |row: usize, column: usize| {
        let below = (row + 1 < height).then(|| pixel(row + 1, column));
        colours.paint(Some(pixel(row, column)), below, "▀")
    };
    (0..height).step_by(2).map(|row| (0..width).map(|column| block(row, column)).collect()).collect()
}

/// Lines of characters, the more ink the brighter the two pixels.
pub(super) fn ink(pixels: &Pixels) -> Vec<String> {
    let at = |row: usize, column: usize| usize::from(pixels.at(row, column));
    let character = |row: usize, column: usize| {
        let below = (row + 1).min(pixels.height() - 1);
        let mean = (at(row, column) + at(below, column)) / 2;
        char::from(INK[(mean * (INK.len() - 1) + 127) / 255])
    };
    let rows = (0..pixels.height()).step_by(2);
    rows.map(|row| (0..pixels.width()).map(|column| character(row, column)).collect()).collect()
}

/// The image at most `width` columns wide: each pixel is the mean of a square.
pub(super) fn shrunk(pixels: &Pixels, width: usize) -> Pixels {
    let side = pixels.width().div_ceil(width.max(1));
    if side == 1 {
        return pixels.clone();
    }
    let (rows, columns) = (pixels.height().div_ceil(side), pixels.width().div_ceil(side));
    let mean = |at: &dyn Fn(usize, usize) -> u8, row: usize, column: usize| {
        let rows = row * side..((row + 1) * side).min(pixels.height());
        let columns = column * side..((column + 1) * side).min(pixels.width());
        let count = rows.len() * columns.len();
        let sum: usize = rows.flat_map(|r| columns.clone().map(move |c| usize::from(at(r, c)))).sum();
        ((sum + count / 2) / count) as u8
    };
    pixels.mapped([rows, columns], mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_block_shows_two_pixels_and_the_last_of_an_odd_number_one() {
        let lines = half_blocks([3, 1], |row, _| Rgb::grey(row as u8), Colours::TrueColour);
        assert_eq!(lines, ["\u{1b}[38;2;0;0;0m\u{1b}[48;2;1;1;1m▀\u{1b}[0m", "\u{1b}[38;2;2;2;2m▀\u{1b}[0m"]);
    }

    #[test]
    fn brighter_pixels_have_more_ink() {
        assert_eq!(ink(&Pixels::new(2, 4, vec![0, 28, 255, 255, 0, 28, 255, 0])), [" .@="]);
        assert_eq!(ink(&Pixels::new(1, 2, vec![0, 255])), [" @"]);
    }

    #[test]
    fn a_shrunk_pixel_is_the_mean_of_its_square() {
        let pixels = Pixels::new(2, 3, vec![0, 10, 7, 20, 30, 9]);
        assert_eq!(shrunk(&pixels, 2), Pixels::new(1, 2, vec![15, 8]));
        assert_eq!(shrunk(&pixels, 3), pixels);
    }
}
