//! The best epoch so far, and how long ago it was: what decides the kept model and an early stop.

use metrics::{Metric, Metrics};
use plan::{Monitor, Plan};
use serde::{Deserialize, Serialize};

use crate::EpochRecord;

/// The best epoch by the plan's `training.monitor`; part of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BestTracker {
    /// The best so far.
    pub best: Option<Best>,
    /// Value that the next improvement is measured from, for early stopping.
    reference: Option<f64>,
    /// Epochs since it last improved by more than `early_stopping.min_delta`.
    stale: usize,
}

/// An epoch and its validation metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Optimizer steps taken at its end.
    pub step: usize,
    pub value: f64,
    /// Validation metrics at its end.
    pub metrics: Metrics,
}

impl Best {
    /// An epoch with what the plan's monitor sees of it.
    pub fn of(plan: &Plan, epoch: usize, step: usize, metrics: &Metrics) -> Self {
        Self { epoch, step, value: monitored(plan.training.monitor, metrics), metrics: *metrics }
    }

    /// Whether it is better than another, by the plan's monitor.
    pub fn is_better(&self, other: &Self, plan: &Plan) -> bool {
        gain(plan.training.monitor, self.value, other.value) > 0.0
    }
}

impl BestTracker {
    /// What these epochs come to, the first one first.
    pub fn of(plan: &Plan, epochs: &[EpochRecord]) -> Self {
        let mut tracker = Self::default();
        epochs.iter().for_each(|record| tracker.observe(plan, record.epoch, record.step, &record.valid));
        tracker
    }

    /// Takes in the end of an epoch. Of equals the first is the best.
    pub fn observe(&mut self, plan: &Plan, epoch: usize, step: usize, metrics: &Metrics) {
        let one = Best::of(plan, epoch, step, metrics);
        let (monitor, value) = (plan.training.monitor, one.value);
        if self.best.as_ref().is_none_or(|best| one.is_better(best, plan)) {
            self.best = Some(one);
        }
        if self.reference.is_none_or(|from| gain(monitor, value, from) > plan.early_stopping.min_delta) {
            (self.reference, self.stale) = (Some(value), 0);
        } else {
            self.stale = self.stale.saturating_add(1);
        }
    }

    /// Whether the plan's patience has run out.
    pub fn out_of_patience(&self, plan: &Plan) -> bool {
        plan.early_stopping.patience > 0 && self.stale >= plan.early_stopping.patience
    }
}

/// The epoch with the highest accuracy, of equals the first, and that accuracy.
pub fn highest_accuracy(epochs: &[EpochRecord]) -> Option<(usize, f64)> {
    let accuracies = epochs.iter().map(|record| (record.epoch, record.valid.accuracy));
    accuracies.reduce(|highest, next| if next.1 > highest.1 { next } else { highest })
}

/// How much better `value` is than `than`.
fn gain(monitor: Monitor, value: f64, than: f64) -> f64 {
    if metric(monitor).is_of_error() { than - value } else { value - than }
}

/// The monitored value; an undefined metric counts as the worst.
fn monitored(monitor: Monitor, metrics: &Metrics) -> f64 {
    let metric = metric(monitor);
    metrics.get(metric).unwrap_or(if metric.is_of_error() { f64::MAX } else { 0.0 })
}

/// The metric that a plan's monitor goes by.
pub fn metric(monitor: Monitor) -> Metric {
    match monitor {
        Monitor::ValidLoss => Metric::Loss,
        Monitor::Accuracy => Metric::Accuracy,
        Monitor::Precision => Metric::Precision,
        Monitor::Recall => Metric::Recall,
        Monitor::F1 => Metric::F1,
        Monitor::RocAuc => Metric::RocAuc,
        Monitor::Top3 => Metric::Top3,
        Monitor::LogLoss => Metric::LogLoss,
        Monitor::CalibrationError => Metric::CalibrationError,
    }
}
