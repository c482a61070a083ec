//! Batches in an order that is a function of (seed, epoch): of any of Burn's data sets, and of digits as Burn's `DataLoader`,
//! whatever the number of workers.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use burn::{
    data::{
        dataloader::{DataLoader, DataLoaderIterator, Progress, batcher::Batcher},
        dataset::Dataset,
    },
    tensor::backend::Backend,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use task::Task;

use crate::{
    Augmentation, ImageBatch, ImageBatcher, ImageDataset, ImageItem,
    augmentation::Augment,
    dataset::{Draw, Drop, HostBatch},
    shuffle::shuffle,
};

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
            shuffle(&mut indices, &mut stream(b"order", seed, epoch));
        }
        indices
    }
}

/// The random stream of one epoch for a purpose.
fn stream(purpose: &[u8; 5], seed: u64, epoch: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..13].copy_from_slice(purpose);
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(epoch as u64);
    stream
}

/// As many draws as there are labels, class after class in turn: each time that all images of a class have come, they come again in
/// another order. Which is done with in which batch is up to the order of the epoch.
fn balanced(labels: &[u16], stream: &mut ChaCha8Rng) -> Vec<Draw> {
    let mut classes: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(index, label)| classes.entry(*label).or_default().push(index));
    let mut classes: Vec<Vec<usize>> = classes.into_values().collect();
    let mut draws = Vec::with_capacity(labels.len());
    for turn in 0.. {
        for class in &mut classes {
            let (at, repeat) = (turn % class.len(), turn / class.len());
            if at == 0 {
                shuffle(class, stream);
            }
            if draws.len() == labels.len() {
                return draws;
            }
            draws.push(Draw { index: class[at], repeat });
        }
    }
    draws
}

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

    pub fn num_items(&self) -> usize {
        self.range.len()
    }

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

/// Which parts of a batch, cut by position into so many contiguous ones, are served: each as a batch of its own.
///
/// Of a batch with fewer images than parts some parts have none, and are not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    count: usize,
    first: usize,
    end: usize,
}

impl Shards {
    /// Those of `own` of so many.
    ///
    /// # Panics
    /// When there are none, or not so many.
    pub fn new(count: usize, own: Range<usize>) -> Self {
        assert!(own.start <= own.end && own.end <= count && count > 0, "{own:?} of {count} shards");
        Self { count, first: own.start, end: own.end }
    }

    /// Into how many a batch is cut.
    pub fn count(self) -> usize {
        self.count
    }

    /// Those that are served.
    pub fn own(self) -> Range<usize> {
        self.first..self.end
    }

    /// The positions of these shards, which follow each other, in a batch of so many images.
    pub fn positions(self, shards: &Range<usize>, batch: usize) -> Range<usize> {
        let cut = |shard: usize| shard * batch / self.count;
        cut(shards.start)..cut(shards.end)
    }

    /// The indices of each shard that is served, of those of a batch.
    fn of(self, batch: &[usize]) -> impl Iterator<Item = Vec<usize>> {
        let shards = self.own().map(move |shard| self.positions(&(shard..shard + 1), batch.len()));
        shards.filter(|positions| !positions.is_empty()).map(|positions| batch[positions].to_vec())
    }
}

impl Default for Shards {
    /// The whole batch.
    fn default() -> Self {
        Self { count: 1, first: 0, end: 1 }
    }
}

/// Serves a split in batches of an [`ItemLoader`], each as one tensor of images and one of targets.
///
/// Which epoch [`iter`](DataLoader::iter) serves is set by [`set_epoch`](Self::set_epoch), as with PyTorch's
/// `DistributedSampler`, and a resumed epoch skips the batches it has already seen by [`set_start`](Self::set_start).
#[derive(Debug)]
pub struct ImageLoader<B: Backend> {
    items: ItemLoader<ImageDataset>,
    augmentation: Option<(Augmentation, u64)>,
    smoothing: f64,
    weights: Option<Arc<[f32]>>,
    /// The seed of a draw in which all classes are as frequent.
    balance: Option<u64>,
    /// Probability and seed of dropout.
    dropout: Option<(f64, u64)>,
    shards: Shards,
    workers: usize,
    device: B::Device,
    epoch: Arc<AtomicUsize>,
    start: Arc<AtomicUsize>,
}

