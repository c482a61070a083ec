//! How the trials of a study stand, as their folders tell.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry as Slot},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use run::{RunRecord, folder, list, record};

use crate::{
    Error, Lease, Study, Trial, TrialRecord,
    study::{Metric, Seeded},
    study_folder,
    trial_record::is_trial,
};

/// What has become of a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It has not begun, or it stopped and can go on.
    Waiting,
    /// A process works on it.
    Running,
    /// All its epochs are done.
    Finished,
    /// It was not worth going on with.
    Pruned,
    /// It ended with this error.
    Failed(String),
}

/// What is said of a trial that was not promoted, as successive halving has it.
pub const STOPPED_EARLY: &str = "stopped early";

/// How a trial stands.
#[derive(Clone, Debug)]
pub struct Status {
    pub run: PathBuf,
    /// What the study keeps of it.
    pub trial: TrialRecord,
    /// Its run; none before its first process.
    pub record: Option<RunRecord>,
    pub state: State,
    /// The metric at its best epoch; none before the first.
    pub value: Option<f64>,
}

impl Status {
    /// Of a trial that has no folder yet.
    pub fn new(trial: &Trial) -> Self {
        Self {
            run: trial.path.clone(),
            trial: TrialRecord::new(trial),
            record: None,
            state: State::Waiting,
            value: None,
        }
    }

    /// Of the trial in `run`.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn read(run: &Path, metric: Metric) -> Result<Option<Self>, Error> {
        let Some(trial) = TrialRecord::read(run)? else { return Ok(None) };
        // A damaged one is as good as none: the trial goes on from its checkpoint, if it has one, and writes it anew.
        let mut record = RunRecord::read(run).ok();
        if let Some(record) = record.as_mut().filter(|record| record.state == record::State::Running) {
            // It has not written its record since it began.
            list::catch_up(record, run);
        }
        let state = state(run, &trial, record.as_ref());
        let value = record.as_ref().and_then(|record| metric.of(record));
        Ok(Some(Self { run: run.into(), trial, record, state, value }))
    }

    /// How it stands, in a word.
    pub fn name(&self) -> &'static str {
        match &self.state {
            State::Waiting => match self.record.as_ref().filter(|record| record.epochs_done > 0).map(|it| it.state) {
                Some(record::State::Paused) => STOPPED_EARLY,
                // Or killed.
                Some(record::State::Interrupted | record::State::Running) => "interrupted",
                _ => "waiting",
            },
            State::Running => "running",
            State::Finished => "finished",
            State::Pruned => "pruned",
            State::Failed(_) => "failed",
        }
    }

    /// Holds it to a plan of so many epochs. One that did all that its plan asked for then goes on where this is more, unless its
    /// patience ran out; one that was stopped with so many is whole.
    pub fn hold_to(&mut self, epochs: usize) {
        let Some(record) = &self.record else { return };
        let done = record.epochs_done;
        match self.state {
            State::Finished if done >= record.epochs && done < epochs && !list::is_out_of_patience(&self.run) => {
                self.state = State::Waiting;
            }
            State::Waiting if record.state == record::State::Paused && done >= epochs => self.state = State::Finished,
            _ => {}
        }
    }

    /// The number by which people know it, from 1.
    pub fn number(&self) -> usize {
        self.trial.number + 1
    }

    /// Its epochs, and what ended them before all of them were done.
    pub fn came_to(&self) -> String {
        came_to(&self.epochs().to_string(), self.name())
    }

    pub fn epochs(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.epochs_done)
    }
}

/// Epochs, and what ended them before all of them were done, as a trial's [`Status::name`] says.
pub(crate) fn came_to(epochs: &str, state: &str) -> String {
    match state {
        "finished" => epochs.to_owned(),
        STOPPED_EARLY | "pruned" => format!("{epochs}, stopped"),
        other => format!("{epochs}, {other}"),
    }
}

fn state(run: &Path, trial: &TrialRecord, record: Option<&RunRecord>) -> State {
    if trial.pruned.is_some() {
        return State::Pruned;
    }
    match record.map(|record| record.state) {
        Some(record::State::Finished) => State::Finished,
        // A driver gives a reason when it will not try again, though it still has the lease.
        _ if trial.reason.is_some() && !folder::is_in_use(run) => {
            State::Failed(trial.reason.clone().unwrap_or_default())
        }
        _ if folder::is_in_use(run) || is_leased(run, record) => State::Running,
        _ => trial.reason.clone().map_or(State::Waiting, State::Failed),
    }
}

