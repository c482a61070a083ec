//! The driver of a study: which trial is next, and what has come of each.
//!
//! It keeps nothing in memory that the trials' folders do not tell: a driver that starts again where another was killed
//! reads them and goes on, and drivers that share a study hear of each other by them.

mod entry;
mod watcher;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    time::{Duration, Instant, SystemTime},
};

use rayon::prelude::*;
use run::{RunRecord, folder, record};
use search::{Observation, Point, Promotion, Record, Tpe};

use crate::{
    Error, Lease, Limits, StudyFolder, Trial, TrialRecord,
    process::{self, Ended, Job},
    status::{self, State, Status, without_numbers},
    study::{Pruner, Study},
    study_folder, trial_record,
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
        let known = status::known(study)?.into_par_iter().enumerate().map(trial).collect::<Result<Vec<_>, _>>()?;
        known.into_iter().try_for_each(|trial| driver.add(trial))?;
        Ok(driver)
    }

    fn add(&mut self, trial: Trial) -> Result<(), Error> {
        let status = Status::new(&trial);
        self.entries.push(Entry { trial, status, values: Vec::new(), part: 0.0, is_prepared: false });
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
                self.stop_all(end, watcher)?;
            } else {
                self.fill()?;
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
    fn fill(&mut self) -> Result<(), Error> {
        while self.running.len() + self.orphans() < self.study.jobs {
            let turn = self.folder.turn()?;
            self.hear_of_others()?;
            let Some(job) = self.next()? else { break };
            self.begin(job)?;
            drop(turn);
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
            self.entries[*place].look(self.study.metric);
        }
        self.look_at_others()
    }

    /// Reads how a trial stands; `false` where it has no folder yet.
    fn refresh(&mut self, place: usize) -> Result<bool, Error> {
        let driver = self.folder.driver();
        let Entry { trial, status, .. } = &mut self.entries[place];
        let Some(mut now) = Status::read(&trial.path, self.study.metric)? else { return Ok(false) };
        let is_own = || Lease::read(&trial.path).is_some_and(|lease| lease.driver == driver);
        if now.state == State::Running && is_own() && !folder::is_in_use(&trial.path) {
            now.state = State::Waiting;
        }
        now.hold_to(trial.plan.training.epochs);
        *status = now;
        self.entries[place].look(self.study.metric);
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

    // Which trial begins next.

    /// What to do next: a job that was cut short, else a promotion, else the first trial that waits, else a new proposal, else
    /// what is left for a whole trial.
    fn next(&mut self) -> Result<Option<Job>, Error> {
        if let Some(job) = self.cut_short() {
            return Ok(Some(job));
        }
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
        if let Some(place) = place {
            return Ok(Some(self.job(place, first_until)));
        }
        let last = self.study.asha().and_then(|asha| asha.last(&self.records()));
        Ok(last.map(|Promotion { trial, until }| self.job(trial, Some(until))))
    }

    /// A job whose process was killed or stopped, once more to where it was to come. It goes before all else, so that what is
    /// chosen after it is chosen as if nothing had been.
    fn cut_short(&self) -> Option<Job> {
        let is_open = |record: &RunRecord| matches!(record.state, record::State::Running | record::State::Interrupted);
        // One whose record a power cut took has values all the same, if it came that far.
        let has_begun = |entry: &Entry| entry.status.record.as_ref().map_or(!entry.values.is_empty(), is_open);
        let waits = |entry: &Entry| entry.status.state == State::Waiting && has_begun(entry);
        let place = self.entries.iter().position(waits)?;
        let Entry { trial, status, .. } = &self.entries[place];
        let epochs = status.epochs();
        let leased = Lease::read(&trial.path).map(|lease| lease.until).filter(|until| *until >= epochs);
        // Without the lease the rung that it has come to, or the next.
        let until = self.study.asha().map(|asha| leased.unwrap_or_else(|| asha.until(epochs.saturating_sub(1))));
        Some(self.job(place, until))
    }

    /// On the device with the fewest trials.
    fn job(&self, trial: usize, until: Option<usize>) -> Job {
        let load = |device: &usize| self.running.values().filter(|running| running.device == Some(*device)).count();
        let device = self.study.devices.iter().copied().min_by_key(load);
        Job { trial, until, device, processes: self.study.processes }
    }

    /// The next point that the study's search proposes, once for each seed; the place of the first trial that is new. `None`
    /// where the search has proposed all. A driver that was killed between two seeds of a point goes on with that.
    fn propose(&mut self) -> Result<Option<usize>, Error> {
        let Some((tpe, trials)) = self.study.tpe() else { return Ok(None) };
        let Some((point, missing)) = self.begun_or_new(&tpe, trials) else { return Ok(None) };
        let place = self.entries.len();
        for seed in missing {
            let trial = Trial::new(self.study, self.entries.len(), point.clone(), seed, self.fingerprint)?;
            self.add(trial)?;
            self.entries.last_mut().map_or(Ok(()), Entry::prepare)?;
        }
        Ok(Some(place))
    }

    /// A point and the seeds that it has no trial of: the first that lacks some, else a new one, if the search has one.
    fn begun_or_new(&self, tpe: &Tpe, trials: usize) -> Option<(Point, Vec<Option<u64>>)> {
        let key = |point: &Point| trial_record::table(point).to_string();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut points: Vec<(&Point, BTreeSet<Option<u64>>)> = Vec::new();
        for Entry { trial, .. } in &self.entries {
            let place = *places.entry(key(&trial.point)).or_insert(points.len());
            if place == points.len() {
                points.push((&trial.point, BTreeSet::new()));
            }
            points[place].1.insert(trial.seed);
        }
        let seeds = self.study.seeds();
        if let Some((point, has)) = points.iter().find(|(_, has)| !seeds.iter().all(|seed| has.contains(seed))) {
            return Some(((*point).clone(), seeds.iter().copied().filter(|seed| !has.contains(seed)).collect()));
        }
        let point = (points.len() < trials).then(|| self.proposed(tpe, points.len()))?;
        // Where all points of a small space are tried, the search has only old ones.
        (!places.contains_key(&key(&point))).then(|| (point, seeds.to_vec()))
    }

    fn proposed(&self, tpe: &Tpe, index: usize) -> Point {
        let value = |entry: &Entry| match entry.status.state {
            State::Waiting | State::Finished | State::Pruned => entry.status.value,
            State::Running | State::Failed(_) => None,
        };
        let observe = |entry: &Entry| Observation { point: entry.trial.point.clone(), value: value(entry) };
        let observations: Vec<Observation> = self.entries.iter().map(observe).collect();
        tpe.propose(&self.study.space, self.study.seed, index as u64, &observations)
    }

    // How trials end, and what ends the study before its last.

    /// Why no more trials begin, if so.
    fn ends(&self, stop: &dyn Fn() -> bool) -> Option<StopReason> {
        if stop() {
            return Some(StopReason::Interrupted);
        }
        if let Some(reason) = self.failed_alike() {
            return Some(StopReason::FailedAlike(reason));
        }
        let is_out_of_time = self.study.max_time.is_some_and(|most| self.began.elapsed() > most);
        is_out_of_time.then_some(StopReason::OutOfTime)
    }

    /// What the first trials failed of, where they all did and alike: but for numbers.
    fn failed_alike(&self) -> Option<String> {
        let first = self.outcomes.get(..self.study.fail_fast?)?;
        let reason = first.first()?.clone()?;
        let is_alike = |other: &Option<String>| {
            other.as_ref().is_some_and(|other| without_numbers(other) == without_numbers(&reason))
        };
        first.iter().all(is_alike).then_some(reason)
    }

    fn stop_all(&mut self, end: &StopReason, watcher: &mut dyn Watcher) -> Result<(), Error> {
        let is_first = !std::mem::replace(&mut self.is_stopping, true);
        if is_first {
            watcher.event(&Event::Stopping(end));
        }
        for (place, running) in &self.running {
            // What has started several processes would kill them before they have saved. They are asked by their folder, and
            // again until they end: whoever has only just begun has no folder to be asked by.
            if self.study.processes > 1 {
                folder::ask_to_stop(&self.entries[*place].trial.path)?;
            } else if is_first {
                process::stop(running.process);
            }
        }
        Ok(())
    }

    /// Takes note of how a trial's process ended.
    fn settle(&mut self, Ended { trial, status }: Ended, watcher: &mut dyn Watcher) -> Result<(), Error> {
        let until = self.running.remove(&trial).and_then(|running| running.until);
        self.refresh(trial)?;
        match status.as_ref().ok().and_then(std::process::ExitStatus::code) {
            // It would be begun again, and again.
            Some(DONE) if self.entries[trial].is_short_of(until) => {
                let done = self.entries[trial].values.len();
                let reason = format!("its process ended after {done} epochs, before it was done, and gave no reason");
                return self.fail(trial, watcher, reason, true);
            }
            Some(DONE) => self.outcomes.push(None),
            Some(PRUNED) => self.prune(trial)?,
            Some(INTERRUPTED) => {}
            code => {
                let status = status.map_or_else(|cause| cause.to_string(), |status| status.to_string());
                return self.fail(trial, watcher, status, code != Some(DIVERGED));
            }
        }
        watcher.event(&Event::Ended(&self.entries[trial]));
        // Those that run are measured by this one too.
        if let Some(Pruner::Median(_)) = &self.study.prune {
            self.running.iter().try_for_each(|(place, running)| self.lease(*place, running.until))?;
        }
        Ok(())
    }

    /// Notes that a trial has stopped for good.
    fn prune(&mut self, place: usize) -> Result<(), Error> {
        self.outcomes.push(None);
        let Entry { trial, status, values, .. } = &mut self.entries[place];
        (status.state, status.trial.pruned) = (State::Pruned, Some(values.len()));
        Ok(status.trial.write(&trial.path)?)
    }

    /// Notes a failure; the trial is tried again where that may help and the study's retries are not used up.
    fn fail(&mut self, trial: usize, watcher: &mut dyn Watcher, status: String, may_help: bool) -> Result<(), Error> {
        let entry = &mut self.entries[trial];
        let output = process::last_lines(&entry.trial.path);
        let said = output.iter().rev().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
        let reason = said.unwrap_or(status);
        entry.status.trial.failures += 1;
        let again = may_help && entry.status.trial.failures <= self.study.retries;
        entry.status.trial.reason = (!again).then(|| reason.clone());
        entry.status.state = if again { State::Waiting } else { State::Failed(reason.clone()) };
        entry.status.trial.write(&entry.trial.path)?;
        if !again {
            self.outcomes.push(Some(reason.clone()));
        }
        watcher.event(&Event::Failed { entry: &self.entries[trial], reason: &reason, output: &output, again });
        Ok(())
    }

    // What other drivers of the study do.

    /// Reads what other drivers have done since this one chose last. Alone it has nothing to read.
    fn hear_of_others(&mut self) -> Result<(), Error> {
        let has_others = self.folder.has_others();
        let came_or_went = self.folder.last_change();
        // Once more after the last one has gone, for what that did in between; and where one has come and gone since.
        let is_unchanged = std::mem::replace(&mut self.came_or_went, came_or_went) == came_or_went;
        if !std::mem::replace(&mut self.had_others, has_others) && !has_others && is_unchanged {
            return Ok(());
        }
        self.refresh_all(|state| matches!(state, State::Waiting | State::Running))?;
        self.take_over_proposals()
    }

    /// Reads how far the trials are that other drivers run.
    fn look_at_others(&mut self) -> Result<(), Error> {
        self.refresh_all(|state| *state == State::Running)
    }

    /// How many trials run whose driver has died: they save and end, and until then each takes the place of a job. What is
    /// chosen after them is chosen with what they come to.
    fn orphans(&self) -> usize {
        let is_orphan = |place: &usize| {
            let Entry { trial, status, .. } = &self.entries[*place];
            let lives = |lease: Lease| study_folder::is_at_work(&trial.path, &lease.driver);
            status.state == State::Running
                && !self.running.contains_key(place)
                && !Lease::read(&trial.path).is_some_and(lives)
        };
        (0..self.entries.len()).filter(is_orphan).count()
    }

    /// Whether a trial runs that is not this driver's.
    fn others_run(&self) -> bool {
        let runs = |place: &usize| self.entries[*place].status.state == State::Running;
        (0..self.entries.len()).filter(runs).any(|place| !self.running.contains_key(&place))
    }

    fn refresh_all(&mut self, is_of: impl Fn(&State) -> bool) -> Result<(), Error> {
        let is_others = |place: &usize| is_of(&self.entries[*place].status.state) && !self.running.contains_key(place);
        let places: Vec<usize> = (0..self.entries.len()).filter(is_others).collect();
        places.into_iter().try_for_each(|place| self.refresh(place).map(drop))
    }

    /// The points that the search has proposed to others.
    fn take_over_proposals(&mut self) -> Result<(), Error> {
        if self.study.tpe().is_none() {
            return Ok(());
        }
        for (point, seed) in status::known(self.study)?.into_iter().skip(self.entries.len()) {
            let number = self.entries.len();
            self.add(Trial::new(self.study, number, point, seed, self.fingerprint)?)?;
        }
        Ok(())
    }
}

/// What a trial's process returns when it is done, when its limits stopped it, when its loss diverged, and when it was
/// asked to stop.
const DONE: i32 = process::DONE as i32;
const PRUNED: i32 = process::PRUNED as i32;
const DIVERGED: i32 = process::DIVERGED as i32;
const INTERRUPTED: i32 = process::INTERRUPTED as i32;

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Silent;

    impl Watcher for Silent {
        fn event(&mut self, _: &Event<'_>) {}
        fn look(&mut self, _: &[Entry], _: &[usize]) {}
    }

    /// A study of one trial that is driven by a program that does nothing and says that it is done.
    fn driven(keys: &str) -> (StopReason, Vec<Entry>) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("study.toml");
        let runs = place.path().join("runs");
        let set = format!("[set]\nruns = {runs:?}\n\"training.epochs\" = 9\n[space]\n\"model.hidden\" = [5]\n");
        fs::write(&file, format!("base = \"two-layer\"\n{set}{keys}")).unwrap();
        let study = Study::read(&file, &[]).unwrap();
        let folder = StudyFolder::open(&study, false, SystemTime::now()).unwrap();
        let mut driver = Driver::new(&study, &folder, "f", "true".into()).unwrap();
        let end = driver.run(&mut Silent, &|| false).unwrap();
        (end, driver.entries)
    }

    #[test]
    fn a_trial_that_comes_no_further_is_not_begun_again_for_ever() {
        let prune = "[prune]\nkind = \"asha\"\nmin_epochs = 3\nreduction_factor = 3\n";
        for keys in ["", prune] {
            let (end, entries) = driven(keys);
            let Status { state, trial, .. } = &entries[0].status;
            let reason = "its process ended after 0 epochs, before it was done, and gave no reason";
            assert_eq!((end, state, trial.failures), (StopReason::Done, &State::Failed(reason.into()), 2));
        }
    }
}
