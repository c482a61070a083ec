//! How far a trial's process is within its epoch: it writes that into the trial's folder, and its driver reads it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How often it is written. A trial of short epochs never does.
const EVERY: Duration = Duration::from_millis(500);

/// What writes it.
#[derive(Debug)]
pub struct Within {
    path: PathBuf,
    written: Instant,
}

impl Within {
    /// Of the trial in `run`.
    pub fn new(run: &Path) -> Self {
        Self { path: path(run), written: Instant::now() }
    }

    /// A part, 0 to 1, of this epoch, from 1, is done.
    pub fn tell(&mut self, epoch: usize, part: f64) {
        if self.written.elapsed() >= EVERY {
            self.written = Instant::now();
            // Where it cannot be written a bar stands still.
            let _ = files::replace_unflushed(&self.path, format!("{epoch} {part}\n").as_bytes());
        }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        // It says nothing any more; mostly there is none.
        let _ = fs::remove_file(&self.path);
    }
}

/// The part of the epoch after so many that the trial in `run` has done, as far as is known.
pub(crate) fn read(run: &Path, epochs: usize) -> f64 {
    let text = fs::read_to_string(path(run)).unwrap_or_default();
    let part = text.trim().split_once(' ').filter(|(epoch, _)| epoch.parse() == Ok(epochs + 1));
    part.and_then(|(_, part)| part.parse().ok()).filter(|part| (0.0..=1.0).contains(part)).unwrap_or(0.0)
}

fn path(run: &Path) -> PathBuf {
    run.join("epoch.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_within_its_epoch_alone() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(read(run.path(), 0), 0.0);
        let mut within = Within::new(run.path());
        within.tell(3, 0.25);
        assert_eq!(read(run.path(), 2), 0.0, "too early to be written");
        within.written = Instant::now().checked_sub(EVERY).unwrap();
        within.tell(3, 0.25);
        assert_eq!((read(run.path(), 2), read(run.path(), 3)), (0.25, 0.0));
        for odd in ["3", "3 nan", "3 7", "x 0.5", ""] {
            fs::write(path(run.path()), odd).unwrap();
            assert_eq!(read(run.path(), 2), 0.0, "{odd}");
        }
        drop(within);
        assert!(!path(run.path()).exists());
    }
}
