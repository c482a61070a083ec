//! `train runs`: the runs there are, and what a person does with them.

mod condition;
pub mod marks;
pub mod removal;
pub mod row;
pub mod stop;

use chart::{
    Block, Table,
    terminal::{blocks, table},
};
use files::Error;
use report::fraction;
use run::{RunRecord, list::Run, record::State};
use serde_json::json;
use std::io::IsTerminal as _;

pub use condition::{Condition, Sort};
pub use row::Row;

use crate::{
    cli::{ListArgs, RunsAction, RunsArgs},
    terminal::{Out, colours, tell, width},
};

/// Columns from which on all of the table's stand side by side.
const WIDE: usize = 116;
/// Characters of a key with its value that are as long as a run's name.
const LONG: usize = 32;

/// Lists the runs, or does what is asked for with some.
pub fn run(args: &RunsArgs) -> anyhow::Result<()> {
    match &args.action {
        None => list(&args.list),
        Some(RunsAction::Note(args)) => marks::note(args),
        Some(RunsAction::Tag(args)) => marks::tag(args),
        Some(RunsAction::Stop(args)) => stop::stop(args),
        Some(RunsAction::Remove(args)) => removal::remove(args),
        Some(RunsAction::Prune(args)) => removal::prune(args),
    }
}

/// Prints a row for each run and each study, the newest first.
fn list(args: &ListArgs) -> anyhow::Result<()> {
    let mut rows = row::all(&args.root.runs, args.trials)?;
    let total = rows.len();
    for condition in &args.filter {
        condition.check()?;
        rows.retain(|row| condition.holds(row));
    }
    match &args.sort {
        Some(key) => Sort::by(key)?.apply(&mut rows),
        None => rows.reverse(),
    }
    rows.truncate(args.last.map_or(usize::MAX, usize::from));
    if args.json {
        let objects: Vec<_> = rows.iter().map(object).collect();
        return Ok(Out.json(&json!(objects))?);
    }
    let root = args.root.runs.display();
    match (rows.is_empty(), total) {
        (true, 0) => writeln!(Out, "no runs below `{root}` yet; `train` makes one")?,
        (true, _) => writeln!(Out, "none of the {total} runs below `{root}` is so; without `--filter` all are listed")?,
        (false, _) => print(&rows)?,
    }
    for row in &rows {
        if let Some(reason) = row.reason.as_ref().filter(|_| row.is_damaged) {
            tell(&format!("warning: {reason}"));
        }
    }
    Ok(())
}

/// On a terminal with as many columns as there is room for, and what was changed below a run's name; in a pipe a line for each.
fn print(rows: &[Row]) -> anyhow::Result<()> {
    let width = std::io::stdout().is_terminal().then(width);
    let is_wide = width.is_none_or(|width| width >= WIDE);
    let mut header = vec!["run", "began", "state"];
    header.extend(if width.is_none() { &["changed", "tags", "note"][..] } else { &[] });
    header.extend(if is_wide {
        &["epochs", "best epoch", "accuracy", "highest", "at epoch", "time"][..]
    } else {
        &["epochs", "accuracy"]
    });
    let mut shown = Table::new(header.iter().copied(), if width.is_none() { 6 } else { 3 });
    for row in rows {
        shown.add_row(cells(row, width.is_none(), is_wide));
    }
    let mut out = Out;
    write!(out, "{}", table(&shown, width))?;
    let monitors = row::monitors(rows);
    let by = if monitors.is_empty() { String::new() } else { format!(", by {}", monitors.join(" or ")) };
    let highest = if is_wide { "; highest: of any epoch" } else { "" };
    let meaning = format!("accuracy: on the validation images at the best epoch{by}, whose model is kept{highest}");
    let meaning = match width {
        Some(width) => blocks(&[Block::Text(meaning)], width, colours()),
        None => meaning,
    };
    Ok(writeln!(out, "\n{}", meaning.trim_end())?)
}

/// The cells of a row; what was changed, the tags and the note stand in columns of their own or below the name.
fn cells(row: &Row, beside: bool, is_wide: bool) -> Vec<String> {
    let (best, marks) = (row.best(), row.marks());
    let below = marks.iter().filter(|mark| !beside && !mark.is_empty());
    // Each key in a line of its own: it is as long as a run's name.
    let changes = |mark: &str| mark.split(' ').map(shortened).collect::<Vec<_>>().join("\n  ");
    let lines = below.enumerate().map(|(number, mark)| if number == 0 { changes(mark) } else { mark.clone() });
    let name = std::iter::once(row.path.display().to_string()).chain(lines.map(|mark| format!("  {mark}")));
    let mut cells = vec![name.collect::<Vec<_>>().join("\n"), row.began(), row.state.clone()];
    cells.extend(marks.iter().filter(|_| beside).map(|mark| mark.trim_start_matches("# ").replace('\n', " ")));
    cells.push(row.epochs());
    cells.extend(is_wide.then(|| best.map_or_else(|| "-".into(), |best| best.epoch.to_string())));
    cells.push(fraction(best.map(|best| best.metrics.accuracy)));
    if is_wide {
        cells.extend(row.highest());
        cells.push(report::clock(row.seconds));
    }
    cells
}

/// A key with its value; of a long path its last part, since the others would make the column as wide, of a number its first digits.
fn shortened(change: &str) -> String {
    match (change.split_once('='), change.rsplit_once('/')) {
        (Some((key, value)), None) if value.contains('.') => match value.parse() {
            Ok(number) => format!("{key}={}", report::short(number)),
            Err(_) => change.to_owned(),
        },
        (Some((key, _)), Some((_, file))) if change.chars().count() > LONG => format!("{key}=…/{file}"),
        _ => change.to_owned(),
    }
}

fn object(row: &Row) -> serde_json::Value {
    let highest = row.highest_accuracy();
    json!({
        "path": row.path.to_string_lossy(),
        "state": row.state,
        "study": row.study,
        "trials": row.trials.as_ref().map(|trials| trials.iter().map(|trial| trial.to_string_lossy()).collect::<Vec<_>>()),
        "best_trial": row.trials.as_ref().and(row.run.as_ref()).map(|run| run.to_string_lossy()),
        "run": row.record,
        "seconds": row.seconds,
        "highest_accuracy": highest.map(|(epoch, accuracy)| json!({ "epoch": epoch, "accuracy": accuracy })),
        "config": row.about.config,
        "changed": row.about.changed,
        "note": row.about.note,
        "tags": row.about.tags,
        "reason": row.reason,
    })
}

/// How a run stands, in a word.
pub fn state(run: &Run) -> &'static str {
    match &run.record {
        Ok(RunRecord { state: State::Finished, .. }) => "finished",
        Ok(RunRecord { state: State::Interrupted, .. }) => "interrupted",
        Ok(RunRecord { state: State::Paused, reason: Some(_), .. }) if !run.in_use => "pruned",
        Ok(RunRecord { state: State::Paused, .. }) if !run.in_use => "stopped early",
        Ok(RunRecord { state: State::Failed, .. }) => "failed",
        _ if run.in_use => "running",
        Err(Error::Damaged { .. }) => "damaged",
        // Made by a study's driver for a trial that is next.
        Err(_) if study::is_trial(&run.path) => "waiting",
        _ => "killed",
    }
}
