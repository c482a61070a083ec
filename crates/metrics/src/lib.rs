//! Metrics of binary classification, exact over an epoch: sums on the host, weighed by sample.
//!
//! In: losses, logits and labels of batches, as plain numbers; out: [`Metrics`], [`Confusion`], [`Evaluation`] of a split with its
//! [`TopLoss`]es. It knows neither Burn nor files. Start at [`MetricSums`].

mod evaluation;
mod top_losses;

use serde::{Deserialize, Serialize};

pub use evaluation::{Evaluation, Scores};
pub use top_losses::{TOP_LOSSES, TopLoss};

/// The metrics of a split. A metric that is undefined (no positive prediction, one class only) is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean loss of a sample.
    pub loss: f64,
    /// Right predictions, as a fraction.
    pub accuracy: f64,
    /// True positives among predicted positives.
    pub precision: Option<f64>,
    /// True positives among actual positives.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Area under the receiver operating characteristic: how often a positive scores above a negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<f64>,
}

impl Metrics {
    /// The value of one of them; none where it is undefined.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Loss => Some(self.loss),
            Metric::Accuracy => Some(self.accuracy),
            Metric::Precision => self.precision,
            Metric::Recall => self.recall,
            Metric::F1 => self.f1,
            Metric::RocAuc => self.roc_auc,
        }
    }

    pub fn named(&self) -> [(&'static str, Option<f64>); 6] {
        Metric::ALL.map(|metric| (metric.name(), self.get(metric)))
    }
}

/// One of [`Metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Mean loss of a sample.
    Loss,
    /// Right predictions, as a fraction.
    Accuracy,
    /// True positives among predicted positives.
    Precision,
    /// True positives among actual positives.
    Recall,
    /// Harmonic mean of precision and recall.
    F1,
    /// Area under the receiver operating characteristic.
    RocAuc,
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Loss, Self::Accuracy, Self::Precision, Self::Recall, Self::F1, Self::RocAuc];

    /// Its name in logs, tables, studies and event files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::RocAuc => "roc_auc",
        }
    }
}

/// The mean loss of the samples of several batches, such as those of a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanLoss {
    sum: f64,
    samples: usize,
}

impl MeanLoss {
    /// Adds a batch by its mean loss.
    pub fn add(&mut self, mean_of_batch: f64, samples: usize) {
        self.sum += mean_of_batch * samples as f64;
        self.samples += samples;
    }

    /// The mean since it was last taken.
    pub fn take(&mut self) -> f64 {
        let Self { sum, samples } = std::mem::take(self);
        sum / samples as f64
    }
}

/// Predictions against labels. The positive class is predicted where the logit is above 0, the probability above 0.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Positives predicted positive.
    pub true_positive: u64,
    /// Negatives predicted positive.
    pub false_positive: u64,
    /// Negatives predicted negative.
    pub true_negative: u64,
    /// Positives predicted negative.
    pub false_negative: u64,
}

/// Sums over the samples seen so far; part of a checkpoint, so that a resumed epoch ends with the same metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSums {
    /// Sum of the samples' losses.
    pub loss: f64,
    /// Counts of predictions.
    pub confusion: Confusion,
}

impl MetricSums {
    /// Adds a batch: its mean loss, logits and labels (1 or 0).
    pub fn add(&mut self, mean_loss: f32, logits: &[f32], labels: &[u8]) {
        self.loss += f64::from(mean_loss) * labels.len() as f64;
        self.confusion.extend(logits, labels);
    }

    /// The metrics of all samples added; `roc_auc` takes the logits themselves, see [`roc_auc`].
    pub fn metrics(&self) -> Metrics {
        let confusion = &self.confusion;
        Metrics {
            loss: self.loss / confusion.total() as f64,
            accuracy: confusion.accuracy(),
            precision: confusion.precision(),
            recall: confusion.recall(),
            f1: confusion.f1(),
            roc_auc: None,
        }
    }
}

impl Confusion {
    /// Counts scores, positive above 0, against labels, 1 or 0.
    pub fn of(scores: &[f32], labels: &[u8]) -> Self {
        let mut confusion = Self::default();
        confusion.extend(scores, labels);
        confusion
    }

