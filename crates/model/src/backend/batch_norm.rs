//! Batch normalisation and its gradients in Burn's own operations, for the backends without a way of their own.

use burn::tensor::{Tensor, backend::Backend, ops::FloatTensor};

use super::{primitive, tensor};

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

    #[test]
    fn burns_operations_and_those_on_slices_agree() {
        let (inputs, gradient) = (random([6, 4, 5, 3]), random([6, 4, 5, 3]));
        let [scale, shift] = [random([4]), random([4])];
        let found = statistics::<Flex>(inputs.clone());
        let expected = Flex::channel_statistics(inputs.clone());
        found.iter().zip(&expected).for_each(|(a, b)| near::<1>(a.clone(), b.clone()));
        let affine = [scale.clone(), shift];
        let outputs = [
            normalise::<Flex>(inputs.clone(), found.clone(), affine.clone(), EPSILON),
            Flex::normalise(inputs.clone(), found.clone(), affine, EPSILON),
        ];
        let [ours, slices] = outputs;
        near::<4>(ours, slices);
        let [x, s, b] = gradients::<Flex>(inputs.clone(), scale.clone(), found.clone(), gradient.clone(), EPSILON);
        let [on_x, on_s, on_b] = Flex::batch_norm_gradients(inputs, scale, found, gradient, EPSILON);
        near::<4>(x, on_x);
        near::<1>(s, on_s);
        near::<1>(b, on_b);
    }
}
