//! The gradient of a convolution's kernels: sums of products of gradient and images, over all positions.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Convolution;

/// Tasks, about: the number does not depend on the threads, so that the order of a sum, and with it the last bit, does not.
const TASKS: usize = 16;

/// Channels of the gradient that a task takes.
const CHANNELS: usize = 32;

/// Positions of the images whose products are summed at once, at least: before and after, the sums are in memory.
const POSITIONS: usize = 96;

pub struct KernelGradient<'a> {
    convolution: &'a Convolution,
    images: &'a [f32],
    gradient: &'a [f32],
    /// In an image, for each value of a kernel.
    meetings: Vec<Vec<Meeting>>,
}

/// A position of the kernel, and where the pixel begins that is under one of its values there.
#[derive(Clone, Copy)]
struct Meeting {
    position: usize,
    pixel: usize,
}

impl<'a> KernelGradient<'a> {
    pub fn new(convolution: &'a Convolution, images: &'a [f32], gradient: &'a [f32]) -> Self {
        let meetings = (0..convolution.kernel_len()).map(|value| meetings(convolution, value)).collect();
        Self { convolution, images, gradient, meetings }
    }

    /// `[out channels, in channels, height, width]`.
    pub fn sums(&self) -> Vec<f32> {
        let Convolution { batch, in_channels, out_channels, .. } = *self.convolution;
        let blocks: Vec<_> = (0..out_channels).step_by(CHANNELS).collect();
        let images = batch.div_ceil(TASKS.div_ceil(blocks.len()));
        let groups = batch.div_ceil(images);
        let arch = Arch::new();
        let task = |number: usize| {
            let (channel, image) = (blocks[number / groups], number % groups * images);
            let channels = channel..out_channels.min(channel + CHANNELS);
            arch.dispatch(Task { of: self, images: image..batch.min(image + images), channels })
        };
        let sums: Vec<Vec<f32>> = (0..blocks.len() * groups).into_par_iter().map(task).collect();
        let kernel_len = in_channels * self.convolution.kernel_len();
        let mut kernels = vec![0.0; out_channels * kernel_len];
        let of_blocks = kernels.par_chunks_mut(CHANNELS * kernel_len).zip(sums.par_chunks(groups));
        of_blocks.for_each(|(kernels, sums)| self.write(kernels, sums));
        kernels
    }

    /// Sums of all groups of images, for some of the kernels.
    fn write(&self, kernels: &mut [f32], groups: &[Vec<f32>]) {
        let mut total = groups[0].clone();
        for sums in &groups[1..] {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        let (in_channels, kernel_len) = (self.convolution.in_channels, self.convolution.kernel_len());
        let lanes = total.len() / (in_channels * kernel_len);
        for (at, total) in total.chunks_exact(lanes).enumerate() {
            let (value, channel) = (at / in_channels, at % in_channels);
            for (kernel, total) in kernels.chunks_exact_mut(in_channels * kernel_len).zip(total) {
                kernel[channel * kernel_len + value] = *total;
            }
        }
    }
}

/// Where there is a pixel under this value of the kernel.
fn meetings(convolution: &Convolution, value: usize) -> Vec<Meeting> {
    let [down, across] = convolution.axes;
    let meeting = |row: usize, column: usize| {
        let pixel_row = down.pixel(row, value / across.kernel)?;
        let pixel = pixel_row * across.pixels + across.pixel(column, value % across.kernel)?;
        Some(Meeting { position: row * across.positions + column, pixel: pixel * convolution.in_channels })
    };
    let rows = 0..down.positions;
    rows.flat_map(|row| (0..across.positions).filter_map(move |column| meeting(row, column))).collect()
}

/// The sums over some images, for some channels of the gradient.
struct Task<'a> {
    of: &'a KernelGradient<'a>,
    images: Range<usize>,
    channels: Range<usize>,
}

impl WithSimd for Task<'_> {
    type Output = Vec<f32>;

    /// `[height, width, in channels, channels of this task]`, with zeros up to a whole vector.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let [batch, height, width, channels] = self.of.convolution.result_shape();
        let (positions, image_len) = (height * width, self.of.images.len() / batch);
        let lanes = self.channels.len().next_multiple_of(S::F32_LANES);
        let mut sums = vec![0.0; self.of.meetings.len() * self.of.convolution.in_channels * lanes];
        let count = POSITIONS.div_ceil(positions).min(self.images.len());
        let mut scratch = vec![0.0; if lanes == channels { 0 } else { count * positions * lanes }];
        for first in self.images.clone().step_by(count) {
            let count = count.min(self.images.end - first);
            let gradient = &self.of.gradient[first * positions * channels..][..count * positions * channels];
            let gradient = if lanes == channels { gradient } else { self.of_task(gradient, lanes, &mut scratch) };
            let images = &self.of.images[first * image_len..][..count * image_len];
            let products = Products { of: self.of, images, gradient, count };
            match lanes / S::F32_LANES % 2 {
                0 => products.add::<S, 2>(simd, &mut sums, lanes),
                _ => products.add::<S, 1>(simd, &mut sums, lanes),
            }
        }
        sums
    }
}

