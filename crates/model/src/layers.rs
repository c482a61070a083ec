//! Burn's layers, computed by our [`Backend`].

use burn::{
    nn::{BatchNorm, Linear, conv::Conv2d},
    tensor::Tensor,
};

use crate::{
    Backend,
    backend::{Sliding, primitive, tensor},
};

/// A linear layer with bias on inputs of shape `[batch, inputs]`; the result is `[batch, outputs]`.
pub(crate) fn linear<B: Backend>(layer: &Linear<B>, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
    let bias = layer.bias.as_ref().expect("a linear layer here has a bias").val();
    tensor(B::linear_layer(primitive(inputs), primitive(layer.weight.val()), primitive(bias)))
}

/// Images `[batch, pixels]` as the convolutions of the backend take them, with these channels, rows and columns.
pub(crate) fn images<B: Backend>(pixels: Tensor<B, 2>, [channels, height, width]: [usize; 3]) -> Tensor<B, 4> {
    let [batch, _] = pixels.dims();
    if B::CHANNELS_LAST {
        // What has one channel is in the order already.
        let pixels = pixels.reshape([batch, channels, height * width]);
        pixels.swap_dims(1, 2).reshape([batch, height, width, channels])
    } else {
        pixels.reshape([batch, channels, height, width])
    }
}

/// A value of each channel, to be added to what the convolutions made.
pub(crate) fn by_channel<B: Backend>(values: Tensor<B, 1>) -> Tensor<B, 4> {
    let [channels] = values.dims();
    values.reshape(if B::CHANNELS_LAST { [1, 1, 1, channels] } else { [1, channels, 1, 1] })
}

/// The mean of each channel of what the convolutions made, `[batch, channels]`.
pub(crate) fn channel_means<B: Backend>(features: Tensor<B, 4>) -> Tensor<B, 2> {
    if B::CHANNELS_LAST {
        let [batch, height, width, channels] = features.dims();
        let count = height * width;
        // As a product: Burn walks the gradient of a mean over a middle axis value by value.
        let weights = Tensor::full([1, 1, count], 1.0 / count as f32, &features.device());
        let means = weights.matmul(features.reshape([batch, count, channels])); // [batch, 1, channels]
        means.reshape([batch, channels])
    } else {
        let [batch, channels, height, width] = features.dims();
        let means = features.reshape([batch, channels, height * width]).mean_dim(2); // [batch, channels, 1]
        means.reshape([batch, channels])
    }
}

/// A convolution without bias, of images in the order of the backend.
pub(crate) fn convolution<B: Backend>(layer: &Conv2d<B>, images: Tensor<B, 4>) -> Tensor<B, 4> {
    let sliding = Sliding { stride: layer.stride[0], padding: layer.kernel_size[0] / 2 };
    tensor(B::convolution(primitive(images), primitive(layer.weight.val()), sliding))
}

