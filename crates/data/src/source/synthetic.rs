//! Drawn digits: a seed instead of a download, for tests, benchmarks and machines without a network.
//!
//! Every image is written anew by a model of handwriting: `stroke` moves a pen through control points that vary, with
//! slant, aspect and curvature, and `raster` brings the strokes to size and place as MNIST's were. No image of a data
//! set is in here; the spreads were set by eye and by slants, widths and thicknesses of MNIST's training images.

mod raster;
mod stroke;

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use rayon::prelude::*;
use task::Shape;

use crate::{
    Error,
    request::SYNTHETIC,
    source::arrays::{Arrays, Layout},
};

/// Rows and columns of an image, MNIST's.
const SIDE: usize = 28;

/// Draws a training and a validation split of 3s and 7s, 28 x 28 each.
///
/// The 3s come first and are half of the split, rounded down. An image depends only on the seed, its split, its digit
/// and its number among that digit's images: a larger split begins each digit with the images of a smaller one. Threads
/// do not change the bits, nor does the machine: sums, products, quotients and square roots are all that draws, and
/// IEEE 754 defines their last bit.
///
/// # Errors
/// [`Error::Cancelled`] once `cancelled` says so.
pub fn generate(
    seed: u64,
    [train, valid]: [usize; 2],
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<[Arrays; 2], Error> {
    Ok([split([seed, 0], train, cancelled)?, split([seed, 1], valid, cancelled)?])
}

/// Draws `count` images of split number `split`.
fn split([seed, split]: [u64; 2], count: usize, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Arrays, Error> {
    let threes = count / 2;
    let mut pixels = vec![0; count * SIDE * SIDE];
    let draw = |(index, image): (usize, &mut [u8])| {
        if cancelled() {
            return Err(Error::Cancelled);
        }
        let three = index < threes;
        let number = if three { index } else { index - threes };
        let hand = &mut Hand::new([seed, split, three.into(), number as u64]);
        let strokes = if three { stroke::three(hand) } else { stroke::seven(hand) };
        raster::ink(hand, strokes, image);
        Ok(())
    };
    pixels.par_chunks_exact_mut(SIDE * SIDE).enumerate().try_for_each(draw)?;
    let labels = (0..count).map(|index| if index < threes { 3 } else { 7 }).collect();
    Ok(Arrays { place: SYNTHETIC.into(), pixels, layout: Layout::planes(Shape::grey([SIDE; 2])), labels })
}

/// The chance in one image: its own random stream, so that no image depends on how many numbers another one took.
struct Hand(ChaCha8Rng);

impl Hand {
    /// The stream of this key: seed, split, digit, number. `seed_from_u64` takes one word, and may spread it otherwise.
    fn new(key: [u64; 4]) -> Self {
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(key) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// Evenly between `low` and `high`, from the 24 bits that an `f32` holds exactly.
    fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// About normal, but never beyond 3.5 deviations: the sum of four uniforms has no tail that would spoil a digit.
    fn normal(&mut self, mean: f32, deviation: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.uniform(-1.0, 1.0)).sum();
        // Each uniform has variance 1/3.
        mean + deviation * sum * 0.75_f32.sqrt()
    }

    /// Whether something of this probability happens.
    fn chance(&mut self, probability: f32) -> bool {
        self.uniform(0.0, 1.0) < probability
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn generate(seed: u64, train: usize, valid: usize) -> (Arrays, Arrays) {
        super::generate(seed, [train, valid], &|| false).unwrap().into()
    }

    fn images(digits: &Arrays) -> impl Iterator<Item = &[u8]> {
        digits.pixels.chunks_exact(SIDE * SIDE)
    }

    #[test]
    fn same_seed_same_bits_whatever_the_threads() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let ((train, valid), (train_again, valid_again)) = (generate(7, 60, 20), pool.install(|| generate(7, 60, 20)));
        assert_eq!(train.pixels, train_again.pixels);
        assert_eq!(valid.pixels, valid_again.pixels);
    }

    #[test]
    fn images_differ_within_a_split_between_splits_and_between_seeds() {
        let splits = [generate(0, 300, 300), generate(1, 300, 300)];
        let all: Vec<&[u8]> = splits.iter().flat_map(|(train, valid)| images(train).chain(images(valid))).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1200);
    }

    #[test]
    fn more_images_keep_the_earlier_ones() {
        let ((few, _), (many, _)) = (generate(3, 21, 0), generate(3, 40, 5));
        let (few, many): (Vec<_>, Vec<_>) = (images(&few).collect(), images(&many).collect());
        assert_eq!((&few[..10], &few[10..]), (&many[..10], &many[20..31]));
    }

    #[test]
    fn threes_come_first_and_are_half_rounded_down() {
        let (train, valid) = generate(0, 7, 4);
        assert_eq!(train.labels, [3, 3, 3, 7, 7, 7, 7]);
        assert_eq!(valid.labels, [3, 3, 7, 7]);
    }

    #[test]
    fn drawing_ends_when_it_is_cancelled() {
        assert!(matches!(super::generate(0, [10, 10], &|| true), Err(Error::Cancelled)));
    }

    #[test]
    fn split_may_be_empty() {
        let (train, valid) = generate(0, 0, 1);
        assert!(train.labels.is_empty());
        assert_eq!(valid.labels, [7]);
    }

    #[test]
    fn ink_fills_a_box_of_about_20_pixels() {
        for image in images(&generate(0, 500, 0).0) {
            let extent = |place: fn(usize) -> usize| {
                let inked = image.iter().enumerate().filter(|(_, byte)| **byte > 0);
                let places: Vec<usize> = inked.map(|(index, _)| place(index)).collect();
                places.iter().max().unwrap() - places.iter().min().unwrap() + 1
            };
            assert!((18..=21).contains(&extent(|index| index % SIDE).max(extent(|index| index / SIDE))));
            assert!(image.contains(&255));
        }
    }

    #[test]
    fn centre_of_mass_lies_near_the_middle() {
        let (train, _) = generate(0, 1000, 0);
        let off = |image: &[u8], place: fn(usize) -> usize| {
            let mass: f64 = image.iter().map(|byte| f64::from(*byte)).sum();
            let moment: f64 = image.iter().enumerate().map(|(i, byte)| f64::from(*byte) * place(i) as f64).sum();
            (moment / mass - 14.0).abs()
        };
        let off: Vec<f64> = images(&train).map(|i| off(i, |i| i % SIDE).max(off(i, |i| i / SIDE))).collect();
        assert!(off.iter().all(|off| *off < 2.0));
        assert!(off.iter().filter(|off| **off < 0.51).count() > 950);
    }
}
