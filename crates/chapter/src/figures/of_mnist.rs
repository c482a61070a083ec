//! Figures of all of MNIST: what its authors say of it (<http://yann.lecun.com/exdb/mnist/>), and what PyTorch computes of it.

use burn::{module::Module as _, tensor::backend::Backend};
use data::{DataSet, ImageBatch, Images};
use model::Distance;

use crate::{
    figures::Figure,
    layers::Sequential,
    similarity::{fit, logits},
};

/// Half of the last of four printed digits, and a rounding error.
const FOUR_DIGITS: f64 = 5.1e-5;

/// Two of the 10,000 images: where two means are as near, rounding decides, and each backend has an order of its own for sums.
const TWO_IMAGES: f64 = 2.1e-4;

/// Images of 0 to 9.
const TRAIN: [usize; 10] = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
const VALID: [usize; 10] = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];

pub(super) fn figures<B: Backend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    let (train, valid) = (&data.train, &data.valid);
    let counts = |images: &Images| images.task().labels().map(|label| images.count(label)).collect::<Vec<_>>();
    let batch = ImageBatch::<B>::of(train, 0..train.len().min(256), device);
    let shapes = [batch.images.dims(), batch.targets.dims()].concat();
    let parameters = [&[784, 10][..], &[784, 100, 10]].map(|sizes| Sequential::<B>::new(sizes, 0, device).num_params());
    let means = fit::<B>(data, device);
    let [l1, l2] = [Distance::L1, Distance::L2].map(|distance| {
        let predictions = valid.task().predict(&logits(&means, valid, distance, device));
        let right = predictions.iter().zip(valid.labels()).filter(|(predicted, label)| predicted == label).count();
        right as f32 / valid.len() as f32
    });
    vec![
        Figure::counted("MNIST: training images of 0 to 9", &TRAIN, &counts(train)),
        Figure::counted("MNIST: validation images of 0 to 9", &VALID, &counts(valid)),
        Figure::counted("all of them", &[60_000, 10_000], &[train.len(), valid.len()]),
        Figure::counted("shapes of a batch, ten targets for an image", &[256, 784, 256, 10], &shapes),
        Figure::computed(
            "training pixels: mean, deviation",
            &[0.1307, 0.3081],
            &mean_and_deviation(train),
            FOUR_DIGITS,
        ),
        Figure::computed("nearest of ten means, L1: accuracy", &[0.6685], &[l1], TWO_IMAGES),
        Figure::computed("nearest of ten means, L2: accuracy", &[0.8203], &[l2], TWO_IMAGES),
        Figure::counted("parameters of 784 -> 10 and 784 -> 100 -> 10", &[7850, 79_510], &parameters),
    ]
}

/// Of all pixels, from 0 to 1: what everybody who normalises MNIST divides by.
fn mean_and_deviation(images: &Images) -> [f32; 2] {
    let (mut sum, mut squares) = (0, 0);
    for pixel in images.iter().flatten() {
        let pixel = u64::from(*pixel);
        sum += pixel;
        squares += pixel * pixel;
    }
    let count = (images.len() * images.shape().len()) as f64;
    let mean = sum as f64 / count;
    let deviation = (squares as f64 / count - mean * mean).sqrt();
    [mean, deviation].map(|value| (value / 255.0) as f32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn_flex::Flex;
    use task::{Shape, Task};

    use super::*;
    use crate::figures::Value;

    #[test]
    fn of_other_images_of_ten_classes_they_are_what_can_be_computed_by_hand() {
        let task = Arc::new(Task::new((0..10).map(|digit: u8| digit.to_string())).unwrap());
        // In each split ten images of one pixel, the digit itself.
        let pixels: Vec<u8> = (0..10).collect();
        let images = Arc::new(Images::new(&task, Shape::grey([1, 1]), pixels.into(), (0..10).collect()));
        let data = DataSet::in_memory("idx", images.clone(), images);
        let found = |part: &str| {
            let figures = figures::<Flex>(&data, &Default::default());
            let figure = figures.into_iter().find(|figure| figure.name.contains(part)).unwrap();
            (figure.is_ok(), figure.found)
        };
        let numbers = |numbers: &[f32]| Value::Numbers(numbers.iter().map(|number| f64::from(*number)).collect());
        assert_eq!(found("training images of 0 to 9"), (false, numbers(&[1.0; 10])));
        assert_eq!(found("all of them"), (false, numbers(&[10.0, 10.0])));
        // The mean of 0 to 9 is 4.5, and of their squares 28.5.
        assert_eq!(found("mean, deviation"), (false, numbers(&[4.5 / 255.0, (8.25_f64.sqrt() / 255.0) as f32])));
        assert_eq!(found("L1"), (false, numbers(&[1.0])), "the nearest mean is the image itself");
        assert!(found("parameters of").0);
    }
}
