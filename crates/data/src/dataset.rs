//! The digits of one split, Burn's `Dataset` over them, and Burn's `Batcher`, which makes one buffer of images and one of targets of
//! some of them; uploaded, they are two tensors.

use std::{ops::Range, sync::Arc};

use burn::{
    data::{dataloader::batcher::Batcher, dataset::Dataset},
    tensor::{Tensor, TensorData, backend::Backend},
};
use memmap2::Mmap;
use task::Task;

use crate::augmentation::Augment;

/// Grey images of one size with their labels: each the index of its class in the task.
///
/// Pixels are `u8` (0, the black ground, to 255, full stroke), row by row, image after image: `[images, height, width]`.
#[derive(Clone, Debug)]
pub struct Digits {
    task: Arc<Task>,
    height: usize,
    width: usize,
    pixels: Bytes,
    labels: Arc<[u16]>,
    names: Bytes,
}

/// Bytes that are owned or lie in a memory-mapped cache file.
#[derive(Clone, Debug)]
pub enum Bytes {
    Owned(Arc<[u8]>),
    /// A range of a mapped file.
    Mapped(Arc<Mmap>, Range<usize>),
}

impl Digits {
    /// Joins pixels and labels.
    ///
    /// # Panics
    /// When `pixels` is not `labels` times `height` times `width` long, or a label is of no class: sources check before they
    /// build.
    pub fn new(task: &Arc<Task>, [height, width]: [usize; 2], pixels: Bytes, labels: Vec<u16>) -> Self {
        assert_eq!(pixels.as_slice().len(), labels.len() * height * width, "pixels and labels disagree");
        assert!(labels.iter().all(|label| usize::from(*label) < task.classes().len()), "a label is of no class");
        Self { task: task.clone(), height, width, pixels, labels: labels.into(), names: Vec::new().into() }
    }

    /// The classes that the labels are of.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// The same with the file names of the images in their order, each followed by a zero byte.
    pub(crate) fn named(self, names: Bytes) -> Self {
        Self { names, ..self }
    }

