//! What a study compares its trials by.

use std::{fmt, path::Path};

use metrics::Metric as Of;
use run::{RunRecord, folder};
use search::Goal;

/// A metric on the validation split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric(Of);

impl Metric {
    /// All that a study can go by.
    pub fn all() -> impl Iterator<Item = Self> {
        Of::ALL.into_iter().map(Self)
    }

    /// What is compared where a study does not say.
    pub const ACCURACY: Self = Self(Of::Accuracy);

    /// The metric of this name: `valid.accuracy`, or `accuracy`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("valid.").unwrap_or(name);
        Self::all().find(|known| known.0.name() == name)
    }

    /// Losses and errors are minimised, all others maximised.
    pub fn usual_goal(self) -> Goal {
        if self.0.is_of_error() { Goal::Minimise } else { Goal::Maximise }
    }

    /// A value as a person reads it: of a loss the third digit counts where it is small.
    pub fn shown(self, value: f64) -> String {
        if self.0.is_of_error() { chart::decimals(value, 5) } else { format!("{value:.4}") }
    }

    /// Its value at the best epoch of a run; none before the first, or where it is undefined.
    pub fn of(self, record: &RunRecord) -> Option<f64> {
        record.best.as_ref().and_then(|best| best.metrics.get(self.0))
    }

    /// Its value after each epoch of the run in a folder; what is undefined is no number.
    pub fn by_epoch(self, run: &Path) -> Vec<f64> {
        // Before the first epoch there is no file.
        let epochs = folder::read_epochs(run).unwrap_or_default();
        epochs.iter().map(|epoch| epoch.valid.get(self.0).unwrap_or(f64::NAN)).collect()
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "valid.{}", self.0.name())
    }
}
