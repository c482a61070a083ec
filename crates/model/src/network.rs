//! The closed set of networks that a config can name.

use burn::{module::Module, tensor::Tensor};

use crate::{Backend, LinearBaseline, TwoLayerNet};

/// One of the networks.
#[allow(clippy::large_enum_variant, reason = "a run holds one network")]
#[derive(Module, Debug)]
pub enum Network<B: burn::tensor::backend::Backend> {
    /// `pixels -> 1`.
    Linear(LinearBaseline<B>),
    /// `pixels -> hidden -> 1`.
    TwoLayer(TwoLayerNet<B>),
}

impl<B: Backend> Network<B> {
    /// Logits of images.
    ///
    /// # Shapes
    /// - images: `[batch, pixels]`
    /// - logits: `[batch, 1]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Linear(model) => model.forward(images),
            Self::TwoLayer(model) => model.forward(images),
        }
    }

    /// Pairs of a parameter's path here and its name in the PyTorch twin: `nn.Linear(pixels, 1)`, or
    /// `nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, 1))`.
    pub fn torch_names(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Linear(_) => &[("linear.weight", "weight"), ("linear.bias", "bias")],
            Self::TwoLayer(_) => &[
                ("first.weight", "0.weight"),
                ("first.bias", "0.bias"),
                ("second.weight", "2.weight"),
                ("second.bias", "2.bias"),
            ],
        }
    }
}