impl Task<'_> {
    /// Of the gradient the channels of this task, followed by zeros up to so many.
    fn of_task<'a>(&self, gradient: &[f32], lanes: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let gradient = gradient.chunks_exact(self.of.convolution.out_channels);
        let len = gradient.len() * lanes;
        for (all, some) in gradient.zip(scratch.chunks_exact_mut(lanes)) {
            some[..self.channels.len()].copy_from_slice(&all[self.channels.clone()]);
        }
        &scratch[..len]
    }
}

/// Some images, and some channels of their gradient.
struct Products<'a> {
    of: &'a KernelGradient<'a>,
    images: &'a [f32],
    gradient: &'a [f32],
    count: usize,
}

impl Products<'_> {
    /// By so many vectors of the gradient at once.
    #[inline(always)]
    fn add<S: Simd, const VECTORS: usize>(&self, simd: S, sums: &mut [f32], lanes: usize) {
        let (channels, vectors) = (self.of.convolution.in_channels, lanes / S::F32_LANES);
        let sums = S::as_mut_simd_f32s(sums).0.chunks_exact_mut(channels * vectors);
        for (sums, meetings) in sums.zip(&self.of.meetings) {
            for vector in (0..vectors).step_by(VECTORS) {
                let mut channel = 0;
                while channel < channels {
                    let tile = Tile { of: self, meetings, channel, vector, vectors };
                    // As many sums as there are registers for, but enough that they need not wait for each other.
                    channel += match channels - channel {
                        8.. if S::REGISTER_COUNT >= 32 => tile.add::<S, 8, 1, VECTORS>(simd, sums),
                        6.. if S::REGISTER_COUNT < 32 => tile.add::<S, 6, 1, VECTORS>(simd, sums),
                        4.. => tile.add::<S, 4, 1, VECTORS>(simd, sums),
                        3 => tile.add::<S, 3, 2, VECTORS>(simd, sums),
                        2 => tile.add::<S, 2, 2, VECTORS>(simd, sums),
                        _ => tile.add::<S, 1, 4, VECTORS>(simd, sums),
                    };
                }
            }
        }
    }
}

/// For one value of the kernels some channels of the images and vectors of the gradient, from these on.
struct Tile<'a> {
    of: &'a Products<'a>,
    meetings: &'a [Meeting],
    channel: usize,
    vector: usize,
    /// Of a position.
    vectors: usize,
}

impl Tile<'_> {
    /// `CHANNELS` times `VECTORS` sums, and as many of every second or further meeting. Returns `CHANNELS`.
    #[inline(always)]
    fn add<S: Simd, const CHANNELS: usize, const APART: usize, const VECTORS: usize>(
        &self,
        simd: S,
        sums: &mut [S::f32s],
    ) -> usize {
        let Products { images, gradient, count, .. } = self.of;
        let gradient = S::as_simd_f32s(gradient).0;
        let mut tile = [[[simd.splat_f32s(0.0); VECTORS]; CHANNELS]; APART];
        for (image, gradient) in
            images.chunks_exact(images.len() / count).zip(gradient.chunks_exact(gradient.len() / count))
        {
            let (image, gradient) = (&image[self.channel..], &gradient[self.vector..]);
            let (meetings, rest) = self.meetings.as_chunks::<APART>();
            for meetings in meetings {
                for (tile, meeting) in tile.iter_mut().zip(meetings) {
                    self.add_products(simd, tile, *meeting, image, gradient);
                }
            }
            for (tile, meeting) in tile.iter_mut().zip(rest) {
                self.add_products(simd, tile, *meeting, image, gradient);
            }
        }
        let sums = &mut sums[self.channel * self.vectors + self.vector..];
        for tile in tile {
            for (sums, tile) in sums.chunks_mut(self.vectors).zip(tile) {
                for (sum, tile) in sums.iter_mut().zip(tile) {
                    *sum = simd.add_f32s(*sum, tile);
                }
            }
        }
        CHANNELS
    }

    #[inline(always)]
    fn add_products<S: Simd, const CHANNELS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        tile: &mut [[S::f32s; VECTORS]; CHANNELS],
        meeting: Meeting,
        image: &[f32],
        gradient: &[S::f32s],
    ) {
        let gradient: &[S::f32s; VECTORS] =
            gradient[meeting.position * self.vectors..].first_chunk().expect("so many vectors");
        let pixel: &[f32; CHANNELS] = image[meeting.pixel..].first_chunk().expect("so many channels");
        for (sums, value) in tile.iter_mut().zip(pixel) {
            let value = simd.splat_f32s(*value);
            for (sum, gradient) in sums.iter_mut().zip(gradient) {
                *sum = simd.mul_add_e_f32s(value, *gradient, *sum);
            }
        }
    }
}
