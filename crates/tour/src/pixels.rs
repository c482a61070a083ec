//! From the picture of a 3 to the numbers it is made of.

use chapter::{
    source,
    tensors::{SEVENS, THREES},
};
use chart::{Block, Picture, PixelTable, Pixels, Shading};
use data::DataSet;
use report::pixels;

use super::parts::{folded, nth};

/// Rows and columns that the book shows, of images that are as large.
const BOOK: [std::ops::Range<usize>; 2] = [4..15, 4..22];

pub(super) fn blocks(data: &DataSet) -> Vec<Block> {
    let second = nth(&data.train, THREES, 1);
    let three = pixels(&data.train, second);
    let file = data.train.file_name(second).map_or_else(String::new, |name| format!(", `train/3/{name}`"));
    let seven = pixels(&data.train, nth(&data.train, SEVENS, 1));
    let sides = format!("{} x {}", three.height(), three.width());
    let [rows, columns] = BOOK;
    let (part, first_row, first_column) = match three.part(rows, columns) {
        Some(part) => (part, 4, 4),
        None => (three.clone(), 0, 0),
    };
    let table = PixelTable { pixels: part, first_row, first_column, shading: Shading::Whole };
    vec![
        Block::text(format!(
            "The data is {}: {} images of handwritten digits to learn from and {} to be judged by, each {sides} pixels. Here \
             are the second 3 and the second 7 of those to learn from.",
            data.name,
            report::grouped(data.train.len()),
            report::grouped(data.valid.len()),
        )),
        Block::Pictures {
            alt: "A handwritten 3 and a handwritten 7".into(),
            pictures: vec![picture(three, "3"), picture(seven, "7")],
            columns: 2,
        },
        Block::text(format!(
            "A computer has no picture, it has a table: a number for each pixel, from 0 where nothing is drawn to 255 where \
             the pen was. This is the upper part of that 3{file}, the larger the number the darker, 255 black.",
        )),
        Block::Pixels { caption: "Pixel values of the upper part of a 3, by row and column.".into(), table },
        folded(&source::SHADE, &["cell", "greys"]),
    ]
}

fn picture(pixels: Pixels, caption: &str) -> Picture {
    Picture::new(pixels, caption)
}
