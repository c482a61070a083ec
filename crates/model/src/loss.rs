//! Losses, one per sample, `[batch, 1]`. Training lowers their mean over the batch.
//!
//! # Shapes
//! - of two classes: logits, probabilities and targets `[batch, 1]`
//! - of more: logits and one-hot targets `[batch, classes]`

use burn::tensor::{
    Tensor,
    activation::{log_sigmoid, log_softmax, sigmoid, softmax},
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

/// 1 - p of the class that it is: of two classes [`mnist_losses`], of more by the softmax p of the logits.
pub fn distance_to_one<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    match logits.dims() {
        [_, 1] => mnist_losses(sigmoid(logits), targets),
        _ => (softmax(logits, 1) * targets).sum_dim(1).neg() + 1.0,
    }
}

/// -log p of the class that it is: of two classes [`binary_cross_entropy`], of more by the softmax p of the logits.
pub fn cross_entropy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    match logits.dims() {
        [_, 1] => binary_cross_entropy(logits, targets),
        _ => (log_softmax(logits, 1) * targets).sum_dim(1).neg(),
    }
}

/// Binary cross-entropy on logits: -t log p - (1 - t) log(1 - p) with p = sigmoid(x), in the form (1 - t) x - log p that
/// stays finite for large logits.
pub fn binary_cross_entropy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    (targets.neg() + 1.0) * logits.clone() - log_sigmoid(logits)
}

/// (p - t)², whose mean is the Brier score: of two classes with p = sigmoid(x), of more with the softmax p of the logits, summed
/// over the classes (Brier 1950).
pub fn brier<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    match logits.dims() {
        [_, 1] => (sigmoid(logits) - targets).square(),
        _ => (softmax(logits, 1) - targets).square().sum_dim(1),
    }
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
    fn of_one_logit_they_are_those_of_two_classes() {
        let (logits, targets) = (column([2.0, -1.0]), column([1.0, 0.0]));
        let same = |a: Tensor<Flex, 2>, b: Tensor<Flex, 2>| assert_eq!(a.into_data(), b.into_data());
        same(distance_to_one(logits.clone(), targets.clone()), mnist_losses(sigmoid(logits.clone()), targets.clone()));
        same(cross_entropy(logits.clone(), targets.clone()), binary_cross_entropy(logits, targets));
    }

    #[test]
    fn binary_cross_entropy_stays_finite_for_large_logits() {
        near(binary_cross_entropy(column([100.0, -100.0]), column([0.0, 1.0])).mean(), 100.0);
    }

    #[test]
    fn the_brier_score_of_even_odds_is_a_quarter() {
        near(brier(column([0.0, 0.0]), column([1.0, 0.0])).mean(), 0.25);
    }

    #[test]
    fn losses_of_three_classes_agree_with_hand_computation() {
        let tensor = |row: [f32; 3]| Tensor::<Flex, 2>::from_floats([row], &Default::default());
        // p = (0.576117, 0.211942, 0.211942): e / (e + 2) and 1 / (e + 2).
        let (logits, target) = (tensor([1.0, 0.0, 0.0]), tensor([0.0, 1.0, 0.0]));
        near(distance_to_one(logits.clone(), target.clone()).mean(), 1.0 - 0.211_942);
        near(cross_entropy(logits.clone(), target.clone()).mean(), 1.551_445);
        near(brier(logits, target.clone()).mean(), 0.331_911 + 0.621_036 + 0.044_919);
        near(cross_entropy(tensor([1000.0, 0.0, 0.0]), target).mean(), 1000.0);
    }
}
