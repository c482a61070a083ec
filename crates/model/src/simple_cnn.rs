//! The book's own convolutional network, of its chapter 13.

use burn::{
    module::{Module, Param},
    nn::{BatchNorm, BatchNormConfig, conv::Conv2d},
    tensor::{Tensor, TensorData, activation::relu},
};
use task::Shape;

use crate::{
    Backend, init, layers,
    summary::{self, LayerSummary},
};

/// The book's `simple_cnn`: convolutions that each halve the sides, until of an image a single pixel is left, whose channels are the
/// logits. The first has kernels of 5 x 5, all others of 3 x 3; each but the last doubles the channels. After each comes a ReLU, but
/// for the last, and a batch normalisation. With 8 channels, grey images of 28 x 28 and ten outputs: five convolutions of 30,542
/// parameters.
#[derive(Module, Debug)]
pub struct SimpleCnn<B: burn::tensor::backend::Backend> {
    layers: Vec<Layer<B>>,
    height: usize,
    width: usize,
}

/// A convolution, and the normalisation of its result.
#[derive(Module, Debug)]
struct Layer<B: burn::tensor::backend::Backend> {
    convolution: Conv2d<B>,
    norm: BatchNorm<B>,
}

impl<B: Backend> SimpleCnn<B> {
    /// Parameters drawn from `seed`, for images of this shape: `channels` of the first convolution.
    pub fn new(shape: Shape, channels: usize, outputs: usize, seed: u64, device: &B::Device) -> Self {
        let Shape { channels: of_images, height, width } = shape;
        let last = height.max(width).next_power_of_two().ilog2().max(1) as usize - 1;
        let from = |number| if number == 0 { of_images } else { channels << (number - 1) };
        let to = |number| if number == last { outputs } else { channels << number };
        let size = |number| if number == 0 { 5 } else { 3 };
        let layer = |number| Layer::new(seed, number, [from(number), to(number)], size(number), device);
        Self { layers: (0..=last).map(layer).collect(), height, width }
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let channels = self.layers[0].convolution.weight.dims()[1];
        let images = layers::images(images, [channels, self.height, self.width]);
        let (last, layers) = self.layers.split_last().expect("there is a convolution");
        let features = layers.iter().fold(images, |x, layer| layer.normalised(relu(layer.convolved(x))));
        // Of the single pixel that is left.
        layers::channel_means(last.normalised(last.convolved(features)))
    }

    /// `[channels, channels of the images, height, width]`.
    pub(crate) fn first_kernels(&self) -> Tensor<B, 4> {
        self.layers[0].convolution.weight.val()
    }

    pub(crate) fn summary(&self) -> Vec<LayerSummary> {
        let (mut sides, mut layers) = ([self.height, self.width], Vec::new());
        for (number, layer) in self.layers.iter().enumerate() {
            let ([mut convolution, norm], after) =
                summary::step(&format!("layers.{number}"), &layer.convolution, sides);
            convolution.parameters += layer.bias().dims()[0];
            layers.extend([convolution, norm]);
            sides = after;
        }
        layers
    }

    /// Pairs of a parameter's path here and its name in the PyTorch twin.
    pub(crate) fn torch_names(&self) -> Vec<(String, String)> {
        let last = self.layers.len() - 1;
        let layer = |number: usize| {
            // The ReLU between the two has a place of its own.
            let norm = if number == last { 1 } else { 2 };
            let of = |part: &str, place: usize, names: &[&str]| {
                let name = |name: &&str| (format!("layers.{number}.{part}.{name}"), format!("{number}.{place}.{name}"));
                names.iter().map(name).collect::<Vec<_>>()
            };
            let (convolution, names) = (["weight", "bias"], ["weight", "bias", "running_mean", "running_var"]);
            [of("convolution", 0, &convolution), of("norm", norm, &names)].concat()
        };
        (0..=last).flat_map(layer).collect()
    }
}

