//! What a run tells about itself while it trains.

use run::EpochRecord;

use crate::Error;

/// Hears of a run's progress. The library never prints.
pub trait Observer: Send {
    /// Some batches of the epoch have been trained.
    fn batches(&mut self, progress: &EpochProgress);
    /// An epoch is done: of so many planned, and whether its model is the best so far.
    fn epoch(&mut self, record: &EpochRecord, epochs: usize, is_best: bool);
    /// Something is not as it should be, and the run goes on.
    fn warning(&mut self, warning: &Error);
}

#[derive(Clone, Copy, Debug)]
pub struct EpochProgress {
    /// The epoch, from 1.
    pub epoch: usize,
    pub epochs: usize,
    /// Images trained in this epoch.
    pub images: usize,
    pub images_total: usize,
    /// Optimizer steps of the run so far.
    pub step: usize,
    /// Those that the plan comes to.
    pub steps: usize,
    /// Mean training loss of the epoch so far.
    pub loss: f64,
    /// Training accuracy of the epoch so far.
    pub accuracy: f64,
    /// Training images a second in this epoch.
    pub images_per_second: f64,
}
