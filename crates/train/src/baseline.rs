//! The chapter's pixel-similarity baseline on a data set: a plain function behind the same evaluation as the networks.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use data::Images;
use metrics::Counts;
use model::{Distance, PixelSimilarity};

pub use chapter::similarity::{fit, logits};

/// Its predictions on a split, counted.
pub fn evaluate<B: Backend>(
    baseline: &PixelSimilarity<B>,
    digits: &Arc<Images>,
    distance: Distance,
    device: &B::Device,
) -> Counts {
    let task = digits.task();
    let predictions = task.predict(&logits(baseline, digits, distance, device));
    Counts::of(task.classes().len(), &predictions, digits.labels())
}
