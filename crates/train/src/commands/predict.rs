//! `train predict`: label and probability of images.

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use chart::{Table, terminal::table};
use model::AutodiffBackend;
use serde::Serialize;
use task::Task;
use train::{Error, backend::BackendJob};

use super::{image_file, load_data, stored_run::StoredRun, workbench::on_backend};
use crate::{
    cli::PredictArgs,
    terminal::{Out, tell},
};

/// What the model says of an image.
#[derive(Debug, Serialize)]
struct Prediction {
    /// As it was given, as far as it is text.
    path: String,
    /// The class with the higher probability.
    label: String,
    probability: f32,
}

/// Prints a line, or a JSON object, per image.
pub fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(&args.run, &args.backend)?;
    let images = args.images.iter().map(|path| prepared(path, &stored, args.invert)).collect::<Result<Vec<_>, _>>()?;
    let logits = on_backend(&stored.chosen, Predict { stored: &stored, images: &images })??;
    let predictions = predictions(&args.images, &stored.task()?, &logits);
    if args.json { print_json(&predictions) } else { print(&predictions) }
}

/// The values of the image at `path`, or on standard input, in the model's shape.
fn prepared(path: &Path, stored: &StoredRun, invert: bool) -> anyhow::Result<Vec<u8>> {
    let (name, shape, fit) = (path.display(), stored.record.model.shape(), load_data::fit(&stored.plan));
    let mut image = image_file::read(path)?;
    if invert {
        image.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    } else if shape.channels == 1 && image.is_dark_on_light() {
        tell(&format!(
            "warning: `{name}` looks like dark strokes on light, the model knows light on black: try --invert"
        ));
    }
    if shape.channels < image.shape.channels && !image.is_without_colour() {
        tell(&format!("warning: `{name}` is in colour, the model knows grey images: it is made grey"));
    }
    if image.pixels.iter().all(|pixel| *pixel == image.pixels[0]) {
        tell(&format!("warning: `{name}` is blank"));
    }
    Ok(image.fitted(shape, fit))
}

struct Predict<'a> {
    stored: &'a StoredRun,
    /// The values of each image.
    images: &'a [Vec<u8>],
}

impl BackendJob for Predict<'_> {
    const WORK: &'static str = "predicting";

    /// Logits, `[images, outputs]`.
    type Output = Result<Vec<f32>, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let classifier = self.stored.classifier::<B::InnerBackend>(&device)?;
        let rows = self.images.iter().flatten().map(|pixel| f32::from(*pixel) / 255.0);
        let values = self.stored.record.model.shape().len();
        let images = TensorData::new(rows.collect::<Vec<f32>>(), [self.images.len(), values]);
        let logits = classifier.network().forward(Tensor::from_data(images, &device));
        Ok(logits.into_data().convert::<f32>().iter().collect())
    }
}

fn predictions(paths: &[PathBuf], task: &Task, logits: &[f32]) -> Vec<Prediction> {
    let probabilities = task.probabilities(logits);
    let rows = paths.iter().zip(task.predict(logits)).zip(probabilities.chunks_exact(task.classes().len()));
    let prediction = |((path, label), row): ((&PathBuf, u16), &[f32])| Prediction {
        path: path.display().to_string(),
        label: task.class(label).to_owned(),
        probability: row[usize::from(label)],
    };
    rows.map(prediction).collect()
}

fn print_json(predictions: &[Prediction]) -> anyhow::Result<()> {
    Ok(Out.json(&serde_json::to_value(predictions)?)?)
}

fn print(predictions: &[Prediction]) -> anyhow::Result<()> {
    let mut lines = Table::new(["image", "label", "probability"], 1);
    for prediction in predictions {
        let probability = format!("{:.4}", prediction.probability);
        lines.add_row([prediction.path.clone(), prediction.label.clone(), probability]);
    }
    Ok(write!(Out, "{}", table(&lines, None))?)
}
