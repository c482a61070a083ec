//! The chapter's first baseline: which class's mean image is nearer?

use burn::tensor::{Tensor, backend::Backend};

use crate::Distance;

/// The mean image of each class.
#[derive(Clone, Debug)]
pub struct PixelSimilarity<B: Backend> {
    positive: Tensor<B, 2>,
    negative: Tensor<B, 2>,
}

impl<B: Backend> PixelSimilarity<B> {
    /// Means of the training images of both classes, each `[images, pixels]`.
    pub fn fit(positives: Tensor<B, 2>, negatives: Tensor<B, 2>) -> Self {
        Self { positive: positives.mean_dim(0), negative: negatives.mean_dim(0) }
    }

    /// The mean image of the positive class, `[1, pixels]`.
    pub fn positive(&self) -> Tensor<B, 2> {
        self.positive.clone()
    }

    /// The mean image of the negative class, `[1, pixels]`.
    pub fn negative(&self) -> Tensor<B, 2> {
        self.negative.clone()
    }

    /// How much nearer each image is to the positive mean than to the negative one: above 0 it is taken for positive, as
    /// with a network's logits.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - scores: `[batch, 1]`
    pub fn scores(&self, images: Tensor<B, 2>, distance: Distance) -> Tensor<B, 2> {
        distance.between(images.clone(), self.negative()) - distance.between(images, self.positive())
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn an_image_belongs_to_the_nearer_mean() {
        let device = Default::default();
        let tensor = |rows: [[f32; 2]; 2]| Tensor::<Flex, 2>::from_floats(rows, &device);
        let baseline = PixelSimilarity::fit(tensor([[1.0, 0.8], [1.0, 1.0]]), tensor([[0.0, 0.2], [0.0, 0.0]]));
        for distance in [Distance::L1, Distance::L2] {
            let scores =
                baseline.scores(tensor([[0.9, 0.9], [0.3, 0.0]]), distance).into_data().to_vec::<f32>().unwrap();
            assert!(scores[0] > 0.0 && scores[1] < 0.0, "{distance:?}: {scores:?}");
        }
    }
}
