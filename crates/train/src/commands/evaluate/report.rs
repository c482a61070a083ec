//! Tables for a terminal, or one JSON object.

use std::io::Write as _;

use serde_json::json;

use super::{Evaluated, figures, top_losses};
use crate::{
    cli::Split,
    commands::{shown::Shown, table::table},
    terminal::fraction,
};

/// What was evaluated, in a line.
pub fn title(evaluated: &Evaluated) -> String {
    let [positive, negative] = &evaluated.data.classes;
    let split = match evaluated.args.split {
        Split::Train => "training",
        Split::Valid => "validation",
    };
    let (images, source) = (evaluated.digits.len(), &evaluated.data.source);
    format!("{images} {split} images of {source}, {positive} against {negative}")
}

/// The metrics with their names, as text.
pub fn metrics(evaluated: &Evaluated) -> [(&'static str, String); 6] {
    let metrics = evaluated.scores.evaluation.metrics();
    [
        ("loss", format!("{:.6}", metrics.loss)),
        ("accuracy", format!("{:.4}", metrics.accuracy)),
        ("precision", fraction(metrics.precision)),
        ("recall", fraction(metrics.recall)),
        ("f1", fraction(metrics.f1)),
        ("roc auc", fraction(metrics.roc_auc)),
    ]
}

/// Prints tables, and the charts and images that are asked for.
pub fn print(evaluated: &Evaluated) -> anyhow::Result<()> {
    let (args, mut out) = (evaluated.args, std::io::stdout());
    let (names, values): (Vec<_>, Vec<_>) = metrics(evaluated).into_iter().unzip();
    let mut scores = table(&names, 0);
    scores.add_row(values);
    writeln!(out, "{}\n\n{scores}\n\n{}", title(evaluated), figures::confusion(evaluated).text)?;
    let charts = if args.charts { figures::charts(evaluated) } else { vec![] };
    let top = args.top_losses.map(|count| top_losses::show(evaluated, count));
    for Shown { title, text, .. } in charts.into_iter().map(|(_, shown)| shown).chain(top) {
        writeln!(out, "\n{title}\n\n{}", text.trim_end())?;
    }
    for (number, path) in args.html.iter().chain(&args.svg).enumerate() {
        let gap = if number == 0 { "\n" } else { "" };
        writeln!(out, "{gap}written to `{}`", path.display())?;
    }
    Ok(())
}

/// Prints one JSON object.
pub fn print_json(evaluated: &Evaluated) -> anyhow::Result<()> {
    let Evaluated { args, data, .. } = evaluated;
    let evaluation = &evaluated.scores.evaluation;
    let mut report = json!({
        "run": args.run,
        "split": args.split.name(),
        "data": { "source": data.source, "notes": data.notes, "fingerprint": data.fingerprint, "classes": data.classes },
        "images": evaluation.labels.len(),
        "metrics": evaluation.metrics(),
        "confusion": evaluation.confusion(),
    });
    if let Some(count) = args.top_losses {
        report["top_losses"] = top_losses::json(evaluated, count);
    }
    Ok(writeln!(std::io::stdout(), "{report:#}")?)
}
