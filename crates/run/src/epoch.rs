//! What `metrics.jsonl` holds: epochs, and where they are asked for batches.

use metrics::Metrics;
use serde::{Deserialize, Serialize};

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