    /// Counts more of them.
    pub fn extend(&mut self, scores: &[f32], labels: &[u8]) {
        for (score, label) in scores.iter().zip(labels) {
            self.add(*score > 0.0, *label == 1);
        }
    }

    /// Counts one prediction.
    pub fn add(&mut self, predicted: bool, actual: bool) {
        match (predicted, actual) {
            (true, true) => self.true_positive += 1,
            (true, false) => self.false_positive += 1,
            (false, false) => self.true_negative += 1,
            (false, true) => self.false_negative += 1,
        }
    }

    /// Samples counted.
    pub fn total(&self) -> u64 {
        self.true_positive + self.false_positive + self.true_negative + self.false_negative
    }

    /// Right predictions, as a fraction.
    pub fn accuracy(&self) -> f64 {
        (self.true_positive + self.true_negative) as f64 / self.total() as f64
    }

    /// Accuracy on the positive class alone, its recall.
    pub fn recall(&self) -> Option<f64> {
        fraction(self.true_positive, self.true_positive + self.false_negative)
    }

    /// Accuracy on the negative class alone, the specificity.
    pub fn specificity(&self) -> Option<f64> {
        fraction(self.true_negative, self.true_negative + self.false_positive)
    }

    /// True positives among predicted positives.
    pub fn precision(&self) -> Option<f64> {
        fraction(self.true_positive, self.true_positive + self.false_positive)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        let doubled = 2 * self.true_positive;
        fraction(doubled, doubled + self.false_positive + self.false_negative)
    }
}

/// Area under the ROC curve, as the probability that a positive scores above a negative, ties counted half (the
/// Mann-Whitney statistic; Fawcett, An introduction to ROC analysis, 2006). `None` without both classes.
pub fn roc_auc(scores: &[f32], labels: &[u8]) -> Option<f64> {
    let mut order: Vec<(f32, u8)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = labels.iter().filter(|label| **label == 1).count();
    let negatives = labels.len() - positives;
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, label)| *label == 1).count() as f64;
        let negative = tied.len() as f64 - positive;
        wins += positive * (below + negative / 2.0);
        below += negative;
    }
    (positives > 0 && negatives > 0).then(|| wins / (positives as f64 * negatives as f64))
}

fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_agree_with_hand_computation() {
        let mut sums = MetricSums::default();
        sums.add(0.5, &[2.0, -1.0, 3.0], &[1, 1, 0]);
        sums.add(0.1, &[-2.0], &[0]);
        let metrics = sums.metrics();
        assert!((metrics.loss - 0.4).abs() < 1e-8, "a short last batch weighs by its samples: {}", metrics.loss);
        assert_eq!(metrics.accuracy, 0.5);
        assert_eq!(metrics.precision, Some(0.5));
        assert_eq!(metrics.recall, Some(0.5));
        assert_eq!(metrics.f1, Some(0.5));
    }

    #[test]
    fn an_all_3_predictor_scores_the_books_accuracy_by_sample() {
        let labels: Vec<u8> = (0..2038).map(|i| u8::from(i < 1010)).collect();
        let mut sums = MetricSums::default();
        for batch in labels.chunks(256) {
            sums.add(0.5, &vec![1.0; batch.len()], batch);
        }
        assert!((sums.metrics().accuracy - 0.495584).abs() < 1e-6);
    }

    #[test]
    fn a_metric_without_samples_to_judge_is_undefined() {
        let mut sums = MetricSums::default();
        sums.add(0.5, &[-1.0], &[0]);
        let metrics = sums.metrics();
        assert_eq!((metrics.precision, metrics.recall, metrics.f1), (None, None, None));
        assert_eq!(roc_auc(&[1.0, 2.0], &[1, 1]), None);
    }

    #[test]
    fn roc_auc_counts_pairs_in_order_and_ties_half() {
        assert_eq!(roc_auc(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]), Some(0.75));
        assert_eq!(roc_auc(&[1.0, 1.0], &[0, 1]), Some(0.5));
        assert_eq!(roc_auc(&[2.0, 1.0], &[1, 0]), Some(1.0));
    }
}
