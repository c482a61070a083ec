//! `claim.toml`: which driver has taken a trial, from before its process has the run folder's lock.

use std::{fs, path::Path};

use files::Error;
use search::{Goal, Median};
use serde::{Deserialize, Serialize};

use crate::study::Metric;

/// A driver's word that it works on a trial. It holds while the driver lives and the trial has not come so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    pub driver: String,
    /// The epoch up to which it trains.
    pub until: usize,
    /// Where it stops on the way, in a study with the median rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl Lease {
    /// What was leased last in the trial's folder; none where that cannot be read.
    pub fn read(run: &Path) -> Option<Self> {
        toml::from_str(&fs::read_to_string(run.join(NAME)).ok()?).ok()
    }

    /// Writes it. It is not flushed to the disk: whom a power cut hits holds no lease any more.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).expect("a lease is plain data");
        files::replace_unflushed(&run.join(NAME), text.as_bytes())
    }
}

const NAME: &str = "claim.toml";

/// The limits of a trial, as its driver saw the others last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
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
