//! The driver of a study: which trial is next, and what has come of each.
//!
//! It keeps nothing in memory that the trials' folders do not tell: a driver that starts again where another was killed
//! reads them and goes on, and drivers that share a study hear of each other by them.

mod ending;
mod entry;
mod next;
mod others;
mod watcher;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    time::{Duration, Instant, SystemTime},
};

use rayon::prelude::*;
use run::folder;
use search::Record;

use crate::{
    Error, Lease, Limits, StudyFolder, Trial, TrialRecord,
    process::{self, Ended, Job},
    status::{State, Status},
    study::{Pruner, Study},
};

pub use entry::Entry;
pub use watcher::{Event, StopReason, Watcher};

/// How often the running trials are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A study at work.
pub struct Driver<'a> {
    study: &'a Study,
    folder: &'a StudyFolder,
    fingerprint: &'a str,
    program: PathBuf,
    /// The trials so far, by number.
    pub entries: Vec<Entry>,
    running: BTreeMap<usize, Running>,
    sender: Sender<Ended>,
    receiver: Receiver<Ended>,
    began: Instant,
    looked: Instant,
    /// Why each trial of this driver failed, in the order in which they ended; `None` for one that did not.
    outcomes: Vec<Option<String>>,
    is_stopping: bool,
    /// Whether other drivers were at work when this one last chose.
    had_others: bool,
    /// When a driver had come or gone last, as of then.
    came_or_went: Option<SystemTime>,
}

/// A trial's process.
#[derive(Clone, Copy, Debug)]
struct Running {
    process: u32,
    device: Option<usize>,
    until: Option<usize>,
}

