//! The runs below an output root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, run_folder,
    run_record::{RunRecord, State},
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
    let record = RunRecord::read(&path).ok()?;
    let killed = record.state == State::Running && !run_folder::is_in_use(&path);
    Some(Run { path, record, killed })
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
