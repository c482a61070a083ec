//! The runs below an output root.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Error,
    fit::best::Watch,
    run::{RunRecord, folder, record::State},
};

/// A run and its record.
#[derive(Debug)]
pub struct Run {
    /// Its folder.
    pub path: PathBuf,
    /// Its record; a run that was killed before its first epoch may have none, a damaged one says why.
    pub record: Result<RunRecord, Error>,
    /// Whether a process works in it.
    pub in_use: bool,
}

/// All runs `<root>/<name>/<id>`, the oldest first. A root that is not there has none.
pub fn list(root: &Path) -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for name in folders(root)? {
        runs.extend(folders(&name)?.into_iter().filter(|path| folder::check(path).is_ok()).map(read));
    }
    runs.sort_by(|a, b| (began(a), &a.path).cmp(&(began(b), &b.path)));
    Ok(runs)
}

/// When a run began, and which of those with the same name that began in that second it is.
fn began(run: &Run) -> (Option<OffsetDateTime>, usize) {
    let started = run.record.as_ref().ok().and_then(|record| OffsetDateTime::parse(&record.started, &Rfc3339).ok());
    let id = run.path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    (started, id.rsplit('-').next().filter(|_| id.matches('-').count() == 2).and_then(|n| n.parse().ok()).unwrap_or(1))
}

fn read(path: PathBuf) -> Run {
    let in_use = folder::is_in_use(&path);
    let mut record = RunRecord::read(&path);
    if let Ok(record @ RunRecord { state: State::Running, .. }) = &mut record {
        catch_up(record, &path);
    }
    Run { path, record, in_use }
}

/// What `metrics.jsonl` tells of a run that has not written its record since it began.
pub(crate) fn catch_up(record: &mut RunRecord, path: &Path) {
    let Ok(plan) = folder::read_plan(path) else { return };
    let epochs = folder::read_epochs(path).unwrap_or_default();
    if let Some(last) = epochs.last() {
        (record.epochs_done, record.last) = (last.epoch, Some(last.valid));
    }
    record.seconds = epochs.iter().map(|epoch| epoch.seconds).sum();
    record.best = Watch::of(&plan, &epochs).best;
}

/// The folders in a folder but for hidden ones; of one that does not exist none.
pub(crate) fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |cause| Error::Read { path: path.into(), cause };
    let entries = match fs::read_dir(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    Ok(paths.into_iter().filter(|path| path.is_dir() && !is_hidden(path)).collect())
}
