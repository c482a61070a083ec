//! Batch normalisation and its gradients, two passes over memory each.

use rayon::prelude::*;

/// Values that are summed side by side, for vector instructions.
const LANES: usize = 16;

/// The sizes of a batch `[batch, channels, height, width]`.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    batch: usize,
    channels: usize,
    /// Pixels of one channel of one image.
    plane: usize,
}

impl Channels {
    pub fn of([batch, channels, height, width]: [usize; 4]) -> Self {
        Self { batch, channels, plane: height * width }
    }

    /// Mean and variance of each channel.
    pub fn statistics(&self, inputs: &[f32]) -> [Vec<f32>; 2] {
        let count = (self.batch * self.plane) as f64;
        let of_channel = |channel| {
            let mean = self.sum(channel, |at| sum(&inputs[at..][..self.plane], |x| x)) / count;
            let shift = mean as f32;
            let squares = self.sum(channel, |at| sum(&inputs[at..][..self.plane], |x| (x - shift) * (x - shift)));
            (shift, (squares / count) as f32)
        };
        let (mean, variance) = (0..self.channels).into_par_iter().map(of_channel).unzip();
        [mean, variance]
    }

    /// (x - mean) / √(variance + ε) · scale + shift.
    pub fn normalise(
        &self,
        inputs: &[f32],
        [mean, variance]: [&[f32]; 2],
        [scale, shift]: [&[f32]; 2],
        epsilon: f64,
    ) -> Vec<f32> {
        let factors: Vec<f32> = self.each(|c| scale[c] / deviation(variance[c], epsilon));
        let offsets: Vec<f32> = self.each(|c| shift[c] - mean[c] * factors[c]);
        self.map_planes(|channel, at, plane| {
            let (factor, offset) = (factors[channel], offsets[channel]);
            plane.iter_mut().zip(&inputs[at..]).for_each(|(y, x)| *y = x * factor + offset);
        })
    }

    /// The gradients of inputs, scale and shift; the formula is that of the backends without a way of their own.
    pub fn gradients(
        &self,
        inputs: &[f32],
        gradient: &[f32],
        [mean, variance]: [&[f32]; 2],
        scale: &[f32],
        epsilon: f64,
    ) -> [Vec<f32>; 3] {
        let deviations: Vec<f32> = self.each(|c| deviation(variance[c], epsilon));
        let sums = |channel: usize| {
            let products = |at: usize| {
                let mean = mean[channel];
                sum_of_pairs(&gradient[at..][..self.plane], &inputs[at..][..self.plane], |g, x| g * (x - mean))
            };
            let of_scale = self.sum(channel, products) / f64::from(deviations[channel]);
            let of_shift = self.sum(channel, |at| sum(&gradient[at..][..self.plane], |g| g));
            (of_scale as f32, of_shift as f32)
        };
        let (of_scale, of_shift): (Vec<f32>, Vec<f32>) = (0..self.channels).into_par_iter().map(sums).unzip();
        let count = (self.batch * self.plane) as f32;
        let of_inputs = self.map_planes(|c, at, plane| {
            let factor = scale[c] / deviations[c];
            let slope = of_scale[c] / count / deviations[c];
            let offset = of_shift[c] / count - mean[c] * slope;
            let pairs = gradient[at..].iter().zip(&inputs[at..]);
            plane.iter_mut().zip(pairs).for_each(|(y, (g, x))| *y = (g - offset - x * slope) * factor);
        });
        [of_inputs, of_scale, of_shift]
    }

    fn each(&self, value: impl Fn(usize) -> f32) -> Vec<f32> {
        (0..self.channels).map(value).collect()
    }

    /// Sums what `of_plane` makes of each plane of a channel, given where the plane begins.
    fn sum(&self, channel: usize, of_plane: impl Fn(usize) -> f32) -> f64 {
        let planes = (0..self.batch).map(|image| (image * self.channels + channel) * self.plane);
        planes.map(|at| f64::from(of_plane(at))).sum()
    }

    /// A new batch, of which `write` writes each plane, given its channel and where it begins.
    fn map_planes(&self, write: impl Fn(usize, usize, &mut [f32]) + Sync) -> Vec<f32> {
        let mut result = vec![0.0; self.batch * self.channels * self.plane];
        result.par_chunks_exact_mut(self.plane * self.channels).enumerate().for_each(|(image, planes)| {
            for (channel, plane) in planes.chunks_exact_mut(self.plane).enumerate() {
                write(channel, (image * self.channels + channel) * self.plane, plane);
            }
        });
        result
    }
}

fn deviation(variance: f32, epsilon: f64) -> f32 {
    (f64::from(variance) + epsilon).sqrt() as f32
}

fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    sum_of_pairs(values, values, |x, _| of(x))
}

fn sum_of_pairs(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_lanes.remainder().iter().zip(b_lanes.remainder());
    let rest: f32 = rest.map(|(a, b)| of(*a, *b)).sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for lane in 0..LANES {
            lanes[lane] += of(a[lane], b[lane]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}