    /// The file that image `index` was, without its folders; `None` where the images were no files, or there is no such
    /// image.
    pub fn file_name(&self, index: usize) -> Option<&str> {
        let name = self.names().split(|byte| *byte == 0).nth(index)?;
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// All file names, each followed by a zero byte; empty where the images were no files.
    pub(crate) fn names(&self) -> &[u8] {
        self.names.as_slice()
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of one image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of one image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows and columns of one image.
    pub fn sides(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Pixels of one image, `height * width`.
    pub fn image_len(&self) -> usize {
        self.height * self.width
    }

    /// The pixels of image `index`, row by row.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels()[index * self.image_len()..][..self.image_len()]
    }

    /// All pixels, `[images, height, width]`.
    pub fn pixels(&self) -> &[u8] {
        self.pixels.as_slice()
    }

    /// All labels.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// How many images have this label.
    pub fn count(&self, label: u16) -> usize {
        self.labels().iter().filter(|l| **l == label).count()
    }
}

impl Bytes {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map, range) => &map[range.clone()],
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

/// One image with its label: light, because it only points into its split.
#[derive(Clone, Debug)]
pub struct Digit {
    digits: Arc<Digits>,
    index: usize,
}

/// The digits of one split, in order.
#[derive(Clone, Debug)]
pub struct DigitDataset(Arc<Digits>);

impl DigitDataset {
    /// A data set over these digits.
    pub fn new(digits: Arc<Digits>) -> Self {
        Self(digits)
    }

    /// The classes of the digits.
    pub fn task(&self) -> &Arc<Task> {
        self.0.task()
    }
}

impl Dataset<Digit> for DigitDataset {
    fn get(&self, index: usize) -> Option<Digit> {
        (index < self.0.len()).then(|| Digit { digits: self.0.clone(), index })
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Digit {
    /// Where it stands in its split.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The classes that its label is of.
    pub fn task(&self) -> &Arc<Task> {
        self.digits.task()
    }

    /// Rows and columns.
    pub fn sides(&self) -> [usize; 2] {
        self.digits.sides()
    }

    /// Pixels 0 to 255, row by row.
    pub fn pixels(&self) -> &[u8] {
        self.digits.image(self.index)
    }

    /// The index of its class.
    pub fn label(&self) -> u16 {
        self.digits.labels()[self.index]
    }
}

/// A batch as a network takes it.
#[derive(Clone, Debug)]
pub struct DigitBatch<B: Backend> {
    /// Pixels from 0 to 1, one image a row: `[batch, pixels]`.
    pub images: Tensor<B, 2>,
    /// What the network's probabilities should be, [`task::Task::targets`]: `[batch, outputs]`.
    pub targets: Tensor<B, 2>,
    /// The labels on the host, for metrics.
    pub labels: Vec<u16>,
}

/// The same on the host, which worker threads prepare: tensors are made by the thread that trains, because a GPU backend has a
/// queue of its own for each thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostBatch {
    images: Vec<f32>,
    targets: Vec<f32>,
    labels: Vec<u16>,
}

/// Fills one contiguous buffer a batch, dividing pixels by 255; in training it may change the images.
#[derive(Clone, Copy, Debug, Default)]
pub struct DigitBatcher {
    augment: Option<Augment>,
}

impl<B: Backend> Batcher<B, Digit, HostBatch> for DigitBatcher {
    fn batch(&self, items: Vec<Digit>, _: &B::Device) -> HostBatch {
        let pixels = items.iter().map(|item| item.pixels().len()).sum();
        let mut images = Vec::with_capacity(pixels);
        for digit in &items {
            match &self.augment {
                Some(augment) => augment.push(digit.index(), digit.pixels(), digit.sides(), &mut images),
                None => images.extend(digit.pixels().iter().map(|pixel| f32::from(*pixel) / 255.0)),
            }
        }
        let labels: Vec<u16> = items.iter().map(Digit::label).collect();
        let targets = items.first().map_or_else(Vec::new, |item| item.task().targets(&labels));
        HostBatch { images, targets, labels }
    }
}

impl<B: Backend> DigitBatch<B> {
    /// The digits at these indices, such as a range, as one batch, as they are.
    ///
    /// # Panics
    /// When an index is beyond the end.
    pub fn of(digits: &Arc<Digits>, indices: impl IntoIterator<Item = usize>, device: &B::Device) -> Self {
        let dataset = DigitDataset::new(digits.clone());
        let item = |index| dataset.get(index).expect("the index is of a digit");
        let items = indices.into_iter().map(item).collect();
        Batcher::<B, _, HostBatch>::batch(&DigitBatcher::default(), items, device).upload(device)
    }
}

impl DigitBatcher {
    /// One that changes each image as `augment` says.
    pub(crate) fn augmenting(augment: Option<Augment>) -> Self {
        Self { augment }
    }
}

impl HostBatch {
    /// Moves the batch to the device: one tensor of images, one of targets.
    pub fn upload<B: Backend>(self, device: &B::Device) -> DigitBatch<B> {
        let count = self.labels.len();
        let pixels = self.images.len().checked_div(count).unwrap_or(0);
        let outputs = self.targets.len().checked_div(count).unwrap_or(1);
        DigitBatch {
            images: Tensor::from_data(TensorData::new(self.images, [count, pixels]), device),
            targets: Tensor::from_data(TensorData::new(self.targets, [count, outputs]), device),
            labels: self.labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::digits;

    #[test]
    fn an_image_knows_the_file_it_was() {
        let digits = digits([1, 1], &[1, 2], &[0, 1]);
        assert_eq!(digits.file_name(0), None, "drawn");
        let digits = digits.named(b"7.png\x0010.png\0".to_vec().into());
        assert_eq!([0, 1, 2].map(|index| digits.file_name(index)), [Some("7.png"), Some("10.png"), None]);
    }

    #[test]
    fn an_item_points_to_its_pixels_and_label() {
        let dataset = DigitDataset::new(Arc::new(digits([1, 2], &[1, 2, 3, 4], &[0, 1])));
        let digit = dataset.get(1).unwrap();
        assert_eq!((digit.index(), digit.pixels(), digit.label()), (1, &[3, 4][..], 1));
    }

    #[test]
    fn there_is_nothing_beyond_the_end() {
        assert!(DigitDataset::new(Arc::new(digits([1, 1], &[1], &[0]))).get(1).is_none());
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
        let items: Vec<_> = DigitDataset::new(Arc::new(digits)).iter().collect();
        let batch: HostBatch = Batcher::<Flex, _, _>::batch(&DigitBatcher::default(), items, &device);
        let batch: DigitBatch<Flex> = batch.upload(&device);
        assert_eq!(batch.images.dims(), [2, 3]);
        assert_eq!(batch.images.into_data().to_vec::<f32>().unwrap(), [0.0, 0.2, 1.0, 1.0, 0.0, 0.4]);
        assert_eq!(batch.targets.dims(), [2, 1]);
        assert_eq!(batch.targets.into_data().to_vec::<f32>().unwrap(), [1.0, 0.0]);
        assert_eq!(batch.labels, [0, 1]);
    }

    #[test]
    fn a_range_of_digits_is_a_batch_in_their_order() {
        let digits = digits([1, 1], &[0, 51, 255], &[0, 1, 0]);
        let batch = DigitBatch::<Flex>::of(&Arc::new(digits), 1..3, &Default::default());
        assert_eq!(batch.images.into_data().to_vec::<f32>().unwrap(), [0.2, 1.0]);
        assert_eq!(batch.labels, [1, 0]);
    }

    #[test]
    fn of_more_than_two_classes_the_targets_are_one_hot() {
        let task = Arc::new(Task::new(["a", "b", "c"]).unwrap());
        let digits = Digits::new(&task, [1, 1], vec![0, 255].into(), vec![2, 0]);
        let batch = DigitBatch::<Flex>::of(&Arc::new(digits), 0..2, &Default::default());
        assert_eq!(batch.targets.dims(), [2, 3]);
        assert_eq!(batch.targets.into_data().to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }
}
