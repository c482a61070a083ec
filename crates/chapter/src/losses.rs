//! Distances and losses on a handful of numbers that can be checked by hand.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use model::{distance, loss};

use crate::{accuracy::batch_accuracy, host};

/// How far four predictions are from their targets, measured in three ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// The mean absolute difference.
    pub l1: f32,
    /// The mean squared difference: one large mistake counts more than several small ones.
    pub mse: f32,
    /// Its root, also called L2, on the scale of the values again.
    pub rmse: f32,
}

/// What `mnist_loss` makes of some predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// How far each is from its target: 1 - p where the target is 1, else p.
    pub each: Vec<f32>,
    /// The loss, their mean.
    pub mean: f32,
}

/// The loss of a model's logits, and their accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The mean miss of their sigmoids.
    pub loss: f32,
    /// The fraction that is on the right side of 0.
    pub accuracy: f32,
}

/// Two rows of numbers, and how far they are from each other.
pub fn measures<B: Backend>(predictions: &[f32], targets: &[f32], device: &B::Device) -> Measures {
    let row = |values| column::<B>(values, device).transpose();
    let (predictions, targets) = (row(predictions), row(targets));
    Measures {
        l1: host::values(distance::l1(predictions.clone(), targets.clone()))[0],
        mse: host::scalar((predictions.clone() - targets.clone()).square().mean()),
        rmse: host::values(distance::rmse(predictions, targets))[0],
    }
}

/// The chapter's first `mnist_loss`, on predictions that are between 0 and 1 already.
pub fn mnist_loss_of_probabilities<B: Backend>(predictions: &[f32], targets: &[f32], device: &B::Device) -> Missed {
    let misses = loss::mnist_losses(column::<B>(predictions, device), column(targets, device));
    Missed { each: host::values(misses.clone()), mean: host::scalar(misses.mean()) }
}

/// The final `mnist_loss`, on any numbers: the sigmoid brings them between 0 and 1 first.
pub fn mnist_loss_of_logits<B: Backend>(logits: &[f32], targets: &[f32], device: &B::Device) -> Scored {
    let (logits, targets) = (column::<B>(logits, device), column(targets, device));
    Scored {
        loss: host::scalar(loss::mnist_loss(logits.clone(), targets.clone())),
        accuracy: batch_accuracy(logits, targets),
    }
}

/// `[values, 1]`.
fn column<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), device)
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    use super::*;
    use crate::testing::near;

    fn losses_are_as_in_the_book<B: Backend>() {
        let device = Default::default();
        let missed = mnist_loss_of_probabilities::<B>(&[0.9, 0.4, 0.2], &[1.0, 0.0, 1.0], &device);
        near(&missed.each, &[0.1, 0.4, 0.8], 1e-6);
        near(&[missed.mean], &[0.4333], 5e-5);
        let better = mnist_loss_of_probabilities::<B>(&[0.9, 0.4, 0.8], &[1.0, 0.0, 1.0], &device);
        near(&[better.mean], &[0.2333], 5e-5);
        let scored = mnist_loss_of_logits::<B>(&[-11.1002, 5.9263, 9.9627, -8.1484], &[1.0; 4], &device);
        near(&[scored.loss, scored.accuracy], &[0.5006, 0.5], 5e-5);
    }

    #[test]
    fn losses_are_those_of_the_book() {
        losses_are_as_in_the_book::<Flex>();
        losses_are_as_in_the_book::<NdArray>();
    }

    #[test]
    fn measures_agree_with_hand_computation() {
        let measures = measures::<Flex>(&[1.0, 2.0, 3.0, 6.0], &[1.0, 1.0, 1.0, 1.0], &Default::default());
        assert_eq!(measures, Measures { l1: 2.0, mse: 7.5, rmse: 7.5_f32.sqrt() });
    }
}
