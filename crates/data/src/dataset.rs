//! Burn's `Dataset` over the images of one split, and Burn's `Batcher`, which makes one buffer of pixels and one of targets of some of
//! them; uploaded, they are two tensors.

use std::sync::Arc;

use burn::{
    data::{dataloader::batcher::Batcher, dataset::Dataset},
    tensor::{Tensor, TensorData, backend::Backend},
};
use rand::Rng as _;
use task::{Shape, Task};

use crate::{
    Augmentation, Images,
    augmentation::{self, Augment},
};

/// One image with its label: light, because it only points into its split.
#[derive(Clone, Debug)]
pub struct ImageItem {
    images: Arc<Images>,
    index: usize,
    /// How often it has come before in the epoch.
    repeat: usize,
}

/// The images of one split, in order.
#[derive(Clone, Debug)]
pub struct ImageDataset(Arc<Images>);

impl ImageDataset {
    /// A data set over these images.
    pub fn new(images: Arc<Images>) -> Self {
        Self(images)
    }

    /// The classes of the images.
    pub fn task(&self) -> &Arc<Task> {
        self.0.task()
    }

    /// The labels of the images.
    pub(crate) fn labels(&self) -> &[u16] {
        self.0.labels()
    }

    /// The items of this draw.
    pub(crate) fn drawn(&self, draw: &[Draw]) -> Vec<ImageItem> {
        draw.iter().map(|draw| ImageItem { images: self.0.clone(), index: draw.index, repeat: draw.repeat }).collect()
    }
}

/// An image of an epoch in which some come more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    pub index: usize,
    /// How often it has come before.
    pub repeat: usize,
}

impl Dataset<ImageItem> for ImageDataset {
    fn get(&self, index: usize) -> Option<ImageItem> {
        (index < self.0.len()).then(|| ImageItem { images: self.0.clone(), index, repeat: 0 })
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl ImageItem {
    /// Where it stands in its split.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What its changes are drawn by: those of an image that comes more than once differ.
    fn draw(&self) -> usize {
        self.index + self.repeat * self.images.len()
    }

    /// The classes that its label is of.
    pub fn task(&self) -> &Arc<Task> {
        self.images.task()
    }

    /// Channels, rows and columns.
    pub fn shape(&self) -> Shape {
        self.images.shape()
    }

    /// Pixels 0 to 255, channel after channel, row by row.
    pub fn pixels(&self) -> &[u8] {
        self.images.image(self.index)
    }

    /// The index of its class.
    pub fn label(&self) -> u16 {
        self.images.labels()[self.index]
    }
}

/// A batch as a network takes it.
#[derive(Clone, Debug)]
pub struct ImageBatch<B: Backend> {
    /// Pixels from 0 to 1, one image a row: `[batch, pixels]`.
    pub images: Tensor<B, 2>,
    /// What the network's probabilities should be, [`task::Task::targets`]: `[batch, outputs]`.
    pub targets: Tensor<B, 2>,
    /// The labels on the host, for metrics.
    pub labels: Vec<u16>,
    /// How much each image counts in the loss, `[batch, 1]`; none where all count alike.
    pub weights: Option<Tensor<B, 2>>,
    /// What the network is to leave out, in training where the plan says so.
    pub dropout: Option<Dropout>,
}

/// What a network leaves out of the features of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    /// That a feature is left out.
    pub probability: f64,
    /// A random number of each image, by which its own are drawn: the same whichever batch it is in.
    pub draws: Vec<u64>,
}

/// The same on the host, which worker threads prepare: tensors are made by the thread that trains, because a GPU backend has a
/// queue of its own for each thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostBatch {
    images: Vec<f32>,
    targets: Vec<f32>,
    labels: Vec<u16>,
    weights: Option<Vec<f32>>,
    dropout: Option<Dropout>,
}

/// Fills one contiguous buffer a batch, dividing pixels by 255; in training it may change the images.
#[derive(Clone, Debug, Default)]
pub struct ImageBatcher {
    pub(crate) augment: Option<Augment>,
    /// How much of a target is spread evenly over all classes.
    pub(crate) smoothing: f32,
    /// How much the images of each class count in the loss.
    pub(crate) weights: Option<Arc<[f32]>>,
    /// What the network is to leave out.
    pub(crate) dropout: Option<Drop>,
}

