//! How the trials of a study stand, as their folders tell.

use std::{
    collections::{BTreeMap, btree_map::Entry as Slot},
    fs,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error,
    run::{RunRecord, folder, record},
    sweep::{Claim, Kept, Study, Trial, study::Metric, study_folder},
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

/// How a trial stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its run folder.
    pub run: PathBuf,
    /// What the study keeps of it.
    pub kept: Kept,
    /// Its run; none before its first process.
    pub record: Option<RunRecord>,
    /// What has become of it.
    pub state: State,
    /// The metric at its best epoch; none before the first.
    pub value: Option<f64>,
}

impl Status {
    /// Of a trial that has no folder yet.
    pub fn new(trial: &Trial) -> Self {
        Self { run: trial.path.clone(), kept: Kept::new(trial), record: None, state: State::Waiting, value: None }
    }

    /// Of the trial in `run`.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn read(run: &Path, metric: Metric) -> Result<Option<Self>, Error> {
        let Some(kept) = Kept::read(run)? else { return Ok(None) };
        let record = match RunRecord::read(run) {
            Err(Error::Read { .. }) => None,
            record => Some(record?),
        };
        let state = state(run, &kept, record.as_ref());
        let value = record.as_ref().and_then(|record| metric.of(record));
        Ok(Some(Self { run: run.into(), kept, record, state, value }))
    }

    /// Epochs done.
    pub fn epochs(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.epochs_done)
    }
}

fn state(run: &Path, kept: &Kept, record: Option<&RunRecord>) -> State {
    if kept.pruned.is_some() {
        return State::Pruned;
    }
    match record.map(|record| record.state) {
        Some(record::State::Finished) => State::Finished,
        _ if folder::is_in_use(run) || is_claimed(run, record) => State::Running,
        _ => kept.reason.clone().map_or(State::Waiting, State::Failed),
    }
}

/// Whether a driver that lives has taken it and has not come to the end of what it took it for.
fn is_claimed(run: &Path, record: Option<&RunRecord>) -> bool {
    let epochs = record.map_or(0, |record| record.epochs_done);
    let is_held = |claim: Claim| epochs < claim.until && study_folder::is_at_work(run, &claim.driver);
    Claim::read(run).is_some_and(is_held)
}

/// The trials that a study has now, by their numbers: of a folder that does not exist none.
///
/// What only an earlier form of the study has, or an earlier version of the program ran, is left out: values that were taken
/// out of the space, and of two folders for the same point and seed the older.
///
/// # Errors
/// Where the folder or a trial in it cannot be read.
pub fn of_study(study: &Study) -> Result<Vec<Status>, Error> {
    let folder = study.folder()?;
    let all = if folder.is_dir() { read_all(&folder, study.metric)? } else { Vec::new() };
    let numbers = study.numbers()?;
    let mut current: BTreeMap<usize, Status> = BTreeMap::new();
    for mut status in all {
        let number = match &numbers {
            Some(numbers) => numbers.get(&(status.kept.point.to_string(), status.kept.seed)).copied(),
            None => Some(status.kept.number),
        };
        let Some(number) = number else { continue };
        status.kept.number = number;
        match current.entry(number) {
            Slot::Vacant(slot) => drop(slot.insert(status)),
            Slot::Occupied(mut slot) if is_newer(&status, slot.get()) => drop(slot.insert(status)),
            Slot::Occupied(_) => {}
        }
    }
    Ok(current.into_values().collect())
}

/// Whether a trial began after another; one that has not begun yet is the newest.
fn is_newer(one: &Status, other: &Status) -> bool {
    let started = |status: &Status| status.record.as_ref().map(|record| record.started.clone());
    match (started(one), started(other)) {
        (Some(one), Some(other)) => one > other,
        (one, _) => one.is_none(),
    }
}

/// The trials below a study's folder.
fn read_all(study: &Path, metric: Metric) -> Result<Vec<Status>, Error> {
    let failed = |cause| Error::Read { path: study.into(), cause };
    let mut folders = Vec::new();
    for entry in fs::read_dir(study).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        }
    }
    let all: Vec<Result<Option<Status>, Error>> =
        folders.par_iter().map(|folder| Status::read(folder, metric)).collect();
    all.into_iter().filter_map(Result::transpose).collect()
}
