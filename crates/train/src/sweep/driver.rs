//! The driver of a study: which trial is next, and what has come of each.
//!
//! It keeps nothing in memory that the trials' folders do not tell: a driver that starts again where another was killed
//! reads them and goes on.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use search::{Observation, Promotion, Record, Tpe};

use crate::{
    Error,
    run::folder,
    sweep::{
        Kept, Trial,
        process::{self, Ended, Job},
        status::{State, Status},
        study::{Pruner, Study},
    },
};

/// How often the running trials are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A trial and how it stands.
#[derive(Debug)]
pub struct Entry {
    /// The trial.
    pub trial: Trial,
    /// How it stands.
    pub status: Status,
    /// The metric after each epoch.
    pub values: Vec<f64>,
}

/// What happens in a study.
#[derive(Debug)]
pub enum Event<'a> {
    /// A trial's process begins.
    Began(&'a Entry),
    /// It has come to its end, or as far as it was to come for now.
    Ended(&'a Entry),
    /// It failed; with the last lines that it wrote.
    Failed {
        /// The trial.
        entry: &'a Entry,
        /// Why.
        reason: &'a str,
        /// Its last lines.
        output: &'a [String],
        /// Whether it is tried again.
        again: bool,
    },
}

/// Hears of a study's progress. The library never prints.
pub trait Watcher {
    /// Something has happened.
    fn event(&mut self, event: &Event<'_>);
    /// Time has passed; `running` are places in `entries`.
    fn look(&mut self, entries: &[Entry], running: &[usize]);
}

/// What came of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// No trial is left to do.
    Done,
    /// It was asked to stop.
    Interrupted,
    /// Its time is used up.
    OutOfTime,
    /// The first trials failed alike.
    FailedAlike(String),
}

/// A study at work.
pub struct Driver<'a> {
    study: &'a Study,
    fingerprint: &'a str,
    program: PathBuf,
    /// The trials so far, by number.
    pub entries: Vec<Entry>,
    running: BTreeMap<usize, u32>,
    sender: Sender<Ended>,
    receiver: Receiver<Ended>,
    began: Instant,
    /// Why each trial of this driver failed, in the order in which they ended; `None` for one that did not.
    outcomes: Vec<Option<String>>,
    is_stopping: bool,
}

