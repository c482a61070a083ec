//! What a classifier scores on a split.

use crate::{Confusion, MetricSums, Metrics, roc_auc};

/// What a classifier scores on a split, in the split's order.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Sums over the samples.
    pub sums: MetricSums,
    /// One logit per sample.
    pub logits: Vec<f32>,
    /// One label per sample, 1 or 0.
    pub labels: Vec<u8>,
}

impl Evaluation {
    /// Adds a batch: its mean loss, logits and labels (1 or 0).
    pub fn add(&mut self, mean_loss: f32, logits: &[f32], labels: &[u8]) {
        self.sums.add(mean_loss, logits, labels);
        self.logits.extend(logits);
        self.labels.extend(labels);
    }

    /// The metrics, ROC AUC included.
    pub fn metrics(&self) -> Metrics {
        Metrics { roc_auc: roc_auc(&self.logits, &self.labels), ..self.sums.metrics() }
    }

    /// The probability of the positive class per sample.
    pub fn probabilities(&self) -> Vec<f32> {
        self.logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
    }

    /// Predictions against labels.
    pub fn confusion(&self) -> &Confusion {
        &self.sums.confusion
    }
}

/// What a model says of a split, brought from the device.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// Logits, labels and their sums.
    pub evaluation: Evaluation,
    /// The loss of each sample; the evaluation has no more than their sum.
    pub losses: Vec<f32>,
    /// One weight per pixel, of a linear model.
    pub weights: Option<Vec<f32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_sigmoid_of_the_logits() {
        let evaluation = Evaluation { logits: vec![0.0, 1e3, -1e3], ..Evaluation::default() };
        assert_eq!(evaluation.probabilities(), [0.5, 1.0, 0.0]);
    }
}
