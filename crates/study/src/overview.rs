//! A study at a moment, for who watches it: how many trials stand how, the best so far, and those that run.

mod lines;
mod row;

use std::time::Duration;

use report::grouped;

use crate::{
    Entry, Remaining, Status, Study,
    remaining::{Expected, Work},
    status::{STOPPED_EARLY, State},
};

pub use lines::time_left;
pub(crate) use row::short_key;
pub use row::{Row, ended, failed, short};

/// A study at a moment.
#[derive(Clone, Debug)]
pub struct Overview {
    /// How many trials stand how.
    pub counts: Vec<(u64, &'static str)>,
    /// Trials of which nothing more is to come.
    pub ended: u64,
    /// All trials.
    pub total: u64,
    /// The part of all epochs that is done, 0 to 1.
    pub part: f64,
    /// The time since the driver began.
    pub elapsed: Duration,
    /// The seconds that are left, once there is something to tell it from.
    pub left: Option<f64>,
    /// The best trial so far.
    pub best: Option<Row>,
    /// The trials that run.
    pub running: Vec<Row>,
}

impl Overview {
    /// Of the trials so far, those in `running` by their places, so long after the driver began.
    pub fn new(
        study: &Study,
        entries: &[Entry],
        running: &[usize],
        elapsed: Duration,
        remaining: &mut Remaining,
    ) -> Self {
        let work: Vec<Work> = entries.iter().map(Work::of).collect();
        let expected = Expected::of(study, &work);
        let left = remaining.seconds(elapsed.as_secs_f64(), &work, expected, study.jobs);
        let mut counts = count(entries.iter().map(|entry| &entry.status));
        let to_come = study.total().saturating_sub(entries.len() as u64);
        counts.iter_mut().filter(|count| count.1 == "waiting").for_each(|count| count.0 += to_come);
        let goes_on = |entry: &&Entry| matches!(entry.status.state, State::Waiting | State::Running);
        Self {
            counts,
            ended: (entries.len() - entries.iter().filter(goes_on).count()) as u64,
            total: entries.len() as u64 + to_come,
            part: expected.part(&work),
            elapsed,
            left,
            best: best(study, entries).map(|(value, entry)| Row::new(entry, Some(value))),
            running: running.iter().map(|place| latest(&entries[*place])).collect(),
        }
    }
}

/// The trials that run, as their folders alone tell.
pub fn running(study: &Study, trials: &[Status]) -> Vec<Row> {
    let runs = trials.iter().filter(|status| status.state == State::Running);
    runs.map(|status| Row::of_status(status, study.metric)).collect()
}

/// The names of how a trial stands, in the order in which they are told.
const NAMES: [&str; 7] = ["finished", "pruned", STOPPED_EARLY, "interrupted", "failed", "running", "waiting"];

/// How many trials stand how, by all the names there are.
pub(super) fn count<'a>(trials: impl Iterator<Item = &'a Status>) -> Vec<(u64, &'static str)> {
    let mut counts = NAMES.map(|name| (0, name));
    for status in trials {
        let name = status.name();
        counts.iter_mut().filter(|count| count.1 == name).for_each(|count| count.0 += 1);
    }
    counts.to_vec()
}

/// How many trials that have begun stand how. One whose folder is made waits as those whose folders are not.
pub(super) fn begun(trials: &[Status]) -> Vec<(u64, &'static str)> {
    let counts = count(trials.iter()).into_iter();
    counts.filter(|(count, name)| *count > 0 && *name != "waiting").collect()
}

/// What is said in the place of counts where none has begun.
pub(super) const NONE_BEGUN: &str = "nothing done yet";

/// How many trials stand how, in a line.
pub fn counted(study: &Study, trials: &[Status]) -> String {
    format!("{}, of {} trials", counts(study, trials), grouped(study.total() as usize))
}

/// How many of all trials stand how.
pub(super) fn counts(study: &Study, trials: &[Status]) -> String {
    let (counts, mut parts): (Vec<u64>, Vec<String>) = begun(trials)
        .into_iter()
        .map(|(count, name)| match name {
            STOPPED_EARLY => (count, format!("{} {STOPPED_EARLY} by ASHA", grouped(count as usize))),
            name => (count, format!("{} {name}", grouped(count as usize))),
        })
        .unzip();
    match study.total().saturating_sub(counts.iter().sum()) {
        _ if parts.is_empty() => parts.push(NONE_BEGUN.into()),
        0 => {}
        waiting => parts.push(format!("{} waiting", grouped(waiting as usize))),
    }
    parts.join(", ")
}

/// A trial that runs, with the value after its last epoch.
fn latest(entry: &Entry) -> Row {
    Row::new(entry, entry.values.last().copied().filter(|value| value.is_finite()))
}

/// The best value so far, and whose it is. Of a trial that runs it is the last epoch's: its best one is known at its end.
fn best<'a>(study: &Study, entries: &'a [Entry]) -> Option<(f64, &'a Entry)> {
    let value = |entry: &Entry| match entry.status.state {
        State::Running => entry.values.last().copied(),
        _ => entry.status.value,
    };
    let valued = entries.iter().filter_map(|entry| Some((value(entry).filter(|value| value.is_finite())?, entry)));
    valued.min_by(|a, b| study.goal.loss(a.0).total_cmp(&study.goal.loss(b.0)))
}
