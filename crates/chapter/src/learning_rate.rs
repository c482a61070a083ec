//! The learning rate: how far a step goes for a gradient. Three of them, from the same start down the same function.

use burn::tensor::backend::AutodiffBackend;

use crate::gradient::{Path, descend, square};

/// Where all three start.
pub const START: f32 = -1.5;

/// Steps that each may take.
pub const STEPS: usize = 10;

/// Too small: each step takes off a fiftieth of x, so ten of them are still far from the end.
pub const TOO_SMALL: f32 = 0.01;

/// Right: each step takes off more than half.
pub const RIGHT: f32 = 0.3;

/// Too large: each step jumps over the lowest point and lands higher up on the other side.
pub const TOO_LARGE: f32 = 1.05;

/// Others to be tried: up to a half each step stays on its side of the lowest point, and at 1 it leads no lower.
pub const OTHER_RATES: [f32; 7] = [0.05, 0.1, 0.2, 0.5, 0.8, 0.95, 1.0];

/// A learning rate and where it leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    pub name: &'static str,
    pub learning_rate: f32,
    /// Where its steps go.
    pub path: Path,
}

/// x squared, down from [`START`] with each of the three.
pub fn three_learning_rates<B: AutodiffBackend>(device: &B::Device) -> [Descent; 3] {
    let named = [("too small", TOO_SMALL), ("right", RIGHT), ("too large", TOO_LARGE)];
    named.map(|(name, learning_rate)| Descent { name, learning_rate, path: descend_with::<B>(learning_rate, device) })
}

/// x squared, down from [`START`] with this one.
pub fn descend_with<B: AutodiffBackend>(learning_rate: f32, device: &B::Device) -> Path {
    descend::<B>(square, &[START], learning_rate, STEPS, device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Flex;

    #[test]
    fn a_half_arrives_at_once_and_one_goes_from_side_to_side_forever() {
        let end = |rate| descend_with::<Flex>(rate, &Default::default()).last().map(|slope| slope.at[0]);
        assert_eq!([0.5, 1.0].map(end), [Some(0.0), Some(START)]);
        assert_eq!(OTHER_RATES[OTHER_RATES.len() / 2], 0.5);
    }

    #[test]
    fn too_small_is_slow_right_arrives_and_too_large_diverges() {
        let [small, right, large] = three_learning_rates::<Flex>(&Default::default());
        assert_eq!([&small, &right, &large].map(|descent| descent.path.len()), [STEPS + 1; 3]);
        assert!(small.path[STEPS].value > 0.6 * small.path[0].value, "still high up");
        assert!(right.path[STEPS].value < 1e-6, "there");
        assert!(large.path.windows(2).all(|pair| pair[1].value > pair[0].value), "higher with every step");
        assert!(large.path.windows(2).all(|pair| pair[1].at[0] * pair[0].at[0] < 0.0), "from side to side");
    }
}
