//! Sums of products of images and kernels: the convolution itself, and the gradient of its images.

use std::{array, ops::Range};

use pulp::{Arch, Simd, WithSimd};
use rayon::{current_num_threads, prelude::*};

use super::axis::{Class, Run, Walk};
use crate::zeros;

/// Images that a task takes at most, and places of the result from which on it takes no more: the tiles of small images, and
/// those at a border, are only whole with several of them.
const IMAGES: usize = 8;
const PLACES: usize = 1 << 10;

pub struct Correlation {
    batch: usize,
    /// Of a task.
    images: usize,
    source: Sides,
    result: Sides,
    classes: Vec<Kernels>,
}

/// Of an image of what is read, or of the result.
#[derive(Clone, Copy)]
struct Sides {
    height: usize,
    width: usize,
    channels: usize,
}

/// The values of the kernels that a class of places meets.
struct Kernels {
    /// For each [block](blocks) of channels of the result `[row, column, channel of the source, channel of the result]`.
    packed: Vec<f32>,
    rows: usize,
    /// Columns of all channels of the source.
    row_len: usize,
    parts: Vec<Part>,
}

/// Places of the result that meet the same values of a kernel.
struct Part {
    rows: Range<usize>,
    /// Columns of all channels of the source.
    of_row: Range<usize>,
    /// One image of a task after the other.
    places: Vec<Place>,
}

/// Where a place of the result begins, and what it reads.
#[derive(Clone, Copy)]
struct Place {
    source: usize,
    result: usize,
}

/// So many vectors of channels, from the first on.
struct Block {
    first: usize,
    vectors: usize,
}

/// Two vectors each, as long as there are enough channels.
fn blocks(channels: usize, lanes: usize) -> impl Iterator<Item = Block> {
    let block = move |first| Block { first, vectors: (channels - first).div_ceil(lanes).min(2) };
    (0..channels).step_by(2 * lanes).map(block)
}

impl Correlation {
    /// Down and across, from and to so many channels. `value` is that of the kernel to a channel, from one, in a row and a column.
    pub fn new(
        [down, across]: [Walk; 2],
        [from, to]: [usize; 2],
        batch: usize,
        value: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let source = Sides { height: down.sources, width: across.sources, channels: from };
        let result = Sides { height: down.results, width: across.results, channels: to };
        // No thread is to wait for the last task for long.
        let images = batch.div_ceil(4 * current_num_threads());
        let images = images.min(IMAGES).min(PLACES.div_ceil(result.height * result.width));
        let mut correlation = Self { batch, images, source, result, classes: vec![] };
        for rows in &down.classes {
            for columns in &across.classes {
                let kernels = correlation.kernels([rows, columns], &value);
                correlation.classes.push(kernels);
            }
        }
        correlation
    }

    fn kernels(
        &self,
        [down, across]: [&Class; 2],
        value: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Kernels {
        let channels = [self.source.channels, self.result.channels];
        let packed = packed([&down.kernel, &across.kernel], channels, value);
        let (rows, row_len) = (down.kernel.len(), across.kernel.len() * self.source.channels);
        let parts = down.runs.iter().flat_map(|rows| across.runs.iter().map(move |columns| self.part(rows, columns)));
        Kernels { packed, rows, row_len, parts: parts.collect() }
    }

    fn part(&self, rows: &Run, columns: &Run) -> Part {
        let place = |image: usize, row: &[usize; 2], column: &[usize; 2]| Place {
            source: self.source.at(image, row[0], column[0]),
            result: self.result.at(image, row[1], column[1]),
        };
        let of_row = |image, row| columns.places.iter().map(move |column| place(image, row, column));
        let of_image = |image| rows.places.iter().flat_map(move |row| of_row(image, row));
        let channels = self.source.channels;
        Part {
            rows: rows.values.clone(),
            of_row: columns.values.start * channels..columns.values.end * channels,
            places: (0..self.images).flat_map(of_image).collect(),
        }
    }

    /// The result, of all images.
    pub fn of(&self, source: &[f32]) -> Vec<f32> {
        let mut result = zeros(self.batch * self.result.len());
        let sources = source.par_chunks(self.images * self.source.len());
        let results = result.par_chunks_mut(self.images * self.result.len());
        let arch = Arch::new();
        sources.zip(results).for_each(|(source, result)| arch.dispatch(Images { of: self, source, result }));
        result
    }
}

impl Sides {
    fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn at(&self, image: usize, row: usize, column: usize) -> usize {
        ((image * self.height + row) * self.width + column) * self.channels
    }
}

/// Of these rows and columns of the kernels `[row, column, from, to]` for each [block](blocks) of channels, with zeros up to a
/// whole vector.
fn packed(
    [rows, columns]: [&[usize]; 2],
    [from, to]: [usize; 2],
    value: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
) -> Vec<f32> {
    let lanes = Arch::new().dispatch(Lanes);
    let len = columns.len() * from;
    let mut packed = vec![0.0; rows.len() * len * to.next_multiple_of(lanes)];
    let mut rest = &mut packed[..];
    for Block { first, vectors } in blocks(to, lanes) {
        let width = vectors * lanes;
        let (block, after) = rest.split_at_mut(rows.len() * len * width);
        rest = after;
        block.par_chunks_exact_mut(len * width).zip(rows).for_each(|(values, row)| {
            for (values, column) in values.chunks_exact_mut(from * width).zip(columns) {
                for (from, values) in values.chunks_exact_mut(width).enumerate() {
                    for (to, packed) in (first..to).zip(values) {
                        *packed = value(to, from, *row, *column);
                    }
                }
            }
        });
    }
    packed
}

/// Values of a vector.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// The images of a task.
struct Images<'a> {
    of: &'a Correlation,
    source: &'a [f32],
    result: &'a mut [f32],
}

