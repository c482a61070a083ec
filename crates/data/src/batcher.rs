//! Burn's `Batcher`: items become one tensor of images and one of targets.

use std::sync::Arc;

use burn::{
    data::{dataloader::batcher::Batcher, dataset::Dataset as _},
    tensor::{Tensor, TensorData, backend::Backend},
};

use crate::{Digit, DigitDataset, Digits, augmentation::Augment};

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
