//! A data set and its batches, on the smallest example there is: the letters of the alphabet.
//!
//! A data set gives an item for an index. A loader visits all items, in an order that a seed decides, some at a time.
//! Neither cares what an item is: [`ItemLoader`] serves letters here as [`data::ImageLoader`] serves images.

use burn::data::dataset::InMemDataset;
use data::{ItemLoader, Order};

/// An index and the letter there.
pub type Letter = (usize, char);

/// All 26 letters as a data set of pairs.
pub fn letters() -> InMemDataset<Letter> {
    InMemDataset::new(('a'..='z').enumerate().collect())
}

/// A loader of six letters at a time, shuffled anew in each epoch.
pub fn loader(seed: u64) -> ItemLoader<InMemDataset<Letter>> {
    ItemLoader::new(letters(), 6, Order::Shuffled { seed })
}

pub fn batches(seed: u64, epoch: usize) -> Vec<Vec<Letter>> {
    loader(seed).batches(epoch).collect()
}

#[cfg(test)]
mod tests {
    use burn::data::dataset::Dataset as _;

    use super::*;

    #[test]
    fn an_item_is_a_pair_of_index_and_letter() {
        assert_eq!((letters().get(0), letters().get(25), letters().get(26)), (Some((0, 'a')), Some((25, 'z')), None));
    }

    #[test]
    fn batches_of_6_have_sizes_6_6_6_6_2_and_hold_every_letter_once() {
        let batches = batches(42, 0);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6, 6, 6, 2]);
        let mut all = batches.concat();
        assert_ne!(all, letters().iter().collect::<Vec<_>>(), "shuffled");
        all.sort_unstable();
        assert_eq!(all, letters().iter().collect::<Vec<_>>());
    }

    #[test]
    fn seed_and_epoch_decide_the_order() {
        assert_eq!(batches(1, 0), batches(1, 0));
        assert_ne!(batches(1, 0), batches(2, 0));
        assert_ne!(batches(1, 0), batches(1, 1));
    }
}
