//! Where the median stopping rule stops a trial.

use std::path::Path;

use search::{Goal, Median};
use serde::{Deserialize, Serialize};

use crate::{Lease, study::Metric};

/// The limits of a trial, as its driver saw the others last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The study's metric.
    metric: String,
    /// Whether the higher is better.
    maximise: bool,
    /// Losses that the best so far must not be above, after each epoch; NaN where nothing stops it.
    losses: Vec<f64>,
}

impl Limits {
    /// Those of [`Median::limits`].
    pub fn new(metric: Metric, goal: Goal, losses: Vec<f64>) -> Self {
        Self { metric: metric.to_string(), maximise: goal == Goal::Maximise, losses }
    }

    /// Whether the trial in `run` is to stop where it is now, by the limits that its driver wrote last.
    pub fn stop(run: &Path) -> bool {
        let is_beyond = |Self { metric, maximise, losses }: Self| {
            let goal = if maximise { Goal::Maximise } else { Goal::Minimise };
            Metric::named(&metric).is_some_and(|metric| Median::stops(goal, &metric.by_epoch(run), &losses))
        };
        Lease::read(run).and_then(|lease| lease.limits).is_some_and(is_beyond)
    }
}
