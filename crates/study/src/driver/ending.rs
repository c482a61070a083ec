//! How trials end, and what ends a study before its last.

use super::{Driver, Entry, Event, StopReason, Watcher};
use crate::{
    Error,
    process::{self, Ended},
    status::{State, without_numbers},
    study::Pruner,
};

impl Driver<'_> {
    /// Why no more trials begin, if so.
    pub(super) fn ends(&self, stop: &dyn Fn() -> bool) -> Option<StopReason> {
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

    pub(super) fn stop_all(&mut self, end: &StopReason, watcher: &mut dyn Watcher) {
        if !std::mem::replace(&mut self.is_stopping, true) {
            watcher.event(&Event::Stopping(end));
            self.running.values().for_each(|running| process::stop(running.process));
        }
    }

    /// Takes note of how a trial's process ended.
    pub(super) fn settle(&mut self, Ended { trial, status }: Ended, watcher: &mut dyn Watcher) -> Result<(), Error> {
        self.running.remove(&trial);
        self.refresh(trial)?;
        match status.as_ref().ok().and_then(std::process::ExitStatus::code) {
            Some(DONE) => self.outcomes.push(None),
            Some(PRUNED) => self.prune(trial)?,
            Some(INTERRUPTED) => {}
            _ => {
                let status = status.map_or_else(|cause| cause.to_string(), |status| status.to_string());
                return self.fail(trial, watcher, status);
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

    fn fail(&mut self, trial: usize, watcher: &mut dyn Watcher, status: String) -> Result<(), Error> {
        let entry = &mut self.entries[trial];
        let output = process::last_lines(&entry.trial.path);
        let said = output.iter().rev().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
        let reason = said.unwrap_or(status);
        entry.status.trial.failures += 1;
        let again = entry.status.trial.failures <= self.study.retries;
        entry.status.trial.reason = (!again).then(|| reason.clone());
        entry.status.state = if again { State::Waiting } else { State::Failed(reason.clone()) };
        entry.status.trial.write(&entry.trial.path)?;
        if !again {
            self.outcomes.push(Some(reason.clone()));
        }
        watcher.event(&Event::Failed { entry: &self.entries[trial], reason: &reason, output: &output, again });
        Ok(())
    }
}

/// What a trial's process returns when it is done, when its limits stopped it, and when it was asked to stop.
const DONE: i32 = 0;
const PRUNED: i32 = process::PRUNED as i32;
const INTERRUPTED: i32 = 130;
