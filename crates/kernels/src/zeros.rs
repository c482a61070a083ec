//! Memory for results.

use rayon::prelude::*;

/// Values that a thread writes at once.
const BLOCK: usize = 1 << 10;

/// Zeros, written by all threads: the allocator would write them by one, while the others wait.
pub fn zeros(len: usize) -> Vec<f32> {
    let blocks: Vec<[f32; BLOCK]> = (0..len.div_ceil(BLOCK)).into_par_iter().map(|_| [0.0; BLOCK]).collect();
    let mut zeros = blocks.into_flattened();
    zeros.truncate(len);
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_zeros_as_asked_for() {
        for len in [0, 1, BLOCK, 3 * BLOCK + 1] {
            assert_eq!(zeros(len), vec![0.0; len]);
        }
    }
}