/// Batch normalisation, then plus the shortcut, then relu: by the batch's own statistics where its parameters are trained, and then
/// the running ones follow; by the running ones in evaluation, also where that has gradients.
pub(crate) fn batch_norm<B: Backend>(
    layer: &BatchNorm<B>,
    inputs: Tensor<B, 4>,
    shortcut: Option<Tensor<B, 4>>,
    relu: bool,
) -> Tensor<B, 4> {
    let device = inputs.device();
    let (scale, shift) = (layer.gamma.val(), layer.beta.val());
    // Values of one channel.
    let count = inputs.shape().num_elements() as f64 / scale.dims()[0] as f64;
    let affine = [primitive(scale), primitive(shift)];
    let shortcut = shortcut.map(primitive);
    if !B::ad_enabled(&device) || !layer.gamma.is_require_grad() {
        let running = [&layer.running_mean, &layer.running_var].map(|running| primitive(running.value()));
        return tensor(B::normalise(primitive(inputs), running, affine, layer.epsilon, shortcut, relu));
    }
    let normalised = B::batch_norm(primitive(inputs), affine, layer.epsilon, shortcut, relu);
    // As in PyTorch, the running variance is that of the distribution, not of the sample.
    let unbiased = tensor::<B, 1>(normalised.variance) * (count / (count - 1.0).max(1.0));
    let follow = |running: Tensor<B, 1>, now: Tensor<B, 1>| running * (1.0 - layer.momentum) + now * layer.momentum;
    layer.running_mean.update(follow(layer.running_mean.value_sync(), tensor(normalised.mean)).detach());
    layer.running_var.update(follow(layer.running_var.value_sync(), unbiased).detach());
    tensor(normalised.output)
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::Autodiff,
        nn::BatchNormConfig,
        tensor::{TensorData, activation::relu, backend::AutodiffBackend},
    };
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    use super::*;
    use crate::init;

    type With<B> = Autodiff<B>;

    /// The largest difference between two results, and between the gradients of `of` by way of each, as parts of the largest value or
    /// of one.
    fn differences<B: Backend, const D: usize, const E: usize>(
        ours: Tensor<With<B>, D>,
        burns: Tensor<With<B>, D>,
        of: &[Tensor<With<B>, E>],
    ) -> [f32; 2] {
        let weights: Tensor<With<B>, D> = random(ours.dims()).detach();
        let gradients = |result: &Tensor<With<B>, D>| {
            let gradients = (result.clone() * weights.clone()).sum().backward();
            let flat = of.iter().map(|tensor| tensor.grad(&gradients).unwrap().flatten::<1>(0, E - 1)).collect();
            Tensor::cat(flat, 0)
        };
        let largest = |a: Tensor<B, 1>, b: Tensor<B, 1>| {
            let off = (a - b.clone()).abs().max() / b.abs().max().clamp_min(1.0);
            off.into_data().to_vec::<f32>().unwrap()[0]
        };
        let (a, b) = (gradients(&ours), gradients(&burns));
        [largest(ours.inner().flatten(0, D - 1), burns.inner().flatten(0, D - 1)), largest(a, b)]
    }

    /// `[batch, channels, height, width]` in the order of the backend, and back.
    fn ordered<B: Backend>(images: Tensor<B, 4>) -> Tensor<B, 4> {
        if B::CHANNELS_LAST { images.permute([0, 2, 3, 1]) } else { images }
    }

    fn in_burns_order<B: Backend>(images: Tensor<B, 4>) -> Tensor<B, 4> {
        if B::CHANNELS_LAST { images.permute([0, 3, 1, 2]) } else { images }
    }

    /// The same numbers each time, so that a rounding is or is not too much once and for all.
    fn random<B: AutodiffBackend, const D: usize>(shape: [usize; D]) -> Tensor<B, D> {
        let values = init::normal(0, &format!("{shape:?}"), shape.iter().product(), 1.0);
        Tensor::from_data(TensorData::new(values, shape), &Default::default()).require_grad()
    }

    fn linear_as_burn<B: Backend>() {
        let layer = init::linear::<With<B>>(0, "layer", 50, 7, &Default::default());
        let inputs = random([33, 50]);
        let (ours, burns) = (linear(&layer, inputs.clone()), layer.forward(inputs.clone()));
        let [result, gradient] = differences::<B, 2, 2>(ours, burns, &[inputs, layer.weight.val()]);
        assert!(result < 1e-5 && gradient < 1e-5, "{result} {gradient}");
    }

    fn convolution_as_burn<B: Backend>(stride: usize, size: usize) {
        let layer = init::convolution::<With<B>>(0, "layer", [3, 5], [size, stride], &Default::default());
        // 19 images: a vector and a rest.
        let images = random([19, 3, 9, 8]);
        let (ours, burns) = (convolution(&layer, ordered(images.clone())), layer.forward(images.clone()));
        let ours = in_burns_order(ours);
        let [result, gradient] = differences::<B, 4, 4>(ours, burns, &[images, layer.weight.val()]);
        assert!(result < 1e-5 && gradient < 1e-5, "{result} {gradient}");
    }

    fn batch_norm_as_burn<B: Backend>() {
        let layers = [0, 1].map(|_| BatchNormConfig::new(4).init::<With<B>>(&Default::default()));
        let inputs = random::<With<B>, 4>([6, 4, 5, 5]) * 3.0 + 2.0;
        let inputs = inputs.detach().require_grad();
        let shortcut = random([6, 4, 5, 5]);
        let ours =
            in_burns_order(batch_norm(&layers[0], ordered(inputs.clone()), Some(ordered(shortcut.clone())), true));
        let burns = relu(layers[1].forward(inputs.clone()) + shortcut.clone());
        let [result, gradient] = differences::<B, 4, 4>(ours, burns, &[inputs, shortcut]);
        assert!(result < 1e-5 && gradient < 1e-5, "{result} {gradient}");
        let means = layers.each_ref().map(|layer| layer.running_mean.value_sync().inner());
        let [ours, burns] = means.map(|mean| mean.into_data().to_vec::<f32>().unwrap());
        ours.iter().zip(burns).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} {b}"));
    }

    #[test]
    fn a_linear_layer_and_its_gradients_are_burns() {
        linear_as_burn::<Flex>();
        linear_as_burn::<NdArray>();
    }

    #[test]
    fn a_convolution_and_its_gradients_are_burns() {
        for (stride, size) in [(1, 3), (2, 3), (2, 1), (1, 5)] {
            convolution_as_burn::<Flex>(stride, size);
            convolution_as_burn::<NdArray>(stride, size);
        }
    }

    #[test]
    fn batch_normalisation_and_its_gradients_are_burns() {
        batch_norm_as_burn::<Flex>();
        batch_norm_as_burn::<NdArray>();
    }

    #[test]
    fn scale_and_shift_of_a_batch_norm_get_their_gradients() {
        let layer = BatchNormConfig::new(2).init::<With<Flex>>(&Default::default());
        let inputs = Tensor::from_data([[[[1.0]], [[5.0]]], [[[3.0]], [[5.0]]]], &Default::default());
        let gradients = batch_norm(&layer, ordered(inputs), None, false).powi_scalar(2).sum().backward();
        // Channel 0 becomes -1 and 1, channel 1 is constant and becomes 0: Σ 2 y x̂ is 4 and 0, Σ 2 y is 0.
        let of = |param: Tensor<With<Flex>, 1>| param.grad(&gradients).unwrap().into_data().to_vec::<f32>().unwrap();
        let (scale, shift) = (of(layer.gamma.val()), of(layer.beta.val()));
        assert!((scale[0] - 4.0).abs() < 1e-3 && scale[1].abs() < 1e-6, "{scale:?}");
        assert!(shift.iter().all(|v| v.abs() < 1e-5), "{shift:?}");
    }

    #[test]
    fn evaluation_normalises_by_the_running_statistics() {
        let layer = BatchNormConfig::new(1).init::<Flex>(&Default::default());
        let inputs = Tensor::<Flex, 4>::from_data([[[[3.0]]], [[[5.0]]]], &Default::default());
        let same = batch_norm(&layer, ordered(inputs), None, false).into_data().to_vec::<f32>().unwrap();
        assert!((same[0] - 3.0).abs() < 1e-4 && (same[1] - 5.0).abs() < 1e-4, "{same:?}");
    }
}
