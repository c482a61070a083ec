//! Metrics of classification, exact over an epoch: sums on the host, weighed by sample.
//!
//! In: losses, logits and labels of batches, as plain numbers; out: [`Metrics`], [`Evaluation`] of a split with its confusion
//! matrix and [`ScoredSample`]s. It knows neither Burn nor files. Start at [`MetricSums`].

mod evaluation;
mod examples;
mod interval;
mod probabilities;

use serde::{Deserialize, Serialize};

pub use evaluation::{Evaluation, Scores, confusion};
pub use examples::{ConfusedPair, ScoredSample, TOP_LOSSES};
pub use interval::interval;
pub use probabilities::Reliability;

/// The metrics of a split. A metric that is undefined (no positive prediction, one class only) is `None`.
///
/// Of two classes precision, recall, F1 and ROC AUC are those of the first, the positive one; of more they are the mean over
/// classes of each against the others (macro average).
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
    /// Samples whose class is among the three most probable, as a fraction, where there are more than three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_3: Option<f64>,
    /// Mean -ln of the probability of the sample's class, whatever loss the model was trained with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// Expected calibration error: how far the probabilities are from how often they are right. Of two classes the probability of the
    /// first, of more that of the predicted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
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
            Metric::Top3 => self.top_3,
            Metric::LogLoss => self.log_loss,
            Metric::CalibrationError => self.calibration_error,
        }
    }

    /// Whether those are the same that another has; an earlier version has fewer.
    pub fn are(&self, other: &Self) -> bool {
        Metric::ALL.into_iter().all(|metric| other.get(metric).is_none() || self.get(metric) == other.get(metric))
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
    /// Samples whose class is among the three most probable.
    Top3,
    /// Mean -ln of the probability of the sample's class.
    LogLoss,
    /// Expected calibration error.
    CalibrationError,
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Loss,
        Self::Accuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::RocAuc,
        Self::Top3,
        Self::LogLoss,
        Self::CalibrationError,
    ];

    /// Those that the sums of an epoch give without the logits of all its samples; training has no others.
    pub const OF_SUMS: [Self; 5] = [Self::Loss, Self::Accuracy, Self::Precision, Self::Recall, Self::F1];

    /// Whether less of it is better.
    pub fn is_of_error(self) -> bool {
        matches!(self, Self::Loss | Self::LogLoss | Self::CalibrationError)
    }

    /// Its name in logs, tables, studies and event files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::RocAuc => "roc_auc",
            Self::Top3 => "top_3",
            Self::LogLoss => "log_loss",
            Self::CalibrationError => "calibration_error",
        }
    }
}

/// The mean loss of the samples of several batches, such as those of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// Sums over the samples seen so far; part of a checkpoint, so that a resumed epoch ends with the same metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct MetricSums {
    /// Sum of the samples' losses.
    pub loss: f64,
    pub counts: Counts,
}

impl MetricSums {
    /// Sums over no samples yet, of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { loss: 0.0, counts: Counts::new(classes) }
    }

    /// Adds a batch: its mean loss, predictions and labels.
    pub fn add(&mut self, mean_loss: f32, predictions: &[u16], labels: &[u16]) {
        self.loss += f64::from(mean_loss) * labels.len() as f64;
        self.counts.extend(predictions, labels);
    }

    /// The metrics of all samples added, [`Metric::OF_SUMS`]; the others take the logits themselves, see [`Evaluation::metrics`].
    pub fn metrics(&self) -> Metrics {
        let counts = &self.counts;
        Metrics {
            loss: self.loss / counts.total() as f64,
            accuracy: counts.accuracy(),
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            ..Metrics::default()
        }
    }
}

/// Those of two classes.
impl Default for MetricSums {
    fn default() -> Self {
        Self::new(2)
    }
}

/// The sums as checkpoints have them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Sums {
        loss: f64,
        counts: Counts,
    },
    /// As long as there were two classes alone.
    Binary {
        loss: f64,
        confusion: BinaryCounts,
    },
}

#[derive(Deserialize)]
struct BinaryCounts {
    true_positive: u64,
    false_positive: u64,
    true_negative: u64,
    false_negative: u64,
}

