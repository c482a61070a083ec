//! Batch normalisation of `[channels, height, width, batch]` with what follows it in a residual net, and the gradients.
//!
//! A channel is one stretch of memory that stays in a core's cache: what is computed of it, from its mean to the last result,
//! is computed before the next channel. The sum with a shortcut and the relu cost no passes of their own.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Values that a task takes; a fixed number, so that the order of a sum, and with it the last bit, does not depend on the
/// threads.
const CHUNK: usize = 1 << 13;

/// Values that are summed side by side, for vector instructions.
const LANES: usize = 64;

/// The sizes of a batch `[channels, height, width, batch]`.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    channels: usize,
    /// Values of one channel.
    len: usize,
}

/// A batch after normalisation.
#[derive(Clone, Debug)]
pub struct Normalised {
    pub output: Vec<f32>,
    /// Of each channel.
    pub mean: Vec<f32>,
    /// Of each channel, divided by the count.
    pub variance: Vec<f32>,
}

#[derive(Clone, Debug)]
pub struct Gradients {
    pub inputs: Vec<f32>,
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    /// Where there is one.
    pub shortcut: Option<Vec<f32>>,
}

impl Channels {
    pub fn of([channels, height, width, batch]: [usize; 4]) -> Self {
        Self { channels, len: height * width * batch }
    }

    /// (x - mean) / √(variance + ε) · scale + shift by the mean and variance of each channel, then plus the shortcut, then relu.
    pub fn batch_norm(
        &self,
        inputs: &[f32],
        [scale, shift]: [&[f32]; 2],
        epsilon: f64,
        shortcut: Option<&[f32]>,
        relu: bool,
    ) -> Normalised {
        let mut output = vec![0.0; inputs.len()];
        let of_channel = |(c, output): (usize, &mut [f32])| {
            let inputs = self.channel(inputs, c);
            let (mean, variance) = moments(inputs);
            let line = Line::new([mean, variance], [scale[c], shift[c]], epsilon);
            line.write(output, inputs, shortcut.map(|values| self.channel(values, c)), relu);
            (mean, variance)
        };
        let (mean, variance) = output.par_chunks_exact_mut(self.len).enumerate().map(of_channel).unzip();
        Normalised { output, mean, variance }
    }

    /// As [`batch_norm`](Self::batch_norm), by any mean and variance.
    pub fn normalise(
        &self,
        inputs: &[f32],
        [mean, variance]: [&[f32]; 2],
        [scale, shift]: [&[f32]; 2],
        epsilon: f64,
        shortcut: Option<&[f32]>,
        relu: bool,
    ) -> Vec<f32> {
        let mut output = vec![0.0; inputs.len()];
        output.par_chunks_exact_mut(self.len).enumerate().for_each(|(c, output)| {
            let line = Line::new([mean[c], variance[c]], [scale[c], shift[c]], epsilon);
            line.write(output, self.channel(inputs, c), shortcut.map(|values| self.channel(values, c)), relu);
        });
        output
    }

    /// `rectified` is the output of a relu, where one followed. With x̂ the normalised inputs, g the gradient that the relu
    /// lets through and n the count in a channel: shift Σg, scale Σg x̂, shortcut g, inputs scale / √(variance + ε) ·
    /// (g - Σg / n - x̂ Σg x̂ / n).
    pub fn gradients(
        &self,
        inputs: &[f32],
        mut gradient: Vec<f32>,
        [mean, variance, scale]: [&[f32]; 3],
        epsilon: f64,
        rectified: Option<&[f32]>,
        shortcut: bool,
    ) -> Gradients {
        let mut of_shortcut = shortcut.then(|| vec![0.0; inputs.len()]);
        let shortcuts: Vec<Option<&mut [f32]>> = match &mut of_shortcut {
            Some(values) => values.chunks_exact_mut(self.len).map(Some).collect(),
            None => (0..self.channels).map(|_| None).collect(),
        };
        let of_channel = |(c, (gradient, shortcut)): (usize, (&mut [f32], Option<&mut [f32]>))| {
            let (inputs, deviation) = (self.channel(inputs, c), deviation(variance[c], epsilon));
            let (of_shift, products) = let_through(gradient, inputs, mean[c], rectified.map(|y| self.channel(y, c)));
            if let Some(shortcut) = shortcut {
                shortcut.copy_from_slice(gradient);
            }
            let (of_scale, count) = (products / f64::from(deviation), self.len as f64);
            let slope = (of_scale / count) as f32 / deviation;
            let offset = (of_shift / count) as f32 - mean[c] * slope;
            let factor = scale[c] / deviation;
            each_chunk(gradient, |at, gradient| {
                let pairs = gradient.iter_mut().zip(&inputs[at..]);
                pairs.for_each(|(g, x)| *g = (*g - offset - x * slope) * factor);
            });
            (of_scale as f32, of_shift as f32)
        };
        let channels = gradient.par_chunks_exact_mut(self.len).zip(shortcuts).enumerate();
        let (scale, shift) = channels.map(of_channel).unzip();
        Gradients { inputs: gradient, scale, shift, shortcut: of_shortcut }
    }

