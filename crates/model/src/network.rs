//! The closed set of networks that a config can name.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};

use task::Shape;

use crate::{AutodiffBackend, Backend, LayerSummary, LinearBaseline, ResNet, SimpleCnn, TwoLayerNet};

#[allow(clippy::large_enum_variant, reason = "a run holds one network")]
#[derive(Module, Debug)]
pub enum Network<B: burn::tensor::backend::Backend> {
    /// `pixels -> outputs`.
    Linear(LinearBaseline<B>),
    /// `pixels -> hidden -> outputs`.
    TwoLayer(TwoLayerNet<B>),
    /// A stem and three residual blocks of convolutions.
    ResNet(ResNet<B>),
    /// Convolutions that halve the sides, one after the other.
    SimpleCnn(SimpleCnn<B>),
}

impl<B: Backend> Network<B> {
    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Linear(model) => model.forward(images),
            Self::TwoLayer(model) => model.forward(images),
            Self::ResNet(model) => model.forward(images),
            Self::SimpleCnn(model) => model.forward(images),
        }
    }

    /// The same in training with dropout, by a network that has a place for it: with this probability, by `draws`, a random number of each
    /// image.
    pub fn forward_dropping(&self, images: Tensor<B, 2>, probability: f64, draws: &[u64]) -> Tensor<B, 2> {
        match self {
            Self::Linear(_) | Self::TwoLayer(_) | Self::SimpleCnn(_) => self.forward(images),
            Self::ResNet(model) => model.forward_dropping(images, probability, draws),
        }
    }

    /// Its layers in the order of their work.
    pub fn summary(&self) -> Vec<LayerSummary> {
        match self {
            Self::Linear(model) => model.summary(),
            Self::TwoLayer(model) => model.summary(),
            Self::ResNet(model) => model.summary(),
            Self::SimpleCnn(model) => model.summary(),
        }
    }

    /// One weight per pixel for each output, `[pixels, outputs]`, where the network is nothing but these and a bias.
    pub fn pixel_weights(&self) -> Option<Tensor<B, 2>> {
        match self {
            Self::Linear(model) => Some(model.weights()),
            Self::TwoLayer(_) | Self::ResNet(_) | Self::SimpleCnn(_) => None,
        }
    }

    /// What the first layer looks for: of each hidden unit a weight for each value of an image, of each kernel of a convolution its
    /// values; `[units, channels, height, width]`. None where the first layer is all there is.
    pub fn first_layer(&self, shape: Shape) -> Option<Tensor<B, 4>> {
        let Shape { channels, height, width } = shape;
        match self {
            Self::Linear(_) => None,
            Self::TwoLayer(model) => {
                let weights = model.hidden_weights().transpose(); // [hidden, pixels]
                let [hidden, _] = weights.dims();
                Some(weights.reshape([hidden, channels, height, width]))
            }
            Self::ResNet(model) => Some(model.first_kernels()),
            Self::SimpleCnn(model) => Some(model.first_kernels()),
        }
    }

    /// What each unit of [`Self::first_layer`] adds to each output, `[units, outputs]`; none where there are layers between.
    pub fn output_weights(&self) -> Option<Tensor<B, 2>> {
        match self {
            Self::TwoLayer(model) => Some(model.output_weights()),
            Self::Linear(_) | Self::ResNet(_) | Self::SimpleCnn(_) => None,
        }
    }

    /// Pairs of a parameter's path here and its name in the PyTorch twin: `nn.Linear(pixels, outputs)`;
    /// `nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, outputs))`; for the residual net
    /// `nn.Sequential(Conv2d, BatchNorm2d, ReLU, Residual, Residual, Residual, AdaptiveAvgPool2d, Flatten, Linear)`, where a
    /// `Residual` has `one`, `two` and `skip`, each an `nn.Sequential(Conv2d, BatchNorm2d)`; for the book's CNN its own, an
    /// `nn.Sequential` of `nn.Sequential(Conv2d, ReLU, BatchNorm2d)`, of which the last has no ReLU, and a `Flatten`.
    pub fn torch_names(&self) -> Vec<(String, String)> {
        let layer =
            |here: &str, torch: &str| ["weight", "bias"].map(|p| (format!("{here}.{p}"), format!("{torch}{p}")));
        match self {
            Self::Linear(_) => layer("linear", "").into(),
            Self::TwoLayer(_) => [layer("first", "0."), layer("second", "2.")].concat(),
            Self::ResNet(model) => model.torch_names(),
            Self::SimpleCnn(model) => model.torch_names(),
        }
    }
}

impl<B: AutodiffBackend> Network<B> {
    /// Number of values that training changes by their gradients: Burn's `num_params` also counts running statistics.
    pub fn num_trained(&self) -> usize {
        let mut trained = CountTrained(0);
        self.visit(&mut trained);
        trained.0
    }
}

/// Counts parameters.
struct CountTrained(usize);

impl<B: Backend> ModuleVisitor<B> for CountTrained {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0 += if param.val().is_require_grad() { param.val().shape().num_elements() } else { 0 };
    }
}
