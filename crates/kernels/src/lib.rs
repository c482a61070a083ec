//! Convolution and batch normalisation on slices of memory, by all cores: what flex and ndarray compute with. Images are
//! `[batch, height, width, channels]`.
//!
//! Burn 0.21 itself takes ten times as long as PyTorch for a small residual net on flex, and fifty times on ndarray. It is a
//! crate without Burn, so that these loops are compiled as one piece at full optimisation, and the generic code above them
//! is not.

mod batch_norm;
mod convolution;
mod zeros;

pub use batch_norm::{Channels, Gradients, Normalised};
pub use convolution::Convolution;
use zeros::zeros;

#[cfg(test)]
mod tests {
    /// Numbers between -1 and 1 without a pattern.
    pub fn values(count: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Within 1e-5 of the largest value, or of one.
    #[track_caller]
    pub fn near(found: &[f32], expected: &[f32], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        let largest = expected.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5 * largest, "{what}: {found} instead of {expected}");
        }
    }
}