    fn channel<'a>(&self, values: &'a [f32], channel: usize) -> &'a [f32] {
        &values[channel * self.len..][..self.len]
    }
}

/// What a normalisation does to each value of a channel.
#[derive(Clone, Copy, Debug)]
struct Line {
    factor: f32,
    offset: f32,
}

impl Line {
    fn new([mean, variance]: [f32; 2], [scale, shift]: [f32; 2], epsilon: f64) -> Self {
        let factor = scale / deviation(variance, epsilon);
        Self { factor, offset: shift - mean * factor }
    }

    fn write(self, output: &mut [f32], inputs: &[f32], shortcut: Option<&[f32]>, relu: bool) {
        // What is no number stays so, as in Burn.
        let least = if relu { 0.0 } else { f32::NEG_INFINITY };
        let rectified = |y: f32| if y < least { least } else { y };
        each_chunk(output, |at, output| {
            let line = inputs[at..].iter().map(|x| x * self.factor + self.offset);
            match shortcut {
                None => output.iter_mut().zip(line).for_each(|(y, line)| *y = rectified(line)),
                Some(shortcut) => {
                    let sums = line.zip(&shortcut[at..]).map(|(line, shortcut)| line + shortcut);
                    output.iter_mut().zip(sums).for_each(|(y, sum)| *y = rectified(sum));
                }
            }
        });
    }
}

fn deviation(variance: f32, epsilon: f64) -> f32 {
    (f64::from(variance) + epsilon).sqrt() as f32
}

/// Mean and variance, from the sums of the chunks and of their squares around their own means (Chan, Golub and LeVeque 1983).
fn moments(values: &[f32]) -> (f32, f32) {
    let of_chunk = |values: &[f32]| {
        let count = values.len() as f64;
        vectorised(
            #[inline(always)]
            || {
                let mean = f64::from(sum(values, values, |x, _| x)) / count;
                let shift = mean as f32;
                (count, mean, f64::from(sum(values, values, |x, _| (x - shift) * (x - shift))))
            },
        )
    };
    let chunks: Vec<(f64, f64, f64)> = values.par_chunks(CHUNK).map(of_chunk).collect();
    let count = values.len() as f64;
    let mean = chunks.iter().map(|(count, mean, _)| count * mean).sum::<f64>() / count;
    let squares: f64 =
        chunks.iter().map(|(count, of_chunk, squares)| squares + count * (of_chunk - mean).powi(2)).sum();
    (mean as f32, (squares / count) as f32)
}

/// Clears the gradient where a relu cleared the output. The sums of what is left: Σg and Σg (x - mean).
fn let_through(gradient: &mut [f32], inputs: &[f32], mean: f32, rectified: Option<&[f32]>) -> (f64, f64) {
    let of_chunk = |(number, gradient): (usize, &mut [f32])| {
        let at = number * CHUNK;
        vectorised(
            #[inline(always)]
            || {
                if let Some(output) = rectified {
                    let pairs = gradient.iter_mut().zip(&output[at..]);
                    pairs.for_each(|(g, y)| *g = if *y > 0.0 { *g } else { 0.0 });
                }
                let inputs = &inputs[at..][..gradient.len()];
                let products = sum(gradient, inputs, |g, x| g * (x - mean));
                (f64::from(sum(gradient, inputs, |g, _| g)), f64::from(products))
            },
        )
    };
    let sums: Vec<(f64, f64)> = gradient.par_chunks_mut(CHUNK).enumerate().map(of_chunk).collect();
    sums.into_iter().fold((0.0, 0.0), |(a, b), (of_a, of_b)| (a + of_a, b + of_b))
}

/// Calls `write` with the chunks of `values` and where they begin.
fn each_chunk(values: &mut [f32], write: impl Fn(usize, &mut [f32]) + Sync) {
    let chunks = values.par_chunks_mut(CHUNK).enumerate();
    chunks.for_each(|(number, chunk)| {
        vectorised(
            #[inline(always)]
            || write(number * CHUNK, chunk),
        )
    });
}

/// Compiles `work`, which is to be inlined always, once for each set of vector instructions, and runs what is for the processor
/// at hand.
fn vectorised<R>(work: impl FnMut() -> R) -> R {
    struct Work<F>(F);

    impl<R, F: FnMut() -> R> WithSimd for Work<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    Arch::new().dispatch(Work(work))
}

