//! `train runs`: the runs there are.

use chart::{Table, terminal::table};
use files::Error;
use report::{clock, fraction};
use run::{
    RunRecord,
    list::{self, Run},
    record::State,
};
use serde_json::json;

use crate::{
    cli::RunsArgs,
    terminal::{Out, tell},
};

/// Prints a line per run, the oldest first.
pub fn run(args: &RunsArgs) -> anyhow::Result<()> {
    let runs = list::list(&args.runs)?;
    let mut out = Out;
    if args.json {
        let rows: Vec<_> = runs.iter().map(object).collect();
        return Ok(out.json(&json!(rows))?);
    }
    if runs.is_empty() {
        return Ok(writeln!(out, "no runs below `{}` yet; `train` makes one", args.runs.display())?);
    }
    let mut rows = Table::new(["run", "state", "model", "backend", "data", "epochs", "best accuracy", "time"], 5);
    for run in &runs {
        rows.add_row(row(run));
    }
    write!(out, "{}", table(&rows, None))?;
    for run in &runs {
        if let Err(error @ Error::Damaged { .. }) = &run.record {
            tell(&format!("warning: {error}"));
        }
    }
    Ok(())
}

fn object(run: &Run) -> serde_json::Value {
    let reason = run.record.as_ref().err().map(ToString::to_string);
    json!({ "path": run.path.to_string_lossy(), "state": state(run), "run": run.record.as_ref().ok(), "reason": reason })
}

fn row(run: &Run) -> [String; 8] {
    let path = run.path.display().to_string();
    let Ok(record) = &run.record else {
        return [&path, state(run), "-", "-", "-", "-", "-", "-"].map(String::from);
    };
    [
        path,
        state(run).into(),
        record.model.kind.clone(),
        record.backend.clone(),
        record.data.source.clone(),
        format!("{}/{}", record.epochs_done, record.epochs),
        fraction(record.best.as_ref().map(|best| best.metrics.accuracy)),
        clock(record.seconds),
    ]
}

fn state(run: &Run) -> &'static str {
    match &run.record {
        Ok(RunRecord { state: State::Finished, .. }) => "finished",
        Ok(RunRecord { state: State::Interrupted, .. }) => "interrupted",
        Ok(RunRecord { state: State::Paused, .. }) if !run.in_use => "paused",
        Ok(RunRecord { state: State::Failed, .. }) => "failed",
        _ if run.in_use => "running",
        Err(Error::Damaged { .. }) => "damaged",
        // Made by a study's driver for a trial that is next.
        Err(_) if run.path.join("trial.toml").is_file() => "waiting",
        _ => "killed",
    }
}
