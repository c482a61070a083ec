//! `train evaluate`: a trained model on a split.

mod files;
mod output;

use std::{path::Path, time::Instant};

use anyhow::bail;
use data::DataSet;
use metrics::Scores;
use model::{AutodiffBackend, Distance};
use plan::{Plan, Setting};
use report::{BaselineScores, BesideBaseline, Evaluated};
use run::folder;
use train::{Error, backend::BackendJob, baseline, evaluation};

use super::{run_name, stored_run::StoredRun, why, workbench::Workbench};
use crate::{
    cli::{EvaluateArgs, UsageError},
    terminal::{say, tell},
};

/// Prints metrics, confusion matrix and accuracy by class, and what else is asked for.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let mut stored = StoredRun::open(run_name::find_trained(&args.run)?, &args.backend)?;
    if !args.json {
        say(&run_name::lines(&stored.path));
    }
    if let Some(data) = &args.data {
        stored.plan = with_data(&stored, data)?;
    }
    let workbench = match &args.data {
        // The baseline learns from the training images, so they are needed too.
        Some(_) if !args.baseline => Workbench::judging(stored.chosen.clone(), stored.plan.clone(), args.split)?,
        _ => Workbench::on(stored.chosen.clone(), stored.plan.clone(), None)?,
    };
    let data = &workbench.data;
    check_shape(&stored, data)?;
    check_classes(&stored, data)?;
    check_split(args, data)?;
    match &args.data {
        None => warn_of_other_data(&stored, data),
        Some(_) => warn_of_missing_classes(args, data),
    }
    let (scores, baseline, seconds) = workbench.run(Evaluate { stored: &stored, data, args })??;
    let whys = match &args.html {
        Some(_) => why::of_top_losses(&workbench, args.split, &stored.path, &stored.record, &scores)?.0,
        None => Vec::new(),
    };
    let evaluated = Evaluated::new(&stored.plan, data, args.split, scores, config(args, &stored.path));
    let beside = baseline.as_ref().map(|baseline| BesideBaseline::new(&evaluated, baseline));
    files::write(args, &stored, &evaluated, &whys, beside.as_ref(), seconds)?;
    if args.json {
        output::print_json(args, &stored, &evaluated, beside.as_ref().filter(|_| args.baseline))
    } else {
        output::print(args, &evaluated, beside.as_ref().filter(|_| args.baseline))
    }
}

/// Of a run that took so long the baseline is cheap where it takes a second.
const A_SECOND: f64 = 50.0;

/// The run's plan with `SOURCE[:PATH]` in place of its data.
fn with_data(stored: &StoredRun, data: &str) -> anyhow::Result<Plan> {
    let (source, path) = data.split_once(':').unwrap_or((data, ""));
    if path.is_empty() && !plan::SourceKind::NAMES.contains(&source) && Path::new(data).exists() {
        bail!(UsageError(format!("--data {data}: say what it is, as `--data folder:{data}`")));
    }
    let origin = format!("--data {data}");
    let flag = |key: &str, value: &str| Setting::flag(origin.clone(), key, value.to_owned());
    // By name: other data may have more classes, or have them in another order.
    let classes = stored.record.data.classes.clone();
    let classes = Setting::flag("the run's classes", "data.classes", classes);
    let plan = stored.plan_with(&[flag("data.source", source), flag("data.path", path), classes])?;
    if !path.is_empty() && plan.data.source.reads().is_none() {
        bail!(UsageError(format!("{origin}: source `{source}` reads no path, `{path}` would be ignored")));
    }
    Ok(plan)
}

/// What is to be typed behind a command to have these images.
fn config(args: &EvaluateArgs, run: &Path) -> String {
    let config = ::files::quoted(&folder::config_path(run));
    let Some(data) = &args.data else { return config };
    let (source, path) = data.split_once(':').unwrap_or((data, ""));
    let path = if path.is_empty() {
        String::new()
    } else {
        format!(" --set {}", ::files::quoted(Path::new(&format!("data.path={path}"))))
    };
    format!("{config} --set data.source={source}{path}")
}

fn check_shape(stored: &StoredRun, data: &DataSet) -> Result<(), UsageError> {
    let (model, data) = (stored.record.model.shape(), data.shape());
    if model == data {
        return Ok(());
    }
    Err(UsageError(format!("the model takes images of {model}, the data has {data}")))
}

fn check_classes(stored: &StoredRun, data: &DataSet) -> Result<(), UsageError> {
    let (model, data) = (&stored.record.data.classes, data.task().classes());
    if model == data {
        return Ok(());
    }
    let names = |classes: &[String]| {
        let few: Vec<&str> = classes.iter().take(10).map(String::as_str).collect();
        few.join(", ") + if classes.len() > few.len() { ", .." } else { "" }
    };
    Err(UsageError(format!("the model knows the classes {}; the data has {}", names(model), names(data))))
}

fn check_split(args: &EvaluateArgs, data: &DataSet) -> Result<(), UsageError> {
    if data.split(args.split).is_some() {
        return Ok(());
    }
    let (split, splits) = (args.split.name(), data.splits().map(|(split, _)| split.name()).collect::<Vec<_>>());
    Err(UsageError(format!("--split {split}: the data has no such split, only {}", splits.join(" and "))))
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

/// Says which classes cannot be judged.
fn warn_of_missing_classes(args: &EvaluateArgs, data: &DataSet) {
    let Some(images) = data.split(args.split) else { return };
    let missing: Vec<String> = data
        .task()
        .labels()
        .filter(|label| images.count(*label) == 0)
        .map(|label| format!("`{}`", data.class(label)))
        .collect();
    if let [first, rest @ ..] = &missing[..] {
        let more = if rest.is_empty() { String::new() } else { format!(", nor of {} others", rest.len()) };
        tell(&format!("warning: the data has no image of the class {first}{more}"));
    }
}

struct Evaluate<'a> {
    stored: &'a StoredRun,
    data: &'a DataSet,
    args: &'a EvaluateArgs,
}

impl BackendJob for Evaluate<'_> {
    const WORK: &'static str = "evaluating";

    /// With the seconds that the model took.
    type Output = Result<(Scores, Option<BaselineScores>, f64), Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let Self { stored, data, args } = self;
        let classifier = stored.classifier::<B::InnerBackend>(&device)?;
        let images = data.split(args.split).expect("the split is checked");
        let began = Instant::now();
        let scores = evaluation::scores(&stored.plan, &classifier, images, &device);
        let seconds = began.elapsed().as_secs_f64();
        let baseline = || {
            let fitted = baseline::fit::<B::InnerBackend>(data, &device);
            let of = |distance| baseline::logits(&fitted, images, distance, &device);
            BaselineScores { l1: of(Distance::L1), l2: of(Distance::L2) }
        };
        // A page has it anyhow where it takes a moment; of other data the training images are not there.
        let is_cheap = args.html.is_some() && args.data.is_none() && super::report::is_cheap(data, A_SECOND);
        Ok((scores, (args.baseline || is_cheap).then(baseline), seconds))
    }
}
