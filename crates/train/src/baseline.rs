//! The pixel-similarity baseline on a data set: a plain function behind the same evaluation as the networks.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use data::{DataSet, DigitBatch, Digits};
use metrics::Confusion;
use model::{Distance, PixelSimilarity};

/// Images scored at once: what the difference to the mean takes in memory stays small.
const CHUNK: usize = 512;

/// The mean image of each class of the training split.
pub fn fit<B: Backend>(data: &DataSet, device: &B::Device) -> PixelSimilarity<B> {
    let positives = data.train.count(1);
    // A split holds its positives first.
    let images = |range| DigitBatch::of(&data.train, range, device).images;
    PixelSimilarity::fit(images(0..positives), images(positives..data.train.len()))
}

/// Its score of each image of a split: above 0 where the image is nearer to the mean of the positive class.
pub fn scores<B: Backend>(
    baseline: &PixelSimilarity<B>,
    digits: &Arc<Digits>,
    distance: Distance,
    device: &B::Device,
) -> Vec<f32> {
    let mut scores = Vec::with_capacity(digits.len());
    for from in (0..digits.len()).step_by(CHUNK) {
        let images = DigitBatch::of(digits, from..(from + CHUNK).min(digits.len()), device).images;
        scores.extend(baseline.scores(images, distance).into_data().convert::<f32>().iter::<f32>());
    }
    scores
}

/// Its predictions on a split.
pub fn evaluate<B: Backend>(
    baseline: &PixelSimilarity<B>,
    digits: &Arc<Digits>,
    distance: Distance,
    device: &B::Device,
) -> Confusion {
    Confusion::of(&scores(baseline, digits, distance, device), digits.labels())
}