impl<'a> Driver<'a> {
    /// Of a study on data of this fingerprint; `program` is this program.
    ///
    /// # Errors
    /// Where a plan is not valid, or a trial's folder cannot be read.
    pub fn new(study: &'a Study, fingerprint: &'a str, program: PathBuf) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let mut driver = Self {
            study,
            fingerprint,
            program,
            entries: Vec::new(),
            running: BTreeMap::new(),
            sender,
            receiver,
            began: Instant::now(),
            outcomes: Vec::new(),
            is_stopping: false,
        };
        for (number, (point, seed)) in study.known()?.into_iter().enumerate() {
            driver.add(Trial::new(study, number, point, seed, fingerprint)?)?;
        }
        Ok(driver)
    }

    fn add(&mut self, trial: Trial) -> Result<(), Error> {
        let status = Status::read(&trial.path, self.study.metric)?;
        let mut status = status.unwrap_or_else(|| Status::new(&trial));
        let is_longer = status.record.as_ref().is_some_and(|record| record.epochs < trial.plan.training.epochs);
        if matches!(status.state, State::Failed(_)) || (status.state == State::Finished && is_longer) {
            // A failed one is tried again, a finished one goes on to more epochs.
            (status.state, status.kept.failures, status.kept.reason) = (State::Waiting, 0, None);
        }
        let values = self.study.metric.by_epoch(&trial.path);
        self.entries.push(Entry { trial, status, values });
        Ok(())
    }

    /// Works until nothing is left to do, or `stop` says so.
    ///
    /// # Errors
    /// Where a folder cannot be read or written, or no process started.
    pub fn run(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<End, Error> {
        loop {
            let end = self.ends(stop);
            if end.is_some() {
                self.stop_all();
            } else {
                self.fill(watcher)?;
            }
            if self.running.is_empty() && (end.is_some() || !self.others_work()?) {
                return Ok(end.unwrap_or(End::Done));
            }
            match self.receiver.recv_timeout(LOOK) {
                Ok(ended) => self.settle(ended, watcher)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.look(watcher)?,
            }
        }
    }

    /// Why no more trials begin, if so.
    fn ends(&self, stop: &dyn Fn() -> bool) -> Option<End> {
        if stop() {
            return Some(End::Interrupted);
        }
        if let Some(reason) = self.failed_alike() {
            return Some(End::FailedAlike(reason));
        }
        let is_out_of_time = self.study.max_time.is_some_and(|most| self.began.elapsed() > most);
        is_out_of_time.then_some(End::OutOfTime)
    }

    /// What the first trials failed of, where they all did and alike: but for numbers.
    fn failed_alike(&self) -> Option<String> {
        let first = self.outcomes.get(..self.study.fail_fast?)?;
        let reason = first.first()?.clone()?;
        let without_numbers = |text: &str| text.split(|c: char| c.is_ascii_digit()).collect::<String>();
        let is_alike = |other: &Option<String>| {
            other.as_ref().is_some_and(|other| without_numbers(other) == without_numbers(&reason))
        };
        first.iter().all(is_alike).then_some(reason)
    }

    fn stop_all(&mut self) {
        if !std::mem::replace(&mut self.is_stopping, true) {
            self.running.values().for_each(|process| process::stop(*process));
        }
    }

    /// Begins trials until all jobs have one.
    fn fill(&mut self, watcher: &mut dyn Watcher) -> Result<(), Error> {
        while self.running.len() < self.study.jobs {
            let Some(job) = self.next()? else { break };
            self.begin(job)?;
            watcher.event(&Event::Began(&self.entries[job.trial]));
        }
        Ok(())
    }

    /// What to do next: a promotion, else the first trial that waits, else a new proposal.
    fn next(&mut self) -> Result<Option<Job>, Error> {
        let first_until = self.study.asha().map(|asha| asha.until(0));
        if let Some(Promotion { trial, until }) = self.study.asha().and_then(|asha| asha.promotable(&self.records())) {
            return Ok(Some(self.job(trial, Some(until))));
        }
        let waits =
            |entry: &Entry| entry.status.state == State::Waiting && (first_until.is_none() || entry.values.is_empty());
        let place = match self.entries.iter().position(waits) {
            Some(place) => Some(place),
            None => self.propose()?,
        };
        Ok(place.map(|place| self.job(place, first_until)))
    }

    fn job(&self, trial: usize, until: Option<usize>) -> Job {
        let devices = &self.study.devices;
        let device = (!devices.is_empty()).then(|| devices[self.running.len() % devices.len()]);
        Job { trial, until, device }
    }

    /// The next point that the study's search proposes, once for each seed; its place. `None` where it has all.
    fn propose(&mut self) -> Result<Option<usize>, Error> {
        let Some((tpe, trials)) = self.study.tpe() else { return Ok(None) };
        let seeds = self.study.seeds();
        let index = self.entries.len() / seeds.len();
        if index >= trials {
            return Ok(None);
        }
        let point = self.proposed(&tpe, index);
        let place = self.entries.len();
        for seed in seeds {
            let trial = Trial::new(self.study, self.entries.len(), point.clone(), *seed, self.fingerprint)?;
            prepare(&trial, &Kept::new(&trial))?;
            self.add(trial)?;
        }
        Ok(Some(place))
    }

    fn proposed(&self, tpe: &Tpe, index: usize) -> search::Point {
        let value = |entry: &Entry| match entry.status.state {
            State::Waiting | State::Finished | State::Pruned => entry.status.value,
            State::Running | State::Failed(_) => None,
        };
        let observe = |entry: &Entry| Observation { point: entry.trial.point.clone(), value: value(entry) };
        let observations: Vec<Observation> = self.entries.iter().map(observe).collect();
        tpe.propose(&self.study.space, self.study.seed, index as u64, &observations)
    }

    fn begin(&mut self, job: Job) -> Result<(), Error> {
        let entry = &mut self.entries[job.trial];
        prepare(&entry.trial, &entry.status.kept)?;
        let process = process::start(&self.program, &entry.trial.path, job, self.sender.clone())?;
        entry.status.state = State::Running;
        self.running.insert(job.trial, process);
        Ok(())
    }

    /// Takes note of how a trial's process ended.
    fn settle(&mut self, Ended { trial, status }: Ended, watcher: &mut dyn Watcher) -> Result<(), Error> {
        self.running.remove(&trial);
        let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
        let entry = &mut self.entries[trial];
        refresh(entry, self.study)?;
        match code {
            Some(DONE) | Some(INTERRUPTED) => {}
            // Another driver has it.
            _ if matches!(entry.status.state, State::Running | State::Finished) => return Ok(()),
            _ => {
                return self.fail(
                    trial,
                    watcher,
                    status.map_or_else(|cause| cause.to_string(), |status| status.to_string()),
                );
            }
        }
        if code == Some(DONE) {
            self.outcomes.push(None);
        }
        watcher.event(&Event::Ended(&self.entries[trial]));
        Ok(())
    }

    fn fail(&mut self, trial: usize, watcher: &mut dyn Watcher, status: String) -> Result<(), Error> {
        let entry = &mut self.entries[trial];
        let output = process::last_lines(&entry.trial.path);
        let said = output.iter().rev().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
        let reason = said.unwrap_or(status);
        entry.status.kept.failures += 1;
        let again = entry.status.kept.failures <= self.study.retries;
        entry.status.kept.reason = (!again).then(|| reason.clone());
        entry.status.state = if again { State::Waiting } else { State::Failed(reason.clone()) };
        entry.status.kept.write(&entry.trial.path)?;
        if !again {
            self.outcomes.push(Some(reason.clone()));
        }
        watcher.event(&Event::Failed { entry: &self.entries[trial], reason: &reason, output: &output, again });
        Ok(())
    }

    /// Looks at what runs: how far it is, and whether it is worth going on.
    fn look(&mut self, watcher: &mut dyn Watcher) -> Result<(), Error> {
        let running: Vec<usize> = self.running.keys().copied().collect();
        for place in &running {
            self.entries[*place].values = self.study.metric.by_epoch(&self.entries[*place].trial.path);
        }
        if let Some(Pruner::Median(median)) = &self.study.prune {
            let records = self.records();
            for place in running.iter().filter(|place| median.stops(&records, **place)) {
                self.prune(*place)?;
            }
        }
        watcher.look(&self.entries, &running);
        Ok(())
    }

    /// Stops a trial for good.
    fn prune(&mut self, place: usize) -> Result<(), Error> {
        let entry = &mut self.entries[place];
        if entry.status.kept.pruned.is_none() {
            entry.status.kept.pruned = Some(entry.values.len());
            entry.status.kept.write(&entry.trial.path)?;
            process::stop(self.running[&place]);
        }
        Ok(())
    }

    /// Whether another driver works on a trial that this one has not.
    fn others_work(&mut self) -> Result<bool, Error> {
        let study = self.study;
        let others = self.entries.iter_mut().filter(|entry| entry.status.state == State::Running);
        others
            .map(|entry| refresh(entry, study).map(|()| entry.status.state == State::Running))
            .collect::<Result<Vec<_>, _>>()
            .map(|all| all.contains(&true))
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
                State::Finished | State::Pruned | State::Failed(_) => search::State::Ended,
            },
        };
        self.entries.iter().enumerate().filter(has_begun).map(record).collect()
    }
}

/// What a trial's process returns when it is done, and when it was asked to stop.
const DONE: i32 = 0;
const INTERRUPTED: i32 = 130;

/// Makes a trial's folder, or brings the one that is there up to date: a plan of more epochs, failures forgiven.
fn prepare(Trial { path, plan, .. }: &Trial, kept: &Kept) -> Result<(), Error> {
    if !path.exists() {
        return folder::prepare(path, plan, |unfinished| kept.write(unfinished));
    }
    if folder::read_plan(path)? != *plan {
        folder::write_plan(path, plan)?;
    }
    if Kept::read(path)?.as_ref() != Some(kept) { kept.write(path) } else { Ok(()) }
}

fn refresh(entry: &mut Entry, study: &Study) -> Result<(), Error> {
    if let Some(status) = Status::read(&entry.trial.path, study.metric)? {
        entry.status = status;
    }
    entry.values = study.metric.by_epoch(&entry.trial.path);
    Ok(())
}
