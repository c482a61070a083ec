//! What can go wrong in a run.

use std::path::PathBuf;

use plan::Loss;

/// Every message is one line: what failed, where, why and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Batches of one image whose features are a single pixel.
    #[error(
        "`training.batch_size` is {batch_size}: with {images} training images {} is one image, and of images of {height} x \
         {width} the network has features of 1 x 1, so that batch normalisation makes all images alike; take another \
         batch size",
        if *batch_size == 1 { "each batch" } else { "the last batch of an epoch" }
    )]
    SingleValues {
        batch_size: usize,
        images: usize,
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },
    /// A loss that only two classes have.
    #[error("`training.loss` is {loss}, which is for two classes, and the data has {classes}; take cross-entropy")]
    LossOfTwo { loss: Loss, classes: usize },
    /// Weights of other classes.
    #[error(
        "`training.class_weights` has {weights} numbers, and the data {classes} classes; take one for each, or \"balanced\""
    )]
    ClassWeights { weights: usize, classes: usize },
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
        cause: Box<Error>,
        epoch: usize,
        /// The best one of those whose checkpoints are left.
        instead: Option<usize>,
    },
    /// A model file cannot be made or used.
    #[error("cannot use model `{}`: {reason}", path.display())]
    Model {
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
    /// Another of the processes that train together has failed.
    #[error("rank {rank} on {host}: {reason}")]
    Rank {
        rank: usize,
        host: String,
        reason: String,
        /// The exit code that it asks for.
        code: u8,
    },
    /// One of the processes that train together is not like the first.
    #[error("rank {rank} on {host} has {name} {here}, and rank 0 {there}; start all ranks with the same")]
    RankDiffers {
        rank: usize,
        host: String,
        /// Of what.
        name: String,
        here: String,
        /// At the first.
        there: String,
    },
    /// Two of the processes that train together have come to different parameters.
    #[error(
        "after epoch {epoch} rank {rank} has other parameters than rank 0: its machine computes in another way; take machines of \
         one kind"
    )]
    Apart { rank: usize, epoch: usize },
    /// The run folder is not as it should be.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A file cannot be read or written, or is damaged.
    #[error(transparent)]
    File(#[from] files::Error),
}

fn next_best(epoch: Option<usize>) -> String {
    epoch.map_or_else(|| "the next one".into(), |epoch| format!("epoch {epoch}, the best that is left,"))
}
