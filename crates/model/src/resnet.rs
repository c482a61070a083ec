//! Going deeper: a small residual net.

use burn::{
    module::Module,
    nn::{BatchNorm, BatchNormConfig, Linear, conv::Conv2d},
    tensor::Tensor,
};

use task::Shape;

use crate::{
    Backend, dropout, init, layers,
    summary::{self, LayerSummary},
};

/// A residual net (He et al. 2015, <https://arxiv.org/abs/1512.03385>): a stem, stages of residual blocks, the mean of each channel,
/// and a linear layer. The first block of a stage halves the sides and, from the second stage on, doubles the channels. With three
/// stages of one block, 16 channels, grey images and one output: 77,457 parameters.
#[derive(Module, Debug)]
pub struct ResNet<B: burn::tensor::backend::Backend> {
    stem: Step<B>,
    blocks: Vec<Residual<B>>,
    head: Linear<B>,
    height: usize,
    width: usize,
}

/// relu(two(relu(one(x))) + skip(x)); where sides and channels stay as they are, the skip is x itself.
#[derive(Module, Debug)]
struct Residual<B: burn::tensor::backend::Backend> {
    one: Step<B>,
    two: Step<B>,
    skip: Option<Step<B>>,
}

/// A convolution and the normalisation of its result.
#[derive(Module, Debug)]
struct Step<B: burn::tensor::backend::Backend> {
    convolution: Conv2d<B>,
    norm: BatchNorm<B>,
}

/// Rows and columns of what the last block of a [`ResNet`] of so many stages makes of images of these: each stage halves them,
/// rounded up.
#[must_use]
pub fn feature_sides(image: [usize; 2], stages: usize) -> [usize; 2] {
    image.map(|side| (0..stages).fold(side, |side, _| side.div_ceil(2)))
}

impl<B: Backend> ResNet<B> {
    /// Parameters drawn from `seed`, for images of this shape: `channels` of the stem, `stages` of so many blocks.
    pub fn new(shape: Shape, channels: usize, stages: &[usize], outputs: usize, seed: u64, device: &B::Device) -> Self {
        let Shape { channels: of_images, height, width } = shape;
        let stem = Step::new(seed, "stem", [of_images, channels], [3, 1], device);
        let (mut blocks, mut from) = (Vec::new(), channels);
        for (stage, count) in stages.iter().enumerate() {
            let to = channels << stage;
            for number in 0..*count {
                let path = format!("blocks.{}", blocks.len());
                blocks.push(Residual::new(seed, &path, [from, to], if number == 0 { 2 } else { 1 }, device));
                from = to;
            }
        }
        let head = init::linear(seed, "head", from, outputs, device);
        Self { stem, blocks, head, height, width }
    }

    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        layers::linear(&self.head, self.features(images))
    }

    /// The same in training with dropout before the head: each feature is left out with this probability, by `draws`, a random number of
    /// each image.
    pub fn forward_dropping(&self, images: Tensor<B, 2>, probability: f64, draws: &[u64]) -> Tensor<B, 2> {
        let features = self.features(images);
        let mask = dropout::mask(draws, features.dims()[1], probability, &features.device());
        layers::linear(&self.head, features * mask)
    }

    /// `[batch, features]`, the means of the channels.
    fn features(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        // Not a field of its own: a checkpoint has one for each, and older ones would lack it.
        let channels = self.stem.convolution.weight.dims()[1];
        let images = layers::images(images, [channels, self.height, self.width]);
        let stem = self.stem.forward(images, None, true);
        layers::channel_means(self.blocks.iter().fold(stem, |x, block| block.forward(x)))
    }

    /// `[channels, channels of the images, height, width]`.
    pub(crate) fn first_kernels(&self) -> Tensor<B, 4> {
        self.stem.convolution.weight.val()
    }

    pub(crate) fn summary(&self) -> Vec<LayerSummary> {
        let (stem, mut sides) = summary::step("stem", &self.stem.convolution, [self.height, self.width]);
        let mut layers: Vec<LayerSummary> = stem.into();
        for (number, block) in self.blocks.iter().enumerate() {
            let name = |step: &str| format!("blocks.{number}.{step}");
            let before = sides;
            for (step, path) in [(&block.one, "one"), (&block.two, "two")] {
                let (of_step, after) = summary::step(&name(path), &step.convolution, sides);
                layers.extend(of_step);
                sides = after;
            }
            let skip = block.skip.as_ref().map(|skip| summary::step(&name("skip"), &skip.convolution, before).0);
            layers.extend(skip.into_iter().flatten());
        }
        layers.push(summary::linear("head", &self.head));
        layers
    }

    /// Pairs of a parameter's path here and its name in the PyTorch twin.
    pub(crate) fn torch_names(&self) -> Vec<(String, String)> {
        let steps =
            |block: &Residual<B>| if block.skip.is_some() { &["one", "two", "skip"][..] } else { &["one", "two"] };
        let block = |(i, block): (usize, &Residual<B>)| {
            let step = move |step: &&str| (format!("blocks.{i}.{step}"), format!("{}.{step}.", i + 3));
            steps(block).iter().map(step).collect::<Vec<_>>()
        };
        let blocks = self.blocks.iter().enumerate().flat_map(block);
        let blocks =
            blocks.flat_map(|(here, torch)| Step::<B>::torch_names(&here, &format!("{torch}0"), &format!("{torch}1")));
        // After the blocks come the mean of each channel and a flattening.
        let place = self.blocks.len() + 5;
        let head = ["weight", "bias"].map(|name| (format!("head.{name}"), format!("{place}.{name}")));
        Step::<B>::torch_names("stem", "0", "1").into_iter().chain(blocks).chain(head).collect()
    }
}

