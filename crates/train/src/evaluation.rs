//! A classifier on a split: one pass without gradients.

use burn::{data::dataloader::DataLoader, train::InferenceStep};
use data::DigitLoader;
use model::Backend;

use crate::{
    classifier::{Classifier, Scored, StepOutput},
    metrics::{Confusion, Metrics, Tally, roc_auc},
};

/// Batches whose outputs wait on the device until they are read together: a read stops an accelerator's queue.
pub const READ_TOGETHER: usize = 8;

/// What a classifier scores on a split, in the split's order.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Sums over the samples.
    pub tally: Tally,
    /// One logit per sample.
    pub logits: Vec<f32>,
    /// One label per sample, 1 or 0.
    pub labels: Vec<u8>,
}

impl Evaluation {
    /// Scores all batches of the loader.
    pub fn of<B: Backend>(classifier: &Classifier<B>, loader: &DigitLoader<B>) -> Self {
        Self::telling(classifier, loader, |_| {})
    }

    /// The same, and `tell` hears of each batch.
    pub fn telling<B: Backend>(
        classifier: &Classifier<B>,
        loader: &DigitLoader<B>,
        mut tell: impl FnMut(&StepOutput<B>),
    ) -> Self {
        let mut evaluation = Self::default();
        let mut outputs = Vec::with_capacity(READ_TOGETHER);
        for batch in loader.iter() {
            let output = InferenceStep::step(classifier, batch);
            tell(&output);
            outputs.push(output);
            if outputs.len() == READ_TOGETHER {
                evaluation.add(StepOutput::read(std::mem::take(&mut outputs)));
            }
        }
        evaluation.add(StepOutput::read(outputs));
        evaluation
    }

    /// Adds batches.
    pub fn add(&mut self, batches: Vec<Scored>) {
        for batch in batches {
            self.tally.add(batch.loss, &batch.logits, &batch.labels);
            self.logits.extend(batch.logits);
            self.labels.extend(batch.labels);
        }
    }

    /// The metrics, ROC AUC included.
    pub fn metrics(&self) -> Metrics {
        Metrics { roc_auc: roc_auc(&self.logits, &self.labels), ..self.tally.metrics() }
    }

    /// Predictions against labels.
    pub fn confusion(&self) -> &Confusion {
        &self.tally.confusion
    }
}
