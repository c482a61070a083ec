//! Convolution as one matrix product per image over its unfolded patches.
//!
//! An image's patches are a matrix with a row per value of a kernel and a column per position of the kernel; kernels
//! times patches is the result (Chellapilla, Puri and Simard 2006). The patches of one image stay in a core's cache, so
//! they are unfolded again for the gradient rather than kept.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    super::Sliding,
    product::{Matrix, product},
};

/// Images whose kernel gradients are summed in one go; a fixed number, so that the order of the sum, and with it the
/// last bit, does not depend on the threads.
const GROUP: usize = 8;

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    batch: usize,
    in_channels: usize,
    /// Rows and columns of an image.
    image: [usize; 2],
    out_channels: usize,
    /// Rows and columns of a kernel.
    kernel: [usize; 2],
    /// Rows and columns of the result.
    result: [usize; 2],
    sliding: Sliding,
}

impl Convolution {
    /// Of images `[batch, in channels, height, width]` and kernels `[out channels, in channels, height, width]`.
    pub fn new(images: [usize; 4], kernels: [usize; 4], sliding: Sliding) -> Self {
        let [batch, in_channels, image @ ..] = images;
        let [out_channels, kernel_channels, kernel @ ..] = kernels;
        assert_eq!(in_channels, kernel_channels, "kernels have the channels of the images");
        let positions = |axis: usize| (image[axis] + 2 * sliding.padding - kernel[axis]) / sliding.stride + 1;
        Self { batch, in_channels, image, out_channels, kernel, result: [positions(0), positions(1)], sliding }
    }

    /// `[batch, out channels, height, width]`.
    pub fn result_shape(&self) -> [usize; 4] {
        [self.batch, self.out_channels, self.result[0], self.result[1]]
    }

    /// Kernels times patches, for each image.
    pub fn forward(&self, images: &[f32], kernels: &[f32]) -> Vec<f32> {
        let mut results = vec![0.0; self.batch * self.result_len()];
        results.par_chunks_exact_mut(self.result_len()).zip(images.par_chunks_exact(self.image_len())).for_each_init(
            || vec![0.0; self.patch_len() * self.positions()],
            |patches, (result, image)| {
                self.unfold(image, patches);
                product(self.kernels(kernels), self.patches(patches), result, false);
            },
        );
        results
    }

    /// Kernelsᵀ times gradient are the patches' gradients; each value of an image gets the sum of its places in them.
    pub fn image_gradient(&self, kernels: &[f32], gradient: &[f32]) -> Vec<f32> {
        let mut images = vec![0.0; self.batch * self.image_len()];
        images.par_chunks_exact_mut(self.image_len()).zip(gradient.par_chunks_exact(self.result_len())).for_each_init(
            || vec![0.0; self.patch_len() * self.positions()],
            |patches, (image, gradient)| {
                product(self.kernels(kernels).transposed(), self.results(gradient), patches, false);
                self.fold(patches, image);
            },
        );
        images
    }

    /// Gradient times patchesᵀ, summed over the images.
    pub fn kernel_gradient(&self, images: &[f32], gradient: &[f32]) -> Vec<f32> {
        let images = images.par_chunks(GROUP * self.image_len());
        let groups = images.zip(gradient.par_chunks(GROUP * self.result_len()));
        let sums: Vec<Vec<f32>> = groups.map(|(images, gradient)| self.group_gradient(images, gradient)).collect();
        let mut total = vec![0.0; self.out_channels * self.patch_len()];
        for sum in sums {
            total.iter_mut().zip(sum).for_each(|(total, value)| *total += value);
        }
        total
    }

