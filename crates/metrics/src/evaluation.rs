//! What a classifier scores on a split.

use task::Task;

use crate::{
    ClassCounts, MetricSums, Metrics, Reliability,
    probabilities::{self, BINS},
    roc_auc,
};

/// What a classifier scores on a split, in the split's order.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub task: Task,
    /// Sums over the samples.
    pub sums: MetricSums,
    /// `[samples, outputs]`.
    pub logits: Vec<f32>,
    pub labels: Vec<u16>,
}

impl Evaluation {
    /// That of no sample yet.
    pub fn new(task: &Task) -> Self {
        let sums = MetricSums::new(task.classes().len());
        Self { task: task.clone(), sums, logits: Vec::new(), labels: Vec::new() }
    }

    /// Adds a batch: its mean loss, logits and labels.
    pub fn add(&mut self, mean_loss: f32, logits: &[f32], labels: &[u16]) {
        self.sums.add(mean_loss, &self.task.predict(logits), labels);
        self.logits.extend(logits);
        self.labels.extend(labels);
    }

    /// All metrics.
    pub fn metrics(&self) -> Metrics {
        let mean = |of: &dyn Fn(&[f32], usize) -> f64| {
            let rows = self.logits.chunks_exact(self.task.outputs()).zip(&self.labels);
            let sum: f64 = rows.map(|(row, label)| of(row, usize::from(*label))).sum();
            (!self.labels.is_empty()).then(|| sum / self.labels.len() as f64)
        };
        let is_among_first = |row: &[f32], label| f64::from(u8::from(probabilities::is_among_first(3, row, label)));
        // Among three classes every one is.
        let has_others = self.task.classes().len() > 3;
        Metrics {
            roc_auc: self.roc_auc(),
            top_3: has_others.then(|| mean(&is_among_first)).flatten(),
            log_loss: mean(&probabilities::log_loss),
            calibration_error: self.reliability().error(),
            ..self.sums.metrics()
        }
    }

    /// What the probabilities say beside what is so: of two classes that of the first, of more that of the predicted one.
    pub fn reliability(&self) -> Reliability {
        Reliability::of(self.said(), BINS)
    }

    /// How many of those probabilities lie in each of so many bins of equal width.
    pub fn histogram(&self, bins: usize) -> Vec<usize> {
        let mut counts = vec![0; bins];
        for (probability, _) in self.said().into_iter().filter(|(probability, _)| !probability.is_nan()) {
            counts[((f64::from(probability) * bins as f64) as usize).min(bins.saturating_sub(1))] += 1;
        }
        counts
    }

    /// Probabilities with whether it is so.
    fn said(&self) -> Vec<(f32, bool)> {
        let (classes, probabilities) = (self.task.classes().len(), self.probabilities());
        let rows = probabilities.chunks_exact(classes).zip(&self.labels);
        if self.task.is_binary() {
            return rows.map(|(row, label)| (row[0], *label == 0)).collect();
        }
        let said = rows.zip(self.predictions());
        let said = said.map(|((row, label), predicted)| (row[usize::from(predicted)], predicted == *label));
        said.collect()
    }

    /// Of two classes by their logits, of more the mean over those that have samples and are not all, each against the others.
    fn roc_auc(&self) -> Option<f64> {
        let is = |label: u16| self.labels.iter().map(move |other| *other == label);
        if self.task.is_binary() {
            return roc_auc(self.logits.iter().copied(), is(0));
        }
        let probabilities = self.probabilities();
        let of = |label: u16| {
            let column = probabilities.iter().copied().skip(usize::from(label)).step_by(self.task.classes().len());
            roc_auc(column, is(label))
        };
        let all: Vec<f64> = self.task.labels().filter_map(of).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }

    /// The probability of each class for each sample, `[samples, classes]`.
    pub fn probabilities(&self) -> Vec<f32> {
        self.task.probabilities(&self.logits)
    }

    /// How often this class is found and missed where it is said from a probability on: for so many of those, two or more, that rise evenly
    /// from 0 to 1.
    pub fn by_threshold(&self, label: u16, thresholds: usize) -> Vec<ClassCounts> {
        let last = thresholds - 1;
        // How many samples of the class, and of others, reach each threshold and not the next.
        let mut reached = vec![[0, 0]; thresholds];
        let probabilities = self.probabilities();
        let column = probabilities.iter().skip(usize::from(label)).step_by(self.task.classes().len());
        for (probability, of_sample) in column.zip(&self.labels) {
            let at = (probability.clamp(0.0, 1.0) * last as f32) as usize;
            reached[at.min(last)][usize::from(*of_sample != label)] += 1;
        }
        let actual = self.labels.iter().filter(|of_sample| **of_sample == label).count() as u64;
        let mut found = [0, 0];
        let counts = reached.into_iter().rev().map(|[of, not]| {
            found = [found[0] + of, found[1] + not];
            ClassCounts { right: found[0], predicted: found[0] + found[1], actual }
        });
        let mut counts: Vec<ClassCounts> = counts.collect();
        counts.reverse();
        counts
    }

