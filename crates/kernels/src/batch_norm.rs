//! Batch normalisation of `[batch, height, width, channels]` with what follows it in a residual net, and the gradients.
//!
//! Each lane of a vector has its channel. The sum with a shortcut and the relu cost no passes of their own.

mod rows;

use std::array;

use pulp::{Arch, Simd};
use rayon::prelude::*;

use crate::zeros;
use rows::{LANES, Rule, Summand, Sums, Write};

/// Values that a task takes, or a row of them; a fixed number, so that the order of a sum, and with it the last bit, does not
/// depend on the threads.
const CHUNK: usize = 1 << 13;

/// The channels of a batch `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    channels: usize,
    /// Values of so many pixels that they fill [`LANES`], whatever the number of channels.
    row: usize,
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
    pub fn of([_, _, _, channels]: [usize; 4]) -> Self {
        let row = (1..=LANES).map(|pixels| pixels * channels).find(|row| row.is_multiple_of(LANES));
        Self { channels, row: row.expect("as many pixels as lanes fill them") }
    }

    /// (x - mean) / √(variance + ε) · scale + shift by the mean and variance of each channel, then plus the shortcut, then relu.
    pub fn batch_norm(
        &self,
        inputs: &[f32],
        affine: [&[f32]; 2],
        epsilon: f64,
        shortcut: Option<&[f32]>,
        relu: bool,
    ) -> Normalised {
        let (mean, variance) = self.moments(inputs);
        let output = self.normalise(inputs, [&mean, &variance], affine, epsilon, shortcut, relu);
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
        let factor = |c: usize| scale[c] / deviation(variance[c], epsilon);
        let line = [self.spread(factor), self.spread(|c| shift[c] - mean[c] * factor(c))];
        let line = line.each_ref().map(|row| &**row);
        // What is no number stays so, as in Burn.
        let least = if relu { 0.0 } else { f32::NEG_INFINITY };
        let mut output = zeros(inputs.len());
        let (arch, chunks) = (Arch::new(), output.par_chunks_mut(self.chunk()).zip(inputs.par_chunks(self.chunk())));
        match shortcut {
            None => chunks.for_each(|(output, inputs)| {
                arch.dispatch(Write { rule: Line { least }, outputs: [output], values: [inputs], parameters: line });
            }),
            Some(shortcut) => chunks.zip(shortcut.par_chunks(self.chunk())).for_each(|((output, inputs), shortcut)| {
                let values = [inputs, shortcut];
                arch.dispatch(Write { rule: Line { least }, outputs: [output], values, parameters: line });
            }),
        }
        output
    }

    /// `rectified` is the output of a relu, where one followed. With x̂ the normalised inputs, g the gradient that the relu
    /// lets through and n the count in a channel: shift Σg, scale Σg x̂, shortcut g, inputs scale / √(variance + ε) ·
    /// (g - Σg / n - x̂ Σg x̂ / n).
    pub fn gradients(
        &self,
        inputs: &[f32],
        gradient: Vec<f32>,
        known: [&[f32]; 3],
        epsilon: f64,
        rectified: Option<&[f32]>,
        shortcut: bool,
    ) -> Gradients {
        match rectified {
            Some(output) => self.gradients_by::<true>(inputs, gradient, known, epsilon, output, shortcut),
            None => self.gradients_by::<false>(inputs, gradient, known, epsilon, inputs, shortcut),
        }
    }

    fn gradients_by<const RELU: bool>(
        &self,
        inputs: &[f32],
        mut gradient: Vec<f32>,
        [mean, variance, scale]: [&[f32]; 3],
        epsilon: f64,
        outputs: &[f32],
        shortcut: bool,
    ) -> Gradients {
        let sums = self.sums_of_gradient::<RELU>(inputs, &gradient, mean, outputs);
        let count = (inputs.len() / self.channels) as f64;
        let deviation: Vec<f32> = variance.iter().map(|variance| deviation(*variance, epsilon)).collect();
        let of_scale = |c: usize| sums[c][1] / f64::from(deviation[c]);
        let slope = |c: usize| (of_scale(c) / count) as f32 / deviation[c];
        let line = [
            self.spread(slope),
            self.spread(|c| (sums[c][0] / count) as f32 - mean[c] * slope(c)),
            self.spread(|c| scale[c] / deviation[c]),
        ];
        let line = line.each_ref().map(|row| &**row);
        let mut of_shortcut = shortcut.then(|| zeros(inputs.len()));
        let read = inputs.par_chunks(self.chunk()).zip(outputs.par_chunks(self.chunk()));
        let chunks = gradient.par_chunks_mut(self.chunk()).zip(read);
        let (arch, rule) = (Arch::new(), OfInputs::<RELU>);
        match &mut of_shortcut {
            None => chunks.for_each(|(gradient, (inputs, outputs))| {
                let values = [inputs, outputs];
                arch.dispatch(Write { rule, outputs: [gradient], values, parameters: line });
            }),
            Some(shortcut) => {
                let chunks = chunks.zip(shortcut.par_chunks_mut(self.chunk()));
                chunks.for_each(|((gradient, (inputs, outputs)), shortcut)| {
                    let values = [inputs, outputs];
                    arch.dispatch(Write { rule, outputs: [gradient, shortcut], values, parameters: line });
                });
            }
        }
        let scale = (0..self.channels).map(|c| of_scale(c) as f32).collect();
        let shift = sums.iter().map(|sums| sums[0] as f32).collect();
        Gradients { inputs: gradient, scale, shift, shortcut: of_shortcut }
    }

    /// Mean and variance, from the sums of the chunks and of their squares around their own means (Chan, Golub and LeVeque 1983).
    fn moments(&self, inputs: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let arch = Arch::new();
        let of_chunk = |inputs: &[f32]| {
            let count = self.count(inputs);
            let sum = self.of_channels(arch.dispatch(Sums {
                rule: Plain,
                values: [inputs],
                parameters: [],
                sums: self.rows(),
            }));
            let means: Vec<f64> = sum.iter().map(|[sum]| sum / count).collect();
            let shift = self.spread(|c| means[c] as f32);
            let sums = Sums { rule: Squares, values: [inputs], parameters: [&shift], sums: self.rows() };
            (count, means, self.of_channels(arch.dispatch(sums)))
        };
        let chunks: Vec<_> = inputs.par_chunks(self.chunk()).map(of_chunk).collect();
        let of_channel = |c: usize| {
            let mean = chunks.iter().map(|(count, means, _)| count * means[c]).sum::<f64>() / self.count(inputs);
            let squares: f64 =
                chunks.iter().map(|(count, means, squares)| squares[c][0] + count * (means[c] - mean).powi(2)).sum();
            (mean as f32, (squares / self.count(inputs)) as f32)
        };
        (0..self.channels).map(of_channel).unzip()
    }

    /// For each channel Σg and Σg (x - mean), of what the gate lets through.
    fn sums_of_gradient<const RELU: bool>(
        &self,
        inputs: &[f32],
        gradient: &[f32],
        mean: &[f32],
        outputs: &[f32],
    ) -> Vec<[f64; 2]> {
        let mean = self.spread(|c| mean[c]);
        let read = inputs.par_chunks(self.chunk()).zip(outputs.par_chunks(self.chunk()));
        let arch = Arch::new();
        let of_chunk = |(gradient, (inputs, outputs)): (&[f32], (&[f32], &[f32]))| {
            let values = [gradient, inputs, outputs];
            let sums = Sums { rule: Products::<RELU>, values, parameters: [&mean], sums: self.rows() };
            self.of_channels(arch.dispatch(sums))
        };
        let chunks: Vec<_> = gradient.par_chunks(self.chunk()).zip(read).map(of_chunk).collect();
        let total = |c: usize, of: usize| chunks.iter().map(|sums| sums[c][of]).sum();
        (0..self.channels).map(|c| [total(c, 0), total(c, 1)]).collect()
    }

    fn rows<const SUMS: usize>(&self) -> [Vec<f32>; SUMS] {
        array::from_fn(|_| vec![0.0; self.row])
    }

    /// Of one channel.
    fn count(&self, values: &[f32]) -> f64 {
        (values.len() / self.channels) as f64
    }

    /// Whole rows.
    fn chunk(&self) -> usize {
        CHUNK.next_multiple_of(self.row)
    }

    /// A value of each channel, for each lane of a row.
    fn spread(&self, value: impl Fn(usize) -> f32) -> Vec<f32> {
        let values: Vec<f32> = (0..self.channels).map(value).collect();
        values.repeat(self.row / self.channels)
    }

    /// Sums of each channel, from those of the lanes of a row.
    fn of_channels<const SUMS: usize>(&self, rows: [Vec<f32>; SUMS]) -> Vec<[f64; SUMS]> {
        let of_channel =
            |row: &[f32], c: usize| row[c..].iter().step_by(self.channels).map(|sum| f64::from(*sum)).sum();
        (0..self.channels).map(|c| rows.each_ref().map(|row| of_channel(row, c))).collect()
    }
}