    fn group_gradient(&self, images: &[f32], gradient: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0; self.out_channels * self.patch_len()];
        let mut patches = vec![0.0; self.patch_len() * self.positions()];
        for (image, gradient) in images.chunks_exact(self.image_len()).zip(gradient.chunks_exact(self.result_len())) {
            self.unfold(image, &mut patches);
            product(self.results(gradient), self.patches(&patches).transposed(), &mut sum, true);
        }
        sum
    }

    /// Writes an image's patches, zero where a kernel reaches over the border.
    fn unfold(&self, image: &[f32], patches: &mut [f32]) {
        let mut rows = patches.chunks_exact_mut(self.result[1]);
        self.for_each_row(|from, columns| {
            let row = rows.next().expect("a row of patches per kernel value and row of positions");
            row[..columns.start].fill(0.0);
            row[columns.end..].fill(0.0);
            let values = from.map_or(&[][..], |from| &image[from..]).iter().step_by(self.sliding.stride);
            row[columns].iter_mut().zip(values).for_each(|(patch, value)| *patch = *value);
        });
    }

    /// Adds the patches' values to where they are in the image.
    fn fold(&self, patches: &[f32], image: &mut [f32]) {
        let mut rows = patches.chunks_exact(self.result[1]);
        self.for_each_row(|from, columns| {
            let row = rows.next().expect("a row of patches per kernel value and row of positions");
            let Some(from) = from else { return };
            let values = image[from..].iter_mut().step_by(self.sliding.stride);
            values.zip(&row[columns]).for_each(|(value, patch)| *value += patch);
        });
    }

    /// Visits the patches' rows, each for one value of a kernel and one row of positions: where in the image its first
    /// value within the border lies, and which columns of positions are within.
    fn for_each_row(&self, mut visit: impl FnMut(Option<usize>, Range<usize>)) {
        let Sliding { stride, padding } = self.sliding;
        for channel in 0..self.in_channels {
            for (down, right) in
                (0..self.kernel[0]).flat_map(|down| (0..self.kernel[1]).map(move |right| (down, right)))
            {
                let columns = within(self.result[1], self.image[1], right, self.sliding);
                let rows = within(self.result[0], self.image[0], down, self.sliding);
                for position in 0..self.result[0] {
                    if !rows.contains(&position) || columns.is_empty() {
                        visit(None, 0..0);
                        continue;
                    }
                    let row = channel * self.image[0] + position * stride + down - padding;
                    visit(Some(row * self.image[1] + columns.start * stride + right - padding), columns.clone());
                }
            }
        }
    }

    fn kernels<'a>(&self, kernels: &'a [f32]) -> Matrix<'a> {
        Matrix::new(kernels, self.out_channels, self.patch_len())
    }

    fn patches<'a>(&self, patches: &'a [f32]) -> Matrix<'a> {
        Matrix::new(patches, self.patch_len(), self.positions())
    }

    fn results<'a>(&self, result: &'a [f32]) -> Matrix<'a> {
        Matrix::new(result, self.out_channels, self.positions())
    }

    fn patch_len(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    fn positions(&self) -> usize {
        self.result[0] * self.result[1]
    }

    fn image_len(&self) -> usize {
        self.in_channels * self.image[0] * self.image[1]
    }

    fn result_len(&self) -> usize {
        self.out_channels * self.positions()
    }
}

/// The positions, out of `positions` along an axis of `length` values, whose kernel value `offset` is within the image.
fn within(positions: usize, length: usize, offset: usize, Sliding { stride, padding }: Sliding) -> Range<usize> {
    let first = padding.saturating_sub(offset).div_ceil(stride);
    let end = (length + padding).saturating_sub(offset).div_ceil(stride);
    first.min(positions)..end.min(positions).max(first.min(positions))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIPLE: Sliding = Sliding { stride: 1, padding: 1 };

    #[test]
    fn a_kernel_of_ones_sums_the_neighbours() {
        let convolution = Convolution::new([1, 1, 2, 3], [1, 1, 3, 3], TRIPLE);
        let sums = convolution.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0; 9]);
        assert_eq!(sums, [12.0, 21.0, 16.0, 12.0, 21.0, 16.0]);
    }

    #[test]
    fn a_stride_of_two_takes_every_second_position() {
        let convolution = Convolution::new([1, 1, 3, 3], [1, 1, 1, 1], Sliding { stride: 2, padding: 0 });
        assert_eq!(convolution.result_shape(), [1, 1, 2, 2]);
        let image: Vec<f32> = (0..9).map(|v| v as f32).collect();
        assert_eq!(convolution.forward(&image, &[10.0]), [0.0, 20.0, 60.0, 80.0]);
    }

    #[test]
    fn the_image_gradient_counts_how_often_a_pixel_was_used() {
        let convolution = Convolution::new([1, 1, 3, 3], [1, 1, 3, 3], TRIPLE);
        let gradient = convolution.image_gradient(&[1.0; 9], &[1.0; 9]);
        assert_eq!(gradient, [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]);
    }

    #[test]
    fn positions_within_an_axis() {
        assert_eq!(within(3, 3, 0, TRIPLE), 1..3);
        assert_eq!(within(3, 3, 1, TRIPLE), 0..3);
        assert_eq!(within(3, 3, 2, TRIPLE), 0..2);
        assert_eq!(within(14, 28, 0, Sliding { stride: 2, padding: 1 }), 1..14);
        assert_eq!(within(14, 28, 2, Sliding { stride: 2, padding: 1 }), 0..14);
        assert_eq!(within(1, 1, 0, Sliding { stride: 2, padding: 1 }), 1..1);
    }
}