impl<B: Backend> Layer<B> {
    fn new(seed: u64, number: usize, [from, to]: [usize; 2], size: usize, device: &B::Device) -> Self {
        let path = format!("layers.{number}.convolution");
        let convolution = init::convolution(seed, &path, [from, to], [size, 2], device);
        // As PyTorch's `nn.Conv2d`: uniform as the kernels.
        let bias = init::uniform(seed, &format!("{path}.bias"), to, 1.0 / ((from * size * size) as f32).sqrt());
        let bias = Some(Param::from_data(TensorData::new(bias, [to]), device));
        Self { convolution: Conv2d { bias, ..convolution }, norm: BatchNormConfig::new(to).init(device) }
    }

    fn convolved(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        layers::convolution(&self.convolution, x) + layers::by_channel(self.bias())
    }

    fn normalised(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        layers::batch_norm(&self.norm, x, None, false)
    }

    fn bias(&self) -> Tensor<B, 1> {
        self.convolution.bias.as_ref().expect("a convolution here has a bias").val()
    }
}

#[cfg(test)]
mod tests {
    use burn::{module::Module as _, tensor::Distribution};
    use burn_flex::Flex;

    use super::*;

    fn net(channels: usize, sides: [usize; 2], outputs: usize) -> SimpleCnn<Flex> {
        SimpleCnn::new(Shape { channels, ..Shape::grey(sides) }, 8, outputs, 0, &Default::default())
    }

    #[test]
    fn on_digits_it_has_the_five_layers_and_the_parameters_of_the_books() {
        let model = net(1, [28, 28], 10);
        let layers = model.summary();
        let convolutions = layers.iter().filter(|layer| layer.kind.starts_with("convolution"));
        let outputs: Vec<&[usize]> = convolutions.map(|layer| &layer.output[..]).collect();
        assert_eq!(outputs, [&[8, 14, 14][..], &[16, 7, 7], &[32, 4, 4], &[64, 2, 2], &[10, 1, 1]]);
        let (running, trained) = (2 * (8 + 16 + 32 + 64 + 10), layers.iter().map(|layer| layer.parameters).sum());
        assert_eq!((model.num_params() - running, trained), (30_542, 30_542_usize));
        assert_eq!(layers[0].kind, "convolution 5 x 5");
    }

    #[test]
    fn images_of_any_size_end_in_a_single_pixel() {
        for [height, width] in [[28, 28], [1, 1], [2, 2], [5, 9], [1, 17], [64, 64]] {
            let model = net(3, [height, width], 7);
            let images = Tensor::random([3, 3 * height * width], Distribution::Default, &Default::default());
            assert_eq!(model.forward(images).dims(), [3, 7], "{height} x {width}");
        }
    }

    #[test]
    fn a_convolution_adds_its_bias_before_the_relu() {
        let (mut model, device) = (net(1, [2, 2], 2), Default::default());
        let layer = &mut model.layers[0];
        layer.convolution.weight = layer.convolution.weight.clone().map(|weight| weight.zeros_like());
        layer.convolution.bias = Some(Param::from_data([3.0, -4.0], &device));
        // What runs is still 0 and 1 and epsilon 1e-5: a normalisation that changes next to nothing.
        let logits = model.forward(Tensor::zeros([1, 4], &device)).into_data().to_vec::<f32>().unwrap();
        assert!((logits[0] - 3.0).abs() < 1e-3 && (logits[1] + 4.0).abs() < 1e-3, "{logits:?}");
    }

    #[test]
    fn every_parameter_has_the_name_that_it_has_in_the_book() {
        let names = net(1, [28, 28], 10).torch_names();
        assert_eq!(names.len(), 5 * 6);
        for (here, torch) in [
            ("layers.0.convolution.bias", "0.0.bias"),
            ("layers.3.norm.running_mean", "3.2.running_mean"),
            ("layers.4.norm.weight", "4.1.weight"),
        ] {
            assert!(names.contains(&(here.into(), torch.into())), "{here}");
        }
    }
}
