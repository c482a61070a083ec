//! Figures of MNIST_SAMPLE.

use std::ops::Range;

use burn::{
    data::dataloader::DataLoader as _,
    tensor::{Tensor, backend::AutodiffBackend},
};
use data::{DataSet, ImageBatch, ImageDataset, ImageLoader, Images, Order};
use model::{Distance, PixelSimilarity};

use crate::{
    accuracy::{always_three, over_batches},
    figures::Figure,
    host,
    similarity::{accuracies, distances},
    tensors::{Facts, SEVENS, THREES, as_rows, facts, stack, times_a_random_image},
};

/// Half of the last of four printed digits, and a rounding error.
const FOUR_DIGITS: f64 = 5.1e-5;

/// Half of the last of six printed digits, and a rounding error.
const SIX_DIGITS: f64 = 6e-7;

/// The second 3 of the training split by file name, rows 4 to 14, columns 4 to 21.
const SECOND_THREE: [[usize; 18]; 11] = [
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 29, 150, 195, 254, 255, 254, 176, 193, 150, 96, 0, 0, 0],
    [0, 0, 0, 48, 166, 224, 253, 253, 234, 196, 253, 253, 253, 253, 233, 0, 0, 0],
    [0, 93, 244, 249, 253, 187, 46, 10, 8, 4, 10, 194, 253, 253, 233, 0, 0, 0],
    [0, 107, 253, 253, 230, 48, 0, 0, 0, 0, 0, 192, 253, 253, 156, 0, 0, 0],
    [0, 3, 20, 20, 15, 0, 0, 0, 0, 0, 43, 224, 253, 245, 74, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 249, 253, 245, 126, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 14, 101, 223, 253, 248, 124, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 11, 166, 239, 253, 253, 253, 187, 30, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 16, 248, 250, 253, 253, 253, 253, 232, 213, 111, 2, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 43, 98, 98, 208, 253, 253, 253, 253, 187, 22, 0],
];

pub(super) fn figures<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    [of_images(data), of_shapes::<B>(data, device), of_similarity::<B>(data, device), of_accuracy::<B>(data, device)]
        .concat()
}

fn of_images(data: &DataSet) -> Vec<Figure> {
    let counts = |digits: &Images| [digits.count(THREES), digits.count(SEVENS)];
    let (train, valid) = (counts(&data.train), counts(&data.valid));
    let image = data.train.image(1);
    let pixels = |rows: Range<usize>, columns: Range<usize>| -> Vec<usize> {
        rows.flat_map(|row| columns.clone().map(move |column| usize::from(image[row * 28 + column]))).collect()
    };
    let corner: Vec<usize> = SECOND_THREE.iter().take(6).flat_map(|row| &row[..6]).copied().collect();
    vec![
        Figure::counted("training images: 3s, 7s", &[6131, 6265], &train),
        Figure::counted("validation images: 3s, 7s", &[1010, 1028], &valid),
        Figure::named("file of the second 3", "10000.png", data.train.file_name(1).unwrap_or("no file")),
        Figure::counted("its pixels, rows 4 to 9, columns 4 to 9", &corner, &pixels(4..10, 4..10)),
        Figure::counted("its pixels, rows 4 to 14, columns 4 to 21", &SECOND_THREE.concat(), &pixels(4..15, 4..22)),
    ]
}

fn of_shapes<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    let threes = stack::<B>(&data.train, THREES, device);
    let all = ImageBatch::<B>::of(&data.train, 0..data.train.len(), device);
    let first = loader::<B>(&data.train, device).iter().next().map_or([0; 4], |batch| shapes(&batch));
    let Facts { shape, rank, dtype } = facts(&threes);
    let ends = [threes.clone().min(), threes.clone().max()].map(host::scalar);
    vec![
        Figure::counted("shape of the stacked 3s", &[6131, 28, 28], &shape),
        Figure::counted("their rank", &[3], &[rank]),
        Figure::named("their type", "f32", dtype),
        Figure::computed("their least and largest value", &[0.0, 1.0], &ends, 0.0),
        Figure::counted("shape of them as rows", &[6131, 784], &as_rows(threes.clone()).dims()),
        Figure::counted("shape of them times one image", &[6131, 28, 28], &times_a_random_image(threes).dims()),
        Figure::counted("shapes of train_x and train_y", &[12396, 784, 12396, 1], &shapes(&all)),
        Figure::counted("shapes of the first batch", &[256, 784, 256, 1], &first),
    ]
}

fn of_similarity<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    let images = |digits, label| -> Tensor<B, 2> { as_rows(stack(digits, label, device)) };
    let means = PixelSimilarity::fit([images(&data.train, THREES), images(&data.train, SEVENS)]);
    let three = images(&data.train, THREES).slice(1..2);
    let [to_3, to_7] = [means.mean(0), means.mean(1)].map(|mean| distances(three.clone(), mean));
    let [l1, l2] = [Distance::L1, Distance::L2].map(|distance| {
        let right = accuracies(&means, images(&data.valid, THREES), images(&data.valid, SEVENS), distance);
        [right.threes, right.sevens, right.mean]
    });
    vec![
        Figure::computed("that 3 to the mean 3: L1, RMSE", &[0.1114, 0.2021], &[to_3.l1, to_3.rmse], FOUR_DIGITS),
        Figure::computed("that 3 to the mean 7: L1, RMSE", &[0.1586, 0.3021], &[to_7.l1, to_7.rmse], FOUR_DIGITS),
        Figure::computed("baseline, L1: accuracy on 3s, 7s, mean", &[0.9168, 0.9854, 0.9511], &l1, FOUR_DIGITS),
        Figure::computed("baseline, L2: accuracy on 3s, 7s, mean", &[0.9584, 0.9737, 0.9661], &l2, FOUR_DIGITS),
    ]
}

fn of_accuracy<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    let accuracy = over_batches(always_three, &loader::<B>(&data.valid, device));
    vec![
        Figure::computed("saying 3 to all: accuracy", &[0.495584], &[accuracy.by_sample], SIX_DIGITS),
        Figure::computed("the same, mean of batches", &[0.4932], &[accuracy.mean_of_batches], FOUR_DIGITS),
    ]
}

/// Batches of 256, first to last.
fn loader<B: AutodiffBackend>(digits: &std::sync::Arc<Images>, device: &B::Device) -> ImageLoader<B> {
    ImageLoader::new(ImageDataset::new(digits.clone()), 256, Order::Sequential, 0, device.clone())
}

/// The shapes of images and targets, one after the other.
fn shapes<B: AutodiffBackend>(batch: &ImageBatch<B>) -> [usize; 4] {
    let ([images, pixels], [targets, one]) = (batch.images.dims(), batch.targets.dims());
    [images, pixels, targets, one]
}
