//! Distances and losses on numbers that can be checked by hand.

use chapter::{
    losses::{Measures, measures, mnist_loss_of_logits, mnist_loss_of_probabilities},
    source,
};
use chart::{Block, Table};
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{code, list},
};

/// Targets and predictions of the chapter, and the predictions with the last made better.
const TARGETS: [f32; 3] = [1.0, 0.0, 1.0];
const PREDICTIONS: [f32; 3] = [0.9, 0.4, 0.2];
const BETTER: [f32; 3] = [0.9, 0.4, 0.8];

/// What a model that has learned nothing said of four 3s.
const LOGITS: [f32; 4] = [-11.1002, 5.9263, 9.9627, -8.1484];

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let scored = mnist_loss_of_logits::<B>(&LOGITS, &[1.0; 4], tour.device);
    vec![
        Block::text(format!(
            "Three images, with targets {} and predictions {}. How far off are the predictions? There are several ways to \
             say it. `mnist_loss` is the chapter's own: where the target is 1 it takes what the prediction lacks to 1, else the \
             prediction itself, and then the mean.",
            list(&TARGETS, 0),
            list(&PREDICTIONS, 1),
        )),
        Block::Table(table::<B>(tour.device)),
        code(&source::LOSSES, &["measures", "mnist_loss_of_probabilities"]),
        Block::text(format!(
            "A model gives any numbers, not only those from 0 to 1. A sigmoid brings them there first. For logits {} of four 3s \
             the loss is {:.4} and the accuracy {:.1}.",
            list(&LOGITS, 4),
            scored.loss,
            scored.accuracy,
        )),
        code(&source::LOSS, &["mnist_loss", "mnist_losses", "binary_cross_entropy", "brier"]),
    ]
}

fn table<B: AutodiffBackend>(device: &B::Device) -> Table {
    let mut rows = Table::new(["predictions", "L1", "mean squared error", "L2 (its root)", "misses", "mnist_loss"], 1);
    for predictions in [PREDICTIONS, BETTER] {
        let Measures { l1, mse, rmse } = measures::<B>(&predictions, &TARGETS, device);
        let missed = mnist_loss_of_probabilities::<B>(&predictions, &TARGETS, device);
        let [l1, mse, rmse, loss] = [l1, mse, rmse, missed.mean].map(|value| format!("{value:.4}"));
        rows.add_row([list(&predictions, 1), l1, mse, rmse, list(&missed.each, 1), loss]);
    }
    rows
}
