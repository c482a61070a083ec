//! `train evaluate`: a trained model on a split.

mod figures;
mod files;
mod report;
mod top_losses;

use std::sync::Arc;

use anyhow::bail;
use data::{DataSet, Digits};
use model::AutodiffBackend;
use train::{
    Error,
    backend::{self, Visitor},
    evaluation::Evaluation,
    fit,
    plan::{Plan, Setting, SourceKind},
};

use super::{load_data, stored_run::StoredRun};
use crate::cli::{EvaluateArgs, Split, UsageError};

/// A trained model on a split: what all reports are made of.
struct Evaluated<'a> {
    args: &'a EvaluateArgs,
    stored: &'a StoredRun,
    data: &'a DataSet,
    digits: &'a Digits,
    scores: Scores,
}

impl Evaluated<'_> {
    /// The name of the run's loss.
    fn loss(&self) -> String {
        self.stored.plan.training.loss.to_string()
    }
}

/// What the model says, brought from the device.
struct Scores {
    evaluation: Evaluation,
    /// One per image.
    losses: Vec<f32>,
    /// One per pixel, of a linear model.
    weights: Option<Vec<f32>>,
}

/// Prints metrics, confusion matrix and accuracy by class, and what else is asked for.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let mut stored = StoredRun::open(&args.run, &args.backend)?;
    if let Some(data) = &args.data {
        stored.plan = with_data(&stored, data)?;
    }
    backend::limit_threads(stored.plan.threads);
    let data = load_data::load(&stored.plan, None)?;
    check_shape(&stored, &data)?;
    let chosen = stored.chosen.clone();
    let digits = match args.split {
        Split::Train => &data.train,
        Split::Valid => &data.valid,
    };
    let work = Evaluate { stored: &stored, digits };
    let scores = backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), work)??;
    let evaluated = Evaluated { args, stored: &stored, data: &data, digits, scores };
    files::write(&evaluated)?;
    if args.json { report::print_json(&evaluated) } else { report::print(&evaluated) }
}

/// The run's plan with `SOURCE[:PATH]` in place of its data.
fn with_data(stored: &StoredRun, data: &str) -> anyhow::Result<Plan> {
    let (source, path) = data.split_once(':').unwrap_or((data, ""));
    let origin = format!("--data {data}");
    let flag = |key: &str, value: &str| Setting::flag(origin.clone(), key, value.to_owned());
    let plan = stored.plan_with(&[flag("data.source", source), flag("data.path", path)])?;
    let reads_path = matches!(plan.data.source, SourceKind::Archive | SourceKind::Folder | SourceKind::Idx);
    if !path.is_empty() && !reads_path {
        bail!(UsageError(format!("{origin}: source `{source}` reads no path, `{path}` would be ignored")));
    }
    Ok(plan)
}

fn check_shape(stored: &StoredRun, data: &DataSet) -> Result<(), UsageError> {
    let (model, digits) = (&stored.record.model, &data.valid);
    if (model.height, model.width) == (digits.height(), digits.width()) {
        return Ok(());
    }
    let (height, width) = (digits.height(), digits.width());
    Err(UsageError(format!(
        "the model takes images of {} x {}, the data has {height} x {width}",
        model.height, model.width
    )))
}

struct Evaluate<'a> {
    stored: &'a StoredRun,
    digits: &'a Arc<Digits>,
}

impl Visitor for Evaluate<'_> {
    type Output = Result<Scores, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let loader = fit::evaluation_loader(&self.stored.plan, self.digits, &device);
        let classifier = self.stored.classifier::<B::InnerBackend>(&device)?;
        let evaluation = Evaluation::of(&classifier, &loader);
        let losses = evaluation.losses(&classifier, &device);
        let weights = classifier.network().pixel_weights();
        let weights = weights.map(|weights| weights.into_data().convert::<f32>().iter().collect());
        Ok(Scores { evaluation, losses, weights })
    }
}
