//! A trial as its driver knows it.

use run::folder;

use crate::{
    Error, Status, Trial, TrialRecord,
    status::State,
    study::{MOST_EPOCHS, Metric},
    trial_record, within,
};

/// A trial and how it stands.
#[derive(Debug)]
pub struct Entry {
    pub trial: Trial,
    pub status: Status,
    /// The metric after each epoch.
    pub values: Vec<f64>,
    /// The part of the epoch under way that is done, as far as is known.
    pub part: f64,
    /// Whether this driver has made its folder, or brought the one that was there up to date.
    pub(super) is_prepared: bool,
}

impl Entry {
    /// Reads how far it is.
    pub(super) fn look(&mut self, metric: Metric) {
        self.values = metric.by_epoch(&self.trial.path);
        // An epoch whose line was lost is done all the same.
        let done = if self.status.state == State::Running { 0 } else { self.status.epochs().min(MOST_EPOCHS) };
        self.values.resize(self.values.len().max(done), f64::NAN);
        self.part = within::read(&self.trial.path, self.values.len());
    }

    /// Whether it waits before the epoch that it was to come to; `None`: its plan's last.
    pub(super) fn is_short_of(&self, until: Option<usize>) -> bool {
        self.status.state == State::Waiting && self.values.len() < until.unwrap_or(self.trial.plan.training.epochs)
    }

    /// Makes the trial's folder, or brings the one that is there up to date: a plan of more epochs, failures forgiven.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        if !std::mem::replace(&mut self.is_prepared, true) {
            prepare(&self.trial, &self.status.trial)?;
        }
        Ok(())
    }
}

fn prepare(Trial { path, plan, .. }: &Trial, record: &TrialRecord) -> Result<(), Error> {
    if !path.exists() {
        return Ok(folder::prepare(path, plan, [trial_record::NAME, &record.to_toml()])?);
    }
    if folder::read_plan(path)? != *plan {
        folder::write_plan(path, plan)?;
    }
    if TrialRecord::read(path)?.as_ref() != Some(record) {
        record.write(path)?;
    }
    Ok(())
}
