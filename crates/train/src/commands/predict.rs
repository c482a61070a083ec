//! `train predict`: label and probability of images.

mod pictures;
mod prepared;

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::bail;
use burn::tensor::{Tensor, TensorData};
use chart::{Document, Table, html};
use data::{DecodedImage, Images};
use files::quoted;
use model::AutodiffBackend;
use rayon::prelude::*;
use report::{KnownByData, grouped, probability};
use serde::Serialize;
use serde_json::Value;
use task::Task;
use train::{Error, backend::BackendJob, evaluation};

use pictures::{Picture, Pictures};

pub use prepared::{Oddity, Taken};

use super::{
    image_file, load_data, output, run_name,
    stored_run::StoredRun,
    why::{self, Seen},
    workbench::on_backend,
};
use crate::{
    cli::PredictArgs,
    terminal::{Out, colours, say, table, tell},
};

/// Classes of each image on a page where nothing says how many.
const GUESSES: NonZeroUsize = NonZeroUsize::new(5).expect("5 is not 0");

/// Images that are decoded together.
const TOGETHER: usize = 512;
/// Errors that are told one by one.
const TOLD: usize = 20;

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

/// Prints a line, an object or a row per image. One that cannot be used is told and does not keep the others from being predicted.
pub fn run(args: &PredictArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(run_name::find_trained(&args.run)?, &args.backend)?;
    let is_table = !args.json && !args.csv;
    if is_table {
        say(&run_name::lines(&stored.path));
    }
    let pictures = pictures::named(&args.images)?;
    let job = Predict { stored: &stored, pictures, invert: args.invert, keeps_images: args.html.is_some() };
    let Predicted { names, images, logits, warnings, mut unusable } = on_backend(&stored.chosen, job)??;
    warnings.tell();
    if names.is_empty() && unusable.is_empty() {
        bail!("there is no image in what was named");
    }
    if let (true, 1) = (names.is_empty(), unusable.len()) {
        return Err(unusable.swap_remove(0));
    }
    for error in unusable.iter().take(TOLD) {
        tell(&format!("error: {error:#}"));
    }
    if unusable.len() > TOLD {
        tell(&format!("error: and {} more", unusable.len() - TOLD));
    }
    if !names.is_empty() {
        let task = stored.task()?;
        let found = predictions(args.top.unwrap_or(GUESSES), &names, &stored, &logits)?;
        if args.json {
            print_json(&found, args.top)?
        } else if args.csv {
            print_csv(&found, args.top)?
        } else {
            print(&found, args.top)?
        }
        if let Some(page) = &args.html {
            output::write(page, html::page(&explained(&stored, &task, &images, found)?))?;
            if is_table {
                say(&format!("\nwritten to `{}`", page.display()));
            }
        }
    }
    if is_table {
        let export = format!("train export {} --onnx model.onnx", quoted(&stored.path));
        say(&colours().dim(&format!("\nPython   `{export}` prints the lines that do the same")));
    }
    if !unusable.is_empty() {
        bail!("{} of {} images could not be used", unusable.len(), unusable.len() + names.len());
    }
    Ok(())
}

/// What is said of images that a model may not know, each once with how many they are.
#[derive(Default)]
struct Warnings(BTreeMap<Oddity, (String, usize)>);

impl Warnings {
    fn add(&mut self, name: &str, oddities: &[Oddity]) {
        for oddity in oddities {
            self.0.entry(*oddity).or_insert_with(|| (name.to_owned(), 0)).1 += 1;
        }
    }

    fn tell(&self) {
        for (oddity, (name, count)) in &self.0 {
            let is_one = *count == 1;
            let which =
                if is_one { format!("`{name}`") } else { format!("{} images, such as `{name}`,", grouped(*count)) };
            tell(&format!("warning: {which} {}", oddity.said(is_one, "--invert")));
        }
    }
}

/// The name of an image, as it was given, and the image.
fn decoded(picture: anyhow::Result<Picture>) -> anyhow::Result<(String, DecodedImage)> {
    match picture? {
        Picture::File(path) => Ok((path.display().to_string(), image_file::read(&path)?)),
        Picture::Bytes { name, bytes } => {
            let image = image_file::decode(&name, &bytes)?;
            Ok((name, image))
        }
    }
}

struct Predict<'a> {
    stored: &'a StoredRun,
    pictures: Pictures,
    invert: bool,
    /// Whether the images are asked for afterwards.
    keeps_images: bool,
}

/// What there is to say of images that could be used, and why the others could not.
#[derive(Default)]
struct Predicted {
    names: Vec<String>,
    /// The values of each image, where they are asked for.
    images: Vec<Vec<u8>>,
    /// `[images, outputs]`.
    logits: Vec<f32>,
    warnings: Warnings,
    unusable: Vec<anyhow::Error>,
}