impl<B: Backend> ImageLoader<B> {
    /// A loader on `device`; `workers` threads prepare batches ahead, 0 prepares each when asked for.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    pub fn new(dataset: ImageDataset, batch_size: usize, order: Order, workers: usize, device: B::Device) -> Self {
        let items = ItemLoader::new(dataset, batch_size, order);
        Self {
            items,
            augmentation: None,
            smoothing: 0.0,
            weights: None,
            balance: None,
            dropout: None,
            shards: Shards::default(),
            workers,
            device,
            epoch: Arc::default(),
            start: Arc::default(),
        }
    }

    /// Changes each image anew in every epoch, by random streams of this seed.
    pub fn augmented(self, limits: Augmentation, seed: u64) -> Self {
        Self { augmentation: (!limits.is_none()).then_some((limits, seed)), ..self }
    }

    /// Spreads this much of each target evenly over all classes (label smoothing, Szegedy et al. 2015,
    /// <https://arxiv.org/abs/1512.00567>).
    pub fn smoothed(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
    }

    /// Lets the images of each class count so much in the loss.
    ///
    /// # Panics
    /// When there are not as many weights as classes.
    pub fn weighted(self, weights: Option<Vec<f32>>) -> Self {
        assert!(
            weights.as_ref().is_none_or(|weights| weights.len() == self.task().classes().len()),
            "a weight a class"
        );
        Self { weights: weights.map(Into::into), ..self }
    }

    /// Draws each epoch anew so that all classes are as frequent in it, by a random stream of this seed: of a frequent class some
    /// images do not come, those of a rare one come more than once.
    pub fn balanced(self, seed: Option<u64>) -> Self {
        Self { balance: seed, ..self }
    }

    /// Gives each image of an epoch a random number of a stream of this seed, by which the network is to leave out features with this
    /// probability; with 0 none.
    pub fn dropping(self, probability: f64, seed: u64) -> Self {
        Self { dropout: (probability > 0.0).then_some((probability, seed)), ..self }
    }

    /// Serves these parts of each batch, one after the other, instead of the batch: images are mixed within a part, and what is
    /// drawn for an image is the same in whichever it is.
    pub fn sharded(self, shards: Shards) -> Self {
        Self { shards, ..self }
    }

    /// Chooses the epoch that the next iteration serves.
    pub fn set_epoch(&self, epoch: usize) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    /// Lets the next iteration begin at this batch of the epoch.
    pub fn set_start(&self, batch: usize) {
        self.start.store(batch, Ordering::Relaxed);
    }

    pub fn num_batches(&self) -> usize {
        self.items.num_batches()
    }

    /// How many images a batch of the epoch, from 0, has.
    pub fn batch_len(&self, batch: usize) -> usize {
        let (items, size) = (self.items.num_items(), self.items.batch_size());
        items.saturating_sub(batch * size).min(size)
    }

    /// The same on these batches, from 0, of the epoch alone.
    pub fn of_batches(&self, batches: Range<usize>) -> Self {
        let items = |batch: usize| (batch * self.items.batch_size()).min(self.items.num_items());
        let items = self.items.clone().slice(items(batches.start), items(batches.end));
        self.with(self.device.clone(), items)
    }

    /// The classes of the items.
    pub fn task(&self) -> &Task {
        self.items.dataset().task()
    }

    fn with(&self, device: B::Device, items: ItemLoader<ImageDataset>) -> Self {
        let (weights, epoch, start) = (self.weights.clone(), self.epoch.clone(), self.start.clone());
        Self { items, device, weights, epoch, start, ..*self }
    }
}

impl<B: Backend> DataLoader<B, ImageBatch<B>> for ImageLoader<B> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<ImageBatch<B>> + 'a> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let augment = self.augmentation.map(|(limits, seed)| Augment { limits, seed, epoch });
        let (smoothing, weights) = (self.smoothing as f32, self.weights.clone());
        let dropout = self.dropout.map(|(probability, seed)| Drop { probability, seed, epoch });
        let batcher = ImageBatcher { augment, smoothing, weights, dropout };
        let (dataset, device) = (self.items.dataset().clone(), self.device.clone());
        let draws = self.balance.map(|seed| {
            let labels = &dataset.labels()[self.items.range.clone()];
            balanced(labels, &mut stream(b"balan", seed, epoch))
        });
        let first = self.items.range.start;
        let make = move |indices: &[usize]| {
            let draw = |draws: &[Draw], index: usize| {
                let Draw { index, repeat } = draws[index - first];
                Draw { index: first + index, repeat }
            };
            let items: Vec<ImageItem> = match &draws {
                Some(draws) => dataset.drawn(&indices.iter().map(|index| draw(draws, *index)).collect::<Vec<Draw>>()),
                None => indices.iter().filter_map(|index| dataset.get(*index)).collect(),
            };
            Batcher::<B, ImageItem, HostBatch>::batch(&batcher, items, &device)
        };
        let start = self.start.load(Ordering::Relaxed);
        let batches = self.items.indices(epoch).into_iter().skip(start);
        let batches = batches.flat_map(|batch| self.shards.of(&batch).collect::<Vec<_>>()).collect();
        let total = self.num_items();
        Box::new(Batches::<B> {
            batches: Prefetch::new(make, batches, self.workers),
            device: &self.device,
            processed: (start * self.items.batch_size()).min(total),
            total,
        })
    }

    fn num_items(&self) -> usize {
        self.items.num_items()
    }

    fn to_device(&self, device: &B::Device) -> Arc<dyn DataLoader<B, ImageBatch<B>>> {
        Arc::new(self.with(device.clone(), self.items.clone()))
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<B, ImageBatch<B>>> {
        Arc::new(self.with(self.device.clone(), self.items.clone().slice(start, end)))
    }
}

