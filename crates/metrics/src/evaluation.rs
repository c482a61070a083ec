//! What a classifier scores on a split.

use task::Task;

use crate::{MetricSums, Metrics, roc_auc};

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

    /// The metrics, ROC AUC included.
    pub fn metrics(&self) -> Metrics {
        Metrics { roc_auc: self.roc_auc(), ..self.sums.metrics() }
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
}
