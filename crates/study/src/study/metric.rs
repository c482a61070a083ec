//! What a study compares its trials by.

use std::{fmt, path::Path};

use metrics::Metrics;
use run::{RunRecord, folder};
use search::Goal;

/// The metrics of a split that a study can go by.
pub const NAMES: [&str; 6] = ["loss", "accuracy", "precision", "recall", "f1", "roc_auc"];

/// A metric on the validation split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric(&'static str);

impl Metric {
    /// What is compared where a study does not say.
    pub const ACCURACY: Self = Self("accuracy");

    /// The metric of this name: `valid.accuracy`, or `accuracy`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("valid.").unwrap_or(name);
        NAMES.into_iter().find(|known| *known == name).map(Self)
    }

    /// Losses are minimised, all others maximised.
    pub fn usual_goal(self) -> Goal {
        if self.0 == "loss" { Goal::Minimise } else { Goal::Maximise }
    }

    /// A value as a person reads it: of a loss the third digit counts where it is small.
    pub fn shown(self, value: f64) -> String {
        if self.0 == "loss" { format!("{value:.5}") } else { format!("{value:.4}") }
    }

    /// Its value at the best epoch of a run; none before the first, or where it is undefined.
    pub fn of(self, record: &RunRecord) -> Option<f64> {
        record.best.as_ref().and_then(|best| self.value(&best.metrics))
    }

    /// Its value after each epoch of the run in a folder; what is undefined is no number.
    pub fn by_epoch(self, run: &Path) -> Vec<f64> {
        // Before the first epoch there is no file.
        let epochs = folder::read_epochs(run).unwrap_or_default();
        epochs.iter().map(|epoch| self.value(&epoch.valid).unwrap_or(f64::NAN)).collect()
    }

    fn value(self, metrics: &Metrics) -> Option<f64> {
        match self.0 {
            "loss" => Some(metrics.loss),
            "accuracy" => Some(metrics.accuracy),
            "precision" => metrics.precision,
            "recall" => metrics.recall,
            "f1" => metrics.f1,
            _ => metrics.roc_auc,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "valid.{}", self.0)
    }
}
