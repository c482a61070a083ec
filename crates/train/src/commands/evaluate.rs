//! `train evaluate`: a trained model on a split.

use std::io::Write as _;

use anyhow::bail;
use data::DataSet;
use model::AutodiffBackend;
use serde_json::json;
use train::{
    Error,
    backend::{self, Visitor},
    evaluation::Evaluation,
    fit,
    plan::{Plan, Setting, SourceKind},
};

use super::{load_data, stored_run::StoredRun, table::table};
use crate::{
    cli::{EvaluateArgs, Split, UsageError},
    terminal::fraction,
};

/// Prints metrics, confusion matrix and accuracy by class.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let mut stored = StoredRun::open(&args.run, &args.backend)?;
    if let Some(data) = &args.data {
        stored.plan = with_data(&stored, data)?;
    }
    backend::limit_threads(stored.plan.threads);
    let data = load_data::load(&stored.plan, None)?;
    check_shape(&stored, &data)?;
    let chosen = stored.chosen.clone();
    let work = Evaluate { stored: &stored, data: &data, split: args.split };
    let evaluation = backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), work)??;
    if args.json { print_json(args, &data, &evaluation) } else { print(args, &data, &evaluation) }
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
    data: &'a DataSet,
    split: Split,
}

impl Visitor for Evaluate<'_> {
    type Output = Result<Evaluation, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let digits = match self.split {
            Split::Train => &self.data.train,
            Split::Valid => &self.data.valid,
        };
        let loader = fit::evaluation_loader(&self.stored.plan, digits, &device);
        Ok(Evaluation::of(&self.stored.classifier::<B::InnerBackend>(&device)?, &loader))
    }
}

fn print_json(args: &EvaluateArgs, data: &DataSet, evaluation: &Evaluation) -> anyhow::Result<()> {
    let report = json!({
        "run": args.run,
        "split": format!("{:?}", args.split).to_lowercase(),
        "data": { "source": data.source, "notes": data.notes, "fingerprint": data.fingerprint, "classes": data.classes },
        "images": evaluation.labels.len(),
        "metrics": evaluation.metrics(),
        "confusion": evaluation.confusion(),
    });
    Ok(writeln!(std::io::stdout(), "{report:#}")?)
}

fn print(args: &EvaluateArgs, data: &DataSet, evaluation: &Evaluation) -> anyhow::Result<()> {
    let (metrics, confusion) = (evaluation.metrics(), evaluation.confusion());
    let [positive, negative] = &data.classes;
    let mut out = std::io::stdout();
    let split = match args.split {
        Split::Train => "training",
        Split::Valid => "validation",
    };
    let source = &data.source;
    writeln!(out, "{} {split} images of {source}, {positive} against {negative}", evaluation.labels.len())?;
    let mut scores = table(&["loss", "accuracy", "precision", "recall", "f1", "roc auc"], 0);
    let optional = [metrics.precision, metrics.recall, metrics.f1, metrics.roc_auc].map(fraction);
    scores.add_row([format!("{:.6}", metrics.loss), format!("{:.4}", metrics.accuracy)].into_iter().chain(optional));
    writeln!(out, "\n{scores}")?;
    let (predicted_positive, predicted_negative) = (format!("predicted {positive}"), format!("predicted {negative}"));
    let mut matrix = table(&["class", &predicted_positive, &predicted_negative, "accuracy"], 1);
    let row = |class: &str, counts: [u64; 2], accuracy| {
        [class.into(), counts[0].to_string(), counts[1].to_string(), fraction(accuracy)]
    };
    matrix.add_row(row(positive, [confusion.true_positive, confusion.false_negative], confusion.recall()));
    matrix.add_row(row(negative, [confusion.false_positive, confusion.true_negative], confusion.specificity()));
    writeln!(out, "\n{matrix}")?;
    Ok(())
}
