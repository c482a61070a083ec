//! Writes checkpoints whole, by a thread of its own, and deletes those no longer kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use files::{Error, Log};

use crate::checkpoint::{Checkpoint, path, read, steps};

/// Writes checkpoints in the background, in order, and deletes those no longer kept. The disk's flush takes as long as
/// half an epoch here; in the training thread it would be waited for.
pub struct CheckpointWriter {
    queue: Option<SyncSender<Checkpoint>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl CheckpointWriter {
    /// A writer for a run that goes on from a step. It keeps the newest `keep_last` checkpoints, each with the best of its
    /// time: whichever of them a resume falls back to finds the model that it names. It flushes `logs` before each: a
    /// checkpoint is never newer than the metrics before it, not even after a power cut.
    pub fn new(folder: PathBuf, keep_last: usize, step: usize, logs: Vec<Log>) -> Self {
        remove_unfinished(&folder);
        let (queue, jobs) = sync_channel::<Checkpoint>(1);
        let work = move || {
            let mut whole = whole(&folder, step)?;
            jobs.iter().try_for_each(|checkpoint| save(&folder, &checkpoint, keep_last, &mut whole, &logs))
        };
        Self { queue: Some(queue), thread: Some(thread::spawn(work)) }
    }

    /// Hands over a checkpoint; waits only while the one before the last is still being written.
    ///
    /// # Errors
    /// Where an earlier one could not be written.
    pub fn write(&mut self, checkpoint: Checkpoint) -> Result<(), Error> {
        let is_taken = self.queue.as_ref().is_some_and(|queue| queue.send(checkpoint).is_ok());
        if is_taken { Ok(()) } else { self.finish() }
    }

    /// Waits until all are on the disk.
    ///
    /// # Errors
    /// Where one could not be written.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.queue = None;
        let result = self.thread.take().map(|thread| thread.join());
        result.map_or(Ok(()), |joined| joined.expect("the writer does not panic"))
    }
}

impl Drop for CheckpointWriter {
    fn drop(&mut self) {
        // Errors are reported by `finish`; here a checkpoint in hand is only given its time.
        let _ = self.finish();
    }
}

/// What a kill left half written.
fn remove_unfinished(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    for path in entries.filter(|path| path.extension().is_some_and(|extension| extension == "part")) {
        // It is in nobody's way.
        let _ = fs::remove_file(path);
    }
}

/// Steps of checkpoints that can be gone on from, each with that of the best at its time.
type Whole = BTreeMap<usize, Option<usize>>;

/// The whole ones up to a step: a run goes on from the newest, so those after it are damaged.
fn whole(folder: &Path, step: usize) -> Result<Whole, Error> {
    let before = if step == 0 { Vec::new() } else { steps(folder)? };
    let whole = before.into_iter().filter(|other| *other <= step).filter_map(|step| read(folder, step).ok());
    Ok(whole.map(|checkpoint| entry(&checkpoint)).collect())
}

fn entry(checkpoint: &Checkpoint) -> (usize, Option<usize>) {
    (checkpoint.state.step, checkpoint.state.best_tracker.best.as_ref().map(|best| best.step))
}

/// Writes a checkpoint and deletes what is old, and what is damaged: it never counts, whatever its number.
fn save(
    folder: &Path,
    checkpoint: &Checkpoint,
    keep_last: usize,
    whole: &mut Whole,
    logs: &[Log],
) -> Result<(), Error> {
    logs.iter().try_for_each(Log::flush)?;
    files::replace(&path(folder, checkpoint.state.step), &checkpoint.encode())?;
    whole.extend([entry(checkpoint)]);
    let newest: Vec<_> = whole.iter().rev().take(keep_last.max(1)).collect();
    let kept: BTreeSet<usize> = newest.into_iter().flat_map(|(step, best)| [Some(*step), *best]).flatten().collect();
    whole.retain(|step, _| kept.contains(step));
    for path in steps(folder)?.into_iter().filter(|step| !whole.contains_key(step)).map(|step| path(folder, step)) {
        fs::remove_file(&path).map_err(|cause| Error::Write { path, cause })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::{checkpoint, written};

    #[test]
    fn the_newest_two_and_the_best_are_kept() {
        let folder = written(&[10, 20, 30, 40], 10);
        assert_eq!(steps(folder.path()).unwrap(), [10, 30, 40]);
    }

    #[test]
    fn what_is_written_is_never_deleted_for_a_damaged_one_with_a_higher_number() {
        let folder = written(&[10, 50], 10);
        fs::write(path(folder.path(), 57), b"damaged").unwrap();
        let mut writer = CheckpointWriter::new(folder.path().into(), 1, 50, Vec::new());
        writer.write(checkpoint(52, 10)).unwrap();
        writer.finish().unwrap();
        assert_eq!(steps(folder.path()).unwrap(), [10, 52]);
    }

    #[test]
    fn a_kept_one_keeps_the_best_of_its_time() {
        let folder = written(&[10, 20, 30], 10);
        let mut writer = CheckpointWriter::new(folder.path().into(), 2, 30, Vec::new());
        writer.write(checkpoint(40, 40)).unwrap();
        writer.finish().unwrap();
        assert_eq!(steps(folder.path()).unwrap(), [10, 30, 40], "30 goes on with 10 as its best");
    }

    #[test]
    fn a_failed_write_is_reported_by_the_next_call() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = CheckpointWriter::new(folder.path().join("missing"), 2, 0, Vec::new());
        let results = [writer.write(checkpoint(1, 1)), writer.write(checkpoint(2, 1)), writer.finish()];
        assert!(results.iter().any(|result| matches!(result, Err(Error::Write { .. }))));
    }
}
