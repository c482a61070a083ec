//! Going on with a run: only as what it was, except for more epochs.

use std::path::Path;

use data::DataSet;

use crate::{
    Error,
    fit::checkpoint::{self, Checkpoint},
    plan::{Config, Plan, Setting},
    run::RunRecord,
    run::{RunFolder, folder},
};

/// The run's plan with what is asked for on top.
///
/// # Errors
/// Where that changes anything but to more epochs: [`Error::Resume`] names what.
pub fn plan(run: &Path, config: Option<Config>, settings: &[Setting]) -> Result<Plan, Error> {
    let recorded = Config::File(folder::config(run));
    let before = Plan::resolve(&recorded, &[])?;
    let after = Plan::resolve(&config.unwrap_or(recorded), settings)?;
    let longer = after.training.epochs >= before.training.epochs;
    let differences = before.differences(&after);
    let changed = differences.iter().filter(|difference| !(longer && difference.key == "training.epochs"));
    let changed: Vec<String> = changed.map(ToString::to_string).collect();
    if changed.is_empty() {
        return Ok(after);
    }
    let reason =
        format!("its plan would change: {}; only more epochs are possible, else start a new run", changed.join(", "));
    Err(Error::Resume { path: run.into(), reason })
}

/// Takes the folder over and finds the checkpoint to go on from; none where the run was killed before its first one.
///
/// # Errors
/// Where the run is done, in use, without a whole checkpoint, or was trained on other data.
pub fn open(
    run: &Path,
    plan: &Plan,
    data: &DataSet,
    warn: &mut dyn FnMut(&Error),
) -> Result<(RunFolder, Option<Checkpoint>), Error> {
    let folder = RunFolder::open(run)?;
    let refuse = |reason: String| Error::Resume { path: run.into(), reason };
    let record = RunRecord::read(run).ok();
    if let Some(other) = record.map(|record| record.data.fingerprint).filter(|print| *print != data.fingerprint) {
        return Err(refuse(format!("it was trained on other data (fingerprint {other}, now {})", data.fingerprint)));
    }
    let (checkpoint, damaged) = checkpoint::latest(&folder.checkpoints())?;
    damaged.iter().for_each(warn);
    let done = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.position.epoch);
    if done >= plan.training.epochs {
        return Err(refuse(format!("all {done} epochs are done; for more: `--set training.epochs={}`", 2 * done)));
    }
    folder.write_plan(plan)?;
    Ok((folder, checkpoint))
}
