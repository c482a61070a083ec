//! Convolution of a batch whose images are side by side: `[channels, height, width, batch]`.
//!
//! A pixel of all images is one stretch of memory, so that a vector instruction computes the same value of many images
//! (the order of cuda-convnet, Krizhevsky 2014, <https://arxiv.org/abs/1404.5997>). No patch is unfolded and no border is
//! padded: at a border there are fewer products. Sums stay in registers until they are whole.

use std::array;

use pulp::{Arch, Simd, WithSimd, bytemuck::cast_slice};
use rayon::prelude::*;

/// Channels that are computed together from each vector that is read.
const BLOCK: usize = 8;

#[derive(Clone, Debug)]
pub struct Convolution {
    batch: usize,
    in_channels: usize,
    out_channels: usize,
    /// Down and across.
    axes: [Axis; 2],
}

/// How a kernel slides along one axis of an image.
#[derive(Clone, Copy, Debug)]
struct Axis {
    pixels: usize,
    kernel: usize,
    positions: usize,
    stride: usize,
    padding: usize,
}

impl Axis {
    /// The pixel under a value of the kernel at a position; none over the border.
    fn pixel(&self, position: usize, value: usize) -> Option<usize> {
        (position * self.stride + value).checked_sub(self.padding).filter(|pixel| *pixel < self.pixels)
    }

    /// What meets at each position: pixels and values of the kernel.
    fn of_positions(&self) -> Vec<Vec<Meeting>> {
        let at = |position| {
            (0..self.kernel)
                .filter_map(move |kernel| Some(Meeting { source: self.pixel(position, kernel)?, kernel }))
                .collect()
        };
        (0..self.positions).map(at).collect()
    }

    /// What meets at each pixel: positions and values of the kernel.
    fn of_pixels(&self) -> Vec<Vec<Meeting>> {
        let mut meetings = vec![vec![]; self.pixels];
        for source in 0..self.positions {
            for kernel in 0..self.kernel {
                if let Some(pixel) = self.pixel(source, kernel) {
                    meetings[pixel].push(Meeting { source, kernel });
                }
            }
        }
        meetings
    }
}

/// A place along an axis of what is read, and the value of the kernel that it is multiplied with.
#[derive(Clone, Copy, Debug)]
struct Meeting {
    source: usize,
    kernel: usize,
}

impl Convolution {
    /// Of images `[in channels, height, width, batch]` and kernels `[out channels, in channels, height, width]`, with so many
    /// pixels from one position of a kernel to the next, and so many rows and columns of zeros around the image, fewer than
    /// a kernel has.
    pub fn new(images: [usize; 4], kernels: [usize; 4], stride: usize, padding: usize) -> Self {
        let [in_channels, height, width, batch] = images;
        let [out_channels, kernel_channels, rows, columns] = kernels;
        assert_eq!(in_channels, kernel_channels, "kernels have the channels of the images");
        let axis = |pixels: usize, kernel: usize| {
            let positions = (pixels + 2 * padding - kernel) / stride + 1;
            Axis { pixels, kernel, positions, stride, padding }
        };
        Self { batch, in_channels, out_channels, axes: [axis(height, rows), axis(width, columns)] }
    }

    /// `[out channels, height, width, batch]`.
    pub fn result_shape(&self) -> [usize; 4] {
        let [down, across] = self.axes;
        [self.out_channels, down.positions, across.positions, self.batch]
    }

    pub fn forward(&self, images: &[f32], kernels: &[f32]) -> Vec<f32> {
        let size = self.kernel_len();
        let value = |to: usize, from: usize, value: usize| kernels[(to * self.in_channels + from) * size + value];
        let sums = Sums {
            meetings: self.axes.map(|axis| axis.of_positions()),
            width: self.axes[1].pixels,
            columns: self.axes[1].kernel,
            batch: self.batch,
            channels: self.in_channels,
            source: images,
            kernels: &blocks(self.out_channels, self.in_channels, size, value),
        };
        sums.all(self.out_channels)
    }

    /// Each pixel gets the gradients of the positions that saw it, by the kernels' values that saw it.
    pub fn image_gradient(&self, kernels: &[f32], gradient: &[f32]) -> Vec<f32> {
        let size = self.kernel_len();
        let value = |to: usize, from: usize, value: usize| kernels[(from * self.in_channels + to) * size + value];
        let sums = Sums {
            meetings: self.axes.map(|axis| axis.of_pixels()),
            width: self.axes[1].positions,
            columns: self.axes[1].kernel,
            batch: self.batch,
            channels: self.out_channels,
            source: gradient,
            kernels: &blocks(self.in_channels, self.out_channels, size, value),
        };
        sums.all(self.in_channels)
    }