/// How the [`Dropout`] of batches is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drop {
    pub probability: f64,
    pub seed: u64,
    pub epoch: usize,
}

impl<B: Backend> Batcher<B, ImageItem, HostBatch> for ImageBatcher {
    fn batch(&self, items: Vec<ImageItem>, _: &B::Device) -> HostBatch {
        self.host_batch(&items)
    }
}

impl ImageBatcher {
    /// Of no backend, so that it is compiled here, where loops over pixels are optimised.
    fn host_batch(&self, items: &[ImageItem]) -> HostBatch {
        let mut images = Vec::with_capacity(items.iter().map(|item| item.pixels().len()).sum());
        for item in items {
            match &self.augment {
                Some(augment) => augment.push(item.draw(), item.pixels(), item.shape(), &mut images),
                None => images.extend(item.pixels().iter().map(|pixel| f32::from(*pixel) / 255.0)),
            }
        }
        let labels: Vec<u16> = items.iter().map(ImageItem::label).collect();
        let mut targets = items.first().map_or_else(Vec::new, |item| item.task().targets(&labels));
        if self.smoothing > 0.0 {
            let even = items.first().map_or(0.0, |item| self.smoothing / item.task().classes().len() as f32);
            targets.iter_mut().for_each(|target| *target = *target * (1.0 - self.smoothing) + even);
        }
        if let Some(augment) = &self.augment {
            let items: Vec<usize> = items.iter().map(ImageItem::draw).collect();
            augment.mix(&items, &mut images, &mut targets);
        }
        let of_label = |weights: &Arc<[f32]>| labels.iter().map(|label| weights[usize::from(*label)]).collect();
        let weights = self.weights.as_ref().map(of_label);
        let dropout = |Drop { probability, seed, epoch }| {
            let draw = |item: &ImageItem| augmentation::stream(b"drop", seed, epoch, item.draw()).next_u64();
            Dropout { probability, draws: items.iter().map(draw).collect() }
        };
        HostBatch { images, targets, labels, weights, dropout: self.dropout.map(dropout) }
    }
}

impl<B: Backend> ImageBatch<B> {
    /// The images at these indices, such as a range, as one batch, as they are.
    ///
    /// # Panics
    /// When an index is beyond the end.
    pub fn of(images: &Arc<Images>, indices: impl IntoIterator<Item = usize>, device: &B::Device) -> Self {
        let dataset = ImageDataset::new(images.clone());
        let item = |index| dataset.get(index).expect("the index is of an image");
        let items = indices.into_iter().map(item).collect();
        Batcher::<B, _, HostBatch>::batch(&ImageBatcher::default(), items, device).upload(device)
    }
}

/// The values, 0 to 255, of the images at these indices as the training of this epoch, the first is 0, sees them.
pub fn augmented(
    images: &Arc<Images>,
    indices: &[usize],
    limits: Augmentation,
    (seed, epoch): (u64, usize),
) -> Vec<Vec<u8>> {
    let dataset = ImageDataset::new(images.clone());
    let items: Vec<ImageItem> = indices.iter().filter_map(|index| dataset.get(*index)).collect();
    let augment = (!limits.is_none()).then_some(Augment { limits, seed, epoch });
    let batch = ImageBatcher { augment, ..ImageBatcher::default() }.host_batch(&items);
    let bytes = |image: &[f32]| image.iter().map(|value| (value * 255.0).round() as u8).collect();
    batch.images.chunks_exact(images.shape().len()).map(bytes).collect()
}

