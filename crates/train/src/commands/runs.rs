//! `train runs`: the runs there are, and what a person does with them.

mod condition;
pub mod marks;
pub mod removal;
pub mod row;
pub mod stop;

use chart::{
    Block, Table,
    terminal::{blocks, fits, table},
};
use files::Error;
use report::fraction;
use run::{RunRecord, list::Run, record::State};
use serde_json::json;

pub use condition::{Condition, Sort};
pub use row::Row;

use crate::{
    cli::{ListArgs, RunsAction, RunsArgs},
    terminal::{Out, colours, room, tell},
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

/// Where there is room for it each in a line. On a narrower terminal what was changed stands below a run's name and some numbers below
/// others, or each run has lines of its own.
fn print(rows: &[Row]) -> anyhow::Result<()> {
    let room = room();
    let of = |layout| listed(rows, layout);
    let shown = match room {
        None => of(Layout::Line),
        Some(width) if width < WIDE => {
            Some(of(Layout::Below)).filter(|below| fits(below, width)).unwrap_or_else(|| of(Layout::Wide))
        }
        Some(_) => of(Layout::Wide),
    };
    let mut out = Out;
    write!(out, "{}", table(&shown, room))?;
    let monitors = row::monitors(rows);
    let by = if monitors.is_empty() { String::new() } else { format!(", by {}", monitors.join(" or ")) };
    let meaning =
        format!("accuracy: on the validation images at the best epoch{by}, whose model is kept; highest: of any epoch");
    let meaning = match room {
        Some(width) => blocks(&[Block::Text(meaning)], width, colours()),
        None => meaning,
    };
    Ok(writeln!(out, "\n{}", meaning.trim_end())?)
}

/// How a row of the list is laid out.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// In one line, what was changed, the tags and the note in columns of their own.
    Line,
    /// The numbers in one line, and below the name what was changed.
    Wide,
    /// In two lines: the time below the epochs, the highest accuracy below that of the best one.
    Below,
}

fn listed(rows: &[Row], layout: Layout) -> Table {
    let header: &[&str] = match layout {
        Layout::Line => &["run", "began", "state", "changed", "tags", "note"],
        Layout::Wide | Layout::Below => &["run", "began", "state"],
    };
    let numbers: &[&str] = match layout {
        Layout::Below => &["epochs\ntime", "accuracy\nhighest"],
        Layout::Line | Layout::Wide => &["epochs", "best epoch", "accuracy", "highest", "at epoch", "time"],
    };
    let mut table = Table::new(header.iter().chain(numbers).copied(), header.len());
    rows.iter().for_each(|row| table.add_row(cells(row, layout)));
    table
}

fn cells(row: &Row, layout: Layout) -> Vec<String> {
    let (best, marks) = (row.best(), row.marks());
    let is_line = layout == Layout::Line;
    let below = marks.iter().filter(|mark| !is_line && !mark.is_empty());
    // Each key in a line of its own: it is as long as a run's name.
    let changes = |mark: &str| shortened(mark).join("\n  ");
    let lines = below.enumerate().map(|(number, mark)| if number == 0 { changes(mark) } else { mark.clone() });
    let name = std::iter::once(row.path.display().to_string()).chain(lines.map(|mark| format!("  {mark}")));
    let mut cells = vec![name.collect::<Vec<_>>().join("\n"), row.began(), row.state.clone()];
    cells.extend(marks.iter().filter(|_| is_line).map(|mark| mark.trim_start_matches("# ").replace('\n', " ")));
    let accuracy = fraction(best.map(|best| best.metrics.accuracy));
    let ([highest, at], time) = (row.highest(), report::spent(row.seconds));
    if layout == Layout::Below {
        cells.extend([format!("{}\n{time}", row.epochs()), format!("{accuracy}\n{highest}")]);
    } else {
        let best_epoch = best.map_or_else(|| "-".into(), |best| best.epoch.to_string());
        cells.extend([row.epochs(), best_epoch, accuracy, highest, at, time]);
    }
    cells
}

/// What was changed, each key with its value; of a long path its last part, since the others would make the column as wide, of a number
/// its first digits.
pub fn shortened(changes: &str) -> Vec<String> {
    changes.split(' ').map(shortened_value).collect()
}

fn shortened_value(change: &str) -> String {
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

/// The state of a run that trains.
const RUNNING: &str = "running";

/// How a run stands, in a word.
pub fn state(run: &Run) -> &'static str {
    match &run.record {
        Ok(RunRecord { state: State::Finished, .. }) => "finished",
        Ok(RunRecord { state: State::Interrupted, .. }) => "interrupted",
        Ok(RunRecord { state: State::Paused, reason: Some(_), .. }) if !run.in_use => "pruned",
        Ok(RunRecord { state: State::Paused, .. }) if !run.in_use => "stopped early",
        Ok(RunRecord { state: State::Failed, .. }) => "failed",
        _ if run.in_use => RUNNING,
        Err(Error::Damaged { .. }) => "damaged",
        // Made by a study's driver for a trial that is next.
        Err(_) if study::is_trial(&run.path) => "waiting",
        _ => "killed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_first_digits_and_a_long_path_its_last_part() {
        let changes = "learning_rate=9.116712589326808 epochs=12 data.path=/a/very/long/path/to/all/digits.tgz";
        assert_eq!(shortened(changes), ["learning_rate=9.117", "epochs=12", "data.path=…/digits.tgz"]);
    }
}
