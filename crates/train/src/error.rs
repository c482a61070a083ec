//! What can go wrong in a run.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::report::quoted;

/// Every message is one line: what failed, where, why and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of a run folder cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file of a run folder cannot be written.
    #[error("cannot write `{}`: {cause}; {}", path.display(), remedy(cause))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file of a run folder is not what it should be.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process works in the run folder.
    #[error("run folder `{}` is in use by another process; wait until it ends, or stop it", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
    },
    /// Another driver works on the study.
    #[error("study `{}` has a driver already; wait until it ends, `train sweep stop` it, or share the work with `--join`", path.display())]
    StudyInUse {
        /// The study's folder.
        path: PathBuf,
    },
    /// A study would fill the disk.
    #[error("`{}` has {} MB of free space, a study wants {} MB; free some, or another output root: `--set runs=FOLDER`",
        path.display(), free / 1_000_000, wanted / 1_000_000)]
    DiskFull {
        /// The study's folder.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that there should be.
        wanted: u64,
    },
    /// Slurm does not do what it is asked for.
    #[error("`{command}` says: {said}")]
    Slurm {
        /// Its command.
        command: &'static str,
        /// What it said.
        said: String,
    },
    /// There is no such run.
    #[error("`{}` is no run folder: {reason}; `train runs` lists the runs", path.display())]
    NoRun {
        /// What was asked for.
        path: PathBuf,
        /// Why it is none.
        reason: String,
    },
    /// A run has no model.
    #[error("run `{}` has no model: {}", path.display(), why_no_model(path, *epochs, *has_checkpoints))]
    NoModel {
        /// The run folder.
        path: PathBuf,
        /// Epochs that it has done.
        epochs: usize,
        /// Whether there is a checkpoint to make one from.
        has_checkpoints: bool,
    },
    /// A run has no epoch to compare.
    #[error("run `{}` has no metrics: {}", path.display(), why_no_metrics(path, *epochs))]
    NoMetrics {
        /// The run folder.
        path: PathBuf,
        /// Epochs that it has done.
        epochs: usize,
    },
    /// The data is not that of a run.
    #[error("run `{}` was trained on other data (fingerprint {then}, now {now}); its report needs the same", path.display())]
    OtherData {
        /// The run folder.
        path: PathBuf,
        /// Fingerprint of the run's data.
        then: String,
        /// Fingerprint of the data there is.
        now: String,
    },
    /// Batches of one image whose features are a single pixel.
    #[error(
        "`training.batch_size` is {batch_size}: with {images} training images {} is one image, and of images of {height} x \
         {width} the residual net has features of 1 x 1, so that batch normalisation makes all images alike; take another \
         batch size",
        if *batch_size == 1 { "each batch" } else { "the last batch of an epoch" }
    )]
    SingleValues {
        /// Images of a batch.
        batch_size: usize,
        /// Training images.
        images: usize,
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },
    /// A run has nothing to go on from.
    #[error("run `{}` cannot be resumed: {reason}", path.display())]
    Resume {
        /// The run folder.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// The loss is no number any more.
    #[error(
        "the {split} loss became {loss} in epoch {epoch}, step {step}, at learning rate {rate:?}: {cause}{}",
        if *.is_saved { "; the last good checkpoint is kept" } else { "" }
    )]
    Diverged {
        /// `training` or `validation`.
        split: &'static str,
        /// NaN or infinity.
        loss: f32,
        /// Epoch, from 1.
        epoch: usize,
        /// Optimizer step, from 1.
        step: usize,
        /// Learning rate of that step.
        rate: f64,
        /// What probably caused it, and what to try.
        cause: &'static str,
        /// Whether there is a checkpoint from before.
        is_saved: bool,
    },
    /// The checkpoint of the best epoch is lost.
    #[error("{cause}; it was of the best epoch, {epoch}, whose place {} takes", next_best(*instead))]
    BestLost {
        /// What is wrong with it.
        cause: Box<Error>,
        /// The best epoch.
        epoch: usize,
        /// The best one of those whose checkpoints are left.
        instead: Option<usize>,
    },
    /// A model file cannot be made or used.
    #[error("cannot use model `{}`: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Burn could not turn a record into bytes or back.
    #[error("burn cannot convert a checkpoint's record: {0}")]
    Record(String),
    /// The backend failed at its work.
    #[error(transparent)]
    Backend(#[from] crate::backend::BackendError),
    /// The data cannot be had.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// The plan is not valid.
    #[error(transparent)]
    Plan(#[from] crate::plan::PlanError),
}

/// What to do where a run has lost what it would go on from.
pub(crate) const ANEW: &str = "`train CONFIG` with its config.toml starts it anew";

fn why_no_metrics(run: &Path, epochs: usize) -> String {
    let emptied = || format!("it has done {epochs} epochs, but its metrics.jsonl was removed or emptied");
    if epochs == 0 { not_begun(run) } else { emptied() }
}

fn not_begun(run: &Path) -> String {
    format!("it ended, or was killed, before its first epoch; `train --resume {}` goes on", quoted(run))
}

fn why_no_model(run: &Path, epochs: usize, has_checkpoints: bool) -> String {
    match epochs {
        0 => not_begun(run),
        epochs if has_checkpoints => format!(
            "it was killed after epoch {epochs}, before it could write one, or the file was removed; `train --resume {}` \
             goes on",
            quoted(run)
        ),
        _ => format!("it was removed, and its checkpoints are gone; {ANEW}"),
    }
}

fn next_best(epoch: Option<usize>) -> String {
    epoch.map_or_else(|| "the next one".into(), |epoch| format!("epoch {epoch}, the best that is left,"))
}

/// What a person can do about a failed write.
fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "you may not write there; another output root: `--set runs=FOLDER`"
        }
        _ => "is the folder still there? another output root: `--set runs=FOLDER`",
    }
}
