//! Accuracy, the chapter's metric, and why its mean over batches is not the accuracy.

use burn::{
    data::dataloader::DataLoader,
    tensor::{Bool, Tensor, backend::Backend},
};
use data::{ImageBatch, ImageLoader};

use crate::host;

/// The accuracy of one predictor on one split, twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// The fraction of images that it is right on: each image counts the same.
    pub by_sample: f32,
    /// The mean of the accuracies of the batches: each image of a short last batch counts more.
    pub mean_of_batches: f32,
}

/// On which images a prediction is right: a logit above 0 says 3, target 1; of more classes the largest logit says which.
///
/// # Shapes
/// - logits, targets: `[batch, outputs]`
/// - result: `[batch, 1]`
pub fn is_right<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2, Bool> {
    match logits.dims() {
        [_, 1] => logits.greater_elem(0.0).equal(targets.equal_elem(1.0)),
        _ => logits.argmax(1).equal(targets.argmax(1)),
    }
}

/// The same as numbers, whose mean is the accuracy: 1 where it is right, else 0.
pub fn accuracy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    is_right(logits, targets).float()
}

/// The chapter's `batch_accuracy`: the fraction of a batch on which the prediction is right.
pub fn batch_accuracy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> f32 {
    host::scalar(accuracy(logits, targets).mean())
}

/// A predictor that has learned nothing: it says 3 to everything.
pub fn always_three<B: Backend>(images: Tensor<B, 2>) -> Tensor<B, 2> {
    Tensor::ones([images.dims()[0], 1], &images.device())
}

/// The accuracy on all batches, by sample and as a mean of batches. The chapter's own loop takes the second. Its Learner
/// takes the first, and so does everything in this project.
pub fn over_batches<B: Backend>(predict: impl Fn(Tensor<B, 2>) -> Tensor<B, 2>, batches: &ImageLoader<B>) -> Accuracy {
    let (mut right, mut sum) = (0, 0.0);
    for ImageBatch { images, targets, labels, .. } in batches.iter() {
        let right_here = host::count(is_right(predict(images), targets));
        right += right_here;
        sum += right_here as f32 / labels.len() as f32;
    }
    Accuracy {
        by_sample: right as f32 / batches.num_items() as f32,
        mean_of_batches: sum / batches.num_batches() as f32,
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_ndarray::NdArray;
    use data::{ImageDataset, Order};

    use super::*;
    use crate::testing::{near, real_data};

    #[test]
    fn above_0_is_a_3_and_0_or_below_a_7() {
        let column = |values: [f32; 4]| Tensor::<Flex, 1>::from_floats(values, &Default::default()).reshape([4, 1]);
        let (logits, targets) = (column([0.1, 0.0, -0.1, 5.0]), column([1.0, 0.0, 1.0, 0.0]));
        assert_eq!(batch_accuracy(logits, targets), 0.5);
    }

    #[test]
    fn of_three_classes_the_largest_logit_says_which() {
        let rows = |rows: [[f32; 3]; 3]| Tensor::<Flex, 2>::from_floats(rows, &Default::default());
        let logits = rows([[-1.0, -2.0, -3.0], [0.0, 5.0, 4.0], [7.0, 0.0, 8.0]]);
        let targets = rows([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]);
        assert_eq!(host::values(accuracy(logits, targets)), [1.0, 0.0, 1.0]);
    }

    fn always_three_is_right_on_0_495584<B: Backend>() {
        let Some(data) = real_data() else { return };
        let dataset = ImageDataset::new(data.valid.clone());
        let loader = ImageLoader::<B>::new(dataset, 256, Order::Sequential, 0, Default::default());
        let accuracy = over_batches(always_three, &loader);
        near(&[accuracy.by_sample], &[0.495584], 1e-6);
        near(&[accuracy.mean_of_batches], &[0.4932], 5e-5);
    }

    #[test]
    fn an_all_3_predictor_has_the_accuracies_of_the_book() {
        always_three_is_right_on_0_495584::<Flex>();
        always_three_is_right_on_0_495584::<NdArray>();
    }
}
