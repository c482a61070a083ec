//! Going on with a run: only as what it was, except for more epochs.

use std::path::Path;

use plan::{Config, Plan, Setting};

use crate::{
    Error, RunFolder, RunRecord,
    checkpoint::{self, TrainState},
    folder,
    record::{self, State},
};

/// The run's plan with what is asked for on top.
///
/// # Errors
/// Where that changes anything but to more epochs: [`Error::Resume`] names what.
pub fn plan(run: &Path, config: Option<Config>, settings: &[Setting]) -> Result<Plan, Error> {
    let recorded = Config::File(folder::config_path(run));
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

/// Takes the folder over and finds where the newest whole checkpoint of the run stands; none where the run was killed before its first one. A run
/// that has done its epochs but was killed before its model was written goes on to that.
///
/// # Errors
/// Where the run is done, in use, has lost its checkpoints, or was trained on other data.
pub fn open(
    run: &Path,
    plan: &Plan,
    (fingerprint, images, classes): (&str, usize, usize),
    warn: &mut dyn FnMut(&files::Error),
) -> Result<(RunFolder, Option<TrainState>), Error> {
    let folder = RunFolder::open(run)?;
    files::create_folder(&folder.checkpoints())?;
    let record = RunRecord::read(run);
    let started = record.as_ref().map_or("", |record| &record.started);
    let (state, damaged) = checkpoint::newest(&folder.checkpoints(), usize::MAX, |checkpoint| {
        // One of other data is whole too, and refused below for what it is.
        if checkpoint.state.fingerprint == fingerprint {
            checkpoint.state.check(plan, images, classes)?;
        }
        checkpoint.state.began(started)?;
        Ok(checkpoint.state)
    })?;
    // A run that has not begun has no record, and nothing is wrong with that.
    let has_begun = state.is_some() || record::path(run).exists();
    record.as_ref().err().filter(|_| has_begun).into_iter().chain(&damaged).for_each(warn);
    refuse(run, plan, fingerprint, state.as_ref(), record.ok())?;
    // Each write waits for the disk, and most often the plan is as before.
    if files::read_text(&folder::config_path(run))? != folder::plan_text(plan) {
        folder.write_plan(plan)?;
    }
    Ok((folder, state))
}

/// Refuses a run that is done, has lost its checkpoints, or was trained on other data.
fn refuse(
    run: &Path,
    plan: &Plan,
    fingerprint: &str,
    state: Option<&TrainState>,
    record: Option<RunRecord>,
) -> Result<(), Error> {
    let path = run.into();
    let Some(state) = state else {
        return if is_lost(run, record) { Err(Error::Lost { path }) } else { Ok(()) };
    };
    let then = &state.fingerprint;
    if then != fingerprint {
        let reason = format!("it was trained on other data (fingerprint {then}, now {fingerprint})");
        return Err(Error::Resume { path, reason });
    }
    let has_ended = record.is_some_and(|record| record.state == State::Finished) && folder::model_path(run).is_file();
    let reason = if has_ended { done(plan, state) } else { None };
    reason.map_or(Ok(()), |reason| Err(Error::Done { path, reason }))
}

/// Epochs that a run can have written down before its first checkpoint is on the disk: one of it is written, one waits, and one is
/// handed over.
const UNSAVED: usize = 3;

/// Whether a run without a checkpoint had come further, and cannot start over. One that failed to write its first one has not.
fn is_lost(run: &Path, record: Option<RunRecord>) -> bool {
    let told = folder::read_epochs(run).map_or(0, |epochs| epochs.len());
    let had_saved = record.is_some_and(|record| match record.state {
        State::Failed => false,
        State::Running => told > UNSAVED,
        State::Finished | State::Interrupted | State::Paused => record.epochs_done > 0,
    });
    had_saved || folder::model_path(run).is_file()
}

/// Why a finished run has nothing to go on with.
fn done(plan: &Plan, state: &TrainState) -> Option<String> {
    let epochs = state.epoch;
    if epochs >= plan.training.epochs {
        return Some(format!("all {epochs} epochs are done; for more: `--set training.epochs={}`", 2 * epochs));
    }
    let stopped = state.best_tracker.out_of_patience(plan);
    stopped.then(|| format!("it stopped early after epoch {epochs}: patience ran out"))
}
