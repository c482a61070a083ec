//! `train evaluate`: a trained model on a split.

mod files;
mod output;

use anyhow::bail;
use data::DataSet;
use model::AutodiffBackend;
use train::{
    Error,
    backend::{self, Visitor},
    plan::{Plan, Setting, SourceKind},
    report::{BaselineScores, BesideBaseline, Evaluated},
};

use super::{load_data, stored_run::StoredRun};
use crate::{
    cli::{EvaluateArgs, UsageError},
    terminal::tell,
};

/// Prints metrics, confusion matrix and accuracy by class, and what else is asked for.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let mut stored = StoredRun::open(&args.run, &args.backend)?;
    if let Some(data) = &args.data {
        stored.plan = with_data(&stored, data)?;
    }
    backend::limit_threads(stored.plan.threads);
    let data = load_data::load(&stored.plan, None)?;
    check_shape(&stored, &data)?;
    if args.data.is_none() {
        warn_of_other_data(&stored, &data);
    }
    let chosen = stored.chosen.clone();
    let work = Evaluate { stored: &stored, data: &data, args };
    let (evaluated, baseline) = backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), work)??;
    let beside = baseline.as_ref().map(|baseline| BesideBaseline { evaluated: &evaluated, baseline });
    files::write(args, &stored, &evaluated, beside)?;
    if args.json {
        output::print_json(args, &stored.record.data, &evaluated, beside)
    } else {
        output::print(args, &evaluated, beside)
    }
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

/// Says where what the run was trained on is not what is there now.
fn warn_of_other_data(stored: &StoredRun, data: &DataSet) {
    let (then, now) = (&stored.record.data.fingerprint, &data.fingerprint);
    if then != now {
        tell(&format!(
            "warning: the data is not the run's (fingerprint {now}, the run's {then}): the metrics are of other images"
        ));
    }
}

struct Evaluate<'a> {
    stored: &'a StoredRun,
    data: &'a DataSet,
    args: &'a EvaluateArgs,
}

impl<'a> Visitor for Evaluate<'a> {
    const WORK: &'static str = "evaluating";

    type Output = Result<(Evaluated<'a>, Option<BaselineScores>), Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let classifier = self.stored.classifier::<B::InnerBackend>(&device)?;
        let evaluated = Evaluated::of(&self.stored.plan, &classifier, self.data, self.args.split, &device);
        let baseline = || BaselineScores::of::<B::InnerBackend>(self.data, self.args.split, &device);
        Ok((evaluated, self.args.baseline.then(baseline)))
    }
}
