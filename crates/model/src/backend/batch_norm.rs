//! Batch normalisation and its gradients in Burn's own operations, for the backends without a way of their own.

use burn::tensor::{Tensor, TensorPrimitive, backend::Backend, ops::FloatTensor};

/// A batch after normalisation.
#[derive(Clone, Debug)]
pub struct Normalised<B: Backend> {
    /// `[batch, channels, height, width]`.
    pub output: FloatTensor<B>,
    /// Mean of each channel over the batch, `[channels]`.
    pub mean: FloatTensor<B>,
    /// Variance of each channel over the batch, divided by the count, `[channels]`.
    pub variance: FloatTensor<B>,
}

/// Mean and variance of each channel.
pub(super) fn statistics<B: Backend>(inputs: FloatTensor<B>) -> [FloatTensor<B>; 2] {
    let inputs = tensor::<B, 4>(inputs);
    let mean = mean_of_channels(inputs.clone());
    let variance = mean_of_channels((inputs - mean.clone()).square());
    [mean, variance].map(|tensor| primitive(tensor.flatten::<1>(0, 3)))
}

/// (x - mean) / √(variance + ε) · scale + shift.
pub(super) fn normalise<B: Backend>(
    inputs: FloatTensor<B>,
    [mean, variance]: [FloatTensor<B>; 2],
    [scale, shift]: [FloatTensor<B>; 2],
    epsilon: f64,
) -> FloatTensor<B> {
    let factor = per_channel::<B>(scale) / (per_channel::<B>(variance) + epsilon).sqrt();
    primitive((tensor::<B, 4>(inputs) - per_channel(mean)) * factor + per_channel(shift))
}

/// With x̂ the normalised inputs and n their count in a channel: shift Σg, scale Σg x̂, inputs
/// scale / √(variance + ε) · (g - Σg / n - x̂ Σg x̂ / n).
pub(super) fn gradients<B: Backend>(
    inputs: FloatTensor<B>,
    scale: FloatTensor<B>,
    [mean, variance]: [FloatTensor<B>; 2],
    gradient: FloatTensor<B>,
    epsilon: f64,
) -> [FloatTensor<B>; 3] {
    let gradient = tensor::<B, 4>(gradient);
    let deviation = (per_channel::<B>(variance) + epsilon).sqrt();
    let normalised = (tensor::<B, 4>(inputs) - per_channel(mean)) / deviation.clone();
    let [batch, channels, height, width] = gradient.dims();
    let mean_gradient = mean_of_channels(gradient.clone());
    let mean_product = mean_of_channels(gradient.clone() * normalised.clone());
    let of_inputs =
        (gradient - mean_gradient.clone() - normalised * mean_product.clone()) * (per_channel::<B>(scale) / deviation);
    let sum = |mean: Tensor<B, 4>| primitive(mean.mul_scalar((batch * height * width) as f32).reshape([channels]));
    [primitive(of_inputs), sum(mean_product), sum(mean_gradient)]
}

fn mean_of_channels<B: Backend>(tensor: Tensor<B, 4>) -> Tensor<B, 4> {
    tensor.mean_dim(0).mean_dim(2).mean_dim(3) // [1, channels, 1, 1]
}

fn per_channel<B: Backend>(values: FloatTensor<B>) -> Tensor<B, 4> {
    let values = tensor::<B, 1>(values);
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

fn tensor<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}
