//! The page of a run while it trains.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use data::DataSet;
use run::EpochRecord;
use train::{
    Error,
    observer::{EpochProgress, Observer},
};

/// The page is written at most so often.
const EVERY: Duration = Duration::from_millis(500);
/// And at least so often, however long an epoch takes: who reads it sees that the run is alive.
const AT_LEAST: Duration = Duration::from_secs(30);

/// When something is written that is written again and again: not too often, and for a hundredth of the time at most.
pub struct Rewriting {
    every: Duration,
    written: Option<Instant>,
    /// How long that took.
    took: Duration,
}

impl Rewriting {
    /// At most so often.
    pub fn new(every: Duration) -> Self {
        Self { every, written: None, took: Duration::ZERO }
    }

    /// Whether it was last written so long ago.
    fn is_older_than(&self, age: Duration) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= age)
    }

    /// Writes, if that is due.
    pub fn write(&mut self, write: impl FnOnce()) {
        if self.is_older_than(self.every.max(self.took * 100)) {
            let began = Instant::now();
            write();
            (self.written, self.took) = (Some(Instant::now()), began.elapsed());
        }
    }
}

/// Writes the page after epochs, for an observer that shows the run.
pub struct LivePage {
    shown: Box<dyn Observer>,
    run: PathBuf,
    data: DataSet,
    page: Rewriting,
}

impl LivePage {
    /// Writes the page of the run in `run`, which begins, or goes on.
    pub fn begin(shown: Box<dyn Observer>, run: &Path, data: &DataSet) -> Self {
        let mut page = Self { shown, run: run.into(), data: data.clone(), page: Rewriting::new(EVERY) };
        page.write();
        page
    }

    fn write(&mut self) {
        // Why it cannot be written is told once, at the run's end.
        self.page.write(|| drop(report::write_live(&self.run, &self.data, true)));
    }
}

impl Observer for LivePage {
    fn batches(&mut self, progress: &EpochProgress) {
        self.shown.batches(progress);
        if self.page.is_older_than(AT_LEAST) {
            self.write();
        }
    }

    fn epoch(&mut self, record: &EpochRecord, epochs: usize, is_best: bool) {
        self.shown.epoch(record, epochs, is_best);
        // At its end the run has a page of its own.
        if record.epoch < epochs {
            self.write();
        }
    }

    fn warning(&mut self, warning: &Error) {
        self.shown.warning(warning);
    }
}
