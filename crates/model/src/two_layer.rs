//! The chapter's simple net: two linear layers with a ReLU between.

use burn::{
    module::Module,
    nn::Linear,
    tensor::{Tensor, activation::relu},
};

use crate::{
    Backend, init, layers,
    summary::{self, LayerSummary},
};

/// `pixels -> hidden -> outputs` with ReLU: 23,581 parameters for 28 x 28 images, 30 hidden units and one output.
#[derive(Module, Debug)]
pub struct TwoLayerNet<B: burn::tensor::backend::Backend> {
    first: Linear<B>,
    second: Linear<B>,
}

impl<B: Backend> TwoLayerNet<B> {
    /// Parameters drawn from `seed`.
    pub fn new([pixels, hidden, outputs]: [usize; 3], seed: u64, device: &B::Device) -> Self {
        Self {
            first: init::linear(seed, "first", pixels, hidden, device),
            second: init::linear(seed, "second", hidden, outputs, device),
        }
    }

    /// `[pixels, hidden]`.
    pub(crate) fn hidden_weights(&self) -> Tensor<B, 2> {
        self.first.weight.val()
    }

    /// `[hidden, outputs]`.
    pub(crate) fn output_weights(&self) -> Tensor<B, 2> {
        self.second.weight.val()
    }

    pub(crate) fn summary(&self) -> Vec<LayerSummary> {
        vec![summary::linear("first", &self.first), summary::linear("second", &self.second)]
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let activations = relu(layers::linear(&self.first, images)); // [batch, hidden]
        layers::linear(&self.second, activations)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module as _;
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn two_layer_net_has_23581_parameters() {
        let model = TwoLayerNet::<Flex>::new([784, 30, 1], 0, &Default::default());
        assert_eq!(model.num_params(), 23_581);
    }

    #[test]
    fn relu_lets_only_positive_activations_through() {
        let device = Default::default();
        let mut model = TwoLayerNet::<Flex>::new([1, 2, 1], 0, &device);
        model.first.weight = model.first.weight.map(|_| Tensor::from_data([[1.0, -1.0]], &device));
        model.first.bias = model.first.bias.map(|bias| bias.map(|_| Tensor::from_data([0.0, 0.0], &device)));
        model.second.weight = model.second.weight.map(|_| Tensor::from_data([[10.0], [100.0]], &device));
        model.second.bias = model.second.bias.map(|bias| bias.map(|_| Tensor::from_data([1.0], &device)));
        let logits = model.forward(Tensor::from_data([[2.0], [-3.0]], &device));
        assert_eq!(logits.into_data().to_vec::<f32>().unwrap(), [21.0, 301.0]);
    }
}
