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

/// The page is written at most so often, and at most for one part in so many of the time.
const EVERY: Duration = Duration::from_millis(500);
const PART: u32 = 100;

/// Writes the page after epochs, for an observer that shows the run.
pub struct LivePage {
    shown: Box<dyn Observer>,
    run: PathBuf,
    data: DataSet,
    written: Instant,
    /// How long that took.
    took: Duration,
}

impl LivePage {
    /// Writes the page of the run in `run`, which begins, or goes on.
    pub fn begin(shown: Box<dyn Observer>, run: &Path, data: &DataSet) -> Self {
        let mut page =
            Self { shown, run: run.into(), data: data.clone(), written: Instant::now(), took: Duration::ZERO };
        page.write();
        page
    }

    fn write(&mut self) {
        let began = Instant::now();
        // Why it cannot be written is told once, at the run's end.
        let _ = report::write_live(&self.run, &self.data, true);
        (self.written, self.took) = (Instant::now(), began.elapsed());
    }
}

impl Observer for LivePage {
    fn batches(&mut self, progress: &EpochProgress) {
        self.shown.batches(progress);
    }

    fn epoch(&mut self, record: &EpochRecord, epochs: usize, is_best: bool) {
        self.shown.epoch(record, epochs, is_best);
        // At its end the run has a page of its own.
        if record.epoch < epochs && self.written.elapsed() >= EVERY.max(self.took * PART) {
            self.write();
        }
    }

    fn warning(&mut self, warning: &Error) {
        self.shown.warning(warning);
    }
}