impl HostBatch {
    /// Moves the batch to the device: one tensor of images, one of targets.
    pub fn upload<B: Backend>(self, device: &B::Device) -> ImageBatch<B> {
        let count = self.labels.len();
        let pixels = self.images.len().checked_div(count).unwrap_or(0);
        let outputs = self.targets.len().checked_div(count).unwrap_or(1);
        ImageBatch {
            images: Tensor::from_data(TensorData::new(self.images, [count, pixels]), device),
            targets: Tensor::from_data(TensorData::new(self.targets, [count, outputs]), device),
            labels: self.labels,
            weights: self.weights.map(|weights| Tensor::from_data(TensorData::new(weights, [count, 1]), device)),
            dropout: self.dropout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::digits;

    #[test]
    fn an_item_points_to_its_pixels_and_label() {
        let dataset = ImageDataset::new(Arc::new(digits([1, 2], &[1, 2, 3, 4], &[0, 1])));
        let digit = dataset.get(1).unwrap();
        assert_eq!((digit.index(), digit.pixels(), digit.label()), (1, &[3, 4][..], 1));
    }

    #[test]
    fn there_is_nothing_beyond_the_end() {
        assert!(ImageDataset::new(Arc::new(digits([1, 1], &[1], &[0]))).get(1).is_none());
    }
}

#[cfg(test)]
mod tests_of_batches {
    use burn::data::dataset::Dataset as _;
    use burn_flex::Flex;

    use task::Task;

    use super::*;
    use crate::testing::digits;

    #[test]
    fn a_batch_is_rows_of_pixels_from_0_to_1() {
        let digits = digits([1, 3], &[0, 51, 255, 255, 0, 102], &[0, 1]);
        let device = Default::default();
        let items: Vec<_> = ImageDataset::new(Arc::new(digits)).iter().collect();
        let batch: HostBatch = Batcher::<Flex, _, _>::batch(&ImageBatcher::default(), items, &device);
        let batch: ImageBatch<Flex> = batch.upload(&device);
        assert_eq!(batch.images.dims(), [2, 3]);
        assert_eq!(batch.images.into_data().to_vec::<f32>().unwrap(), [0.0, 0.2, 1.0, 1.0, 0.0, 0.4]);
        assert_eq!(batch.targets.dims(), [2, 1]);
        assert_eq!(batch.targets.into_data().to_vec::<f32>().unwrap(), [1.0, 0.0]);
        assert_eq!(batch.labels, [0, 1]);
    }

    #[test]
    fn each_epoch_sees_an_image_in_its_own_way_and_the_same_one_always_so() {
        let images = Arc::new(digits([1, 3], &[10, 20, 30], &[0]));
        let limits = Augmentation { flip: 0.5, ..Augmentation::default() };
        let seen: Vec<Vec<u8>> = (0..20).flat_map(|epoch| augmented(&images, &[0], limits, (0, epoch))).collect();
        assert!(seen.contains(&vec![10, 20, 30]) && seen.contains(&vec![30, 20, 10]), "{seen:?}");
        assert_eq!(augmented(&images, &[0], limits, (0, 7)), [seen[7].clone()]);
    }

    #[test]
    fn a_range_of_digits_is_a_batch_in_their_order() {
        let digits = digits([1, 1], &[0, 51, 255], &[0, 1, 0]);
        let batch = ImageBatch::<Flex>::of(&Arc::new(digits), 1..3, &Default::default());
        assert_eq!(batch.images.into_data().to_vec::<f32>().unwrap(), [0.2, 1.0]);
        assert_eq!(batch.labels, [1, 0]);
    }

    #[test]
    fn smoothed_targets_are_spread_over_all_classes() {
        let device = Default::default();
        let of = |task: Task| {
            let images = Images::new(&Arc::new(task), Shape::grey([1, 1]), vec![0, 255].into(), vec![1, 0]);
            let items: Vec<_> = ImageDataset::new(Arc::new(images)).iter().collect();
            let batch: HostBatch = Batcher::<Flex, _, _>::batch(
                &ImageBatcher { smoothing: 0.1, ..ImageBatcher::default() },
                items,
                &device,
            );
            batch.upload::<Flex>(&device).targets.into_data().to_vec::<f32>().unwrap()
        };
        let near = |values: Vec<f32>, expected: &[f32]| {
            assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
        };
        near(of(Task::new(["3", "7"]).unwrap()), &[0.05, 0.95]);
        near(of(Task::new(["a", "b", "c", "d"]).unwrap()), &[0.025, 0.925, 0.025, 0.025, 0.925, 0.025, 0.025, 0.025]);
    }

    #[test]
    fn of_more_than_two_classes_the_targets_are_one_hot() {
        let task = Arc::new(Task::new(["a", "b", "c"]).unwrap());
        let digits = Images::new(&task, Shape::grey([1, 1]), vec![0, 255].into(), vec![2, 0]);
        let batch = ImageBatch::<Flex>::of(&Arc::new(digits), 0..2, &Default::default());
        assert_eq!(batch.targets.dims(), [2, 3]);
        assert_eq!(batch.targets.into_data().to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }
}