impl WithSimd for Images<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers for, beside what is multiplied.
        if S::REGISTER_COUNT < 32 { self.compute::<S, 6, 10>(simd) } else { self.compute::<S, 8, 8>(simd) }
    }
}

impl Images<'_> {
    /// So many places at once by two vectors, and by one.
    #[inline(always)]
    fn compute<S: Simd, const BY_TWO: usize, const BY_ONE: usize>(self, simd: S) {
        let Self { of, source, result } = self;
        let (channels, images) = (of.result.channels, source.len() / of.source.len());
        for kernels in &of.classes {
            let len = kernels.rows * kernels.row_len;
            for Block { first, vectors } in blocks(channels, S::F32_LANES) {
                let width = vectors * S::F32_LANES;
                let packed = &kernels.packed[first * len..][..width * len];
                let row_len = kernels.row_len * width;
                for part in &kernels.parts {
                    let tiles = Tiles {
                        places: &part.places[..part.places.len() / of.images * images],
                        source,
                        source_row: of.source.width * of.source.channels,
                        kernels: &packed[part.rows.start * row_len..part.rows.end * row_len],
                        kernel_row: row_len,
                        of_row: part.of_row.start * width..part.of_row.end * width,
                        channels: first..channels.min(first + width),
                    };
                    match vectors {
                        1 => tiles.write::<S, BY_ONE, 1>(simd, result),
                        _ => tiles.write::<S, BY_TWO, 2>(simd, result),
                    }
                }
            }
        }
    }
}

/// Places that meet the same values of a kernel, in one block of channels.
struct Tiles<'a> {
    places: &'a [Place],
    source: &'a [f32],
    source_row: usize,
    /// The rows that they meet.
    kernels: &'a [f32],
    kernel_row: usize,
    /// What they meet of each.
    of_row: Range<usize>,
    /// Of the result.
    channels: Range<usize>,
}

impl Tiles<'_> {
    #[inline(always)]
    fn write<S: Simd, const PLACES: usize, const VECTORS: usize>(&self, simd: S, result: &mut [f32]) {
        for places in self.places.chunks(PLACES) {
            // Where there are fewer the last one is computed again.
            let sources: [usize; PLACES] = array::from_fn(|i| places[i.min(places.len() - 1)].source);
            let sums = self.tile::<S, PLACES, VECTORS>(simd, sources);
            for (place, sums) in places.iter().zip(sums) {
                store(simd, &mut result[place.result..][self.channels.clone()], sums);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const PLACES: usize, const VECTORS: usize>(
        &self,
        simd: S,
        sources: [usize; PLACES],
    ) -> [[S::f32s; VECTORS]; PLACES] {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PLACES];
        for (row, kernels) in self.kernels.chunks_exact(self.kernel_row).enumerate() {
            let kernels = S::as_simd_f32s(&kernels[self.of_row.clone()]).0.as_chunks::<VECTORS>().0;
            // Of the same length all, so that the loop has no bounds to check.
            let values = sources.map(|first| &self.source[first + row * self.source_row..][..kernels.len()]);
            for (at, kernels) in kernels.iter().enumerate() {
                for (sums, values) in sums.iter_mut().zip(values) {
                    let value = simd.splat_f32s(values[at]);
                    for (sum, kernel) in sums.iter_mut().zip(kernels) {
                        *sum = simd.mul_add_e_f32s(value, *kernel, *sum);
                    }
                }
            }
        }
        sums
    }
}

/// As many values as there are places for.
#[inline(always)]
fn store<S: Simd, const VECTORS: usize>(simd: S, result: &mut [f32], sums: [S::f32s; VECTORS]) {
    let (whole, rest) = S::as_mut_simd_f32s(result);
    for (result, sum) in whole.iter_mut().zip(sums) {
        *result = sum;
    }
    if !rest.is_empty() {
        simd.partial_store_f32s(rest, sums[whole.len()]);
    }
}
