//! The pixel-similarity baseline: is an image nearer to the mean 3 or to the mean 7? And of ten digits, to which of ten means?
//!
//! A baseline is a simple method that takes no time to write. What is cleverer has to beat it, or is not worth its
//! trouble; and a model that does worse than its baseline has a mistake somewhere.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use data::{DataSet, ImageBatch, Images};
use model::{Distance, PixelSimilarity, distance};

use crate::host;

/// Images scored at once: what the difference to the mean takes in memory stays small.
const CHUNK: usize = 512;

/// How far one image is from a mean image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// The mean absolute difference of the pixels.
    pub l1: f32,
    /// The root of the mean squared difference.
    pub rmse: f32,
}

/// How often the baseline is right, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracies {
    /// On the 3s.
    pub threes: f32,
    /// On the 7s.
    pub sevens: f32,
    pub mean: f32,
}

/// Both distances between an image and a mean image, each `[1, pixels]`.
pub fn distances<B: Backend>(image: Tensor<B, 2>, mean: Tensor<B, 2>) -> Distances {
    let l1 = distance::l1(image.clone(), mean.clone());
    let rmse = distance::rmse(image, mean);
    Distances { l1: host::values(l1)[0], rmse: host::values(rmse)[0] }
}

/// The fraction of images that the baseline takes for a 3: those with a score above 0. Images are `[images, pixels]`.
pub fn taken_for_threes<B: Backend>(means: &PixelSimilarity<B>, images: Tensor<B, 2>, distance: Distance) -> f32 {
    let is_3 = means.scores(images, distance).greater_elem(0.0);
    host::scalar(is_3.float().mean())
}

/// How often it is right on 3s and on 7s, each `[images, pixels]`.
pub fn accuracies<B: Backend>(
    means: &PixelSimilarity<B>,
    threes: Tensor<B, 2>,
    sevens: Tensor<B, 2>,
    distance: Distance,
) -> Accuracies {
    let threes = taken_for_threes(means, threes, distance);
    let sevens = 1.0 - taken_for_threes(means, sevens, distance);
    Accuracies { threes, sevens, mean: (threes + sevens) / 2.0 }
}

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
    means: &PixelSimilarity<B>,
    images: &Arc<Images>,
    distance: Distance,
    device: &B::Device,
) -> Vec<f32> {
    let mut logits = Vec::with_capacity(images.len() * images.task().outputs());
    for from in (0..images.len()).step_by(CHUNK) {
        let images = ImageBatch::of(images, from..(from + CHUNK).min(images.len()), device).images;
        logits.extend(host::values(means.scores(images, distance)));
    }
    logits
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    use super::*;
    use crate::{
        tensors::{SEVENS, THREES, as_rows, stack},
        testing::{drawn_digits, near, real_data},
    };

    #[test]
    fn an_image_is_right_where_its_own_mean_is_nearer() {
        let tensor = |rows: [[f32; 2]; 2]| Tensor::<Flex, 2>::from_floats(rows, &Default::default());
        let means = PixelSimilarity::fit([tensor([[1.0; 2]; 2]), tensor([[0.0; 2]; 2])]);
        let (threes, sevens) = (tensor([[0.9, 0.8], [0.4, 0.4]]), tensor([[0.1, 0.2], [0.0, 0.0]]));
        let right = accuracies(&means, threes, sevens, Distance::L1);
        assert_eq!(right, Accuracies { threes: 0.5, sevens: 1.0, mean: 0.75 });
    }

    fn scores_as_published<B: Backend>() {
        let Some(data) = real_data() else { return };
        let device = Default::default();
        let images = |digits, label| as_rows(stack::<B>(digits, label, &device));
        let means = PixelSimilarity::fit([images(&data.train, THREES), images(&data.train, SEVENS)]);
        let three = images(&data.train, THREES).slice(1..2);
        let to_three = distances(three.clone(), means.mean(0));
        let to_seven = distances(three, means.mean(1));
        near(&[to_three.l1, to_three.rmse, to_seven.l1, to_seven.rmse], &[0.1114, 0.2021, 0.1586, 0.3021], 5e-5);
        for (distance, expected) in [(Distance::L1, [0.9168, 0.9854, 0.9511]), (Distance::L2, [0.9584, 0.9737, 0.9661])]
        {
            let right = accuracies(&means, images(&data.valid, THREES), images(&data.valid, SEVENS), distance);
            near(&[right.threes, right.sevens, right.mean], &expected, 5.1e-5);
        }
    }

    #[test]
    fn each_image_is_scored_in_its_place_however_many_there_are() {
        let (data, device) = (drawn_digits(), Default::default());
        let means = fit::<Flex>(&data, &device);
        let all = ImageBatch::of(&data.train, 0..data.train.len(), &device).images;
        assert!(data.train.len() > CHUNK);
        let scores = logits(&means, &data.train, Distance::L2, &device);
        near(&scores, &host::values(means.scores(all, Distance::L2)), 1e-6);
    }

    #[test]
    fn distances_and_accuracies_are_those_of_the_book() {
        scores_as_published::<Flex>();
        scores_as_published::<NdArray>();
    }
}
