//! The chapter's first baseline: which class's mean image is nearer?

use burn::tensor::{Tensor, backend::Backend};

use crate::Distance;

/// The mean image of each class.
#[derive(Clone, Debug)]
pub struct PixelSimilarity<B: Backend> {
    means: Vec<Tensor<B, 2>>,
}

impl<B: Backend> PixelSimilarity<B> {
    /// Means of the training images of each class, `[images, pixels]`.
    pub fn fit(images: impl IntoIterator<Item = Tensor<B, 2>>) -> Self {
        Self { means: images.into_iter().map(|images| images.mean_dim(0)).collect() }
    }

    /// The mean image of a class, `[1, pixels]`.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn mean(&self, class: usize) -> Tensor<B, 2> {
        self.means[class].clone()
    }

    /// What a network's logits would be: the higher, the nearer. Of two classes how much nearer each image is to the first mean
    /// than to the second, of more the distance to each mean, negated.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - scores: `[batch, 1]` for two classes, `[batch, classes]` for more
    pub fn scores(&self, images: Tensor<B, 2>, distance: Distance) -> Tensor<B, 2> {
        if let [first, second] = &self.means[..] {
            return distance.between(images.clone(), second.clone()) - distance.between(images, first.clone());
        }
        let to = |mean: &Tensor<B, 2>| distance.between(images.clone(), mean.clone()).neg();
        Tensor::cat(self.means.iter().map(to).collect(), 1)
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
        let baseline = PixelSimilarity::fit([tensor([[1.0, 0.8], [1.0, 1.0]]), tensor([[0.0, 0.2], [0.0, 0.0]])]);
        for distance in [Distance::L1, Distance::L2] {
            let scores =
                baseline.scores(tensor([[0.9, 0.9], [0.3, 0.0]]), distance).into_data().to_vec::<f32>().unwrap();
            assert!(scores[0] > 0.0 && scores[1] < 0.0, "{distance:?}: {scores:?}");
        }
    }

    #[test]
    fn of_three_classes_the_nearest_mean_has_the_highest_score() {
        let device = Default::default();
        let image = |pixel: f32| Tensor::<Flex, 2>::from_floats([[pixel, pixel]], &device);
        let baseline = PixelSimilarity::fit([image(0.0), image(0.5), image(1.0)]);
        for distance in [Distance::L1, Distance::L2] {
            let scores = baseline.scores(image(0.6), distance).into_data().to_vec::<f32>().unwrap();
            for (score, expected) in scores.iter().zip([-0.6, -0.1, -0.4]) {
                assert!((score - expected).abs() < 1e-6, "{scores:?}");
            }
        }
    }
}
