//! Losses, one per sample. Training lowers their mean over the batch.
//!
//! # Shapes
//! - logits, probabilities, targets, losses: `[batch, 1]`

use burn::tensor::{
    Tensor,
    activation::{log_sigmoid, sigmoid},
    backend::Backend,
};

/// The loss of each sample: how far its probability is from its target, 1 - p where the target is 1, else p (fast.ai book, chapter 4).
pub fn mnist_losses<B: Backend>(probabilities: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    let to_one = probabilities.clone().neg() + 1.0;
    probabilities.mask_where(targets.equal_elem(1.0), to_one)
}

/// The chapter's `mnist_loss`: the mean [`mnist_losses`] of the sigmoid of the logits, `[1]`.
pub fn mnist_loss<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1> {
    mnist_losses(sigmoid(logits), targets).mean()
}

/// Binary cross-entropy on logits: -t log p - (1 - t) log(1 - p) with p = sigmoid(x), in the form (1 - t) x - log p that
/// stays finite for large logits.
pub fn binary_cross_entropy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    (targets.neg() + 1.0) * logits.clone() - log_sigmoid(logits)
}

/// (p - t)² with p = sigmoid(x). Its mean is the Brier score.
pub fn squared_error<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    (sigmoid(logits) - targets).square()
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    fn column<const N: usize>(values: [f32; N]) -> Tensor<Flex, 2> {
        Tensor::<Flex, 1>::from_floats(values, &Default::default()).reshape([N, 1])
    }

    fn near(loss: Tensor<Flex, 1>, expected: f32) {
        let loss: f32 = loss.into_scalar();
        assert!((loss - expected).abs() < 5e-5, "{loss} is not {expected}");
    }

    #[test]
    fn miss_is_the_distance_to_the_target_as_in_the_book() {
        let misses = mnist_losses(column([0.9, 0.4, 0.2]), column([1.0, 0.0, 1.0]));
        let misses = misses.into_data().to_vec::<f32>().unwrap();
        for (miss, expected) in misses.iter().zip([0.1, 0.4, 0.8]) {
            assert!((miss - expected).abs() < 1e-6, "{misses:?}");
        }
    }

    #[test]
    fn a_better_prediction_lowers_the_mean_from_0_4333_to_0_2333() {
        near(mnist_losses(column([0.9, 0.4, 0.2]), column([1.0, 0.0, 1.0])).mean(), 0.4333);
        near(mnist_losses(column([0.9, 0.4, 0.8]), column([1.0, 0.0, 1.0])).mean(), 0.2333);
    }

    #[test]
    fn mnist_loss_of_the_books_first_logits_is_0_5006() {
        near(mnist_loss(column([-11.1002, 5.9263, 9.9627, -8.1484]), column([1.0; 4])), 0.5006);
    }

    #[test]
    fn binary_cross_entropy_agrees_with_hand_computation() {
        // -ln(sigmoid(2)) = 0.126928, -ln(1 - sigmoid(-1)) = 0.313262
        near(binary_cross_entropy(column([2.0, -1.0]), column([1.0, 0.0])).mean(), (0.126_928 + 0.313_262) / 2.0);
    }

    #[test]
    fn binary_cross_entropy_stays_finite_for_large_logits() {
        near(binary_cross_entropy(column([100.0, -100.0]), column([0.0, 1.0])).mean(), 100.0);
    }

    #[test]
    fn squared_error_of_even_odds_is_a_quarter() {
        near(squared_error(column([0.0, 0.0]), column([1.0, 0.0])).mean(), 0.25);
    }
}