    /// For each value of a kernel the sum, over positions and images, of gradient times pixel.
    pub fn kernel_gradient(&self, images: &[f32], gradient: &[f32]) -> Vec<f32> {
        match self.in_channels {
            1 => self.kernel_gradient_by::<8, 1>(images, gradient),
            _ => self.kernel_gradient_by::<4, 4>(images, gradient),
        }
    }

    /// By so many channels of the gradient times so many of the images at once.
    fn kernel_gradient_by<const OUT: usize, const IN: usize>(&self, images: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (arch, size) = (Arch::new(), self.kernel_len());
        let outs = (0..self.out_channels).step_by(OUT);
        let tiles: Vec<_> = outs.flat_map(|out| (0..self.in_channels).step_by(IN).map(move |of| (out, of))).collect();
        let of_tile =
            |&(out, of)| arch.dispatch(KernelTile::<OUT, IN> { convolution: self, images, gradient, out, of });
        let sums: Vec<Vec<f32>> = tiles.par_iter().map(of_tile).collect();
        let mut kernels = vec![0.0; self.out_channels * self.in_channels * size];
        for ((out, of), sums) in tiles.into_iter().zip(sums) {
            for (number, sum) in sums.into_iter().enumerate() {
                let (value, o, i) = (number / (OUT * IN), out + number / IN % OUT, of + number % IN);
                if o < self.out_channels && i < self.in_channels {
                    kernels[(o * self.in_channels + i) * size + value] = sum;
                }
            }
        }
        kernels
    }

    fn kernel_len(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }
}

/// `[to / BLOCK, from, value of the kernel]` of [`BLOCK`] channels each, zero where there are no more.
fn blocks(to: usize, from: usize, size: usize, value: impl Fn(usize, usize, usize) -> f32) -> Vec<[f32; BLOCK]> {
    let mut blocks = Vec::with_capacity(to.div_ceil(BLOCK) * from * size);
    for first in (0..to).step_by(BLOCK) {
        for from in 0..from {
            for k in 0..size {
                blocks.push(array::from_fn(|i| if first + i < to { value(first + i, from, k) } else { 0.0 }));
            }
        }
    }
    blocks
}

/// Sums of products of what is read, `[channels, height, width, batch]`, and kernels.
struct Sums<'a> {
    /// Of each row and each column of the result.
    meetings: [Vec<Vec<Meeting>>; 2],
    /// Columns of what is read.
    width: usize,
    /// Columns of a kernel.
    columns: usize,
    batch: usize,
    channels: usize,
    source: &'a [f32],
    kernels: &'a [[f32; BLOCK]],
}

impl Sums<'_> {
    /// A task is a row of [`BLOCK`] channels; those of one row follow each other, as they read the same.
    fn all(&self, channels: usize) -> Vec<f32> {
        let [down, across] = &self.meetings;
        let (blocks, row) = (channels.div_ceil(BLOCK), across.len() * self.batch);
        let mut result = vec![0.0; channels * down.len() * row];
        let mut tasks: Vec<Vec<&mut [f32]>> = (0..down.len() * blocks).map(|_| vec![]).collect();
        for (number, row) in result.chunks_exact_mut(row).enumerate() {
            let (channel, position) = (number / down.len(), number % down.len());
            tasks[position * blocks + channel / BLOCK].push(row);
        }
        let arch = Arch::new();
        let kernels = self.kernels.len() / blocks;
        tasks.into_par_iter().enumerate().for_each(|(task, rows)| {
            let (position, block) = (task / blocks, task % blocks);
            let kernels = &self.kernels[block * kernels..][..kernels];
            arch.dispatch(Rows { sums: self, kernels, down: &down[position], rows });
        });
        result
    }
}

/// One row of the result in each of [`BLOCK`] channels or fewer.
struct Rows<'a, 'b> {
    sums: &'a Sums<'b>,
    kernels: &'a [[f32; BLOCK]],
    down: &'a [Meeting],
    rows: Vec<&'a mut [f32]>,
}

impl WithSimd for Rows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers for, beside what is multiplied.
        if S::REGISTER_COUNT < 32 { self.compute::<S, 1>(simd) } else { self.compute::<S, 2>(simd) }
    }
}