impl BackendJob for Predict<'_> {
    const WORK: &'static str = "predicting";

    type Output = Result<Predicted, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let classifier = self.stored.classifier::<B::InnerBackend>(&device)?;
        let values = self.stored.record.model.shape().len();
        let logits = |images: &[Vec<u8>]| -> Vec<f32> {
            let rows = images.iter().flatten().map(|pixel| f32::from(*pixel) / 255.0);
            let images = TensorData::new(rows.collect::<Vec<f32>>(), [images.len(), values]);
            let logits = classifier.network().forward(Tensor::from_data(images, &device));
            logits.into_data().convert::<f32>().iter().collect()
        };
        let taken = Taken::by(self.stored);
        let (mut predicted, mut pictures) = (Predicted::default(), self.pictures);
        loop {
            // So many at a time, that they are decoded on all cores and are not all in memory.
            let some: Vec<_> = pictures.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(predicted);
            }
            let prepared = |picture| {
                let (name, image) = decoded(picture)?;
                Ok((name, taken.prepared(image, self.invert)))
            };
            let prepared: Vec<anyhow::Result<_>> = some.into_par_iter().map(prepared).collect();
            let mut images = Vec::with_capacity(prepared.len());
            for picture in prepared {
                match picture {
                    Ok((name, (image, oddities))) => {
                        predicted.warnings.add(&name, &oddities);
                        predicted.names.push(name);
                        images.push(image);
                    }
                    Err(error) => predicted.unusable.push(error),
                }
            }
            predicted.logits.extend(images.chunks(self.stored.plan.training.batch_size).flat_map(logits));
            if self.keeps_images {
                predicted.images.append(&mut images);
            }
        }
    }
}

/// The page of all images.
fn explained(
    stored: &StoredRun,
    task: &Task,
    images: &[Vec<u8>],
    predictions: Vec<Prediction>,
) -> anyhow::Result<Document> {
    let seen = predictions.into_iter().zip(images).map(|(prediction, image)| Seen {
        name: prediction.path,
        is: None,
        image: image.clone(),
        actual: None,
        loss: None,
        label: task.labels().find(|label| task.class(*label) == prediction.label).unwrap_or_default(),
        guesses: prediction.top.into_iter().map(|guess| (guess.label, guess.probability)).collect(),
    });
    let (whys, _) = why::of_images(&stored.chosen, &stored.path, &stored.plan, &stored.record, seen.collect())?;
    Ok(report::predicted(&stored.path, &stored.record, known_by_data(stored, images), whys))
}

/// What the run's data tells of its model and these images, where it is at hand: nothing is fetched for it.
fn known_by_data(stored: &StoredRun, images: &[Vec<u8>]) -> Option<KnownByData> {
    let fetch_nothing = Arc::new(AtomicBool::new(true));
    let data = load_data::load(&stored.plan, Some(fetch_nothing)).ok()?;
    let scores = evaluation::of_run(&stored.chosen, &load_data::kernel_cache(), &stored.path, &data).ok()?;
    let among = |split: &Images| {
        let known: HashSet<&[u8]> = split.iter().collect();
        images.iter().filter(|image| known.contains(image.as_slice())).count()
    };
    Some(KnownByData::new(&scores.evaluation, among(&data.train), among(&data.valid)))
}

fn predictions(
    top: NonZeroUsize,
    names: &[String],
    stored: &StoredRun,
    logits: &[f32],
) -> Result<Vec<Prediction>, Error> {
    let task = stored.task()?;
    let probabilities = task.probabilities(logits);
    let rows = names.iter().zip(task.predict(logits)).zip(probabilities.chunks_exact(task.classes().len()));
    let prediction = |((name, label), row): ((&String, u16), &[f32])| {
        let guess = |class: u16| Guess { label: task.class(class).to_owned(), probability: row[usize::from(class)] };
        Prediction {
            run: stored.path.to_string_lossy().into_owned(),
            path: name.clone(),
            label: task.class(label).to_owned(),
            probability: row[usize::from(label)],
            top: task.ranked(row, label).into_iter().take(top.get()).map(guess).collect(),
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

/// A row of each, with as many classes as were asked for.
fn print_csv(predictions: &[Prediction], top: Option<NonZeroUsize>) -> anyhow::Result<()> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    let classes = predictions
        .iter()
        .map(|prediction| prediction.top.len())
        .max()
        .unwrap_or(1)
        .min(top.map_or(1, NonZeroUsize::get));
    let more = (2..=classes).flat_map(|place| [format!("label_{place}"), format!("probability_{place}")]);
    rows.write_record(["path", "label", "probability"].map(str::to_owned).into_iter().chain(more))?;
    for Prediction { path, top, .. } in predictions {
        let guesses = top.iter().take(classes).flat_map(|guess| [guess.label.clone(), guess.probability.to_string()]);
        rows.write_record([path.clone()].into_iter().chain(guesses))?;
    }
    let rows = rows.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(write!(Out, "{}", String::from_utf8_lossy(&rows))?)
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
