//! The order in which an epoch visits the items: a function of seed and epoch, of nothing else.

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// How a loader visits its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First to last.
    Sequential,
    /// Shuffled anew each epoch.
    Shuffled { seed: u64 },
}

impl Order {
    /// The indices of `len` items in the order of this epoch.
    pub fn indices(self, epoch: usize, len: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..len).collect();
        if let Self::Shuffled { seed } = self {
            shuffle(&mut indices, &mut stream(seed, epoch));
        }
        indices
    }
}

/// The random stream of one epoch.
fn stream(seed: u64, epoch: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..13].copy_from_slice(b"order");
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(epoch as u64);
    stream
}

/// Fisher-Yates, last to first (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 P).
fn shuffle(items: &mut [usize], stream: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1, stream));
    }
}

/// Uniform in 0 to `bound` - 1; the bias of the multiplication is below `bound` / 2^64.
fn below(bound: usize, stream: &mut ChaCha8Rng) -> usize {
    ((u128::from(stream.next_u64()) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHUFFLED: Order = Order::Shuffled { seed: 3 };

    #[test]
    fn sequential_is_first_to_last() {
        assert_eq!(Order::Sequential.indices(5, 4), [0, 1, 2, 3]);
    }

    #[test]
    fn shuffled_holds_every_item_once() {
        let mut indices = SHUFFLED.indices(0, 26);
        assert_ne!(indices, Order::Sequential.indices(0, 26));
        indices.sort_unstable();
        assert_eq!(indices, Order::Sequential.indices(0, 26));
    }

    #[test]
    fn seed_and_epoch_decide_the_order() {
        let indices = SHUFFLED.indices(1, 100);
        assert_eq!(indices, SHUFFLED.indices(1, 100));
        assert_ne!(indices, SHUFFLED.indices(2, 100));
        assert_ne!(indices, Order::Shuffled { seed: 4 }.indices(1, 100));
    }

    #[test]
    fn every_permutation_is_as_likely() {
        let mut counts = std::collections::HashMap::new();
        for epoch in 0..6000 {
            *counts.entry(SHUFFLED.indices(epoch, 3)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (880..1120).contains(count)), "{counts:?}");
    }
}
