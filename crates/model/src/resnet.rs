//! Going deeper: a small residual net.

use burn::{
    module::Module,
    nn::{BatchNorm, BatchNormConfig, Linear, conv::Conv2d},
    tensor::{Tensor, activation::relu},
};

use crate::{Backend, init, layers};

/// A residual net (He et al. 2015, <https://arxiv.org/abs/1512.03385>): a stem, three residual blocks that halve the sides
/// and, from the second on, double the channels, the mean of each channel, and a linear layer. With 16 channels and one
/// output: 77,457 parameters.
#[derive(Module, Debug)]
pub struct ResNet<B: burn::tensor::backend::Backend> {
    stem: Step<B>,
    blocks: Vec<Residual<B>>,
    head: Linear<B>,
    height: usize,
    width: usize,
}

/// relu(two(relu(one(x))) + skip(x)).
#[derive(Module, Debug)]
struct Residual<B: burn::tensor::backend::Backend> {
    one: Step<B>,
    two: Step<B>,
    skip: Step<B>,
}

/// A convolution and the normalisation of its result.
#[derive(Module, Debug)]
struct Step<B: burn::tensor::backend::Backend> {
    convolution: Conv2d<B>,
    norm: BatchNorm<B>,
}

/// Rows and columns of what the last block of a [`ResNet`] makes of images of these: each block halves them, rounded up.
#[must_use]
pub fn feature_sides(image: [usize; 2]) -> [usize; 2] {
    image.map(|side| (0..BLOCKS).fold(side, |side, _| side.div_ceil(2)))
}

/// Residual blocks.
const BLOCKS: usize = 3;

impl<B: Backend> ResNet<B> {
    /// Parameters drawn from `seed`, for images of `height` x `width`; `channels` of the stem.
    pub fn new([height, width]: [usize; 2], [channels, outputs]: [usize; 2], seed: u64, device: &B::Device) -> Self {
        let stem = Step::new(seed, "stem", [1, channels], [3, 1], device);
        let sizes: [_; BLOCKS] = [[channels, channels], [channels, 2 * channels], [2 * channels, 4 * channels]];
        let block = |(i, sizes): (usize, &[usize; 2])| Residual::new(seed, &format!("blocks.{i}"), *sizes, device);
        let blocks = sizes.iter().enumerate().map(block).collect();
        Self { stem, blocks, head: init::linear(seed, "head", 4 * channels, outputs, device), height, width }
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let [batch, _] = images.dims();
        let images = images.reshape([batch, 1, self.height, self.width]);
        let features = self.blocks.iter().fold(relu(self.stem.forward(images)), |x, block| block.forward(x));
        let [_, channels, height, width] = features.dims();
        let means = features.reshape([batch, channels, height * width]).mean_dim(2); // [batch, channels, 1]
        layers::linear(&self.head, means.reshape([batch, channels]))
    }

    /// Pairs of a parameter's path here and its name in the PyTorch twin.
    pub(crate) fn torch_names(&self) -> Vec<(String, String)> {
        let block =
            |i: usize| ["one", "two", "skip"].map(|step| (format!("blocks.{i}.{step}"), format!("{}.{step}.", i + 3)));
        let blocks = (0..self.blocks.len())
            .flat_map(block)
            .flat_map(|(here, torch)| Step::<B>::torch_names(&here, &format!("{torch}0"), &format!("{torch}1")));
        let head = ["weight", "bias"].map(|name| (format!("head.{name}"), format!("8.{name}")));
        Step::<B>::torch_names("stem", "0", "1").into_iter().chain(blocks).chain(head).collect()
    }
}

impl<B: Backend> Residual<B> {
    fn new(seed: u64, path: &str, [from, to]: [usize; 2], device: &B::Device) -> Self {
        let step =
            |name: &str, channels, sliding| Step::new(seed, &format!("{path}.{name}"), channels, sliding, device);
        Self {
            one: step("one", [from, to], [3, 2]),
            two: step("two", [to, to], [3, 1]),
            skip: step("skip", [from, to], [1, 2]),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let activations = relu(self.one.forward(x.clone()));
        relu(self.two.forward(activations) + self.skip.forward(x))
    }
}

impl<B: Backend> Step<B> {
    /// From and to so many channels, with kernels of that size and stride.
    fn new(seed: u64, path: &str, channels: [usize; 2], [size, stride]: [usize; 2], device: &B::Device) -> Self {
        Self {
            convolution: init::convolution(seed, &format!("{path}.convolution"), channels, [size, stride], device),
            norm: BatchNormConfig::new(channels[1]).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        layers::batch_norm(&self.norm, layers::convolution(&self.convolution, x))
    }

    fn torch_names(here: &str, convolution: &str, norm: &str) -> Vec<(String, String)> {
        let weight = (format!("{here}.convolution.weight"), format!("{convolution}.weight"));
        // Burn's adapter for PyTorch has already called gamma and beta weight and bias.
        let names = ["weight", "bias", "running_mean", "running_var"];
        let norm = names.map(|name| (format!("{here}.norm.{name}"), format!("{norm}.{name}")));
        [weight].into_iter().chain(norm).collect()
    }
}

#[cfg(test)]
mod tests {
    use burn::{module::Module as _, tensor::Distribution};
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn resnet_of_16_channels_has_as_many_parameters_as_its_pytorch_twin() {
        let model = ResNet::<Flex>::new([28, 28], [16, 1], 0, &Default::default());
        // Burn counts the running statistics, two per channel of a normalisation, among the parameters.
        let running = 2 * (16 + 3 * (16 + 32 + 64));
        assert_eq!(model.num_params() - running, 77_457);
    }

    #[test]
    fn the_blocks_halve_the_sides_as_it_is_said() {
        for sides in [[28, 28], [8, 8], [9, 8], [1, 17]] {
            let model = ResNet::<Flex>::new(sides, [2, 1], 0, &Default::default());
            let images = Tensor::<Flex, 4>::zeros([1, 1, sides[0], sides[1]], &Default::default());
            let features = model.blocks.iter().fold(model.stem.forward(images), |x, block| block.forward(x));
            let [_, _, height, width] = features.dims();
            assert_eq!([height, width], feature_sides(sides));
        }
    }

    #[test]
    fn images_of_any_size_give_a_logit_for_each_output() {
        for [height, width] in [[28, 28], [1, 1], [5, 9]] {
            let model = ResNet::<Flex>::new([height, width], [2, 7], 0, &Default::default());
            let images = Tensor::random([3, height * width], Distribution::Default, &Default::default());
            assert_eq!(model.forward(images).dims(), [3, 7]);
        }
    }
}