/// Why a trial failed, but for the numbers: what is the same then failed alike.
pub(crate) fn without_numbers(reason: &str) -> String {
    reason.split(|c: char| c.is_ascii_digit() || ".e-+".contains(c)).collect()
}

/// Whether a driver that lives has taken it and has not come to the end of what it took it for.
fn is_leased(run: &Path, record: Option<&RunRecord>) -> bool {
    // With all its epochs and no model yet, it is not there.
    let has_come = |until| record.is_some_and(|it| it.state != record::State::Running && it.epochs_done >= until);
    let is_held = |lease: Lease| !has_come(lease.until) && study_folder::is_at_work(run, &lease.driver);
    Lease::read(run).is_some_and(is_held)
}

/// The trials that a study has now, by their numbers: of a folder that does not exist none.
///
/// What only an earlier form of the study has, or an earlier version of the program ran, is left out: values that were taken
/// out of the space, trials of another base or `[set]`, and of two folders for the same point and seed the older.
///
/// # Errors
/// Where the folder or a trial in it cannot be read.
pub fn of_study(study: &Study) -> Result<Vec<Status>, Error> {
    let mut all = read_all(&study.folder()?, study.metric)?;
    all.retain(|status| status.trial.common == study.common);
    let epochs = study.a_plan()?.training.epochs;
    all.iter_mut().for_each(|status| status.hold_to(epochs));
    let mut current: BTreeMap<(String, Option<u64>), Status> = BTreeMap::new();
    for status in all {
        match current.entry((status.trial.point.to_string(), status.trial.seed)) {
            Slot::Vacant(slot) => drop(slot.insert(status)),
            Slot::Occupied(mut slot) if is_later(&status, slot.get()) => drop(slot.insert(status)),
            Slot::Occupied(_) => {}
        }
    }
    match study.numbers()? {
        Some(numbers) => Ok(by_number(current, |key| numbers.get(key).copied())),
        None => Ok(proposed(study, current.into_values().collect())),
    }
}

/// The trials of a study that are known so far: those of its points, and those that TPE has proposed before.
///
/// # Errors
/// Where the study's folder cannot be read.
pub fn known(study: &Study) -> Result<Vec<Seeded>, Error> {
    let proposed = || -> Result<Vec<Seeded>, Error> {
        Ok(of_study(study)?.into_iter().map(|status| (status.trial.point(), status.trial.seed)).collect())
    };
    study.all()?.map_or_else(proposed, Ok)
}

fn by_number<K>(trials: BTreeMap<K, Status>, number: impl Fn(&K) -> Option<usize>) -> Vec<Status> {
    let numbered = trials.into_iter().filter_map(|(key, mut status)| {
        status.trial.number = number(&key)?;
        Some(status)
    });
    let mut all: Vec<Status> = numbered.collect();
    all.sort_by_key(|status| status.trial.number);
    all
}

/// Of the trials that a search has proposed those that it has now, in the order in which it proposed their points.
fn proposed(study: &Study, mut all: Vec<Status>) -> Vec<Status> {
    all.sort_by_key(|status| status.trial.number);
    all.retain(|status| study.seeds().contains(&status.trial.seed));
    let mut points: BTreeSet<String> = BTreeSet::new();
    all.retain(|status| {
        let point = status.trial.point.to_string();
        points.contains(&point) || points.len() < study.trials && points.insert(point)
    });
    (0..).zip(&mut all).for_each(|(number, status)| status.trial.number = number);
    all
}

/// Of two folders for the same point and seed, on other data or another backend, whether the first began last, or has not begun.
fn is_later(one: &Status, other: &Status) -> bool {
    let started = |status: &Status| status.record.as_ref().map(RunRecord::began);
    started(one).is_none_or(|one| started(other).is_some_and(|other| one > other))
}

/// Whether a folder is that of a study: no run, but with trials below.
pub fn is_study(path: &Path) -> bool {
    folder::check(path).is_err() && folders(path).is_ok_and(|trials| !trials.is_empty())
}

/// The folders of all trials that a study has or had: of one that does not exist none.
///
/// # Errors
/// Where the study's folder cannot be read.
pub fn folders(study: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(list::folders(study)?.into_iter().filter(|path| is_trial(path)).collect())
}

/// The trials below a study's folder.
pub(super) fn read_all(study: &Path, metric: Metric) -> Result<Vec<Status>, Error> {
    let all: Vec<_> = list::folders(study)?.par_iter().map(|folder| Status::read(folder, metric)).collect();
    all.into_iter().filter_map(Result::transpose).collect()
}