impl Rows<'_, '_> {
    /// By so many vectors at once, and by one for the rest of the batch.
    #[inline(always)]
    fn compute<S: Simd, const VECTORS: usize>(mut self, simd: S) {
        let batch = self.sums.batch;
        let mut taps = Vec::new();
        for (column, across) in self.sums.meetings[1].iter().enumerate() {
            taps.clear();
            for row in self.down {
                let tap = |of: &Meeting| {
                    ((row.source * self.sums.width + of.source) * batch, row.kernel * self.sums.columns + of.kernel)
                };
                taps.extend(across.iter().map(tap));
            }
            let lanes = VECTORS * S::F32_LANES;
            let whole = batch - batch % lanes;
            for first in (0..whole).step_by(lanes) {
                let sums = self.tile(simd, &taps, |values| vectors::<S, VECTORS>(&values[first..][..lanes]));
                for (row, sums) in self.rows.iter_mut().zip(sums) {
                    S::as_mut_simd_f32s(&mut row[column * batch + first..][..lanes]).0.copy_from_slice(&sums);
                }
            }
            for first in (whole..batch).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(batch - first);
                let sums = self.tile(simd, &taps, |values| [simd.partial_load_f32s(&values[first..][..lanes])]);
                for (row, [sum]) in self.rows.iter_mut().zip(sums) {
                    simd.partial_store_f32s(&mut row[column * batch + first..][..lanes], sum);
                }
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const VECTORS: usize>(
        &self,
        simd: S,
        taps: &[(usize, usize)],
        load: impl Fn(&[f32]) -> [S::f32s; VECTORS],
    ) -> [[S::f32s; VECTORS]; BLOCK] {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; BLOCK];
        let channels = self.sums.channels;
        let planes = self.sums.source.chunks_exact(self.sums.source.len() / channels);
        for (plane, kernels) in planes.zip(self.kernels.chunks_exact(self.kernels.len() / channels)) {
            for &(pixel, value) in taps {
                let (values, kernels) = (load(&plane[pixel..]), &kernels[value]);
                for (sums, kernel) in sums.iter_mut().zip(kernels) {
                    let kernel = simd.splat_f32s(*kernel);
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = simd.mul_add_e_f32s(kernel, value, *sum);
                    }
                }
            }
        }
        sums
    }
}

#[inline(always)]
fn vectors<S: Simd, const VECTORS: usize>(values: &[f32]) -> [S::f32s; VECTORS] {
    S::as_simd_f32s(values).0.try_into().expect("so many lanes")
}

/// The gradients of the kernels from `IN` channels of the images, from `of` on, to `OUT` of the result, from `out` on.
struct KernelTile<'a, const OUT: usize, const IN: usize> {
    convolution: &'a Convolution,
    images: &'a [f32],
    gradient: &'a [f32],
    out: usize,
    of: usize,
}

impl<const OUT: usize, const IN: usize> WithSimd for KernelTile<'_, OUT, IN> {
    type Output = Vec<f32>;

    /// For each value of a kernel, `OUT` times `IN` sums.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let [down, across] = self.convolution.axes;
        let batch = self.convolution.batch;
        // Where there are fewer channels the last one is read again; what comes of it is left out later.
        let gradients: [&[f32]; OUT] = channels(self.gradient, self.convolution.out_channels, self.out);
        let images: [&[f32]; IN] = channels(self.images, self.convolution.in_channels, self.of);
        let mut sums = vec![[[simd.splat_f32s(0.0); IN]; OUT]; self.convolution.kernel_len()];
        for row in 0..down.positions {
            for (value, sums) in sums.iter_mut().enumerate() {
                let Some(pixel_row) = down.pixel(row, value / across.kernel) else { continue };
                let mut tile = *sums;
                for column in 0..across.positions {
                    let Some(pixel) = across.pixel(column, value % across.kernel) else { continue };
                    let gradients =
                        gradients.map(|channel| &channel[(row * across.positions + column) * batch..][..batch]);
                    let images = images.map(|channel| &channel[(pixel_row * across.pixels + pixel) * batch..][..batch]);
                    let (gradients, images) = (gradients.map(S::as_simd_f32s), images.map(S::as_simd_f32s));
                    for at in 0..batch / S::F32_LANES {
                        add_products(simd, &mut tile, gradients.map(|g| g.0[at]), images.map(|i| i.0[at]));
                    }
                    if !batch.is_multiple_of(S::F32_LANES) {
                        let gradients = gradients.map(|(_, rest)| simd.partial_load_f32s(rest));
                        add_products(simd, &mut tile, gradients, images.map(|(_, rest)| simd.partial_load_f32s(rest)));
                    }
                }
                *sums = tile;
            }
        }
        let lanes: &[f32] = cast_slice(sums.as_flattened().as_flattened());
        lanes.chunks_exact(S::F32_LANES).map(|lanes| lanes.iter().sum()).collect()
    }
}

/// Of so many channels, those from `first` on; the last one for each that there is not.
fn channels<const COUNT: usize>(values: &[f32], channels: usize, first: usize) -> [&[f32]; COUNT] {
    let len = values.len() / channels;
    array::from_fn(|i| &values[(first + i).min(channels - 1) * len..][..len])
}

