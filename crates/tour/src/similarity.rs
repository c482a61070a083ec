//! The pixel-similarity baseline.

use std::sync::Arc;

use burn::tensor::Tensor;
use chapter::{
    figures::is_the_books,
    similarity::{Accuracies, accuracies, distances},
    source,
    tensors::{SEVENS, THREES, as_rows, stack},
};
use chart::{Block, Table};
use data::Images;
use model::{AutodiffBackend, Distance, PixelSimilarity};

use super::{
    Tour,
    parts::{code, picture},
};

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let images = |digits: &Arc<Images>, label| -> Tensor<B, 2> { as_rows(stack(digits, label, tour.device)) };
    let (train, valid) = (&tour.data.train, &tour.data.valid);
    let threes = images(train, THREES);
    let second = 1.min(train.count(THREES) - 1);
    let second = threes.clone().slice(second..second + 1);
    let means = PixelSimilarity::fit([threes, images(train, SEVENS)]);
    let sides = train.shape().sides();
    let pictures = vec![
        picture(means.mean(0), sides, "mean 3"),
        picture(means.mean(1), sides, "mean 7"),
        picture(second.clone(), sides, "the second 3"),
    ];
    let [l1, l2] = [Distance::L1, Distance::L2]
        .map(|distance| accuracies(&means, images(valid, THREES), images(valid, SEVENS), distance));
    vec![
        Block::text(
            "Before anything that learns, something simple: take the mean of all 3s, pixel by pixel, and of all 7s, and ask of \
             a new image which of the two it is nearer to.",
        ),
        Block::Pictures { alt: "The mean 3, the mean 7, both blurred, and a single 3".into(), pictures, columns: 3 },
        Block::text(
            "How near is a matter of definition. L1 is the mean of the absolute differences of the pixels. L2 is the root of \
             the mean of their squares (RMSE), and minds a few large differences more.",
        ),
        Block::Table(to_both(&means, &second)),
        code(&source::DISTANCE, &["l1", "rmse"]),
        Block::text("On the validation images, which had no part in the means:"),
        Block::Table(by_distance(&l1, &l2, is_the_books(tour.data))),
        Block::text(
            "This is the baseline. What is cleverer has to beat it, or is not worth its trouble; and a model that does worse \
             than its baseline has a mistake somewhere.",
        ),
        code(&source::PIXEL_SIMILARITY, &["fit", "scores"]),
    ]
}

fn to_both<B: AutodiffBackend>(means: &PixelSimilarity<B>, image: &Tensor<B, 2>) -> Table {
    let mut rows = Table::new(["the second 3", "L1", "L2"], 1);
    for (name, mean) in [("to the mean 3", means.mean(0)), ("to the mean 7", means.mean(1))] {
        let distances = distances(image.clone(), mean);
        rows.add_row([name.to_owned(), format!("{:.4}", distances.l1), format!("{:.4}", distances.rmse)]);
    }
    rows
}

/// What the book prints, on 3s, on 7s, and the mean of the two.
const BOOK: [[&str; 3]; 2] = [["0.9168", "0.9854", "0.9511"], ["0.9584", "0.9737", "0.9661"]];

fn by_distance(l1: &Accuracies, l2: &Accuracies, with_book: bool) -> Table {
    let mut rows = Table::new(["distance", "accuracy on 3s", "accuracy on 7s", "mean of the two"], 1);
    for ((name, Accuracies { threes, sevens, mean }), book) in [("L1", l1), ("L2", l2)].into_iter().zip(BOOK) {
        rows.add_row([name.to_owned()].into_iter().chain([threes, sevens, mean].map(|value| format!("{value:.4}"))));
        if with_book {
            rows.add_row([format!("{name}, the book")].into_iter().chain(book.map(str::to_owned)));
        }
    }
    rows
}
