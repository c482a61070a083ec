//! Batches of any Burn `Dataset`, in an order that is a function of (seed, epoch).

use std::ops::Range;

use burn::data::dataset::Dataset;

use crate::Order;

/// The items of a data set in batches; the last batch of an epoch may be short.
///
/// It asks nothing of the items: they may be letters, images or lines of text.
#[derive(Clone, Debug)]
pub struct ItemLoader<D> {
    dataset: D,
    range: Range<usize>,
    batch_size: usize,
    order: Order,
}

impl<D> ItemLoader<D> {
    /// Batches of `batch_size` items.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    pub fn new<I>(dataset: D, batch_size: usize, order: Order) -> Self
    where
        D: Dataset<I>,
    {
        assert!(batch_size > 0, "a batch holds at least one item");
        Self { range: 0..dataset.len(), dataset, batch_size, order }
    }

    /// The batches of an epoch.
    pub fn batches<I>(&self, epoch: usize) -> impl Iterator<Item = Vec<I>>
    where
        D: Dataset<I>,
    {
        self.indices(epoch).into_iter().map(|batch| batch.into_iter().filter_map(|i| self.dataset.get(i)).collect())
    }

    /// The item indices of each batch of an epoch.
    pub fn indices(&self, epoch: usize) -> Vec<Vec<usize>> {
        let order = self.order.indices(epoch, self.num_items());
        order.chunks(self.batch_size).map(|batch| batch.iter().map(|i| i + self.range.start).collect()).collect()
    }

    /// Items of an epoch.
    pub fn num_items(&self) -> usize {
        self.range.len()
    }

    /// Batches of an epoch.
    pub fn num_batches(&self) -> usize {
        self.num_items().div_ceil(self.batch_size)
    }

    /// Items of a batch, but for the last.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The data set.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// The same on the items from `start` to before `end`.
    pub(crate) fn slice(mut self, start: usize, end: usize) -> Self {
        self.range = self.range.start + start..self.range.start + end;
        self
    }
}

#[cfg(test)]
mod tests {
    use burn::data::dataset::InMemDataset;

    use super::*;

    fn words(order: Order) -> ItemLoader<InMemDataset<String>> {
        ItemLoader::new(InMemDataset::new(["a", "b", "c", "d", "e"].map(String::from).to_vec()), 2, order)
    }

    #[test]
    fn items_of_any_type_come_in_batches() {
        let batches: Vec<Vec<String>> = words(Order::Sequential).batches(0).collect();
        assert_eq!(batches, [&["a", "b"][..], &["c", "d"], &["e"]]);
        assert_eq!(words(Order::Sequential).num_batches(), 3);
    }

    #[test]
    fn seed_and_epoch_decide_the_batches() {
        let words = words(Order::Shuffled { seed: 1 });
        assert_eq!(words.batches(0).collect::<Vec<_>>(), words.batches(0).collect::<Vec<_>>());
        assert_ne!(words.batches(0).collect::<Vec<_>>(), words.batches(1).collect::<Vec<_>>());
    }

    #[test]
    fn a_slice_of_a_slice_counts_from_its_own_start() {
        let part = words(Order::Sequential).slice(1, 5).slice(1, 3);
        assert_eq!(part.batches(0).collect::<Vec<_>>(), [["c", "d"]]);
    }
}
