//! Metric against loss: nudge one weight, and see what becomes of each.
//!
//! Accuracy only changes where a prediction crosses from one side to the other. In between it is flat: its gradient is
//! 0, which tells no weight where to go. The loss changes with every nudge, if only a little.

use burn::tensor::{Tensor, backend::Backend};
use model::loss::mnist_loss;

use crate::{accuracy::batch_accuracy, curve::Curve, host};

/// What nudging one weight does.
#[derive(Clone, Debug, PartialEq)]
pub struct Nudged {
    pub accuracy: Curve,
    pub loss: Curve,
}

/// A linear model and the images to try it on.
#[derive(Clone, Debug)]
pub struct Trial<B: Backend> {
    /// `[pixels, 1]`.
    pub weights: Tensor<B, 2>,
    /// `[1, 1]`.
    pub bias: Tensor<B, 2>,
    /// `[images, pixels]`.
    pub images: Tensor<B, 2>,
    /// `[images, 1]`.
    pub targets: Tensor<B, 2>,
}

/// Accuracy and loss with each of these numbers added to one weight.
pub fn nudge<B: Backend>(trial: &Trial<B>, weight: usize, nudges: &[f32]) -> Nudged {
    let (mut accuracy, mut loss) = (Curve::new(), Curve::new());
    for nudge in nudges {
        let logits = trial.images.clone().matmul(nudged(&trial.weights, weight, *nudge)) + trial.bias.clone();
        accuracy.push((*nudge, batch_accuracy(logits.clone(), trial.targets.clone())));
        loss.push((*nudge, host::scalar(mnist_loss(logits, trial.targets.clone()))));
    }
    Nudged { accuracy, loss }
}

/// The weights with `nudge` added to one of them.
fn nudged<B: Backend>(weights: &Tensor<B, 2>, weight: usize, nudge: f32) -> Tensor<B, 2> {
    let changed = weights.clone().narrow(0, weight, 1) + nudge;
    weights.clone().slice_assign([weight..weight + 1, 0..1], changed)
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use data::ImageBatch;

    use super::*;
    use crate::{curve::linspace, sgd, testing::drawn_digits};

    /// The pixel in the middle of the image: one at the rim is blank in all of them, and its weight changes nothing.
    const MIDDLE: usize = 14 * 28 + 14;

    fn trial() -> Trial<Flex> {
        let (data, device) = (drawn_digits(), Default::default());
        let batch = ImageBatch::of(&data.train, 0..data.train.len(), &device);
        let [weights, bias] = sgd::init_linear::<Flex>(784, 0, &device).try_into().unwrap();
        Trial { weights, bias, images: batch.images, targets: batch.targets }
    }

    #[test]
    fn accuracy_is_flat_between_steps_and_the_loss_is_not() {
        let nudged = nudge(&trial(), MIDDLE, &linspace(-0.5..=0.5, 201));
        let flat = nudged.accuracy.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
        assert!(flat > 100, "{flat} of 200 nudges leave the accuracy as it is");
        let still = nudged.loss.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
        assert!(still < 5, "{still} of 200 nudges leave the loss as it is");
        assert!(nudged.accuracy[0].1 != nudged.accuracy[200].1, "but far enough away it has changed");
    }

    #[test]
    fn a_nudge_adds_to_one_weight_alone() {
        let weights = Tensor::<Flex, 2>::from_floats([[1.0], [2.0], [3.0]], &Default::default());
        assert_eq!(host::values(nudged(&weights, 1, 0.5)), [1.0, 2.5, 3.0]);
    }

    #[test]
    fn the_weight_of_a_pixel_that_is_always_blank_changes_nothing() {
        let nudged = nudge(&trial(), 0, &[-1.0, 0.0, 1.0]);
        assert!(nudged.loss.iter().all(|(_, loss)| *loss == nudged.loss[0].1), "{nudged:?}");
    }
}
