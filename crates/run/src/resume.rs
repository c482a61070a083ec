//! Going on with a run: only as what it was, except for more epochs.

use std::path::Path;

use plan::{Config, Plan, Setting};

use crate::{
    Error, RunFolder, RunRecord,
    checkpoint::{self, Checkpoint},
    error::ANEW,
    folder,
    record::{self, State},
};

/// The run's plan with what is asked for on top.
///
/// # Errors
/// Where that changes anything but to more epochs: [`Error::Resume`] names what.
pub fn plan(run: &Path, config: Option<Config>, settings: &[Setting]) -> Result<Plan, Error> {
    let recorded = Config::File(folder::config(run));
    let before = folder::read_plan(run)?;
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

/// Takes the folder over and finds the checkpoint to go on from; none where the run was killed before its first one. A run
/// that has done its epochs but was killed before its model was written goes on to that.
///
/// # Errors
/// Where the run is done, in use, has lost its checkpoints, or was trained on other data.
pub fn open(
    run: &Path,
    plan: &Plan,
    (fingerprint, images): (&str, usize),
    warn: &mut dyn FnMut(&files::Error),
) -> Result<(RunFolder, Option<Checkpoint>), Error> {
    let folder = RunFolder::open(run)?;
    files::create_folder(&folder.checkpoints())?;
    let record = RunRecord::read(run);
    let started = record.as_ref().map_or("", |record| &record.started);
    let (checkpoint, damaged) = checkpoint::newest(&folder.checkpoints(), usize::MAX, |checkpoint| {
        checkpoint.state.check(plan, images)?;
        checkpoint.state.began(started)?;
        Ok(checkpoint)
    })?;
    // A run that has not begun has no record, and nothing is wrong with that.
    let has_begun = checkpoint.is_some() || record::path(run).exists();
    let record = record
        .inspect_err(|error| {
            if has_begun {
                warn(error)
            }
        })
        .ok();
    damaged.iter().for_each(warn);
    let reason = match (&checkpoint, record) {
        (None, record) => lost(run, record),
        (Some(checkpoint), _) if checkpoint.state.fingerprint != fingerprint => Some(format!(
            "it was trained on other data (fingerprint {}, now {fingerprint})",
            checkpoint.state.fingerprint
        )),
        (Some(checkpoint), Some(record)) if record.state == State::Finished && folder::model(run).is_file() => {
            if let Some(reason) = done(plan, checkpoint) {
                return Err(Error::Done { path: run.into(), reason });
            }
            None
        }
        _ => None,
    };
    if let Some(reason) = reason {
        return Err(Error::Resume { path: run.into(), reason });
    }
    // Each write waits for the disk, and most often the plan is as before.
    if files::read_text(&folder::config(run))? != folder::plan_text(plan) {
        folder.write_plan(plan)?;
    }
    Ok((folder, checkpoint))
}

/// Epochs that a run can have written down before its first checkpoint is on the disk: one of it is written, one waits, and one is
/// handed over.
const UNSAVED: usize = 3;

/// Why a run without a checkpoint cannot start over: it had come further. One that failed to write its first one has not.
fn lost(run: &Path, record: Option<RunRecord>) -> Option<String> {
    let told = folder::read_epochs(run).map_or(0, |epochs| epochs.len());
    let had_saved = record.is_some_and(|record| match record.state {
        State::Failed => false,
        State::Running => told > UNSAVED,
        State::Finished | State::Interrupted | State::Paused => record.epochs_done > 0,
    });
    (had_saved || folder::model(run).is_file()).then(|| format!("its checkpoints are gone; {ANEW}"))
}

/// Why a finished run has nothing to go on with.
fn done(plan: &Plan, checkpoint: &Checkpoint) -> Option<String> {
    let epochs = checkpoint.state.epoch;
    if epochs >= plan.training.epochs {
        return Some(format!("all {epochs} epochs are done; for more: `--set training.epochs={}`", 2 * epochs));
    }
    let stopped = checkpoint.state.best_tracker.out_of_patience(plan);
    stopped.then(|| format!("it stopped early after epoch {epochs}: patience ran out"))
}