/// The sum of what `of` makes of each pair.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> f32) -> f32 {
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

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::tests::{near, values};

    const EPSILON: f64 = 1e-5;

    /// Mean, standard deviation and, of each value of a channel, value and place.
    fn channel(shape: [usize; 4], inputs: &[f32], channel: usize) -> (f64, f64, Vec<(usize, f64)>) {
        let len = shape[1] * shape[2] * shape[3];
        let values: Vec<_> = (channel * len..(channel + 1) * len).map(|at| (at, f64::from(inputs[at]))).collect();
        let mean = values.iter().map(|(_, x)| x).sum::<f64>() / len as f64;
        let variance = values.iter().map(|(_, x)| (x - mean).powi(2)).sum::<f64>() / len as f64;
        (mean, (variance + EPSILON).sqrt(), values)
    }

    /// Compares output and gradients with those of the formulas, value by value, in f64.
    fn is_right(shape: [usize; 4], shortcut: bool, relu: bool) {
        let what = format!("{shape:?}, shortcut {shortcut}, relu {relu}");
        let count: usize = shape.iter().product();
        // Inputs, shortcut and gradient: the same stream, from other places on.
        let stream = values(3 * count);
        let parts: Vec<&[f32]> = stream.chunks_exact(count).collect();
        let inputs: Vec<f32> = parts[0].iter().map(|x| x * 3.0 + 2.0).collect();
        let affine = values(2 * shape[0]);
        let (scale, shift) = affine.split_at(shape[0]);
        let mut expected = [vec![0.0; count], vec![0.0; count], vec![0.0; count]];
        let mut sums = [vec![0.0; shape[0]], vec![0.0; shape[0]]];
        for c in 0..shape[0] {
            let (mean, deviation, values) = channel(shape, &inputs, c);
            let (mut of_scale, mut of_shift) = (0.0, 0.0);
            for (at, x) in &values {
                let line = (x - mean) / deviation * f64::from(scale[c]) + f64::from(shift[c]);
                let sum = line + if shortcut { f64::from(parts[1][*at]) } else { 0.0 };
                let through = !relu || sum > 0.0;
                expected[0][*at] = if through { sum as f32 } else { 0.0 };
                expected[1][*at] = if through { parts[2][*at] } else { 0.0 };
                of_scale += f64::from(expected[1][*at]) * (x - mean) / deviation;
                of_shift += f64::from(expected[1][*at]);
            }
            let n = values.len() as f64;
            for (at, x) in &values {
                let left = f64::from(expected[1][*at]) - of_shift / n - (x - mean) / deviation * of_scale / n;
                expected[2][*at] = (left * f64::from(scale[c]) / deviation) as f32;
            }
            (sums[0][c], sums[1][c]) = (of_scale as f32, of_shift as f32);
        }
        let channels = Channels::of(shape);
        let found = channels.batch_norm(&inputs, [scale, shift], EPSILON, shortcut.then_some(parts[1]), relu);
        near(&found.output, &expected[0], &what);
        let statistics = [&*found.mean, &*found.variance];
        let again =
            channels.normalise(&inputs, statistics, [scale, shift], EPSILON, shortcut.then_some(parts[1]), relu);
        assert_eq!(again, found.output, "{what}");
        let rectified = relu.then_some(&*found.output);
        let (gradient, known) = (parts[2].to_vec(), [statistics[0], statistics[1], scale]);
        let gradients = channels.gradients(&inputs, gradient, known, EPSILON, rectified, shortcut);
        near(&gradients.inputs, &expected[2], &what);
        near(&gradients.scale, &sums[0], &what);
        near(&gradients.shift, &sums[1], &what);
        assert_eq!(gradients.shortcut, shortcut.then(|| expected[1].clone()), "{what}");
    }

    #[test]
    fn every_shape_is_normalised_by_the_formula() {
        // One value, less than a chunk, several chunks and a rest.
        for shape in [[2, 1, 1, 1], [3, 5, 4, 7], [2, 28, 28, 37]] {
            for (shortcut, relu) in [(false, false), (false, true), (true, true), (true, false)] {
                is_right(shape, shortcut, relu);
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let inputs = values(3 * 8 * 8 * 1000);
        let by = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let channels = Channels::of([3, 8, 8, 1000]);
            pool.install(|| channels.batch_norm(&inputs, [&[1.0; 3], &[0.5; 3]], EPSILON, None, true).output)
        };
        assert_eq!(by(1), by(3));
    }

    #[test]
    fn what_is_no_number_stays_so() {
        let output =
            Channels::of([1, 1, 1, 2]).batch_norm(&[f32::NAN, 1.0], [&[1.0], &[0.0]], EPSILON, None, true).output;
        assert!(output.iter().all(|y| y.is_nan()), "{output:?}");
    }
}
