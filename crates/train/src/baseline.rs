//! The pixel-similarity baseline on a data set: a plain function behind the same evaluation as the networks.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use data::{DataSet, ImageBatch, Images};
use metrics::Counts;
use model::{Distance, PixelSimilarity};

/// Images scored at once: what the difference to the mean takes in memory stays small.
const CHUNK: usize = 512;

/// The mean image of each class of the training split.
pub fn fit<B: Backend>(data: &DataSet, device: &B::Device) -> PixelSimilarity<B> {
    let labels = data.train.labels();
    let of_class = |label: u16| {
        let indices = (0..labels.len()).filter(move |index| labels[*index] == label);
        ImageBatch::of(&data.train, indices, device).images
    };
    PixelSimilarity::fit(data.task().labels().map(of_class))
}

/// What a network's logits would be for each image of a split, `[images, outputs]`.
pub fn logits<B: Backend>(
    baseline: &PixelSimilarity<B>,
    digits: &Arc<Images>,
    distance: Distance,
    device: &B::Device,
) -> Vec<f32> {
    let mut logits = Vec::with_capacity(digits.len());
    for from in (0..digits.len()).step_by(CHUNK) {
        let images = ImageBatch::of(digits, from..(from + CHUNK).min(digits.len()), device).images;
        logits.extend(baseline.scores(images, distance).into_data().convert::<f32>().iter::<f32>());
    }
    logits
}

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
