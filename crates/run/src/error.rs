//! What can go wrong with a run folder.

use std::path::{Path, PathBuf};

use files::quoted;
use plan::PlanError;

use crate::{RunRecord, folder};

/// Every message is one line: what failed, where, why and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of it cannot be read or written, or is damaged.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Its plan is not valid, or not any more.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Another process works in it.
    #[error("run folder `{}` is in use by another process; wait until it ends, or stop it", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
    },
    /// There is no such run.
    #[error("`{}` is no run folder: {reason}; `train runs` lists the runs", path.display())]
    NoRun {
        /// What was asked for.
        path: PathBuf,
        /// Why it is none.
        reason: String,
    },
    #[error("run `{}` has no model: {}", path.display(), why_no_model(path, *epochs, *has_checkpoints, failure.as_deref()))]
    NoModel {
        /// The run folder.
        path: PathBuf,
        epochs: usize,
        /// Whether there is a whole checkpoint to make one from.
        has_checkpoints: bool,
        /// Where and why it failed, where it did.
        failure: Option<String>,
    },
    /// It has no epoch to compare.
    #[error("run `{}` has no metrics: {}", path.display(), why_no_metrics(path, *epochs))]
    NoMetrics {
        /// The run folder.
        path: PathBuf,
        epochs: usize,
    },
    /// The data is not the one that it was trained on.
    #[error("run `{}` was trained on other data (fingerprint {then}, now {now}); its report needs the same", path.display())]
    OtherData {
        /// The run folder.
        path: PathBuf,
        /// Fingerprint of the run's data.
        then: String,
        /// Fingerprint of the data there is.
        now: String,
    },
    /// It has come to its end.
    #[error("run `{}` cannot be resumed: {reason}", path.display())]
    Done {
        /// The run folder.
        path: PathBuf,
        /// How, and what would go on.
        reason: String,
    },
    /// A removed run cannot come back.
    #[error("cannot bring `{}` back: there is such a folder again; move it away, or take the run from `{}`",
        path.display(), removal.display())]
    Taken {
        /// Where it was.
        path: PathBuf,
        /// Its removal in the trash.
        removal: PathBuf,
    },
    /// It had come further than what is left of it.
    #[error("run `{}` cannot be resumed: its checkpoints are gone; {ANEW}", path.display())]
    Lost {
        /// The run folder.
        path: PathBuf,
    },
    /// It cannot go on as it is asked to.
    #[error("run `{}` cannot be resumed: {reason}", path.display())]
    Resume {
        /// The run folder.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
}

impl Error {
    /// That the run in `run`, of this record, has no model, and why.
    pub fn no_model(run: &Path, record: Option<&RunRecord>) -> Self {
        let epochs = folder::read_epochs(run).map_or(0, |epochs| epochs.len());
        Self::NoModel {
            path: run.into(),
            epochs: record.map_or(0, |record| record.epochs_done).max(epochs),
            has_checkpoints: folder::has_checkpoints(run),
            failure: record.and_then(RunRecord::failure),
        }
    }
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

fn why_no_model(run: &Path, epochs: usize, has_checkpoints: bool, failure: Option<&str>) -> String {
    match (epochs, failure) {
        _ if folder::is_in_use(run) => "it is training; it has one when it ends".into(),
        (_, Some(failure)) if epochs == 0 || has_checkpoints => {
            format!("it {failure}; `train --resume {}` tries again", quoted(run))
        }
        (0, _) => not_begun(run),
        (epochs, _) if has_checkpoints => format!(
            "it was killed after epoch {epochs}, before it could write one, or the file was removed; `train --resume {}` \
             goes on",
            quoted(run)
        ),
        _ => format!("it was removed, and its checkpoints are gone; {ANEW}"),
    }
}