/// An epoch being served.
struct Batches<'a, B: Backend> {
    batches: Prefetch<HostBatch>,
    device: &'a B::Device,
    processed: usize,
    total: usize,
}

impl<B: Backend> Iterator for Batches<'_, B> {
    type Item = ImageBatch<B>;

    fn next(&mut self) -> Option<ImageBatch<B>> {
        let batch = self.batches.next()?.upload::<B>(self.device);
        self.processed += batch.labels.len();
        Some(batch)
    }
}

impl<B: Backend> DataLoaderIterator<ImageBatch<B>> for Batches<'_, B> {
    fn progress(&self) -> Progress {
        Progress::new(self.processed, self.total)
    }
}

/// Batches of each worker that wait to be taken, besides the one in its hands.
const AHEAD: usize = 1;

/// The batches of one epoch, each made of its indices: worker `w` of `n` makes batches w, w + n, w + 2n, .. and the consumer
/// takes from the workers in turn, so the order does not depend on who is faster. Dropping it ends the workers.
pub(crate) struct Prefetch<T> {
    make: Make<T>,
    batches: Arc<Vec<Vec<usize>>>,
    next: usize,
    workers: Vec<Receiver<T>>,
}

type Make<T> = Arc<dyn Fn(&[usize]) -> T + Send + Sync>;

impl<T: Send + 'static> Prefetch<T> {
    pub(crate) fn new(
        make: impl Fn(&[usize]) -> T + Send + Sync + 'static,
        batches: Vec<Vec<usize>>,
        workers: usize,
    ) -> Self {
        let (make, batches): (Make<T>, _) = (Arc::new(make), Arc::new(batches));
        let count = workers.min(batches.len());
        let spawn = |first| spawn(make.clone(), batches.clone(), first, count);
        // Too few threads in the system cost time, not the run: without workers each batch is made when asked for.
        let workers = (0..count).map(spawn).collect::<Option<_>>().unwrap_or_default();
        Self { make, batches, next: 0, workers }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let indices = self.batches.get(self.next)?;
        let worker = self.workers.get(self.next % self.workers.len().max(1));
        self.next += 1;
        Some(worker.and_then(|worker| worker.recv().ok()).unwrap_or_else(|| (self.make)(indices)))
    }
}

/// Starts a worker; none when the system has no thread to give.
fn spawn<T: Send + 'static>(
    make: Make<T>,
    batches: Arc<Vec<Vec<usize>>>,
    first: usize,
    step: usize,
) -> Option<Receiver<T>> {
    let (sender, receiver) = sync_channel(AHEAD);
    let work = move || serve(&make, batches.iter().skip(first).step_by(step), &sender);
    thread::Builder::new().name(format!("loader-{first}")).spawn(work).ok().map(|_| receiver)
}