fn deviation(variance: f32, epsilon: f64) -> f32 {
    (f64::from(variance) + epsilon).sqrt() as f32
}

/// The inputs.
#[derive(Clone, Copy)]
struct Plain;

impl Summand<1, 0, 1> for Plain {
    #[inline(always)]
    fn of<S: Simd>(self, _: S, inputs: [S::f32s; 1], []: [S::f32s; 0]) -> [S::f32s; 1] {
        inputs
    }
}

/// The squares of the inputs around a mean.
#[derive(Clone, Copy)]
struct Squares;

impl Summand<1, 1, 1> for Squares {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, [x]: [S::f32s; 1], [mean]: [S::f32s; 1]) -> [S::f32s; 1] {
        let x = simd.sub_f32s(x, mean);
        [simd.mul_f32s(x, x)]
    }
}

/// The gradient that is let through, and its products with the inputs around a mean.
#[derive(Clone, Copy)]
struct Products<const RELU: bool>;

impl<const RELU: bool> Summand<3, 1, 2> for Products<RELU> {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, [g, x, y]: [S::f32s; 3], [mean]: [S::f32s; 1]) -> [S::f32s; 2] {
        let g = let_through::<S, RELU>(simd, g, y);
        [g, simd.mul_f32s(g, simd.sub_f32s(x, mean))]
    }
}

