//! `train predict`: label and probability of images.

use std::{cmp::Ordering, num::NonZeroUsize, path::Path};

use anyhow::bail;
use burn::tensor::{Tensor, TensorData};
use chart::{Block, Document, Section, Table, html};
use model::AutodiffBackend;
use plan::SourceKind;
use report::{Why, probability};
use serde::Serialize;
use serde_json::Value;
use task::Task;
use train::{Error, backend::BackendJob};

use super::{
    image_file, load_data, output, run_name,
    stored_run::StoredRun,
    why::{self, Seen},
    workbench::on_backend,
};
use crate::{
    cli::PredictArgs,
    terminal::{Out, say, table, tell},
};

/// Classes of each image on a page where nothing says how many.
const GUESSES: NonZeroUsize = NonZeroUsize::new(5).expect("5 is not 0");

/// What the model says of an image.
#[derive(Debug, Serialize)]
struct Prediction {
    /// The folder of the run whose model says it.
    run: String,
    /// As it was given, as far as it is text.
    path: String,
    /// The most probable class.
    label: String,
    probability: f32,
    /// The most probable classes, the first first.
    top: Vec<Guess>,
}

#[derive(Debug, Serialize)]
struct Guess {
    label: String,
    probability: f32,
}

/// Prints a line, or a JSON object, per image. One that cannot be used is told and does not keep the others from being predicted.
pub fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(run_name::find_trained(&args.run)?, &args.backend)?;
    if !args.json {
        say(&run_name::lines(&stored.path));
    }
    let (mut paths, mut images, mut unusable) = (Vec::new(), Vec::new(), 0);
    for path in &args.images {
        match prepared(path, &stored, args.invert) {
            Ok(image) => {
                paths.push(path.as_path());
                images.push(image);
            }
            Err(error) if args.images.len() == 1 => return Err(error),
            Err(error) => {
                tell(&format!("error: {error:#}"));
                unusable += 1;
            }
        }
    }
    if !images.is_empty() {
        let task = stored.task()?;
        let logits = on_backend(&stored.chosen, Predict { stored: &stored, images: &images })??;
        let found = predictions(args.top.unwrap_or(GUESSES), &paths, &stored, &logits)?;
        if args.json {
            print_json(&found, args.top)?
        } else {
            print(&found, args.top)?
        }
        if let Some(page) = &args.html {
            output::write(page, html::page(&explained(&stored, &task, &images, found)?))?;
            if !args.json {
                say(&format!("\nwritten to `{}`", page.display()));
            }
        }
    }
    if unusable > 0 {
        bail!("{unusable} of {} images could not be used", args.images.len());
    }
    Ok(())
}

/// The values of the image at `path`, or on standard input, in the model's shape.
fn prepared(path: &Path, stored: &StoredRun, invert: bool) -> anyhow::Result<Vec<u8>> {
    let (name, shape, fit) = (path.display(), stored.record.model.shape(), load_data::fit(&stored.plan));
    let mut image = image_file::read(path)?;
    if invert {
        image.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    } else if shape.channels == 1 && knows_strokes(stored) && image.is_dark_on_light() {
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

/// Whether the model has seen light strokes on black; of a reader's own pictures nobody knows.
fn knows_strokes(stored: &StoredRun) -> bool {
    match stored.plan.data.source {
        SourceKind::Folder | SourceKind::Csv | SourceKind::Npz | SourceKind::Cifar10 => false,
        SourceKind::Auto
        | SourceKind::MnistSample
        | SourceKind::Mnist
        | SourceKind::FashionMnist
        | SourceKind::Kmnist
        | SourceKind::Archive
        | SourceKind::Idx
        | SourceKind::Synthetic => true,
    }
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
        let values = self.stored.record.model.shape().len();
        let logits = |images: &[Vec<u8>]| -> Vec<f32> {
            let rows = images.iter().flatten().map(|pixel| f32::from(*pixel) / 255.0);
            let images = TensorData::new(rows.collect::<Vec<f32>>(), [images.len(), values]);
            let logits = classifier.network().forward(Tensor::from_data(images, &device));
            logits.into_data().convert::<f32>().iter().collect()
        };
        Ok(self.images.chunks(self.stored.plan.training.batch_size).flat_map(logits).collect())
    }
}

/// A section for each image.
fn explained(
    stored: &StoredRun,
    task: &Task,
    images: &[Vec<u8>],
    predictions: Vec<Prediction>,
) -> anyhow::Result<Document> {
    let seen = predictions.into_iter().zip(images).map(|(prediction, image)| Seen {
        name: prediction.path,
        image: image.clone(),
        label: task.labels().find(|label| task.class(*label) == prediction.label).unwrap_or_default(),
        guesses: prediction.top.into_iter().map(|guess| (guess.label, guess.probability)).collect(),
    });
    let (whys, _) = why::of_images(&stored.chosen, &stored.path, &stored.plan, &stored.record, seen.collect())?;
    let title = format!("Predicted by {}", stored.path.display());
    let explained = Section::new("What the pictures show", [Block::text(Why::LEGEND)]);
    Ok(Document { title, lead: vec![], sections: whys.iter().map(Why::section).chain([explained]).collect() })
}

fn predictions(
    top: NonZeroUsize,
    paths: &[&Path],
    stored: &StoredRun,
    logits: &[f32],
) -> Result<Vec<Prediction>, Error> {
    let task = stored.task()?;
    let probabilities = task.probabilities(logits);
    let rows = paths.iter().zip(task.predict(logits)).zip(probabilities.chunks_exact(task.classes().len()));
    let prediction = |((path, label), row): ((&&Path, u16), &[f32])| {
        // The label first also where another class is as probable.
        let mut guesses: Vec<u16> = task.labels().collect();
        guesses.sort_by(|a, b| {
            let rank = |class: &u16| (row[usize::from(*class)], *class == label);
            rank(b).partial_cmp(&rank(a)).unwrap_or(Ordering::Equal)
        });
        let guess = |class: u16| Guess { label: task.class(class).to_owned(), probability: row[usize::from(class)] };
        Prediction {
            run: stored.path.to_string_lossy().into_owned(),
            path: path.display().to_string(),
            label: task.class(label).to_owned(),
            probability: row[usize::from(label)],
            top: guesses.into_iter().take(top.get()).map(guess).collect(),
        }
    };
    Ok(rows.map(prediction).collect())
}

/// With as many classes as were asked for.
fn print_json(predictions: &[Prediction], top: Option<NonZeroUsize>) -> anyhow::Result<()> {
    let mut predictions = serde_json::to_value(predictions)?;
    let objects = predictions.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    objects.filter(|_| top.is_none()).for_each(|prediction| drop(prediction.remove("top")));
    Ok(Out.json(&predictions)?)
}

fn print(predictions: &[Prediction], top: Option<NonZeroUsize>) -> anyhow::Result<()> {
    let mut lines = Table::new(["image", "label", "probability"], 1);
    for prediction in predictions {
        for (number, guess) in prediction.top.iter().take(top.map_or(1, NonZeroUsize::get)).enumerate() {
            let path = if number == 0 { &prediction.path } else { "" };
            lines.add_row([path, &guess.label, &probability(guess.probability)]);
        }
    }
    Ok(write!(Out, "{}", table(&lines))?)
}
