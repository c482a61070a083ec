//! Convolution as one matrix product per image over its unfolded patches.
//!
//! An image's patches are a matrix with a row per value of a kernel and a column per position of the kernel; kernels
//! times patches is the result (Chellapilla, Puri and Simard 2006). The patches of one image stay in a core's cache, so
//! they are unfolded again for the gradient rather than kept.

use std::ops::Range;

use rayon::prelude::*;

use crate::product::{Matrix, product};

/// Images whose kernel gradients are summed in one go; a fixed number, so that the order of the sum, and with it the
/// last bit, does not depend on the threads.
const GROUP: usize = 8;

/// How a convolution's kernels slide over the images.
#[derive(Clone, Copy, Debug)]
struct Sliding {
    stride: usize,
    padding: usize,
}

#[derive(Clone, Debug)]
pub struct Convolution {
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
    /// Of each value of a kernel in one channel.
    reaches: Vec<Reach>,
}

impl Convolution {
    /// Of images `[batch, in channels, height, width]` and kernels `[out channels, in channels, height, width]`, with so many
    /// pixels from one position of a kernel to the next, and so many rows and columns of zeros around the image, fewer than
    /// a kernel has.
    pub fn new(images: [usize; 4], kernels: [usize; 4], stride: usize, padding: usize) -> Self {
        let sliding = Sliding { stride, padding };
        let [batch, in_channels, image @ ..] = images;
        let [out_channels, kernel_channels, kernel @ ..] = kernels;
        assert_eq!(in_channels, kernel_channels, "kernels have the channels of the images");
        let positions = |axis: usize| (image[axis] + 2 * sliding.padding - kernel[axis]) / sliding.stride + 1;
        let result = [positions(0), positions(1)];
        let reach = |(down, right): (usize, usize)| {
            let columns = within(result[1], image[1], right, sliding);
            let first = (columns.start * sliding.stride + right).saturating_sub(sliding.padding).min(image[1]);
            Reach { rows: within(result[0], image[0], down, sliding), columns, first, down, sliding }
        };
        let offsets = (0..kernel[0]).flat_map(|down| (0..kernel[1]).map(move |right| (down, right)));
        let reaches = offsets.map(reach).collect();
        Self { batch, in_channels, image, out_channels, kernel, result, sliding, reaches }
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
        for (patches, (plane, reach)) in patches.chunks_exact_mut(self.positions()).zip(self.kernel_values()) {
            let plane = &image[plane..][..self.plane()];
            for (position, patches) in patches.chunks_exact_mut(self.result[1]).enumerate() {
                let Some(row) = reach.row(position) else {
                    patches.fill(0.0);
                    continue;
                };
                let values = &plane[row * self.image[1]..][..self.image[1]][reach.first..];
                patches[..reach.columns.start].fill(0.0);
                patches[reach.columns.end..].fill(0.0);
                let patches = &mut patches[reach.columns.clone()];
                match self.sliding.stride {
                    1 => patches.copy_from_slice(&values[..patches.len()]),
                    n => patches.iter_mut().zip(values.chunks(n)).for_each(|(patch, value)| *patch = value[0]),
                }
            }
        }
    }

    /// Adds the patches' values to where they are in the image.
    fn fold(&self, patches: &[f32], image: &mut [f32]) {
        for (patches, (plane, reach)) in patches.chunks_exact(self.positions()).zip(self.kernel_values()) {
            let plane = &mut image[plane..][..self.plane()];
            for (position, patches) in patches.chunks_exact(self.result[1]).enumerate() {
                let Some(row) = reach.row(position) else { continue };
                let values = &mut plane[row * self.image[1]..][..self.image[1]][reach.first..];
                let patches = &patches[reach.columns.clone()];
                match self.sliding.stride {
                    1 => values.iter_mut().zip(patches).for_each(|(value, patch)| *value += patch),
                    n => values.chunks_mut(n).zip(patches).for_each(|(value, patch)| value[0] += patch),
                }
            }
        }
    }

    /// For each value of a kernel, in order: where its channel begins in an image, and what it reaches there.
    fn kernel_values(&self) -> impl Iterator<Item = (usize, &Reach)> {
        let begins = (0..self.in_channels).map(|channel| channel * self.plane());
        begins.flat_map(|begin| self.reaches.iter().map(move |reach| (begin, reach)))
    }

    fn plane(&self) -> usize {
        self.image[0] * self.image[1]
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

/// What one value of a kernel reaches in a channel.
#[derive(Clone, Debug)]
struct Reach {
    /// The rows and columns of positions at which it is within the image.
    rows: Range<usize>,
    columns: Range<usize>,
    /// The image's column at the first of these columns.
    first: usize,
    /// Its row in the kernel.
    down: usize,
    sliding: Sliding,
}

impl Reach {
    /// The image's row at a row of positions.
    fn row(&self, position: usize) -> Option<usize> {
        let within = self.rows.contains(&position) && !self.columns.is_empty();
        within.then(|| position * self.sliding.stride + self.down - self.sliding.padding)
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
        let convolution = Convolution::new([1, 1, 2, 3], [1, 1, 3, 3], 1, 1);
        let sums = convolution.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0; 9]);
        assert_eq!(sums, [12.0, 21.0, 16.0, 12.0, 21.0, 16.0]);
    }

    #[test]
    fn a_stride_of_two_takes_every_second_position() {
        let convolution = Convolution::new([1, 1, 3, 3], [1, 1, 1, 1], 2, 0);
        assert_eq!(convolution.result_shape(), [1, 1, 2, 2]);
        let image: Vec<f32> = (0..9).map(|v| v as f32).collect();
        assert_eq!(convolution.forward(&image, &[10.0]), [0.0, 20.0, 60.0, 80.0]);
    }

    #[test]
    fn the_image_gradient_counts_how_often_a_pixel_was_used() {
        let convolution = Convolution::new([1, 1, 3, 3], [1, 1, 3, 3], 1, 1);
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
