//! The pixel-similarity baseline on a data set: a plain function behind the same evaluation as the networks.

use burn::tensor::backend::Backend;
use data::{DataSet, DigitBatch, Digits};
use model::{Distance, PixelSimilarity};

use crate::metrics::Confusion;

/// Images scored at once: what the difference to the mean takes in memory stays small.
const CHUNK: usize = 512;

/// The mean image of each class of the training split.
pub fn fit<B: Backend>(data: &DataSet, device: &B::Device) -> PixelSimilarity<B> {
    let positives = data.train.count(1);
    // A split holds its positives first.
    let images = |range| DigitBatch::of(&data.train, range, device).images;
    PixelSimilarity::fit(images(0..positives), images(positives..data.train.len()))
}

/// Its predictions on a split.
pub fn evaluate<B: Backend>(
    baseline: &PixelSimilarity<B>,
    digits: &Digits,
    distance: Distance,
    device: &B::Device,
) -> Confusion {
    let mut confusion = Confusion::default();
    for from in (0..digits.len()).step_by(CHUNK) {
        let to = (from + CHUNK).min(digits.len());
        let scores = baseline.scores(DigitBatch::of(digits, from..to, device).images, distance);
        let scores = scores.into_data().convert::<f32>();
        for (score, label) in scores.iter::<f32>().zip(&digits.labels()[from..to]) {
            confusion.add(score > 0.0, *label == 1);
        }
    }
    confusion
}