impl<'a> Driver<'a> {
    /// Of a study in its folder, on data of this fingerprint; `program` is this program.
    ///
    /// # Errors
    /// Where a plan is not valid, or a trial's folder cannot be read.
    pub fn new(
        study: &'a Study,
        folder: &'a StudyFolder,
        fingerprint: &'a str,
        program: PathBuf,
    ) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let mut driver = Self {
            study,
            folder,
            fingerprint,
            program,
            entries: Vec::new(),
            running: BTreeMap::new(),
            sender,
            receiver,
            began: Instant::now(),
            looked: Instant::now(),
            outcomes: Vec::new(),
            is_stopping: false,
            had_others: !folder.is_first(),
            came_or_went: folder.last_change(),
        };
        // The numbers that trials have may change; until they are written, nobody else chooses.
        let _turn = folder.turn()?;
        let trial = |(number, (point, seed))| Trial::new(study, number, point, seed, fingerprint);
        let known = study.known()?.into_par_iter().enumerate().map(trial).collect::<Result<Vec<_>, _>>()?;
        known.into_iter().try_for_each(|trial| driver.add(trial))?;
        Ok(driver)
    }

    fn add(&mut self, trial: Trial) -> Result<(), Error> {
        let status = Status::new(&trial);
        self.entries.push(Entry { trial, status, values: Vec::new(), is_prepared: false });
        let place = self.entries.len() - 1;
        if self.refresh(place)? && self.folder.is_first() {
            self.bring_up_to_date(place)?;
        }
        Ok(())
    }

    /// Gives a trial the number that it has in the study now, and another chance where it failed.
    fn bring_up_to_date(&mut self, place: usize) -> Result<(), Error> {
        let Entry { trial, status, .. } = &mut self.entries[place];
        let mut record = TrialRecord { pruned: status.trial.pruned, ..TrialRecord::new(trial) };
        if matches!(status.state, State::Failed(_)) {
            status.state = State::Waiting;
        } else {
            (record.failures, record.reason) = (status.trial.failures, status.trial.reason.clone());
        }
        if status.trial == record {
            return Ok(());
        }
        status.trial = record;
        Ok(status.trial.write(&trial.path)?)
    }

    /// Works until nothing is left to do, or `stop` says so.
    ///
    /// # Errors
    /// Where a folder cannot be read or written, or no process started.
    pub fn run(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<StopReason, Error> {
        loop {
            let end = self.ends(stop);
            if let Some(end) = &end {
                self.stop_all(end, watcher);
            } else {
                self.fill(watcher)?;
                self.prepare_ahead()?;
            }
            self.show(watcher);
            if self.running.is_empty() && (end.is_some() || !self.others_run()) {
                return Ok(end.unwrap_or(StopReason::Done));
            }
            if let Ok(ended) = self.receiver.recv_timeout(LOOK.saturating_sub(self.looked.elapsed())) {
                self.settle(ended, watcher)?;
            }
            // Due also where trials end so often that nobody ever waits for so long.
            if self.looked.elapsed() >= LOOK {
                self.look()?;
            }
        }
    }

    /// Begins trials until all jobs have one.
    fn fill(&mut self, watcher: &mut dyn Watcher) -> Result<(), Error> {
        while self.running.len() + self.orphans() < self.study.jobs {
            let turn = self.folder.turn()?;
            self.hear_of_others()?;
            let Some(job) = self.next()? else { break };
            self.begin(job)?;
            drop(turn);
            watcher.event(&Event::Began(&self.entries[job.trial]));
        }
        Ok(())
    }

    /// Makes the folders of the trials that are next while others train: it takes some flushes to the disk.
    fn prepare_ahead(&mut self) -> Result<(), Error> {
        let waits = |entry: &&mut Entry| entry.status.state == State::Waiting && entry.status.record.is_none();
        let next = self.entries.iter_mut().filter(waits).take(self.study.jobs);
        // What is there another driver may have written to; it waits for this one's turn.
        next.filter(|entry| !entry.trial.path.exists()).try_for_each(Entry::prepare)
    }

    fn begin(&mut self, job: Job) -> Result<(), Error> {
        self.entries[job.trial].prepare()?;
        self.lease(job.trial, job.until)?;
        let entry = &mut self.entries[job.trial];
        let process = process::start(&self.program, &entry.trial.path, job, self.sender.clone())?;
        entry.status.state = State::Running;
        self.running.insert(job.trial, Running { process, device: job.device, until: job.until });
        Ok(())
    }

    /// Writes down that a trial is this driver's, and where the median rule stops it as the others stand now.
    fn lease(&self, place: usize, until: Option<usize>) -> Result<(), Error> {
        let trial = &self.entries[place].trial;
        let until = until.unwrap_or(trial.plan.training.epochs);
        let limits = match &self.study.prune {
            Some(Pruner::Median(median)) => Some(median.limits(&self.records(), place, until)),
            _ => None,
        };
        let limits = limits.map(|losses| Limits::new(self.study.metric, self.study.goal, losses));
        Ok(Lease { driver: self.folder.driver().into(), until, limits }.write(&trial.path)?)
    }

    fn show(&self, watcher: &mut dyn Watcher) {
        let running: Vec<usize> = self.running.keys().copied().collect();
        watcher.look(&self.entries, &running);
    }

    /// Reads how far the running trials are.
    fn look(&mut self) -> Result<(), Error> {
        self.looked = Instant::now();
        let running: Vec<usize> = self.running.keys().copied().collect();
        for place in &running {
            self.entries[*place].values = self.study.metric.by_epoch(&self.entries[*place].trial.path);
        }
        self.look_at_others()
    }

    /// Reads how a trial stands; `false` where it has no folder yet.
    fn refresh(&mut self, place: usize) -> Result<bool, Error> {
        let driver = self.folder.driver();
        let Entry { trial, status, values, .. } = &mut self.entries[place];
        let Some(mut now) = Status::read(&trial.path, self.study.metric)? else { return Ok(false) };
        let is_own = || Lease::read(&trial.path).is_some_and(|lease| lease.driver == driver);
        let goes_on = now.is_short_of(trial.plan.training.epochs)
            || (now.state == State::Running && is_own() && !folder::is_in_use(&trial.path));
        if goes_on {
            now.state = State::Waiting;
        }
        *status = now;
        *values = self.study.metric.by_epoch(&trial.path);
        Ok(true)
    }

    /// The trials that have begun, as pruners know them.
    fn records(&self) -> Vec<Record> {
        let has_begun = |(_, entry): &(usize, &Entry)| !entry.values.is_empty() || entry.status.state == State::Running;
        let record = |(trial, entry): (usize, &Entry)| Record {
            trial,
            values: entry.values.clone(),
            state: match entry.status.state {
                State::Running => search::State::Running,
                State::Waiting => search::State::Waiting,
                State::Finished => search::State::Finished,
                State::Pruned | State::Failed(_) => search::State::Ended,
            },
        };
        self.entries.iter().enumerate().filter(has_begun).map(record).collect()
    }
}
