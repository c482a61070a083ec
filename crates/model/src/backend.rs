//! Burn's backends, with the operations that some of them compute slowly done in another way there.
//!
//! This is how the Burn Book adds an operation of one's own (<https://burn.dev/books/burn/advanced/backend-extension/index.html>): a
//! trait above Burn's `Backend`, implemented for every backend and, with its gradient, for `Autodiff` around any of
//! them. The networks ask for this trait; each of its operations is Burn's own where a backend says nothing else.

mod autodiff;
mod batch_norm;
#[cfg(any(test, feature = "wgpu", feature = "cuda"))]
mod convolution;
#[cfg(any(test, feature = "flex", feature = "ndarray"))]
mod cpu;

use burn::tensor::{
    Tensor, TensorPrimitive,
    ops::{ConvOptions, FloatTensor},
};

pub use batch_norm::{BatchNormGradients, Normalised};

/// A backend of Burn that the networks compute on.
pub trait Backend: burn::tensor::backend::Backend {
    /// Whether images, and all that convolutions make of them, are `[batch, height, width, channels]` here, and not `[batch,
    /// channels, height, width]` as the shapes below say.
    const CHANNELS_LAST: bool = false;

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

    /// A convolution without bias, a cross-correlation as everywhere in deep learning.
    ///
    /// # Shapes
    /// - images: `[batch, in channels, height, width]`
    /// - kernels: `[out channels, in channels, size, size]`
    /// - result: `[batch, out channels, (height + 2 padding - size) / stride + 1, likewise of width]`
    fn convolution(images: FloatTensor<Self>, kernels: FloatTensor<Self>, sliding: Sliding) -> FloatTensor<Self> {
        Self::conv2d(images, kernels, None, sliding.into())
    }

    /// The gradient of a convolution's images.
    fn convolution_image_gradient(
        images: FloatTensor<Self>,
        kernels: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        sliding: Sliding,
    ) -> FloatTensor<Self> {
        Self::conv2d_x_backward(images, kernels, gradient, sliding.into())
    }

    fn convolution_kernel_gradient(
        images: FloatTensor<Self>,
        kernels: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        sliding: Sliding,
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(images, kernels, gradient, sliding.into())
    }

    /// Batch normalisation by the statistics of this batch (Ioffe and Szegedy 2015,
    /// <https://arxiv.org/abs/1502.03167>), with what follows it in a residual net: plus the shortcut, where there is one, then
    /// `relu`.
    ///
    /// # Shapes
    /// - inputs, shortcut, result: `[batch, channels, height, width]`
    /// - scale, shift, mean, variance: `[channels]`
    fn batch_norm(
        inputs: FloatTensor<Self>,
        affine: [FloatTensor<Self>; 2],
        epsilon: f64,
        shortcut: Option<FloatTensor<Self>>,
        relu: bool,
    ) -> Normalised<Self> {
        let [mean, variance] = batch_norm::statistics::<Self>(inputs.clone());
        let output = Self::normalise(inputs, [mean.clone(), variance.clone()], affine, epsilon, shortcut, relu);
        Normalised { output, mean, variance }
    }

    /// (x - mean) / √(variance + ε) · scale + shift, in each channel, and what follows.
    fn normalise(
        inputs: FloatTensor<Self>,
        [mean, variance]: [FloatTensor<Self>; 2],
        [scale, shift]: [FloatTensor<Self>; 2],
        epsilon: f64,
        shortcut: Option<FloatTensor<Self>>,
        relu: bool,
    ) -> FloatTensor<Self> {
        batch_norm::normalise::<Self>(inputs, [mean, variance], [scale, shift], epsilon, shortcut, relu)
    }

    /// The gradients of [`batch_norm`](Self::batch_norm), of a shortcut if there was one; `rectified` is the output, if relu
    /// was the last.
    fn batch_norm_gradients(
        inputs: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        [mean, variance]: [FloatTensor<Self>; 2],
        gradient: FloatTensor<Self>,
        epsilon: f64,
        rectified: Option<FloatTensor<Self>>,
        shortcut: bool,
    ) -> BatchNormGradients<Self> {
        batch_norm::gradients::<Self>(inputs, scale, [mean, variance], gradient, epsilon, rectified, shortcut)
    }
}

/// A [`Backend`] with gradients.
pub trait AutodiffBackend: Backend + burn::tensor::backend::AutodiffBackend<InnerBackend: Backend> {}

impl<B> AutodiffBackend for B where B: Backend + burn::tensor::backend::AutodiffBackend<InnerBackend: Backend> {}

/// How a convolution's kernels slide over the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sliding {
    /// Pixels from one position to the next.
    pub stride: usize,
    /// Rows and columns of zeros around the image, fewer than a kernel has.
    pub padding: usize,
}

impl From<Sliding> for ConvOptions<2> {
    fn from(Sliding { stride, padding }: Sliding) -> Self {
        Self::new([stride; 2], [padding; 2], [1; 2], 1)
    }
}

#[cfg(feature = "tch")]
impl<E: burn_tch::TchElement> Backend for burn_tch::LibTorch<E> {}

/// The gradients of a convolution for an `impl Backend` of wgpu or cuda, which share Burn's kernels.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
macro_rules! convolution_gradients {
    () => {
        fn convolution_image_gradient(
            images: FloatTensor<Self>,
            kernels: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            sliding: Sliding,
        ) -> FloatTensor<Self> {
            convolution::image_gradient::<Self>(images, kernels, gradient, sliding)
        }

        fn convolution_kernel_gradient(
            images: FloatTensor<Self>,
            kernels: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            sliding: Sliding,
        ) -> FloatTensor<Self> {
            convolution::kernel_gradient::<Self>(images, kernels, gradient, sliding)
        }
    };
}

#[cfg(feature = "wgpu")]
impl Backend for burn_wgpu::Wgpu {
    convolution_gradients!();
}

#[cfg(feature = "cuda")]
impl Backend for burn_cuda::Cuda {
    convolution_gradients!();
}

/// Burn's tensor around what a backend computes on.
pub(crate) fn tensor<B: burn::tensor::backend::Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

pub(crate) fn primitive<B: burn::tensor::backend::Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}
