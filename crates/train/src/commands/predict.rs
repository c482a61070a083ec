//! `train predict`: label and probability of images.

use std::{
    cmp::Ordering,
    path::{Path, PathBuf},
};

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
    /// The most probable class.
    label: String,
    probability: f32,
    /// As many classes as were asked for, the most probable first.
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Guess>>,
}

#[derive(Debug, Serialize)]
struct Guess {
    label: String,
    probability: f32,
}

/// Prints a line, or a JSON object, per image.
pub fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(&args.run, &args.backend)?;
    let images = args.images.iter().map(|path| prepared(path, &stored, args.invert)).collect::<Result<Vec<_>, _>>()?;
    let logits = on_backend(&stored.chosen, Predict { stored: &stored, images: &images })??;
    let predictions = predictions(args, &stored.task()?, &logits);
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

fn predictions(args: &PredictArgs, task: &Task, logits: &[f32]) -> Vec<Prediction> {
    let probabilities = task.probabilities(logits);
    let rows = args.images.iter().zip(task.predict(logits)).zip(probabilities.chunks_exact(task.classes().len()));
    let prediction = |((path, label), row): ((&PathBuf, u16), &[f32])| {
        // The label first also where another class is as probable.
        let mut guesses: Vec<u16> = task.labels().collect();
        guesses.sort_by(|a, b| {
            let rank = |class: &u16| (row[usize::from(*class)], *class == label);
            rank(b).partial_cmp(&rank(a)).unwrap_or(Ordering::Equal)
        });
        let guess = |class: u16| Guess { label: task.class(class).to_owned(), probability: row[usize::from(class)] };
        Prediction {
            path: path.display().to_string(),
            label: task.class(label).to_owned(),
            probability: row[usize::from(label)],
            top: args.top.map(|top| guesses.into_iter().take(top.get()).map(guess).collect()),
        }
    };
    rows.map(prediction).collect()
}

fn print_json(predictions: &[Prediction]) -> anyhow::Result<()> {
    Ok(Out.json(&serde_json::to_value(predictions)?)?)
}

fn print(predictions: &[Prediction]) -> anyhow::Result<()> {
    let mut lines = Table::new(["image", "label", "probability"], 1);
    let digits = |probability: f32| format!("{probability:.4}");
    for Prediction { path, label, probability, top } in predictions {
        let one = [Guess { label: label.clone(), probability: *probability }];
        for (number, Guess { label, probability }) in top.as_deref().unwrap_or(&one).iter().enumerate() {
            let path = if number == 0 { path.clone() } else { String::new() };
            lines.add_row([path, label.clone(), digits(*probability)]);
        }
    }
    Ok(write!(Out, "{}", table(&lines, None))?)
}
