//! The gradients of a convolution for wgpu and cuda, in Burn's own operations.
//!
//! Of Burn 0.21's kernels there the forward convolution is right and fast. The transposed one, by which Burn gets the
//! image gradient, gives zeros where a kernel is smaller than its stride. The kernel gradient is a loop over all positions
//! of all images for each value of a kernel: slow where there are few kernels, and Mesa's llvmpipe ends a loop after
//! 65,535 rounds.

use burn::tensor::{Slice, Tensor, TensorMetadata as _, backend::Backend, ops::FloatTensor};

use super::{Sliding, primitive, tensor};

/// The gradient of the images: a convolution of the gradient, with zeros between its values and around them, by the
/// kernels turned by half a circle (Dumoulin and Visin 2016, <https://arxiv.org/abs/1603.07285>).
pub(super) fn image_gradient<B: Backend>(
    images: FloatTensor<B>,
    kernels: FloatTensor<B>,
    gradient: FloatTensor<B>,
    Sliding { stride, padding }: Sliding,
) -> FloatTensor<B> {
    let [_, _, height, width] = images.shape().dims();
    let kernels = tensor::<B, 4>(kernels);
    let reach = kernels.dims()[2] - 1;
    let sides = [height + reach, width + reach];
    let spread = spread::<B>(tensor(gradient), sides, reach - padding, stride);
    let turned = kernels.flip([2, 3]).swap_dims(0, 1); // [in channels, out channels, size, size]
    B::conv2d(primitive(spread), primitive(turned), None, Sliding { stride: 1, padding: 0 }.into())
}

/// Zeros of these sides, and in them the values `[batch, channels, rows, columns]`, a stride apart from `first` on.
fn spread<B: Backend>(values: Tensor<B, 4>, sides: [usize; 2], first: usize, stride: usize) -> Tensor<B, 4> {
    let [batch, channels, rows, columns] = values.dims();
    let place = |positions: usize| {
        let end = first + (positions - 1) * stride + 1;
        Slice::new(first as isize, Some(end as isize), stride as isize)
    };
    let zeros = Tensor::zeros([batch, channels, sides[0], sides[1]], &values.device());
    zeros.slice_assign([Slice::full(), Slice::full(), place(rows), place(columns)], values)
}

/// The gradient of the kernels: for each image the product of gradient and patchesᵀ, summed over the images.
pub(super) fn kernel_gradient<B: Backend>(
    images: FloatTensor<B>,
    kernels: FloatTensor<B>,
    gradient: FloatTensor<B>,
    sliding: Sliding,
) -> FloatTensor<B> {
    let shape: [usize; 4] = kernels.shape().dims();
    let patches = unfold::<B>(tensor(images), shape[2], sliding);
    let gradient = tensor::<B, 4>(gradient).flatten::<3>(2, 3); // [batch, out channels, positions]
    primitive(gradient.matmul(patches.transpose()).sum_dim(0).reshape(shape))
}

/// What a kernel of `size` sees of the images at each of its positions, `[batch, values of a kernel, positions]`.
fn unfold<B: Backend>(images: Tensor<B, 4>, size: usize, Sliding { stride, padding }: Sliding) -> Tensor<B, 3> {
    let padded = images.pad((padding, padding, padding, padding), 0.0);
    let windows = padded.unfold::<5, _>(2, size, stride).unfold::<6, _>(3, size, stride);
    let [batch, channels, rows, columns, ..] = windows.dims(); // and the rows and columns of a kernel
    windows.permute([0, 1, 4, 5, 2, 3]).reshape([batch, channels * size * size, rows * columns])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{TensorData, ops::ModuleOps as _};
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    use super::*;
    use crate::init;

    type Images<B> = Tensor<B, 4>;

    /// The same numbers each time.
    fn random(shape: [usize; 4]) -> Images<Flex> {
        let values = init::normal(0, &format!("{shape:?}"), shape.iter().product(), 1.0);
        Tensor::from_data(TensorData::new(values, shape), &Default::default())
    }

    fn on<B: Backend>(values: &Images<Flex>) -> FloatTensor<B> {
        primitive(Images::<B>::from_data(values.to_data(), &Default::default()))
    }

    /// Within 1e-4 of the largest value.
    #[track_caller]
    fn near<B: Backend>(found: FloatTensor<B>, expected: FloatTensor<Flex>, what: &str) {
        let expected = tensor::<Flex, 4>(expected);
        let found = Images::<Flex>::from_data(tensor::<B, 4>(found).into_data(), &Default::default());
        let off = (found - expected.clone()).abs().max() / expected.abs().max();
        assert!(off.clone().into_scalar() < 1e-4, "{what}: off by {off}");
    }

    /// Compares both gradients with Burn's own on flex.
    fn gradients_are_burns<B: Backend>(images: [usize; 4], size: usize, sliding: Sliding) {
        let what = format!("{images:?}, kernels of {size}, {sliding:?}");
        let (images, kernels) = (random(images), random([4, images[1], size, size]));
        let [x, k] = [&images, &kernels].map(on::<Flex>);
        let gradient = random(Flex::conv2d(x.clone(), k.clone(), None, sliding.into()).shape().dims());
        let g = on::<Flex>(&gradient);
        let of_images = Flex::conv2d_x_backward(x.clone(), k.clone(), g.clone(), sliding.into());
        let of_kernels = Flex::conv2d_weight_backward(x, k, g, sliding.into());
        let [x, k, g] = [&images, &kernels, &gradient].map(on::<B>);
        near::<B>(image_gradient::<B>(x.clone(), k.clone(), g.clone(), sliding), of_images, &what);
        near::<B>(kernel_gradient::<B>(x, k, g, sliding), of_kernels, &what);
    }

    fn gradients_of_all_sizes_are_burns<B: Backend>() {
        for [height, width] in [[5, 5], [7, 4], [8, 9]] {
            for (batch, channels) in [(1, 1), (5, 3), (64, 2)] {
                for [size, padding] in [[1, 0], [3, 0], [3, 1], [5, 2]] {
                    for stride in [1, 2, 3] {
                        let images = [batch, channels, height.max(size), width.max(size)];
                        gradients_are_burns::<B>(images, size, Sliding { stride, padding });
                    }
                }
            }
        }
    }

    #[test]
    fn the_gradients_of_a_convolution_are_burns() {
        gradients_of_all_sizes_are_burns::<Flex>();
        gradients_of_all_sizes_are_burns::<NdArray>();
    }

    #[test]
    fn a_kernel_smaller_than_its_stride_sees_every_second_pixel() {
        let ones = |shape| primitive(Images::<Flex>::ones(shape, &Default::default()));
        let sliding = Sliding { stride: 2, padding: 0 };
        let found = image_gradient::<Flex>(ones([1, 1, 3, 3]), ones([1; 4]), ones([1, 1, 2, 2]), sliding);
        let found = tensor::<Flex, 4>(found).into_data().to_vec::<f32>().unwrap();
        assert_eq!(found, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    }
}
