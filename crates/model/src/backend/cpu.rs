//! flex and ndarray: convolution and batch normalisation on slices of memory.

use std::ops::Deref;

use burn::tensor::{
    TensorData, TensorMetadata as _,
    ops::{FloatTensor, FloatTensorOps as _},
};

use kernels::{Channels, Convolution};

use super::{Backend, BatchNormGradients, Normalised, Sliding};

/// A backend whose tensors lie in the memory of this process.
trait Host: Backend {
    /// The values of a tensor in the order of its indices.
    fn values(tensor: FloatTensor<Self>) -> impl Deref<Target = [f32]>;

    /// The values of a tensor in the order of its indices, without a copy if nothing else holds it.
    fn into_values(tensor: FloatTensor<Self>) -> Vec<f32> {
        let data = burn::tensor::read_sync(Self::float_into_data(tensor)).expect("memory of this process can be read");
        data.into_vec().expect("the networks compute in f32")
    }

    /// A tensor of these values.
    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Self> {
        Self::float_from_data(TensorData::new(values, shape), &Default::default())
    }
}

/// The operations of a [`Host`] that work on slices, for its `impl Backend`.
macro_rules! on_slices {
    () => {
        const CHANNELS_LAST: bool = true;

        fn convolution(images: FloatTensor<Self>, kernels: FloatTensor<Self>, sliding: Sliding) -> FloatTensor<Self> {
            let convolution =
                Convolution::new(images.shape().dims(), kernels.shape().dims(), sliding.stride, sliding.padding);
            let result = convolution.forward(&Self::values(images), &Self::values(kernels));
            Self::tensor(result, convolution.result_shape())
        }

        fn convolution_image_gradient(
            images: FloatTensor<Self>,
            kernels: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            sliding: Sliding,
        ) -> FloatTensor<Self> {
            let shape = images.shape().dims();
            let convolution = Convolution::new(shape, kernels.shape().dims(), sliding.stride, sliding.padding);
            Self::tensor(convolution.image_gradient(&Self::values(kernels), &Self::values(gradient)), shape)
        }

        fn convolution_kernel_gradient(
            images: FloatTensor<Self>,
            kernels: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            sliding: Sliding,
        ) -> FloatTensor<Self> {
            let shape = kernels.shape().dims();
            let convolution = Convolution::new(images.shape().dims(), shape, sliding.stride, sliding.padding);
            Self::tensor(convolution.kernel_gradient(&Self::values(images), &Self::values(gradient)), shape)
        }

        fn batch_norm(
            inputs: FloatTensor<Self>,
            affine: [FloatTensor<Self>; 2],
            epsilon: f64,
            shortcut: Option<FloatTensor<Self>>,
            relu: bool,
        ) -> Normalised<Self> {
            let shape: [usize; 4] = inputs.shape().dims();
            let (affine, shortcut) = (affine.map(Self::values), shortcut.map(Self::values));
            let affine = affine.each_ref().map(|values| &**values);
            let normalised =
                Channels::of(shape).batch_norm(&Self::values(inputs), affine, epsilon, shortcut.as_deref(), relu);
            let [mean, variance] = [normalised.mean, normalised.variance].map(|v| Self::tensor(v, [shape[3]]));
            Normalised { output: Self::tensor(normalised.output, shape), mean, variance }
        }

        fn normalise(
            inputs: FloatTensor<Self>,
            statistics: [FloatTensor<Self>; 2],
            affine: [FloatTensor<Self>; 2],
            epsilon: f64,
            shortcut: Option<FloatTensor<Self>>,
            relu: bool,
        ) -> FloatTensor<Self> {
            let shape: [usize; 4] = inputs.shape().dims();
            let (statistics, affine) = (statistics.map(Self::values), affine.map(Self::values));
            let [statistics, affine] = [&statistics, &affine].map(|[a, b]| [&**a, &**b]);
            let (inputs, shortcut) = (Self::values(inputs), shortcut.map(Self::values));
            let output = Channels::of(shape).normalise(&inputs, statistics, affine, epsilon, shortcut.as_deref(), relu);
            Self::tensor(output, shape)
        }

        fn batch_norm_gradients(
            inputs: FloatTensor<Self>,
            scale: FloatTensor<Self>,
            [mean, variance]: [FloatTensor<Self>; 2],
            gradient: FloatTensor<Self>,
            epsilon: f64,
            rectified: Option<FloatTensor<Self>>,
            shortcut: bool,
        ) -> BatchNormGradients<Self> {
            let shape: [usize; 4] = inputs.shape().dims();
            let known = [mean, variance, scale].map(Self::values);
            let (inputs, rectified) = (Self::values(inputs), rectified.map(Self::values));
            let gradients = Channels::of(shape).gradients(
                &inputs,
                Self::into_values(gradient),
                known.each_ref().map(|values| &**values),
                epsilon,
                rectified.as_deref(),
                shortcut,
            );
            let per_channel = |values: Vec<f32>| Self::tensor(values, [shape[3]]);
            BatchNormGradients {
                inputs: Self::tensor(gradients.inputs, shape),
                scale: per_channel(gradients.scale),
                shift: per_channel(gradients.shift),
                shortcut: gradients.shortcut.map(|values| Self::tensor(values, shape)),
            }
        }
    };
}

#[cfg(any(test, feature = "flex"))]
mod flex {
    use burn_flex::{Flex, FlexTensor};

    use super::*;

    impl Backend for Flex {
        on_slices!();
    }

    /// A tensor without gaps.
    struct Values(FlexTensor);

    impl Deref for Values {
        type Target = [f32];

        fn deref(&self) -> &[f32] {
            self.0.storage()
        }
    }

    impl Host for Flex {
        fn values(tensor: FlexTensor) -> impl Deref<Target = [f32]> {
            Values(tensor.to_contiguous())
        }
    }
}

#[cfg(any(test, feature = "ndarray"))]
mod ndarray {
    use burn_ndarray::{NdArray, NdArrayTensor};

    use super::*;

    impl Backend for NdArray {
        on_slices!();

        /// As (gradientᵀ · inputs)ᵀ: Burn's matrix product on ndarray copies what is transposed, and of the two products
        /// this one transposes the small matrices instead of the batch.
        fn linear_weight_gradient(inputs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
            let transposed = Self::float_matmul(Self::float_swap_dims(gradient, 0, 1), inputs);
            in_order(Self::float_swap_dims(transposed, 0, 1))
        }
    }

    /// The same tensor, its values in memory in the order of its indices.
    fn in_order(tensor: NdArrayTensor) -> NdArrayTensor {
        let shape = tensor.shape();
        <NdArray>::float_reshape(tensor, shape)
    }

    /// A tensor in order.
    struct Values(NdArrayTensor);

    impl Deref for Values {
        type Target = [f32];

        fn deref(&self) -> &[f32] {
            let NdArrayTensor::F32(storage) = &self.0 else { unreachable!("the networks compute in f32") };
            storage.view().to_slice().expect("the values are in order")
        }
    }

    impl Host for NdArray {
        fn values(tensor: NdArrayTensor) -> impl Deref<Target = [f32]> {
            Values(in_order(tensor))
        }
    }
}
