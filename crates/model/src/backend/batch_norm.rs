//! Batch normalisation and its gradients in Burn's own operations, for the backends without a way of their own.

use burn::tensor::{Tensor, activation, backend::Backend, ops::FloatTensor};

use super::{primitive, tensor};
use crate::layers;

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

/// The gradients of batch normalisation.
#[derive(Clone, Debug)]
pub struct BatchNormGradients<B: Backend> {
    pub inputs: FloatTensor<B>,
    pub scale: FloatTensor<B>,
    pub shift: FloatTensor<B>,
    /// Where there is one.
    pub shortcut: Option<FloatTensor<B>>,
}

/// Mean and variance of each channel.
pub(super) fn statistics<B: Backend>(inputs: FloatTensor<B>) -> [FloatTensor<B>; 2] {
    let inputs = tensor::<B, 4>(inputs);
    let mean = mean_of_channels(inputs.clone());
    let variance = mean_of_channels((inputs - mean.clone()).square());
    [mean, variance].map(|tensor| primitive(tensor.flatten::<1>(0, 3)))
}

/// (x - mean) / √(variance + ε) · scale + shift, plus the shortcut, then relu; in the order of the backend.
pub(super) fn normalise<B: super::Backend>(
    inputs: FloatTensor<B>,
    [mean, variance]: [FloatTensor<B>; 2],
    [scale, shift]: [FloatTensor<B>; 2],
    epsilon: f64,
    shortcut: Option<FloatTensor<B>>,
    relu: bool,
) -> FloatTensor<B> {
    let by_channel = |values| layers::by_channel(tensor::<B, 1>(values));
    let factor = by_channel(scale) / (by_channel(variance) + epsilon).sqrt();
    let mut output = (tensor::<B, 4>(inputs) - by_channel(mean)) * factor + by_channel(shift);
    if let Some(shortcut) = shortcut {
        output = output + tensor(shortcut);
    }
    primitive(if relu { activation::relu(output) } else { output })
}

/// With x̂ the normalised inputs, g the gradient that the relu lets through, which is the shortcut's, and n the count in a channel: shift Σg, scale Σg x̂, inputs
/// scale / √(variance + ε) · (g - Σg / n - x̂ Σg x̂ / n).
pub(super) fn gradients<B: Backend>(
    inputs: FloatTensor<B>,
    scale: FloatTensor<B>,
    [mean, variance]: [FloatTensor<B>; 2],
    gradient: FloatTensor<B>,
    epsilon: f64,
    rectified: Option<FloatTensor<B>>,
    shortcut: bool,
) -> BatchNormGradients<B> {
    let gradient = match rectified {
        Some(output) => B::relu_backward(output, gradient),
        None => gradient,
    };
    let of_shortcut = shortcut.then(|| gradient.clone());
    let gradient = tensor::<B, 4>(gradient);
    let deviation = (per_channel::<B>(variance) + epsilon).sqrt();
    let normalised = (tensor::<B, 4>(inputs) - per_channel(mean)) / deviation.clone();
    let [batch, channels, height, width] = gradient.dims();
    let mean_gradient = mean_of_channels(gradient.clone());
    let mean_product = mean_of_channels(gradient.clone() * normalised.clone());
    let of_inputs =
        (gradient - mean_gradient.clone() - normalised * mean_product.clone()) * (per_channel::<B>(scale) / deviation);
    let sum = |mean: Tensor<B, 4>| primitive(mean.mul_scalar((batch * height * width) as f32).reshape([channels]));
    let (scale, shift) = (sum(mean_product), sum(mean_gradient));
    BatchNormGradients { inputs: primitive(of_inputs), scale, shift, shortcut: of_shortcut }
}

fn mean_of_channels<B: Backend>(tensor: Tensor<B, 4>) -> Tensor<B, 4> {
    tensor.mean_dim(0).mean_dim(2).mean_dim(3) // [1, channels, 1, 1]
}

fn per_channel<B: Backend>(values: FloatTensor<B>) -> Tensor<B, 4> {
    let values = tensor::<B, 1>(values);
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;
    use burn_flex::Flex;

    use super::*;
    use crate::Backend as _;

    const EPSILON: f64 = 1e-5;

    fn random<const D: usize>(shape: [usize; D]) -> FloatTensor<Flex> {
        primitive(Tensor::<Flex, D>::random(shape, Distribution::Normal(2.0, 3.0), &Default::default()))
    }

    fn near<const D: usize>(a: FloatTensor<Flex>, b: FloatTensor<Flex>) {
        let off = (tensor::<Flex, D>(a) - tensor(b)).abs().max().into_data().to_vec::<f32>().unwrap()[0];
        assert!(off < 1e-4, "{off}");
    }

    /// By Burn's operations on `[batch, channels, height, width]`, and by Flex's own way on `[batch, height, width, channels]`.
    fn agree(with_shortcut: bool, relu: bool) {
        let [inputs, shortcut, gradient] = [(); 3].map(|()| random([6, 4, 5, 3]));
        let [scale, shift] = [random([4]), random([4])];
        let shortcut = with_shortcut.then_some(shortcut);
        let affine = [scale.clone(), shift];
        let last = |images| primitive(tensor::<Flex, 4>(images).permute([0, 2, 3, 1]));
        let first = |images| primitive(tensor::<Flex, 4>(images).permute([0, 3, 1, 2]));
        let statistics = statistics::<Flex>(inputs.clone());
        let (x, s) = (last(inputs.clone()), shortcut.clone().map(last));
        let output = first(normalise::<Flex>(x, statistics.clone(), affine.clone(), EPSILON, s, relu));
        let own = Flex::batch_norm(last(inputs.clone()), affine.clone(), EPSILON, shortcut.clone().map(last), relu);
        near::<4>(output.clone(), first(own.output));
        let [mean, variance] = statistics.clone();
        near::<1>(mean, own.mean);
        near::<1>(variance, own.variance);
        let own = Flex::normalise(last(inputs.clone()), statistics.clone(), affine, EPSILON, shortcut.map(last), relu);
        near::<4>(output.clone(), first(own));
        let (on, rectified) = (with_shortcut, relu.then_some(output));
        let (s, g, r) = (scale.clone(), gradient.clone(), rectified.clone());
        let found = gradients::<Flex>(inputs.clone(), s, statistics.clone(), g, EPSILON, r, on);
        let (x, g, r) = (last(inputs), last(gradient), rectified.map(last));
        let own = Flex::batch_norm_gradients(x, scale, statistics, g, EPSILON, r, on);
        near::<4>(found.inputs, first(own.inputs));
        near::<1>(found.scale, own.scale);
        near::<1>(found.shift, own.shift);
        assert_eq!(found.shortcut.is_some(), on);
        if let (Some(found), Some(own)) = (found.shortcut, own.shortcut) {
            near::<4>(found, first(own));
        }
    }

    #[test]
    fn burns_operations_and_those_on_slices_agree() {
        for (shortcut, relu) in [(false, false), (false, true), (true, true), (true, false)] {
            agree(shortcut, relu);
        }
    }
}