#[inline(always)]
fn add_products<S: Simd, const OUT: usize, const IN: usize>(
    simd: S,
    sums: &mut [[S::f32s; IN]; OUT],
    gradients: [S::f32s; OUT],
    images: [S::f32s; IN],
) {
    for (sums, gradient) in sums.iter_mut().zip(gradients) {
        for (sum, image) in sums.iter_mut().zip(images) {
            *sum = simd.mul_add_e_f32s(gradient, image, *sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::tests::{near, values};

    /// For each product of a convolution where pixel, value of a kernel and result lie.
    fn products(convolution: &Convolution) -> Vec<[usize; 3]> {
        let [down, across] = convolution.axes;
        let (ins, outs, batch) = (convolution.in_channels, convolution.out_channels, convolution.batch);
        let mut products = vec![];
        for (o, i) in (0..outs).flat_map(|o| (0..ins).map(move |i| (o, i))) {
            for (y, ky) in (0..down.positions).flat_map(|y| (0..down.kernel).map(move |k| (y, k))) {
                for (x, kx) in (0..across.positions).flat_map(|x| (0..across.kernel).map(move |k| (x, k))) {
                    let (Some(row), Some(column)) = (down.pixel(y, ky), across.pixel(x, kx)) else { continue };
                    let pixel = (i * down.pixels + row) * across.pixels + column;
                    let kernel = ((o * ins + i) * down.kernel + ky) * across.kernel + kx;
                    let result = (o * down.positions + y) * across.positions + x;
                    products.extend((0..batch).map(|n| [pixel * batch + n, kernel, result * batch + n]));
                }
            }
        }
        products
    }

    fn all([images, kernels]: [[usize; 4]; 2], stride: usize, padding: usize) -> [Vec<f32>; 3] {
        let convolution = Convolution::new(images, kernels, stride, padding);
        let [x, k, g] = [images, kernels, convolution.result_shape()].map(|shape| values(shape.iter().product()));
        [convolution.forward(&x, &k), convolution.image_gradient(&k, &g), convolution.kernel_gradient(&x, &g)]
    }

    /// Compares the result and both gradients with sums of products one by one.
    fn is_right(shapes: [[usize; 4]; 2], stride: usize, padding: usize) {
        let convolution = Convolution::new(shapes[0], shapes[1], stride, padding);
        let [x, k, g] = [shapes[0], shapes[1], convolution.result_shape()].map(|shape| values(shape.iter().product()));
        let mut sums = [vec![0.0; g.len()], vec![0.0; x.len()], vec![0.0; k.len()]];
        for [pixel, kernel, result] in products(&convolution) {
            sums[0][result] += x[pixel] * k[kernel];
            sums[1][pixel] += g[result] * k[kernel];
            sums[2][kernel] += x[pixel] * g[result];
        }
        for (found, sums) in all(shapes, stride, padding).iter().zip(sums) {
            near(found, &sums, &format!("{shapes:?}, stride {stride}, padding {padding}"));
        }
    }

    #[test]
    fn a_kernel_of_ones_sums_the_neighbours() {
        let convolution = Convolution::new([1, 2, 3, 1], [1, 1, 3, 3], 1, 1);
        let sums = convolution.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0; 9]);
        assert_eq!(sums, [12.0, 21.0, 16.0, 12.0, 21.0, 16.0]);
    }

    #[test]
    fn a_stride_of_two_takes_every_second_position() {
        let convolution = Convolution::new([1, 3, 3, 1], [1, 1, 1, 1], 2, 0);
        assert_eq!(convolution.result_shape(), [1, 2, 2, 1]);
        let image: Vec<f32> = (0..9).map(|v| v as f32).collect();
        assert_eq!(convolution.forward(&image, &[10.0]), [0.0, 20.0, 60.0, 80.0]);
    }

    #[test]
    fn the_image_gradient_counts_how_often_a_pixel_was_used() {
        let convolution = Convolution::new([1, 3, 3, 1], [1, 1, 3, 3], 1, 1);
        let gradient = convolution.image_gradient(&[1.0; 9], &[1.0; 9]);
        assert_eq!(gradient, [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]);
    }

    #[test]
    fn every_shape_gives_the_sums_of_its_products() {
        for (batch, ins, outs) in [(1, 1, 1), (5, 3, 9), (16, 4, 8), (37, 5, 3), (64, 1, 17)] {
            for ([height, width], kernel, padding) in [
                ([5, 6], [1, 1], 0),
                ([5, 6], [3, 3], 1),
                ([3, 3], [3, 3], 0),
                ([1, 1], [3, 3], 1),
                ([7, 5], [5, 2], 1),
            ] {
                for stride in [1, 2, 3] {
                    is_right([[ins, height, width, batch], [outs, ins, kernel[0], kernel[1]]], stride, padding);
                }
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let by = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all([[9, 8, 8, 40], [17, 9, 3, 3]], 1, 1))
        };
        assert_eq!(by(1), by(3));
    }
}