/// Factor and offset for the inputs, plus a shortcut, and no less than that.
#[derive(Clone, Copy)]
struct Line {
    least: f32,
}

impl<const VALUES: usize> Rule<1, VALUES, 2> for Line {
    #[inline(always)]
    fn of<S: Simd>(
        self,
        simd: S,
        _: [S::f32s; 1],
        values: [S::f32s; VALUES],
        [factor, offset]: [S::f32s; 2],
    ) -> [S::f32s; 1] {
        let line = simd.mul_add_e_f32s(values[0], factor, offset);
        let sum = values[1..].iter().fold(line, |sum, shortcut| simd.add_f32s(sum, *shortcut));
        let least = simd.splat_f32s(self.least);
        // What is no number stays so, as in Burn.
        [simd.select_f32s(simd.less_than_f32s(sum, least), least, sum)]
    }
}

/// The gradient of the inputs, and that of a shortcut, from that of the result.
#[derive(Clone, Copy)]
struct OfInputs<const RELU: bool>;

impl<const RELU: bool, const OUTPUTS: usize> Rule<OUTPUTS, 2, 3> for OfInputs<RELU> {
    #[inline(always)]
    fn of<S: Simd>(
        self,
        simd: S,
        before: [S::f32s; OUTPUTS],
        [x, y]: [S::f32s; 2],
        [slope, offset, factor]: [S::f32s; 3],
    ) -> [S::f32s; OUTPUTS] {
        let g = let_through::<S, RELU>(simd, before[0], y);
        let line = simd.mul_add_e_f32s(x, slope, offset);
        let of_input = simd.mul_f32s(simd.sub_f32s(g, line), factor);
        array::from_fn(|i| if i == 0 { of_input } else { g })
    }
}

/// The gradient where a relu, if there was one, did not clear the output.
#[inline(always)]
fn let_through<S: Simd, const RELU: bool>(simd: S, gradient: S::f32s, output: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    if RELU { simd.select_f32s(simd.less_than_f32s(zero, output), gradient, zero) } else { gradient }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::tests::{near, values};

    const EPSILON: f64 = 1e-5;

    /// Mean, standard deviation and, of each value of a channel, value and place.
    fn channel(shape: [usize; 4], inputs: &[f32], channel: usize) -> (f64, f64, Vec<(usize, f64)>) {
        let places = (channel..inputs.len()).step_by(shape[3]);
        let values: Vec<_> = places.map(|at| (at, f64::from(inputs[at]))).collect();
        let len = values.len();
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
        let affine = values(2 * shape[3]);
        let (scale, shift) = affine.split_at(shape[3]);
        let mut expected = [vec![0.0; count], vec![0.0; count], vec![0.0; count]];
        let mut sums = [vec![0.0; shape[3]], vec![0.0; shape[3]]];
        for c in 0..shape[3] {
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
        // One value of a channel, less than a row, rows and a rest, several chunks and a rest; channels around whole vectors.
        for shape in [
            [1, 1, 1, 2],
            [3, 3, 1, 3],
            [7, 5, 4, 3],
            [37, 28, 28, 2],
            [9, 5, 5, 12],
            [5, 4, 4, 16],
            [7, 9, 9, 17],
            [11, 7, 7, 32],
            [3, 3, 3, 33],
            [40, 6, 6, 128],
        ] {
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
            let channels = Channels::of([1000, 8, 8, 3]);
            pool.install(|| channels.batch_norm(&inputs, [&[1.0; 3], &[0.5; 3]], EPSILON, None, true).output)
        };
        assert_eq!(by(1), by(3));
    }

    #[test]
    fn what_is_no_number_stays_so() {
        let output =
            Channels::of([2, 1, 1, 1]).batch_norm(&[f32::NAN, 1.0], [&[1.0], &[0.0]], EPSILON, None, true).output;
        assert!(output.iter().all(|y| y.is_nan()), "{output:?}");
    }
}
