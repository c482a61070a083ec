//! Tables for a terminal, or one JSON object.

use std::num::NonZeroUsize;

use chart::{Block, Section, Table, terminal::blocks};
use metrics::{Counts, TOP_LOSSES};
use report::{BesideBaseline, Evaluated, OnlyOne};
use serde_json::{Value, json};

use crate::{
    cli::EvaluateArgs,
    commands::stored_run::StoredRun,
    terminal::{Out, colours, table, width},
};

/// Prints tables, and the charts and images that are asked for.
pub fn print(args: &EvaluateArgs, evaluated: &Evaluated, beside: Option<&BesideBaseline>) -> anyhow::Result<()> {
    let mut out = Out;
    let scores = Table::of_names(evaluated.metrics());
    writeln!(
        out,
        "{}\n\n{}\n{}",
        wrapped(evaluated.title()).trim_end(),
        table(&scores),
        table(&evaluated.by_class()).trim_end()
    )?;
    let charts = if args.charts { sections(evaluated) } else { vec![] };
    let top = args.top_losses.map(|count| evaluated.top_losses_as_pictures(count));
    let beside = beside.map(|beside| beside.section(args.top_losses.unwrap_or(TOP_LOSSES)));
    for section in charts.into_iter().chain(top).chain(beside) {
        let text = blocks(&section.blocks, width(), colours());
        writeln!(out, "\n{}\n{}", wrapped(section.heading), text.trim_end())?;
    }
    for (number, path) in args.html.iter().chain(&args.svg).enumerate() {
        let gap = if number == 0 { "\n" } else { "" };
        writeln!(out, "{gap}written to `{}`", path.display())?;
    }
    Ok(())
}

/// What `--charts` asks for: of two classes the table before has all of the confusion matrix.
fn sections(evaluated: &Evaluated) -> Vec<Section> {
    let confusion = (!evaluated.data.task().is_binary()).then(|| evaluated.confusion());
    confusion
        .into_iter()
        .chain(evaluated.confused())
        .chain(evaluated.charts().into_iter().map(|(_, section)| section))
        .collect()
}

/// Broken between words where the terminal is narrow.
fn wrapped(line: String) -> String {
    blocks(&[Block::Text(line)], width(), colours())
}

/// Prints one JSON object.
pub fn print_json(
    args: &EvaluateArgs,
    stored: &StoredRun,
    evaluated: &Evaluated,
    beside: Option<&BesideBaseline>,
) -> anyhow::Result<()> {
    let Evaluated { data, evaluation, split, .. } = evaluated;
    let is_the_runs = data.fingerprint == stored.record.data.fingerprint;
    let mut report = json!({
        "run": stored.path.to_string_lossy(),
        "model": stored.record.model.kind,
        "epoch": stored.record.best.as_ref().map(|best| best.epoch),
        "split": split.name(),
        "data": {
            "source": data.source,
            "notes": data.notes,
            "fingerprint": data.fingerprint,
            "is_the_runs": is_the_runs,
            "classes": data.task().classes(),
        },
        "images": evaluation.labels.len(),
        "metrics": evaluation.metrics(),
        "confusion": confusion(&evaluation.confusion()),
    });
    if let Some(count) = args.top_losses {
        report["top_losses"] = top_losses(evaluated, count);
    }
    if let Some(beside) = beside {
        report["baseline"] = baseline(beside);
    }
    Ok(Out.json(&report)?)
}

/// Of two classes the four counts by their names, of more the matrix, `[actual][predicted]`.
fn confusion(counts: &[Vec<u64>]) -> Value {
    match counts {
        [positives, negatives] => json!({
            "true_positive": positives[0],
            "false_negative": positives[1],
            "false_positive": negatives[0],
            "true_negative": negatives[1],
        }),
        more => json!(more),
    }
}

fn baseline(beside: &BesideBaseline) -> Value {
    let [_, l1, l2] = beside.predictors().each_ref().map(|(_, predictions)| {
        let (task, labels) = (beside.evaluated.data.task(), &beside.evaluated.evaluation.labels);
        let accuracy = Counts::of(task.classes().len(), predictions, labels).accuracy();
        json!({ "accuracy": accuracy, "confusion": confusion(&metrics::confusion(task, predictions, labels)) })
    });
    let names = |only| -> Vec<String> {
        beside.right(only).into_iter().map(|index| beside.evaluated.image_name(index)).collect()
    };
    json!({
        "l1": l1,
        "l2": l2,
        "only_the_model_is_right": names(OnlyOne::Model),
        "only_l1_is_right": names(OnlyOne::Baseline),
    })
}

fn top_losses(evaluated: &Evaluated, count: NonZeroUsize) -> Value {
    let top = evaluated.top_losses(count);
    let objects = top.iter().map(|top| {
        let [prediction, target] = [top.predicted, top.label].map(|label| evaluated.data.class(label));
        json!({
            "image": evaluated.image_name(top.index),
            "file": evaluated.images().file_name(top.index),
            "prediction": prediction,
            "target": target,
            "loss": top.loss,
            "probability": top.probability,
        })
    });
    objects.collect()
}
