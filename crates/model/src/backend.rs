//! Burn's backends, with the operations that one of them computes slowly done in another way there.
//!
//! This is how the Burn Book adds an operation of one's own (<https://burn.dev/books/burn/advanced/backend-extension/index.html>): a
//! trait above Burn's `Backend`, implemented for every backend and, with its gradient, for `Autodiff` around any of
//! them. The networks ask for this trait; each of its operations is Burn's own where a backend says nothing else.

mod autodiff;

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorPrimitive, ops::FloatTensor},
};

/// A backend of Burn that the networks compute on.
pub trait Backend: burn::tensor::backend::Backend {
    /// A linear layer.
    ///
    /// # Shapes
    /// - inputs: `[batch, inputs]`
    /// - weight: `[inputs, outputs]`
    /// - bias: `[outputs]`
    /// - result: `[batch, outputs]`
    fn linear_layer(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::linear(inputs, weight, Some(bias))
    }

    /// The gradient of a linear layer's weight, inputsᵀ · gradient.
    ///
    /// # Shapes
    /// - inputs: `[batch, inputs]`
    /// - gradient: of the layer's result, `[batch, outputs]`
    /// - result: `[inputs, outputs]`
    fn linear_weight_gradient(inputs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::linear_weight_backward(inputs, gradient)
    }
}

/// A [`Backend`] with gradients.
pub trait AutodiffBackend: Backend + burn::tensor::backend::AutodiffBackend<InnerBackend: Backend> {}

impl<B> AutodiffBackend for B where B: Backend + burn::tensor::backend::AutodiffBackend<InnerBackend: Backend> {}

#[cfg(any(test, feature = "flex"))]
impl Backend for burn_flex::Flex {}

#[cfg(feature = "tch")]
impl<E: burn_tch::TchElement> Backend for burn_tch::LibTorch<E> {}

#[cfg(feature = "wgpu")]
impl Backend for burn_wgpu::Wgpu {}

#[cfg(feature = "cuda")]
impl Backend for burn_cuda::Cuda {}

#[cfg(any(test, feature = "ndarray"))]
impl Backend for burn_ndarray::NdArray {
    /// As (gradientᵀ · inputs)ᵀ: Burn's matrix product on ndarray copies what is transposed, and of the two products
    /// this one transposes the small matrices instead of the batch.
    fn linear_weight_gradient(inputs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        use burn::tensor::{TensorMetadata as _, ops::FloatTensorOps as _};
        let transposed = Self::float_matmul(Self::float_swap_dims(gradient, 0, 1), inputs);
        let weight_gradient = Self::float_swap_dims(transposed, 0, 1);
        let shape = weight_gradient.shape();
        // A reshape brings it into the weight's own order in memory, in which the optimizer's sums are fast.
        Self::float_reshape(weight_gradient, shape)
    }
}

/// The layer on inputs of shape `[batch, inputs]`; the result is `[batch, outputs]`.
pub(crate) fn linear<B: Backend>(layer: &Linear<B>, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
    let primitive = |tensor: TensorPrimitive<B>| tensor.tensor();
    let inputs = primitive(inputs.into_primitive());
    let weight = primitive(layer.weight.val().into_primitive());
    let bias = layer.bias.as_ref().expect("the networks here have a bias in each layer").val();
    Tensor::from_primitive(TensorPrimitive::Float(B::linear_layer(inputs, weight, primitive(bias.into_primitive()))))
}

#[cfg(test)]
mod tests {
    use burn::{backend::Autodiff, tensor::Distribution};

    use super::*;
    use crate::init;

    /// The largest difference between our gradients of a linear layer and Burn's, of weight, bias and inputs.
    fn largest_difference<B: Backend>() -> f32 {
        let device = Default::default();
        let layer = init::linear::<Autodiff<B>>(0, "layer", 50, 7, &device);
        let inputs = Tensor::<Autodiff<B>, 2>::random([33, 50], Distribution::Default, &device).require_grad();
        let gradients = |result: Tensor<Autodiff<B>, 2>| {
            let gradients = result.square().mean().backward();
            let weight = layer.weight.val().grad(&gradients).unwrap().flatten::<1>(0, 1);
            let bias = layer.bias.as_ref().unwrap().val().grad(&gradients).unwrap();
            Tensor::cat(vec![weight, bias, inputs.grad(&gradients).unwrap().flatten(0, 1)], 0)
        };
        let (ours, burns) = (gradients(linear(&layer, inputs.clone())), gradients(layer.forward(inputs.clone())));
        (ours - burns).abs().max().into_data().to_vec::<f32>().unwrap()[0]
    }

    #[test]
    fn gradients_of_a_linear_layer_are_burns() {
        assert_eq!(largest_difference::<burn_flex::Flex>(), 0.0);
        let difference = largest_difference::<burn_ndarray::NdArray>();
        assert!(difference < 1e-6, "{difference}");
    }
}
