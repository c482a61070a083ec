//! The sections of a [`Plan`](super::Plan), each a table of `base.toml`; ranges are held by `rules`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::choices::{Loss, ModelKind, Monitor, OptimizerKind, ScheduleKind, SourceKind};

/// `[data]`: where the digits come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPlan {
    pub source: SourceKind,
    /// The .tgz of `archive`, the folder of `folder` and `idx`, relative to the current folder; else empty.
    pub path: PathBuf,
    /// The classes to take: names of folders, labels of IDX files, or all; of two the first is the positive one, target 1.
    pub classes: Classes,
    /// Folder of packed data sets, relative to the current folder; empty: the user's cache folder.
    pub cache: PathBuf,
    /// Seed of what `synthetic` draws, from 0 to 2^63 - 1.
    pub synthetic_seed: u64,
    /// Images `synthetic` draws for training, at least 2.
    pub synthetic_train: usize,
    /// Images `synthetic` draws for validation, at least 2.
    pub synthetic_valid: usize,
    /// Threads that prepare batches ahead; 0: none.
    pub workers: usize,
}

/// `data.classes`: `"auto"`, or the names of the classes in the order of their labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Classes(Option<Vec<String>>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    Names(Vec<String>),
}

impl Classes {
    /// The names; none where the source says which there are.
    #[must_use]
    pub fn named(&self) -> Option<&[String]> {
        self.0.as_deref()
    }
}

impl From<Written> for Classes {
    fn from(written: Written) -> Self {
        match written {
            Written::Word(_) => Self(None),
            Written::Names(names) => Self(Some(names)),
        }
    }
}

impl From<Classes> for Written {
    fn from(Classes(names): Classes) -> Self {
        names.map_or_else(|| Self::Word("auto".into()), Self::Names)
    }
}

/// `[model]`: which network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPlan {
    pub kind: ModelKind,
    /// Units of the hidden layer of `two-layer`, at least 1.
    pub hidden: usize,
    /// Channels of the stem of `resnet`, at least 1.
    pub channels: usize,
}

/// `[augmentation]`: how far training images are changed, anew in each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentationPlan {
    /// Largest turn in degrees, from 0 to 180.
    pub degrees: f64,
    /// Largest shift as a fraction of the side, from 0 to 1.
    pub translate: f64,
    /// Largest change of the size as a fraction, from 0 to 0.9.
    pub scale: f64,
}

/// `[training]`: epochs, batches and loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingPlan {
    /// Passes over the training split, at least 1.
    pub epochs: usize,
    /// Images of a batch, at least 1.
    pub batch_size: usize,
    pub loss: Loss,
    /// Batches whose gradients are averaged into one step, at least 1.
    pub accumulate: usize,
    /// Largest global norm of the gradients; 0: no clipping.
    pub clip_norm: f64,
    /// What "best" means for checkpoints and early stopping.
    pub monitor: Monitor,
    /// Whether metrics.jsonl also has one line per batch.
    pub log_steps: bool,
}

impl TrainingPlan {
    /// Steps of an epoch of so many batches.
    #[must_use]
    pub fn steps(&self, batches: usize) -> usize {
        batches.div_ceil(self.accumulate)
    }

    /// Whether batch number `batch`, from 1, of an epoch of so many completes a step: the last one always does.
    #[must_use]
    pub fn completes_step(&self, batch: usize, batches: usize) -> bool {
        batch.is_multiple_of(self.accumulate) || batch == batches
    }
}

/// `[optimizer]`: how gradients become steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerPlan {
    pub kind: OptimizerKind,
    /// Above 0; the peak, where the schedule varies it.
    pub learning_rate: f64,
    /// Of sgd, at least 0 and below 1; 0: none.
    pub momentum: f64,
    /// At least 0. Of sgd and adam an L2 penalty, of adamw decoupled.
    pub weight_decay: f64,
    /// Of adam and adamw, at least 0 and below 1: decay of the mean gradient.
    pub beta_1: f64,
    /// Of adam and adamw, at least 0 and below 1: decay of the mean squared gradient.
    pub beta_2: f64,
    /// Of adam and adamw, above 0: keeps the division finite.
    pub epsilon: f64,
}

/// `[schedule]`: how the learning rate goes over the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchedulePlan {
    pub kind: ScheduleKind,
    /// Of one-cycle, above 0 and below 1: the part of all steps that warms up.
    pub pct_start: f64,
    /// Of one-cycle, at least 1: it starts at learning_rate / div.
    pub div: f64,
    /// Of one-cycle, at least 1: it ends at learning_rate / div_final.
    pub div_final: f64,
    /// Of one-cycle, each at least 0 and below 1: momentum (adam: beta_1) at start, peak and end.
    pub momentums: [f64; 3],
}

/// `[early_stopping]`: when to end before the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStoppingPlan {
    /// Epochs without improvement of the monitored metric before the run ends; 0: never.
    pub patience: usize,
    /// The least change that counts as improvement, in the metric's own unit, at least 0.
    pub min_delta: f64,
}

/// `[checkpoint]`: what is kept to resume from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointPlan {
    /// Newest checkpoints kept, at least 1; the best is always kept.
    pub keep_last: usize,
    /// Also within the epoch, each so many steps; 0: only at an epoch's end.
    pub every_steps: usize,
}
