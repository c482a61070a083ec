//! The runs below an output root.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use files::Error;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use time::OffsetDateTime;

use crate::{RunRecord, best::BestTracker, folder, record::State};

#[derive(Debug)]
pub struct Run {
    /// `<root>/<name>/<id>`.
    pub path: PathBuf,
    /// Its record; a run that was killed before its first epoch may have none, a damaged one says why.
    pub record: Result<RunRecord, Error>,
    /// Whether a process works in it.
    pub in_use: bool,
}

/// All runs `<root>/<name>/<id>`, the oldest first. A root that is not there has none.
pub fn list(root: &Path) -> Result<Vec<Run>, Error> {
    let mut all = Vec::new();
    for name in folders(root)? {
        all.extend(folders(&name)?);
    }
    Ok(read_all(all))
}

/// All runs `<folder>/<id>`, the oldest first.
pub fn in_folder(folder: &Path) -> Result<Vec<Run>, Error> {
    Ok(read_all(folders(folder)?))
}

/// The runs among folders, the oldest first. Of many most of the time is waiting for the system, which answers several at once.
fn read_all(folders: Vec<PathBuf>) -> Vec<Run> {
    let read = |path: PathBuf| {
        folder::check(&path).ok()?;
        let run = read(path);
        Some((age(&run), run))
    };
    let mut runs: Vec<_> = folders.into_par_iter().filter_map(read).collect();
    runs.sort_by(|(a, _), (b, _)| a.cmp(b));
    runs.into_iter().map(|(_, run)| run).collect()
}

/// What is greater for the run that began later. Earlier versions recorded whole seconds: of runs that began in the same one,
/// the times of their locks tell, which are made with the folders and never written to, and else the numbers of their ids.
fn age(run: &Run) -> (Option<OffsetDateTime>, Option<SystemTime>, u64, PathBuf) {
    let made = folder::made(&run.path);
    let began = run.record.as_ref().ok().and_then(RunRecord::began).or(made.map(OffsetDateTime::from));
    (began, made, folder::number(&run.path), run.path.clone())
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
pub fn catch_up(record: &mut RunRecord, path: &Path) {
    let Ok(plan) = folder::read_plan(path) else { return };
    let epochs = folder::read_epochs(path).unwrap_or_default();
    if let Some(last) = epochs.last() {
        (record.epochs_done, record.last) = (last.epoch, Some(last.valid));
    }
    record.seconds = epochs.iter().map(|epoch| epoch.seconds).sum();
    record.best = BestTracker::of(&plan, &epochs).best;
}

/// Whether the patience of the run in a folder has run out, as its epochs tell.
pub fn is_out_of_patience(path: &Path) -> bool {
    let epochs = folder::read_epochs(path).unwrap_or_default();
    folder::read_plan(path).is_ok_and(|plan| BestTracker::of(&plan, &epochs).out_of_patience(&plan))
}

/// The folders in a folder but for hidden ones; of one that does not exist none.
pub fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |cause| Error::Read { path: path.into(), cause };
    let entries = match fs::read_dir(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    Ok(paths.into_iter().filter(|path| path.is_dir() && !is_hidden(path)).collect())
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        time::{Duration, UNIX_EPOCH},
    };

    use super::*;

    /// Makes a run folder with a lock of that time, in milliseconds, and a record that says when it started.
    fn run(root: &Path, name: &str, started: Option<&str>, made: u64) {
        let path = root.join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(folder::config_path(&path), "").unwrap();
        let lock = File::create(path.join("lock")).unwrap();
        lock.set_modified(UNIX_EPOCH + Duration::from_millis(made)).unwrap();
        let Some(started) = started else { return };
        let record = serde_json::json!({
            "state": "finished", "reason": null, "backend": "flex", "device": "CPU",
            "model": { "kind": "linear", "parameters": 785, "height": 28, "width": 28 },
            "data": { "source": "synthetic", "notes": [], "fingerprint": "f", "classes": ["3", "7"], "train": 1, "valid": 1 },
            "versions": { "train": "0.1.0", "burn": "0.21.0" }, "machine": null, "started": started, "ended": null,
            "epochs": 1, "epochs_done": 1, "seconds": 1.0, "best": null, "last": null,
        });
        fs::write(crate::record::path(&path), record.to_string()).unwrap();
    }

    fn names(root: &Path) -> Vec<String> {
        let runs = list(root).unwrap();
        runs.iter().map(|run| run.path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn runs_of_one_second_are_in_the_order_in_which_they_began() {
        let root = tempfile::tempdir().unwrap();
        let at = |fraction: &str| format!("1970-01-01T00:00:10{fraction}Z");
        run(root.path(), "two-layer/19700101-000010", Some(&at(".1")), 5);
        run(root.path(), "linear/19700101-000010-12", Some(&at(".25")), 5);
        run(root.path(), "linear/19700101-000010-9", Some(&at(".2")), 5);
        let expected = ["two-layer/19700101-000010", "linear/19700101-000010-9", "linear/19700101-000010-12"];
        assert_eq!(names(root.path()), expected);
    }

    #[test]
    fn runs_of_earlier_versions_are_too_and_one_without_a_record_is_where_it_was_made() {
        let root = tempfile::tempdir().unwrap();
        let second = Some("1970-01-01T00:00:10Z");
        run(root.path(), "two-layer/19700101-000010", second, 10_100);
        run(root.path(), "linear/19700101-000010", second, 10_300);
        // Copies without their times: the numbers are left.
        run(root.path(), "linear/19700101-000010-12", second, 10_400);
        run(root.path(), "linear/19700101-000010-9", second, 10_400);
        run(root.path(), "linear/19700101-000011", None, 11_000);
        run(root.path(), "linear/19700101-000012", Some("1970-01-01T00:00:12.5Z"), 12_400);
        let expected = [
            "two-layer/19700101-000010",
            "linear/19700101-000010",
            "linear/19700101-000010-9",
            "linear/19700101-000010-12",
            "linear/19700101-000011",
            "linear/19700101-000012",
        ];
        assert_eq!(names(root.path()), expected);
    }
}
