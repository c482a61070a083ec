//! How far two images are from each other.

use burn::tensor::{Tensor, backend::Backend};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// [`l1`].
    L1,
    /// [`rmse`].
    L2,
}

impl Distance {
    /// The distance of each image to `reference`.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`, reference: `[1, pixels]`
    /// - distances: `[batch, 1]`
    pub fn between<B: Backend>(self, images: Tensor<B, 2>, reference: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::L1 => l1(images, reference),
            Self::L2 => rmse(images, reference),
        }
    }
}

/// L1, the mean absolute difference of the pixels: `[batch, pixels]` and `[1, pixels]` to `[batch, 1]`.
pub fn l1<B: Backend>(images: Tensor<B, 2>, reference: Tensor<B, 2>) -> Tensor<B, 2> {
    (images - reference).abs().mean_dim(1)
}

/// L2 as the chapter takes it, the root of the mean squared difference: `[batch, pixels]` and `[1, pixels]` to `[batch, 1]`.
pub fn rmse<B: Backend>(images: Tensor<B, 2>, reference: Tensor<B, 2>) -> Tensor<B, 2> {
    (images - reference).square().mean_dim(1).sqrt()
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn distances_agree_with_hand_computation() {
        let device = Default::default();
        let images = Tensor::<Flex, 2>::from_floats([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]], &device);
        let reference = Tensor::from_floats([[1.0, 0.0, 3.0, 0.0]], &device);
        let l1 = Distance::L1.between(images.clone(), reference.clone());
        assert_eq!(l1.into_data().to_vec::<f32>().unwrap(), [1.5, 1.0]);
        let l2 = Distance::L2.between(images, reference);
        assert_eq!(l2.into_data().to_vec::<f32>().unwrap(), [5.0_f32.sqrt(), 2.5_f32.sqrt()]);
    }
}
