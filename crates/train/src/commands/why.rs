//! What of images decides what a run's model says of them.

use std::path::Path;

use chart::Pixels;
use data::Split;
use metrics::Scores;
use model::AutodiffBackend;
use plan::{Loss, ModelKind, Plan};
use report::{Unit, Why};
use run::RunRecord;
use train::{
    Error,
    backend::{BackendJob, choice::Chosen},
    explain::{self, Explanation, explain, first_layer},
    export,
};

use super::workbench::{Workbench, on_backend};

/// Images of the highest losses that a run's page explains, and the classes that it names of each.
const TOP_LOSSES: usize = 6;
/// Pixels that they have together at most: a network sees each some fifty times, covered here and there. What is larger,
/// `predict --html` explains.
const MOST_PIXELS: usize = 160_000;
const GUESSES: usize = 3;

/// An image of which a model has said something.
pub struct Seen {
    pub name: String,
    /// In the model's shape.
    pub image: Vec<u8>,
    /// What it is, where that is known and something else than what is predicted.
    pub is: Option<String>,
    /// What it is predicted to be.
    pub label: u16,
    /// What it is, where that is known, something else, and has a logit of its own.
    pub actual: Option<u16>,
    pub loss: Option<f32>,
    /// Classes with their probabilities, the most probable first.
    pub guesses: Vec<(String, f32)>,
}

/// Why the model of a run predicts so, and what its first layer looks for.
pub fn of_images(
    chosen: &Chosen,
    run: &Path,
    plan: &Plan,
    record: &RunRecord,
    seen: Vec<Seen>,
) -> Result<(Vec<Why>, Vec<Unit>), Error> {
    let values = |seen: &Seen| seen.image.iter().map(|value| f32::from(*value) / 255.0).collect();
    let predicted = seen.iter().map(|seen| (values(seen), seen.label));
    let actual = seen.iter().filter_map(|seen| Some((values(seen), seen.actual?)));
    let images: Vec<(Vec<f32>, u16)> = predicted.chain(actual).collect();
    let (mut explained, units) = on_backend(chosen, Explain { run, plan, record, images: &images })??;
    let shape = record.model.shape();
    let mut of_actual = explained.split_off(seen.len()).into_iter();
    let why = |(seen, Explanation { score, added, mut covered, .. }): (Seen, Explanation)| {
        let actual = seen.actual.and_then(|_| of_actual.next());
        for (costs, actual) in covered.iter_mut().zip(actual.iter().flat_map(|actual| &actual.covered)) {
            *costs -= actual;
        }
        Why {
            name: seen.name,
            is: seen.is,
            pixels: Pixels::of_planes(shape.height, shape.width, &seen.image),
            guesses: seen.guesses,
            loss: seen.loss,
            logit: score,
            added,
            added_to_actual: actual.map(|actual| actual.added),
            covered,
            is_linear: plan.model.kind == ModelKind::Linear,
        }
    };
    let unit = |explain::Unit { height, width, values, outputs }| Unit { height, width, values, outputs };
    let units = units.into_iter().map(unit);
    Ok((seen.into_iter().zip(explained).map(why).collect(), units.collect()))
}

/// The same of the images of a split with the highest losses.
pub fn of_top_losses(
    Workbench { plan, chosen, data }: &Workbench,
    split: Split,
    run: &Path,
    record: &RunRecord,
    Scores { evaluation, losses, .. }: &Scores,
) -> Result<(Vec<Why>, Vec<Unit>), Error> {
    let classes = data.task().classes();
    let probabilities = evaluation.probabilities();
    let [height, width] = data.shape().sides();
    let room = MOST_PIXELS / (height * width);
    let seen = evaluation.by_loss(losses).into_iter().take(TOP_LOSSES.min(room)).map(|sample| {
        let row = &probabilities[sample.index * classes.len()..][..classes.len()];
        let mut guesses: Vec<(String, f32)> = classes.iter().cloned().zip(row.iter().copied()).collect();
        guesses.sort_by(|a, b| b.1.total_cmp(&a.1));
        guesses.truncate(GUESSES);
        Seen {
            name: data.image_name(split, sample.index),
            image: data.split(split).expect("the scores are of it").image(sample.index).to_vec(),
            is: (sample.label != sample.predicted).then(|| data.class(sample.label).to_owned()),
            label: sample.predicted,
            actual: (sample.label != sample.predicted && !data.task().is_binary()).then_some(sample.label),
            // The chapter's says no more than p.
            loss: (plan.training.loss.of(data.task()) != Loss::MnistLoss).then_some(sample.loss),
            guesses,
        }
    });
    of_images(chosen, run, plan, record, seen.collect())
}

struct Explain<'a> {
    run: &'a Path,
    plan: &'a Plan,
    record: &'a RunRecord,
    /// The values of each image, and the class that it is predicted to be.
    images: &'a [(Vec<f32>, u16)],
}

impl BackendJob for Explain<'_> {
    const WORK: &'static str = "explaining predictions";

    type Output = Result<(Vec<Explanation>, Vec<explain::Unit>), Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let classifier = export::of_run::<B>(self.run, self.plan, self.record, &device)?;
        let (task, shape) = (export::task_of(self.run, self.record)?, self.record.model.shape());
        let network = classifier.network();
        Ok((explain(network, &task, shape, self.images, &device), first_layer(network, shape)))
    }
}
