//! Where a run is written down while it trains.

use std::path::Path;

use files::{Error, Log};
use plan::Plan;

use crate::{BatchRecord, EpochRecord, MetricsLog, checkpoint::TrainState, event_log::EventLog};

/// `metrics.jsonl` and `metrics.csv`, and where the plan says so events for TensorBoard.
pub struct RunLogger {
    metrics: MetricsLog,
    events: Option<EventLog>,
    /// Whether the metrics have a line for each batch too.
    log_steps: bool,
}

impl RunLogger {
    /// Opens them in a run folder, for a run that goes on from `state` with so many batches an epoch.
    pub fn open(run: &Path, plan: &Plan, batches: usize, state: &TrainState) -> Result<Self, Error> {
        let metrics = MetricsLog::open(run, state)?;
        let events = plan.tensorboard.then(|| EventLog::open(run, plan, batches, state)).transpose()?;
        Ok(Self { metrics, events, log_steps: plan.training.log_steps })
    }

    /// Handles on what a resume cannot do without.
    pub fn handles(&self) -> Result<Vec<Log>, Error> {
        let events = self.events.as_ref().map(EventLog::handle);
        [Some(self.metrics.handle()), events].into_iter().flatten().collect()
    }

    /// A batch of so many samples.
    pub fn batch(&mut self, record: &BatchRecord, samples: usize) -> Result<(), Error> {
        if self.log_steps {
            self.metrics.batch(record)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.batch(record, samples))
    }

    /// An epoch; `parameters` gives the model's at its end, by name, where they are asked for.
    pub fn epoch(
        &mut self,
        record: &EpochRecord,
        parameters: impl FnOnce() -> Vec<(String, Vec<f32>)>,
    ) -> Result<(), Error> {
        self.metrics.epoch(record)?;
        self.events.as_mut().map_or(Ok(()), |events| events.epoch(record, parameters()))
    }

    /// How far the events have come, where there are any.
    pub fn event_log_bytes(&self) -> Option<usize> {
        self.events.as_ref().map(EventLog::length)
    }

    /// The events, for what is to be said at the end.
    pub fn events(&mut self) -> Option<&mut EventLog> {
        self.events.as_mut()
    }
}