/// Makes batches until there are no more or nobody takes them.
fn serve<'a, T>(make: &Make<T>, batches: impl Iterator<Item = &'a Vec<usize>>, sender: &SyncSender<T>) {
    for indices in batches {
        if sender.send(make(indices)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::data::dataset::InMemDataset;
    use burn_flex::Flex;

    use super::*;
    use crate::testing::digits;

    fn loader(workers: usize) -> ImageLoader<Flex> {
        let digits = digits([1, 1], &(0..26).collect::<Vec<u8>>(), &[1; 26]);
        let order = Order::Shuffled { seed: 1 };
        ImageLoader::new(ImageDataset::new(Arc::new(digits)), 6, order, workers, Default::default())
    }

    fn pixels(loader: &dyn DataLoader<Flex, ImageBatch<Flex>>) -> Vec<Vec<u8>> {
        let row = |batch: ImageBatch<Flex>| {
            let images = batch.images.into_data().to_vec::<f32>().unwrap();
            images.iter().map(|v| (v * 255.0).round() as u8).collect()
        };
        loader.iter().map(row).collect()
    }

    #[test]
    fn a_balanced_epoch_has_as_many_images_of_each_class() {
        let labels: Vec<u16> = (0..100).map(|index| u16::from(index % 10 == 0)).collect();
        let draws = |epoch| balanced(&labels, &mut stream(b"balan", 3, epoch));
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let rare: Vec<Draw> = draws(0).into_iter().filter(|draw| labels[draw.index] == 1).collect();
        assert_eq!(rare.len(), 50);
        for repeat in 0..5 {
            let mut once: Vec<usize> =
                rare.iter().filter(|draw| draw.repeat == repeat).map(|draw| draw.index).collect();
            once.sort_unstable();
            assert_eq!(once, (0..10).map(|ten| 10 * ten).collect::<Vec<_>>());
        }
        let digits = digits([1, 1], &(0..100).collect::<Vec<u8>>(), &labels);
        let dataset = ImageDataset::new(Arc::new(digits));
        let loader = ImageLoader::<Flex>::new(dataset, 30, Order::Shuffled { seed: 1 }, 2, Default::default());
        let loader = loader.balanced(Some(3)).weighted(Some(vec![0.5, 2.0]));
        let batches: Vec<ImageBatch<Flex>> = loader.iter().collect();
        assert_eq!(batches.iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [30, 30, 30, 10]);
        assert_eq!(batches.iter().flat_map(|batch| &batch.labels).filter(|label| **label == 1).count(), 50);
        let weights = batches[0].weights.clone().unwrap().into_data().to_vec::<f32>().unwrap();
        let expected: Vec<f32> = batches[0].labels.iter().map(|label| [0.5, 2.0][usize::from(*label)]).collect();
        assert_eq!(weights, expected);
        assert!(batches[0].labels.contains(&0) && batches[0].labels.contains(&1), "shuffled");
        let part: Vec<ImageBatch<Flex>> = loader.slice(50, 100).iter().collect();
        assert_eq!(part.iter().flat_map(|batch| &batch.labels).filter(|label| **label == 1).count(), 25);
    }

    #[test]
    fn batches_of_6_over_26_items_have_sizes_6_6_6_6_2() {
        let batches = pixels(&loader(0));
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6, 6, 6, 2]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..26).collect::<Vec<u8>>());
    }

    #[test]
    fn order_is_the_same_with_any_number_of_workers() {
        let alone = pixels(&loader(0));
        for workers in [1, 2, 3, 8] {
            assert_eq!(alone, pixels(&loader(workers)), "{workers} workers");
        }
    }

    #[test]
    fn another_epoch_has_another_order_and_the_same_epoch_the_same() {
        let loader = loader(1);
        let first = pixels(&loader);
        loader.set_epoch(1);
        assert_ne!(first, pixels(&loader));
        loader.set_epoch(0);
        assert_eq!(first, pixels(&loader));
    }

    #[test]
    fn a_start_skips_the_batches_already_seen() {
        let loader = loader(2);
        let all = pixels(&loader);
        loader.set_start(3);
        assert_eq!(pixels(&loader), all[3..]);
        let mut iterator = loader.iter();
        iterator.next().unwrap();
        assert_eq!(iterator.progress().items_processed, 24);
    }

    #[test]
    fn augmentation_is_the_same_with_any_number_of_workers_and_new_in_each_epoch() {
        let augmented = |workers, epoch| {
            let loader = loader(workers).augmented(Augmentation { translate: 0.5, ..Augmentation::default() }, 1);
            loader.set_epoch(epoch);
            pixels(&loader)
        };
        assert_eq!(augmented(0, 0), augmented(3, 0));
        let sorted = |epoch| {
            let mut values = augmented(1, epoch).concat();
            values.sort_unstable();
            values
        };
        assert_ne!(sorted(0), sorted(1));
    }

    #[test]
    fn dropping_an_iteration_halfway_ends_its_workers() {
        let loader = loader(2);
        drop(loader.iter().next());
        assert_eq!(pixels(&loader).len(), 5);
    }

    #[test]
    fn a_slice_serves_its_part_of_the_items() {
        let mut part = pixels(loader(0).slice(3, 10).as_ref()).concat();
        part.sort_unstable();
        assert_eq!(part, (3..10).collect::<Vec<u8>>());
    }

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

#[cfg(test)]
mod tests_of_order {
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
