//! Random numbers from named streams, the same on every machine.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// A stream of random numbers.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a seed, a purpose of at most 16 bytes, the index of a trial and a name.
    pub fn new(seed: u64, purpose: &str, index: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..16 + purpose.len()].copy_from_slice(purpose.as_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(fnv_1a(name));
        Self(stream)
    }

    /// Uniform in [0, 1), with the 53 bits that a float holds exactly.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller, <https://doi.org/10.1214/aoms/1177706645>).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(TAU * self.uniform())
    }

    /// An index, as likely as its weight.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.uniform() * weights.iter().sum::<f64>();
        let is_here = |weight: &f64| {
            rest -= weight;
            rest < 0.0
        };
        weights.iter().position(is_here).unwrap_or(weights.len() - 1)
    }
}

/// A stable 64-bit hash of a name (FNV-1a, <https://www.rfc-editor.org/rfc/rfc9923>).
fn fnv_1a(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_name_makes_another_stream() {
        let first = |seed, purpose, index, name| Stream::new(seed, purpose, index, name).uniform();
        let values = [first(0, "a", 0, "x"), first(1, "a", 0, "x"), first(0, "b", 0, "x"), first(0, "a", 1, "x")];
        for (index, value) in values.iter().enumerate() {
            assert!(!values[..index].contains(value) && *value != first(0, "a", 0, "y"));
        }
        assert_eq!(values[0], first(0, "a", 0, "x"));
    }

    #[test]
    fn normal_numbers_have_their_mean_and_deviation() {
        let mut stream = Stream::new(0, "test", 0, "");
        let values: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let square = values.iter().map(|v| v * v).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.03, "{mean} {square}");
    }

    #[test]
    fn an_index_is_as_likely_as_its_weight() {
        let mut stream = Stream::new(0, "test", 1, "");
        let mut counts = [0; 3];
        (0..10_000).for_each(|_| counts[stream.weighted(&[1.0, 0.0, 3.0])] += 1);
        assert_eq!(counts[1], 0);
        assert!((2300..2700).contains(&counts[0]), "{counts:?}");
    }
}
