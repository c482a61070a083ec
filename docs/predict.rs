use std::{error::Error, fs, path::Path};

use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use data::{Fit, decode_image};
use run::{RunRecord, folder};
use train::export;

/// The most probable class of an image file, and its probability, by the model of a run or of a folder for the hub.
pub fn predict(run: &Path, image: &Path) -> Result<(String, f32), Box<dyn Error>> {
    let (plan, record, device) = (folder::read_plan(run)?, RunRecord::read(run)?, Default::default());
    let (classifier, task) = (export::of_run::<Flex>(run, &plan, &record, &device)?, export::task_of(run, &record)?);
    let shape = record.model.shape();
    let pixels = decode_image(&fs::read(image)?, 8192)?.fitted(shape, Fit::Pad);
    let values: Vec<f32> = pixels.into_iter().map(|value| f32::from(value) / 255.0).collect();
    let images = Tensor::from_data(TensorData::new(values, [1, shape.len()]), &device);
    let logits: Vec<f32> = classifier.network().forward(images).into_data().to_vec()?;
    let label = task.predict(&logits)[0];
    Ok((task.class(label).to_owned(), task.probabilities(&logits)[usize::from(label)]))
}
