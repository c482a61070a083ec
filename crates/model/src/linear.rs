//! The chapter's linear baseline.

use burn::{module::Module, nn::Linear, tensor::Tensor};

use crate::{
    Backend, init, layers,
    summary::{self, LayerSummary},
};

/// One linear layer, `pixels -> outputs`; with one output 785 parameters for 28 x 28 images.
#[derive(Module, Debug)]
pub struct LinearBaseline<B: burn::tensor::backend::Backend> {
    linear: Linear<B>,
}

impl<B: Backend> LinearBaseline<B> {
    /// Parameters drawn from `seed`.
    pub fn new([pixels, outputs]: [usize; 2], seed: u64, device: &B::Device) -> Self {
        Self { linear: init::linear(seed, "linear", pixels, outputs, device) }
    }

    /// One weight per pixel for each output, `[pixels, outputs]`.
    pub fn weights(&self) -> Tensor<B, 2> {
        self.linear.weight.val()
    }

    pub(crate) fn summary(&self) -> Vec<LayerSummary> {
        vec![summary::linear("linear", &self.linear)]
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        layers::linear(&self.linear, images)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module as _;
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn linear_baseline_has_784_weights_and_1_bias() {
        let model = LinearBaseline::<Flex>::new([784, 1], 0, &Default::default());
        assert_eq!(model.linear.weight.dims(), [784, 1]);
        assert_eq!(model.num_params(), 785);
    }

    #[test]
    fn logit_is_the_weighted_sum_plus_bias() {
        let device = Default::default();
        let mut model = LinearBaseline::<Flex>::new([3, 1], 0, &device);
        model.linear.weight = model.linear.weight.map(|_| Tensor::from_data([[1.0], [-2.0], [0.5]], &device));
        model.linear.bias = model.linear.bias.map(|bias| bias.map(|_| Tensor::from_data([0.25], &device)));
        let logits = model.forward(Tensor::from_data([[1.0, 1.0, 2.0], [0.0, 1.0, 0.0]], &device));
        assert_eq!(logits.into_data().to_vec::<f32>().unwrap(), [0.25, -1.75]);
    }
}
