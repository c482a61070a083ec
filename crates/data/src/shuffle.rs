//! A random order of a stream.

use rand::{Rng, rngs::ChaCha8Rng};

/// Fisher-Yates, last to first (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 P).
pub(crate) fn shuffle(items: &mut [usize], stream: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1, stream));
    }
}

/// Uniform in 0 to `bound` - 1; the bias of the multiplication is below `bound` / 2^64.
fn below(bound: usize, stream: &mut ChaCha8Rng) -> usize {
    ((u128::from(stream.next_u64()) * bound as u128) >> 64) as usize
}
