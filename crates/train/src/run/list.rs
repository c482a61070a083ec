//! The runs below an output root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    fit::best::Watch,
    observer::EpochRecord,
    run::{RunRecord, folder, record::State},
};

/// A run and its record.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its folder.
    pub path: PathBuf,
    /// Its record.
    pub record: RunRecord,
    /// Its state as it is: a process that was killed could not write that down.
    pub killed: bool,
}

/// All runs `<root>/<name>/<id>` with a readable record, the oldest first. A root that is not there has none.
pub fn list(root: &Path) -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for name in folders(root)? {
        for path in folders(&name)? {
            runs.extend(read(path));
        }
    }
    runs.sort_by(|a, b| (&a.record.started, &a.path).cmp(&(&b.record.started, &b.path)));
    Ok(runs)
}

fn read(path: PathBuf) -> Option<Run> {
    let mut record = RunRecord::read(&path).ok()?;
    let killed = record.state == State::Running && !folder::is_in_use(&path);
    if record.state == State::Running {
        catch_up(&mut record, &path);
    }
    Some(Run { path, record, killed })
}

/// What `metrics.jsonl` tells of a run that has not written its record since it began.
fn catch_up(record: &mut RunRecord, path: &Path) {
    let Ok(plan) = folder::read_plan(path) else { return };
    let bytes = fs::read(folder::metrics(path)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let epochs: Vec<EpochRecord> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut watch = Watch::default();
    for epoch in &epochs {
        watch.observe(&plan, epoch.epoch, epoch.step, &epoch.valid);
        record.epochs_done = epoch.epoch;
        record.last = Some(epoch.valid);
    }
    record.seconds = epochs.iter().map(|epoch| epoch.seconds).sum();
    record.best = watch.best;
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |cause| Error::Read { path: path.into(), cause };
    let entries = match fs::read_dir(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}
