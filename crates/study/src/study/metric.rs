//! What a study compares its trials by.

use std::{fmt, path::Path};

use metrics::Metric as Of;
use run::{RunRecord, folder};
use search::Goal;

/// The most epochs that a plan can have.
pub const MOST_EPOCHS: usize = 1_000_000;

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

    /// Its value after each epoch of the run in a folder; what is undefined, or was lost with its line, is no number.
    pub fn by_epoch(self, run: &Path) -> Vec<f64> {
        let mut values = Vec::new();
        // Before the first epoch there is no file.
        for record in folder::read_epochs(run).unwrap_or_default() {
            let value = record.valid.get(self.0).unwrap_or(f64::NAN);
            if (1..=MOST_EPOCHS).contains(&record.epoch) {
                values.resize(values.len().max(record.epoch), f64::NAN);
                values[record.epoch - 1] = value;
            }
        }
        values
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "valid.{}", self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::metrics::Metrics;
    use run::EpochRecord;

    #[test]
    fn an_epoch_whose_line_was_lost_leaves_the_others_in_their_places() {
        let run = tempfile::tempdir().unwrap();
        let mut log = run::MetricsLog::open(run.path(), &Default::default()).unwrap();
        for epoch in [1, 3, usize::MAX] {
            let valid = Metrics { accuracy: epoch as f64, ..Metrics::default() };
            log.epoch(&EpochRecord { epoch, valid, ..EpochRecord::default() }).unwrap();
        }
        let values = Metric::ACCURACY.by_epoch(run.path());
        assert!(values.len() == 3 && values[1].is_nan(), "{values:?}");
        assert_eq!((values[0], values[2]), (1.0, 3.0));
    }
}
