//! What `run.json` says of a run that begins, and of one that has ended.

use std::path::Path;

use run::{
    RunRecord,
    checkpoint::TrainState,
    folder,
    record::{DataRecord, Machine, ModelRecord, State, Versions, now},
};
use task::Shape;

use super::{Job, Outcome, StopReason};
use crate::Error;

/// The record of a run that begins, or goes on from a state.
pub fn of_start(job: &Job<'_>, folder: &Path, state: Option<&TrainState>) -> RunRecord {
    let (data, Shape { channels, height, width }) = (job.data, job.data.shape());
    let before = RunRecord::read(folder).ok();
    // The model file stays that of the best epoch before, until there is another.
    let exported = before.as_ref().filter(|_| folder::model_path(folder).is_file());
    let exported = exported.and_then(|before| before.best.clone());
    let begun_at = state.map(|state| state.started.clone()).filter(|started| !started.is_empty());
    RunRecord {
        state: State::Running,
        reason: None,
        backend: job.backend.clone(),
        device: job.device.clone(),
        model: ModelRecord {
            kind: job.plan.model.kind.name().into(),
            // Known when the network is there.
            parameters: 0,
            channels,
            height,
            width,
        },
        data: DataRecord {
            source: data.source.clone(),
            name: Some(data.name.clone()),
            notes: data.notes.clone(),
            fingerprint: data.fingerprint.clone(),
            classes: data.task().classes().to_vec(),
            train: data.train.len(),
            valid: data.valid.len(),
            test: data.test.as_ref().map(|test| test.len()),
            skipped: data.skipped.clone(),
        },
        versions: Versions::default(),
        machine: Some(Machine::this()),
        started: before.map(|before| before.started).or(begun_at).unwrap_or_else(now),
        ended: None,
        epochs: job.plan.training.epochs,
        epochs_done: state.map_or(0, |state| state.epoch),
        steps_done: None,
        seconds: state.map_or(0.0, |state| state.seconds),
        best: exported.or_else(|| state.and_then(|state| state.best_tracker.best.clone())),
        last: state.and_then(|state| state.last),
    }
}

/// Completes the record of a run that ended.
pub fn complete(record: &mut RunRecord, state: &TrainState, outcome: &Result<Outcome, Error>) {
    (record.state, record.reason) = match outcome.as_ref().map(|outcome| &outcome.stop) {
        Ok(StopReason::Finished) => (State::Finished, None),
        Ok(StopReason::StoppedEarly) => (State::Finished, Some("stopped early: patience ran out".into())),
        Ok(StopReason::Interrupted) => (State::Interrupted, Some("asked to stop".into())),
        Ok(StopReason::Paused(pause)) => (State::Paused, pause.reason.clone()),
        Err(error) => (State::Failed, Some(error.to_string())),
    };
    record.ended = Some(now());
    record.epochs_done = state.epoch;
    record.steps_done = Some(state.step);
    record.seconds = state.seconds;
    record.best = state.best_tracker.best.clone();
    record.last = state.last;
}
