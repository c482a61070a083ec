//! How the trials of a study stand, as their folders tell.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry as Slot},
    fs,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error,
    run::{RunRecord, folder, list, record},
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
            // A damaged one is as good as none: the trial goes on from its checkpoint, if it has one, and writes it anew.
            Err(Error::Read { .. } | Error::Damaged { .. }) => None,
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
/// out of the space, and of two folders for the same point and seed that of another plan, or the older.
///
/// # Errors
/// Where the folder or a trial in it cannot be read.
pub fn of_study(study: &Study) -> Result<Vec<Status>, Error> {
    let folder = study.folder()?;
    let all = if folder.is_dir() { read_all(&folder, study.metric)? } else { Vec::new() };
    let mut current: BTreeMap<(String, Option<u64>), Status> = BTreeMap::new();
    for status in all {
        match current.entry((status.kept.point.to_string(), status.kept.seed)) {
            Slot::Vacant(slot) => drop(slot.insert(status)),
            Slot::Occupied(mut slot) if is_rather(study, &status, slot.get()) => drop(slot.insert(status)),
            Slot::Occupied(_) => {}
        }
    }
    match study.numbers()? {
        Some(numbers) => Ok(by_number(current, |key| numbers.get(key).copied())),
        None => Ok(proposed(study, current.into_values().collect())),
    }
}

fn by_number<K>(trials: BTreeMap<K, Status>, number: impl Fn(&K) -> Option<usize>) -> Vec<Status> {
    let numbered = trials.into_iter().filter_map(|(key, mut status)| {
        status.kept.number = number(&key)?;
        Some(status)
    });
    let mut all: Vec<Status> = numbered.collect();
    all.sort_by_key(|status| status.kept.number);
    all
}

/// Of the trials that a search has proposed those that it has now, in the order in which it proposed their points.
fn proposed(study: &Study, mut all: Vec<Status>) -> Vec<Status> {
    all.sort_by_key(|status| status.kept.number);
    all.retain(|status| study.seeds().contains(&status.kept.seed));
    let mut points: BTreeSet<String> = BTreeSet::new();
    all.retain(|status| {
        let point = status.kept.point.to_string();
        points.contains(&point) || points.len() < study.trials && points.insert(point)
    });
    (0..).zip(&mut all).for_each(|(number, status)| status.kept.number = number);
    all
}

/// Of two folders for the same point and seed, whether the first is the study's as it is now; where neither or both are, the one
/// that began last, or has not begun.
fn is_rather(study: &Study, one: &Status, other: &Status) -> bool {
    let is_current = |status: &Status| is_of_plan(study, status).unwrap_or(false);
    let started = |status: &Status| status.record.as_ref().map(|record| record.started.clone());
    match (is_current(one), is_current(other)) {
        (true, false) => true,
        (false, true) => false,
        _ => started(one).is_none_or(|one| started(other).is_some_and(|other| one > other)),
    }
}

/// Whether a trial's plan is the study's, but for what `auto` came to.
fn is_of_plan(study: &Study, status: &Status) -> Option<bool> {
    let before = folder::read_plan(&status.run).ok()?;
    let mut now = study.plan(&status.kept.point(), status.kept.seed).ok()?;
    (now.backend, now.data.source) = (before.backend, before.data.source);
    Some(now.identity() == before.identity())
}

/// With what `metrics.jsonl` tells of a trial that has not written its record since it began.
fn up_to_date(mut status: Status, metric: Metric) -> Status {
    if let Some(record) = status.record.as_mut().filter(|record| record.state == record::State::Running) {
        list::catch_up(record, &status.run);
        status.value = metric.of(record);
    }
    status
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
    let read = |folder: &PathBuf| Ok(Status::read(folder, metric)?.map(|status| up_to_date(status, metric)));
    let all: Vec<Result<Option<Status>, Error>> = folders.par_iter().map(read).collect();
    all.into_iter().filter_map(Result::transpose).collect()
}