impl From<Stored> for MetricSums {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Sums { loss, counts } => Self { loss, counts },
            Stored::Binary { loss, confusion } => {
                let BinaryCounts { true_positive, false_positive, true_negative, false_negative } = confusion;
                let sum = |a: u64, b: u64| a.saturating_add(b);
                let counts = Counts {
                    right: vec![true_positive, true_negative],
                    predicted: vec![sum(true_positive, false_positive), sum(true_negative, false_negative)],
                    actual: vec![sum(true_positive, false_negative), sum(true_negative, false_positive)],
                };
                Self { loss, counts }
            }
        }
    }
}

/// How many samples each class has, was predicted for, and was rightly predicted for: all that precision, recall and F1 need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    right: Vec<u64>,
    predicted: Vec<u64>,
    actual: Vec<u64>,
}

impl Counts {
    /// No sample of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { right: vec![0; classes], predicted: vec![0; classes], actual: vec![0; classes] }
    }

    /// Those of these predictions and labels.
    pub fn of(classes: usize, predictions: &[u16], labels: &[u16]) -> Self {
        let mut counts = Self::new(classes);
        counts.extend(predictions, labels);
        counts
    }

    /// Counts more of them.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn extend(&mut self, predictions: &[u16], labels: &[u16]) {
        for (predicted, label) in predictions.iter().zip(labels) {
            let [predicted, label] = [predicted, label].map(|class| usize::from(*class));
            self.right[label] += u64::from(predicted == label);
            self.predicted[predicted] += 1;
            self.actual[label] += 1;
        }
    }

    /// Whether they can be counts of so many classes.
    pub fn are_of(&self, classes: usize) -> bool {
        let Self { right, predicted, actual } = self;
        let sum = |counts: &[u64]| counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
        [right, predicted, actual].iter().all(|counts| counts.len() == classes)
            && sum(predicted).is_some()
            && sum(predicted) == sum(actual)
            && right
                .iter()
                .zip(predicted)
                .zip(actual)
                .all(|((right, predicted), actual)| right <= predicted.min(actual))
    }

    /// Samples counted.
    pub fn total(&self) -> u64 {
        self.actual.iter().sum()
    }

    /// Right predictions.
    pub fn right(&self) -> u64 {
        self.right.iter().sum()
    }

    /// Right predictions, as a fraction.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.total() as f64
    }

    /// Each class by itself.
    pub fn by_class(&self) -> Vec<ClassCounts> {
        let counts = self.right.iter().zip(&self.predicted).zip(&self.actual);
        counts
            .map(|((right, predicted), actual)| ClassCounts { right: *right, predicted: *predicted, actual: *actual })
            .collect()
    }

    /// Of two classes that of the first, of more the mean over classes.
    pub fn precision(&self) -> Option<f64> {
        self.mean(ClassCounts::precision)
    }

    /// Of two classes that of the first, of more the mean over classes.
    pub fn recall(&self) -> Option<f64> {
        self.mean(ClassCounts::recall)
    }

    /// Of two classes that of the first, of more the mean over classes.
    pub fn f1(&self) -> Option<f64> {
        self.mean(ClassCounts::f1)
    }

    /// Where there are more than two classes, what is undefined of one that has samples or predictions counts as 0, and one that
    /// has neither does not count, as in scikit-learn's `average="macro"`.
    fn mean(&self, of: impl Fn(&ClassCounts) -> Option<f64>) -> Option<f64> {
        let classes = self.by_class();
        match &classes[..] {
            [first, _] => of(first),
            all => {
                let seen = all.iter().filter(|class| class.actual + class.predicted > 0);
                let values: Vec<f64> = seen.map(|class| of(class).unwrap_or(0.0)).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            }
        }
    }
}

/// The samples of one class against all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassCounts {
    /// Samples of the class that were predicted to be.
    pub right: u64,
    /// Samples that were predicted to be of the class.
    pub predicted: u64,
    /// Samples of the class.
    pub actual: u64,
}

impl ClassCounts {
    /// Right ones among those predicted.
    pub fn precision(&self) -> Option<f64> {
        fraction(self.right, self.predicted)
    }

