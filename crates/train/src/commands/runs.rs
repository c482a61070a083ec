//! `train runs`: the runs there are.

use std::{io::Write as _, time::Duration};

use serde_json::json;
use train::{
    run::list::{self, Run},
    run::record::State,
};

use super::table::table;
use crate::{
    cli::RunsArgs,
    terminal::{clock, fraction},
};

/// Prints a line per run, the oldest first.
pub fn run(args: &RunsArgs) -> anyhow::Result<()> {
    let runs = list::list(&args.runs)?;
    let mut out = std::io::stdout();
    if args.json {
        let rows: Vec<_> =
            runs.iter().map(|run| json!({ "path": run.path, "state": state(run), "run": run.record })).collect();
        return Ok(writeln!(out, "{:#}", json!(rows))?);
    }
    if runs.is_empty() {
        return Ok(writeln!(out, "no runs below `{}` yet; `train` makes one", args.runs.display())?);
    }
    let mut rows = table(&["run", "state", "model", "backend", "data", "epochs", "best accuracy", "time"], 5);
    for run in &runs {
        rows.add_row(row(run));
    }
    Ok(writeln!(out, "{rows}")?)
}

fn row(run: &Run) -> [String; 8] {
    let record = &run.record;
    [
        run.path.display().to_string(),
        state(run).into(),
        record.model.kind.clone(),
        record.backend.clone(),
        record.data.source.clone(),
        format!("{}/{}", record.epochs_done, record.epochs),
        fraction(record.best.as_ref().map(|best| best.metrics.accuracy)),
        clock(Duration::from_secs_f64(record.seconds)),
    ]
}

fn state(run: &Run) -> &'static str {
    match run.record.state {
        _ if run.killed => "killed",
        State::Running => "running",
        State::Finished => "finished",
        State::Interrupted => "interrupted",
        State::Failed => "failed",
    }
}
