//! What can go wrong with a study.

use std::path::PathBuf;

/// Every message is one line: what failed, where, why and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another driver works on the study.
    #[error("study `{}` has a driver already; wait until it ends, `train sweep stop` it, or share the work with `--join`", path.display())]
    InUse {
        /// The study's folder.
        path: PathBuf,
    },
    /// A study would fill the disk.
    #[error("`{}` has {} of free space, a study wants {}; free some, or another output root: `--set runs=FOLDER`",
        path.display(), files::size(*free), files::size(*wanted))]
    DiskFull {
        /// The study's folder.
        path: PathBuf,
        free: u64,
        /// Bytes that there should be.
        wanted: u64,
    },
    /// Slurm does not do what it is asked for.
    #[error("`{command}` says: {said}")]
    Slurm { command: &'static str, said: String },
    /// The study file, or a trial's plan, is not valid.
    #[error(transparent)]
    Plan(#[from] plan::PlanError),
    /// A trial's run folder is not as it should be.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A file cannot be read or written, or is damaged.
    #[error(transparent)]
    File(#[from] files::Error),
}