    /// Right ones among those that are of the class: the accuracy on this class alone.
    pub fn recall(&self) -> Option<f64> {
        fraction(self.right, self.actual)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        fraction(2 * self.right, self.predicted + self.actual)
    }
}

/// Area under the ROC curve, as the probability that a positive scores above a negative, ties counted half (the
/// Mann-Whitney statistic; Fawcett, An introduction to ROC analysis, 2006). `None` without both classes.
pub fn roc_auc(scores: impl IntoIterator<Item = f32>, is_positive: impl IntoIterator<Item = bool>) -> Option<f64> {
    let mut order: Vec<(f32, bool)> = scores.into_iter().zip(is_positive).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = order.iter().filter(|(_, positive)| *positive).count();
    let negatives = order.len() - positives;
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, positive)| *positive).count() as f64;
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
        let mut sums = MetricSums::new(2);
        sums.add(0.5, &[0, 1, 0], &[0, 0, 1]);
        sums.add(0.1, &[1], &[1]);
        let metrics = sums.metrics();
        assert!((metrics.loss - 0.4).abs() < 1e-8, "a short last batch weighs by its samples: {}", metrics.loss);
        assert_eq!(metrics.accuracy, 0.5);
        assert_eq!(metrics.precision, Some(0.5));
        assert_eq!(metrics.recall, Some(0.5));
        assert_eq!(metrics.f1, Some(0.5));
    }

    #[test]
    fn an_all_3_predictor_scores_the_books_accuracy_by_sample() {
        let labels: Vec<u16> = (0..2038).map(|i| u16::from(i >= 1010)).collect();
        let mut sums = MetricSums::new(2);
        for batch in labels.chunks(256) {
            sums.add(0.5, &vec![0; batch.len()], batch);
        }
        assert!((sums.metrics().accuracy - 0.495584).abs() < 1e-6);
    }

    #[test]
    fn a_metric_without_samples_to_judge_is_undefined() {
        let mut sums = MetricSums::new(2);
        sums.add(0.5, &[1], &[1]);
        let metrics = sums.metrics();
        assert_eq!((metrics.precision, metrics.recall, metrics.f1), (None, None, None));
        assert_eq!(roc_auc([1.0, 2.0], [true, true]), None);
    }

    /// `precision_recall_fscore_support(labels, predictions, average="macro", zero_division=0)` of scikit-learn.
    #[test]
    fn metrics_of_more_classes_are_means_over_them() {
        let (labels, predictions) = ([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 0, 0]);
        let counts = Counts::of(4, &predictions, &labels);
        assert_eq!(counts.accuracy(), 0.5);
        let near = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 1e-12, "{value:?}");
        near(counts.precision(), (1.0 / 3.0 + 2.0 / 3.0 + 0.0) / 3.0);
        near(counts.recall(), (0.5 + 2.0 / 3.0 + 0.0) / 3.0);
        near(counts.f1(), (0.4 + 2.0 / 3.0 + 0.0) / 3.0);
        assert_eq!(Counts::new(3).precision(), None);
    }

    #[test]
    fn sums_of_before_are_read_as_those_of_two_classes() {
        let stored =
            r#"{"loss":1.5,"confusion":{"true_positive":3,"false_positive":1,"true_negative":2,"false_negative":4}}"#;
        let sums: MetricSums = serde_json::from_str(stored).unwrap();
        assert_eq!(sums.counts.by_class()[0], ClassCounts { right: 3, predicted: 4, actual: 7 });
        assert_eq!(sums.counts.by_class()[1], ClassCounts { right: 2, predicted: 6, actual: 3 });
        assert_eq!(serde_json::from_str::<MetricSums>(&serde_json::to_string(&sums).unwrap()).unwrap(), sums);
        assert!(sums.counts.are_of(2) && !sums.counts.are_of(3));
    }

    #[test]
    fn roc_auc_counts_pairs_in_order_and_ties_half() {
        assert_eq!(roc_auc([0.1, 0.4, 0.35, 0.8], [false, false, true, true]), Some(0.75));
        assert_eq!(roc_auc([1.0, 1.0], [false, true]), Some(0.5));
        assert_eq!(roc_auc([2.0, 1.0], [true, false]), Some(1.0));
    }
}