impl<B: Backend> Residual<B> {
    fn new(seed: u64, path: &str, [from, to]: [usize; 2], stride: usize, device: &B::Device) -> Self {
        let step =
            |name: &str, channels, sliding| Step::new(seed, &format!("{path}.{name}"), channels, sliding, device);
        let stays = from == to && stride == 1;
        Self {
            one: step("one", [from, to], [3, stride]),
            two: step("two", [to, to], [3, 1]),
            skip: (!stays).then(|| step("skip", [from, to], [1, stride])),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let activations = self.one.forward(x.clone(), None, true);
        let skip = match &self.skip {
            Some(skip) => skip.forward(x, None, false),
            None => x,
        };
        self.two.forward(activations, Some(skip), true)
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

    /// With a shortcut that is added and a relu after that.
    fn forward(&self, x: Tensor<B, 4>, shortcut: Option<Tensor<B, 4>>, relu: bool) -> Tensor<B, 4> {
        layers::batch_norm(&self.norm, layers::convolution(&self.convolution, x), shortcut, relu)
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

    fn resnet(sides: [usize; 2], channels: usize, stages: &[usize], outputs: usize) -> ResNet<Flex> {
        ResNet::new(Shape::grey(sides), channels, stages, outputs, 0, &Default::default())
    }

    #[test]
    fn resnet_of_16_channels_has_as_many_parameters_as_its_pytorch_twin() {
        let model = resnet([28, 28], 16, &[1, 1, 1], 1);
        // Burn counts the running statistics, two per channel of a normalisation, among the parameters.
        let running = 2 * (16 + 3 * (16 + 32 + 64));
        assert_eq!(model.num_params() - running, 77_457);
    }

    #[test]
    fn the_blocks_halve_the_sides_as_it_is_said() {
        for sides in [[28, 28], [8, 8], [9, 8], [1, 17]] {
            let model = resnet(sides, 2, &[2, 1, 1], 1);
            let pixels = Tensor::<Flex, 2>::zeros([1, sides[0] * sides[1]], &Default::default());
            let stem = model.stem.forward(layers::images(pixels, [1, sides[0], sides[1]]), None, true);
            let features = model.blocks.iter().fold(stem, |x, block| block.forward(x));
            let [_, height, width, _] = features.dims();
            assert_eq!([height, width], feature_sides(sides, 3));
        }
    }

    #[test]
    fn images_of_any_size_give_a_logit_for_each_output() {
        for [height, width] in [[28, 28], [1, 1], [5, 9]] {
            let model = resnet([height, width], 2, &[1, 1, 1], 7);
            let images = Tensor::random([3, height * width], Distribution::Default, &Default::default());
            assert_eq!(model.forward(images).dims(), [3, 7]);
        }
    }

    #[test]
    fn of_32_channels_on_colour_images_it_has_as_many_parameters_as_its_pytorch_twin() {
        let shape = Shape { channels: 3, height: 32, width: 32 };
        let model = ResNet::<Flex>::new(shape, 32, &[1, 1, 1], 10, 0, &Default::default());
        let running = 2 * (32 + 3 * (32 + 64 + 128));
        assert_eq!(model.num_params() - running, 309_738);
        let images = Tensor::random([2, 3 * 32 * 32], Distribution::Default, &Default::default());
        assert_eq!(model.forward(images).dims(), [2, 10]);
    }

    #[test]
    fn the_layers_sum_up_to_the_network() {
        let shape = Shape { channels: 3, height: 32, width: 31 };
        let model = ResNet::<Flex>::new(shape, 8, &[2, 1], 10, 0, &Default::default());
        let layers = model.summary();
        let running = 2 * (8 + 5 * 8 + 3 * 16);
        assert_eq!(layers.iter().map(|layer| layer.parameters).sum::<usize>(), model.num_params() - running);
        let of = |name: &str| layers.iter().find(|layer| layer.name == name).unwrap();
        let stem = of("stem.convolution");
        assert_eq!((&stem.output[..], stem.multiply_adds), (&[8, 32, 31][..], 3 * 8 * 9 * 32 * 31));
        assert_eq!(of("blocks.1.two.norm").output, [8, 16, 16]);
        assert_eq!(of("blocks.2.skip.convolution").output, [16, 8, 8]);
        assert_eq!((&of("head").output[..], of("head").parameters), (&[10][..], 170));
    }

    #[test]
    fn a_further_block_of_a_stage_has_no_skip_of_its_own() {
        let names = |stages: &[usize]| resnet([8, 8], 2, stages, 1).torch_names();
        assert_eq!(names(&[2, 1, 1]).len(), names(&[1, 1, 1]).len() + 2 * 5);
        assert!(names(&[2, 1]).iter().any(|(here, torch)| here == "head.weight" && torch == "8.weight"));
    }
}
