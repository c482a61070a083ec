//! What a run tells about itself while it trains.

use serde::{Deserialize, Serialize};

use crate::{Error, metrics::Metrics};

/// Hears of a run's progress. The library never prints.
pub trait Observer: Send {
    /// Some batches of the epoch have been trained.
    fn batches(&mut self, progress: &EpochProgress);
    /// An epoch has ended.
    fn epoch(&mut self, record: &EpochRecord, epochs: usize);
    /// Something is not as it should be, and the run goes on.
    fn warning(&mut self, warning: &Error);
}

/// How far an epoch is.
#[derive(Clone, Copy, Debug)]
pub struct EpochProgress {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Epochs of the run.
    pub epochs: usize,
    /// Images trained in this epoch.
    pub images: usize,
    /// Images of an epoch.
    pub images_total: usize,
    /// Mean training loss of the epoch so far.
    pub loss: f64,
    /// Training accuracy of the epoch so far.
    pub accuracy: f64,
    /// Training images a second in this epoch.
    pub images_per_second: f64,
}

/// One line of `metrics.jsonl`, one row of `metrics.csv`: an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Its last optimizer step, from 1: as many as were taken at its end.
    pub step: usize,
    /// Learning rate of that step.
    pub learning_rate: f64,
    /// Metrics over the training batches, each with the parameters before its step.
    pub train: Metrics,
    /// Metrics of the validation split at its end.
    pub valid: Metrics,
    /// Seconds it took, validation included.
    pub seconds: f64,
    /// Training images a second, validation not counted.
    pub images_per_second: f64,
}

/// One line of `metrics.jsonl` where `training.log_steps` is set: a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Which batch.
    #[serde(flatten)]
    pub place: BatchPlace,
    /// Its mean loss.
    pub batch_loss: f32,
}

/// Where in a run a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchPlace {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch in the epoch, from 1.
    pub batch: usize,
    /// The optimizer step it belongs to, from 1.
    pub step: usize,
    /// Learning rate of that step.
    pub learning_rate: f64,
}
