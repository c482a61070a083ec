//! Loops over the rows of a batch, by vectors. A row is so many pixels, one after the other, that they fill [`LANES`].

use pulp::{Simd, WithSimd};

/// Values that are whole vectors of any processor, [`VECTORS`] at a time.
pub const LANES: usize = 32;

/// What is summed: of the values in a lane and its parameters.
pub trait Summand<const VALUES: usize, const PARAMETERS: usize, const SUMS: usize>: Copy {
    fn of<S: Simd>(self, simd: S, values: [S::f32s; VALUES], parameters: [S::f32s; PARAMETERS]) -> [S::f32s; SUMS];
}

/// What is written: of what was there, the values in a lane and its parameters.
pub trait Rule<const OUTPUTS: usize, const VALUES: usize, const PARAMETERS: usize>: Copy {
    fn of<S: Simd>(
        self,
        simd: S,
        before: [S::f32s; OUTPUTS],
        values: [S::f32s; VALUES],
        parameters: [S::f32s; PARAMETERS],
    ) -> [S::f32s; OUTPUTS];
}

/// Vectors that are computed side by side, and rows that are.
const VECTORS: usize = 2;
const ROWS: usize = 2;

/// For each lane of a row its sums over the rows.
pub struct Sums<'a, R, const VALUES: usize, const PARAMETERS: usize, const SUMS: usize> {
    pub rule: R,
    pub values: [&'a [f32]; VALUES],
    pub parameters: [&'a [f32]; PARAMETERS],
    /// Zeros, at first.
    pub sums: [Vec<f32>; SUMS],
}

impl<R, const VALUES: usize, const PARAMETERS: usize, const SUMS: usize> WithSimd
    for Sums<'_, R, VALUES, PARAMETERS, SUMS>
where
    R: Summand<VALUES, PARAMETERS, SUMS>,
{
    type Output = [Vec<f32>; SUMS];

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> [Vec<f32>; SUMS] {
        let row = self.sums[0].len();
        let whole = self.values[0].len() - self.values[0].len() % row;
        for first in (0..row).step_by(VECTORS * S::F32_LANES) {
            let mut tile = [[[simd.splat_f32s(0.0); SUMS]; VECTORS]; ROWS];
            for at in (first..whole).step_by(ROWS * row) {
                for (number, sums) in tile.iter_mut().enumerate() {
                    if at + number * row < whole {
                        self.add(simd, sums, first, at + number * row);
                    }
                }
            }
            for vector in 0..VECTORS {
                for (of, sums) in self.sums.iter_mut().enumerate() {
                    let sum = simd.add_f32s(tile[0][vector][of], tile[1][vector][of]);
                    simd.partial_store_f32s(&mut sums[first + vector * S::F32_LANES..][..S::F32_LANES], sum);
                }
            }
        }
        self.add_part_of_a_row(simd, whole);
        self.sums
    }
}

impl<R, const VALUES: usize, const PARAMETERS: usize, const SUMS: usize> Sums<'_, R, VALUES, PARAMETERS, SUMS>
where
    R: Summand<VALUES, PARAMETERS, SUMS>,
{
    /// The vectors from one place on, with the parameters from another one on.
    #[inline(always)]
    fn add<S: Simd>(&self, simd: S, sums: &mut [[S::f32s; SUMS]; VECTORS], parameters: usize, at: usize) {
        let parameters = self.parameters.map(|row| load::<S, VECTORS>(row, parameters));
        let values = self.values.map(|values| load::<S, VECTORS>(values, at));
        for (vector, sums) in sums.iter_mut().enumerate() {
            let of = self.rule.of(simd, values.map(|v| v[vector]), parameters.map(|p| p[vector]));
            for (sum, value) in sums.iter_mut().zip(of) {
                *sum = simd.add_f32s(*sum, value);
            }
        }
    }

    /// What follows the last whole row.
    #[inline(always)]
    fn add_part_of_a_row<S: Simd>(&mut self, simd: S, whole: usize) {
        let rest = self.values.map(|values| &values[whole..]);
        for first in (0..rest[0].len()).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(rest[0].len() - first);
            let values = rest.map(|values| simd.partial_load_f32s(&values[first..][..lanes]));
            let of =
                self.rule.of(simd, values, self.parameters.map(|row| simd.partial_load_f32s(&row[first..][..lanes])));
            for (sums, value) in self.sums.iter_mut().zip(of) {
                let sums = &mut sums[first..][..lanes];
                let sum = simd.add_f32s(simd.partial_load_f32s(sums), value);
                simd.partial_store_f32s(sums, sum);
            }
        }
    }
}

/// Each row of the outputs.
pub struct Write<'a, R, const OUTPUTS: usize, const VALUES: usize, const PARAMETERS: usize> {
    pub rule: R,
    pub outputs: [&'a mut [f32]; OUTPUTS],
    pub values: [&'a [f32]; VALUES],
    /// Of each lane of a row.
    pub parameters: [&'a [f32]; PARAMETERS],
}

impl<R, const OUTPUTS: usize, const VALUES: usize, const PARAMETERS: usize> WithSimd
    for Write<'_, R, OUTPUTS, VALUES, PARAMETERS>
where
    R: Rule<OUTPUTS, VALUES, PARAMETERS>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (row, len) = (self.parameters[0].len(), self.values[0].len());
        let whole = len - len % row;
        for first in (0..row).step_by(VECTORS * S::F32_LANES) {
            let parameters = self.parameters.map(|row| load::<S, VECTORS>(row, first));
            for at in (first..whole).step_by(row) {
                for (vector, at) in (at..).step_by(S::F32_LANES).take(VECTORS).enumerate() {
                    let values = self.values.map(|values| load::<S, 1>(values, at)[0]);
                    let before = self.outputs.each_ref().map(|output| load::<S, 1>(output, at)[0]);
                    let written = self.rule.of(simd, before, values, parameters.map(|p| p[vector]));
                    for (output, written) in self.outputs.iter_mut().zip(written) {
                        S::as_mut_simd_f32s(&mut output[at..][..S::F32_LANES]).0[0] = written;
                    }
                }
            }
        }
        self.write_part_of_a_row(simd, whole);
    }
}

impl<R, const OUTPUTS: usize, const VALUES: usize, const PARAMETERS: usize> Write<'_, R, OUTPUTS, VALUES, PARAMETERS>
where
    R: Rule<OUTPUTS, VALUES, PARAMETERS>,
{
    /// What follows the last whole row.
    #[inline(always)]
    fn write_part_of_a_row<S: Simd>(self, simd: S, whole: usize) {
        let Self { rule, mut outputs, values, parameters } = self;
        for at in (whole..values[0].len()).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(values[0].len() - at);
            let parameters = parameters.map(|row| simd.partial_load_f32s(&row[at - whole..][..lanes]));
            let values = values.map(|values| simd.partial_load_f32s(&values[at..][..lanes]));
            let before = outputs.each_ref().map(|output| simd.partial_load_f32s(&output[at..][..lanes]));
            for (output, written) in outputs.iter_mut().zip(rule.of(simd, before, values, parameters)) {
                simd.partial_store_f32s(&mut output[at..][..lanes], written);
            }
        }
    }
}

#[inline(always)]
fn load<S: Simd, const VECTORS: usize>(values: &[f32], first: usize) -> [S::f32s; VECTORS] {
    let vectors = S::as_simd_f32s(&values[first..][..VECTORS * S::F32_LANES]).0;
    *vectors.first_chunk().expect("so many lanes")
}
