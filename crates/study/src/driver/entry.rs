//! A trial as its driver knows it.

use run::folder;

use crate::{Error, Status, Trial, TrialRecord, trial_record};

/// A trial and how it stands.
#[derive(Debug)]
pub struct Entry {
    pub trial: Trial,
    pub status: Status,
    /// The metric after each epoch.
    pub values: Vec<f64>,
    /// Whether this driver has made its folder, or brought the one that was there up to date.
    pub(super) is_prepared: bool,
}

impl Entry {
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