    /// The most probable class of each sample.
    pub fn predictions(&self) -> Vec<u16> {
        self.task.predict(&self.logits)
    }

    /// How often each class was predicted for samples of each class: `[actual][predicted]`.
    pub fn confusion(&self) -> Vec<Vec<u64>> {
        confusion(&self.task, &self.predictions(), &self.labels)
    }
}

/// How often each class was predicted for samples of each class: `[actual][predicted]`.
pub fn confusion(task: &Task, predictions: &[u16], labels: &[u16]) -> Vec<Vec<u64>> {
    let classes = task.classes().len();
    let mut counts = vec![vec![0; classes]; classes];
    for (predicted, label) in predictions.iter().zip(labels) {
        counts[usize::from(*label)][usize::from(*predicted)] += 1;
    }
    counts
}

/// What a model says of a split, brought from the device.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Logits, labels and their sums.
    pub evaluation: Evaluation,
    /// The loss of each sample; the evaluation has no more than their sum.
    pub losses: Vec<f32>,
    /// Of a linear model for each output one weight per pixel.
    pub weights: Vec<Vec<f32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(classes: &[&str], logits: &[f32], labels: &[u16]) -> Evaluation {
        let mut evaluation = Evaluation::new(&Task::new(classes.iter().copied()).unwrap());
        evaluation.add(0.0, logits, labels);
        evaluation
    }

    #[test]
    fn the_confusion_matrix_has_a_row_for_what_is_and_a_column_for_what_is_predicted() {
        let two = evaluation(&["3", "7"], &[1.0, -1.0, 2.0], &[0, 0, 1]);
        assert_eq!(two.confusion(), [[1, 1], [1, 0]]);
        let three = evaluation(&["a", "b", "c"], &[1.0, 0.0, 0.0, 0.0, 0.0, 9.0], &[0, 1]);
        assert_eq!(three.confusion(), [[1, 0, 0], [0, 0, 1], [0, 0, 0]]);
    }

    #[test]
    fn roc_auc_of_more_classes_is_the_mean_of_each_against_the_others() {
        // Each of a and b stands above the other's samples by its own probability; c has no sample and is left out.
        let logits = [3.0, 1.0, 0.0, 2.0, 1.5, 0.0, 0.0, 1.0, 0.0];
        let metrics = evaluation(&["a", "b", "c"], &logits, &[0, 0, 1]).metrics();
        assert_eq!(metrics.roc_auc, Some(1.0));
        assert_eq!(evaluation(&["a", "b"], &[2.0, 1.0, 3.0], &[0, 1, 1]).metrics().roc_auc, Some(0.5));
    }

    #[test]
    fn a_higher_threshold_finds_fewer() {
        // The probabilities of the first class: 0.5, 0.73, 0.88, 0.05.
        let counts = evaluation(&["3", "7"], &[0.0, 1.0, 2.0, -3.0], &[0, 1, 0, 0]).by_threshold(0, 3);
        let all: Vec<_> = counts.iter().map(|class| (class.right, class.predicted, class.actual)).collect();
        assert_eq!(all, [(3, 4, 3), (2, 3, 3), (0, 0, 3)]);
    }

    /// `top_k_accuracy_score(k=3)` and `log_loss` of scikit-learn on the probabilities of these logits; the calibration error as its
    /// formula has it, by numpy.
    #[test]
    fn top_3_and_log_loss_are_those_of_scikit_learn() {
        let logits = [2.0, 1.0, 0.5, 0.0, 0.3, 0.1, 3.0, -1.0, 0.0, 1.0, 2.0, 4.0, 1.0, 1.5, 0.2, 0.1];
        let metrics = evaluation(&["a", "b", "c", "d"], &logits, &[0, 2, 0, 1]).metrics();
        let near = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 1e-6, "{value:?}");
        near(metrics.top_3, 0.75);
        near(metrics.log_loss, 1.404_194_144);
        near(metrics.calibration_error, 0.476_119_393);
        let two = evaluation(&["a", "b"], &[2.0, -1.0, 0.5], &[0, 0, 1]).metrics();
        assert_eq!(two.top_3, None);
        near(two.log_loss, 0.804_755_561);
        near(two.calibration_error, 0.490_906_944);
    }
}
