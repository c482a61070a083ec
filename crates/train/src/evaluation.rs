//! A classifier on a split: one pass without gradients.

mod top_losses;

use burn::{
    data::dataloader::DataLoader,
    tensor::{Tensor, TensorData},
    train::InferenceStep,
};
use data::DigitLoader;
use model::Backend;

use crate::{
    classifier::{Classifier, Scored, StepOutput},
    metrics::{Confusion, Metrics, Tally, roc_auc},
};

pub use top_losses::TopLoss;

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

    /// The probability of the positive class per sample.
    pub fn probabilities(&self) -> Vec<f32> {
        self.logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
    }

    /// The loss of each sample by the classifier's own loss; `tally` has no more than their sum.
    pub fn losses<B: Backend>(&self, classifier: &Classifier<B>, device: &B::Device) -> Vec<f32> {
        let column = |values: Vec<f32>| {
            let rows = values.len();
            Tensor::from_data(TensorData::new(values, [rows, 1]), device)
        };
        let targets = self.labels.iter().map(|label| f32::from(*label)).collect();
        let losses = classifier.losses(column(self.logits.clone()), column(targets));
        losses.into_data().convert::<f32>().iter().collect()
    }

    /// Predictions against labels.
    pub fn confusion(&self) -> &Confusion {
        &self.tally.confusion
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::sync::Arc;

    use burn_flex::Flex;
    use data::{Request, Source};

    use super::*;
    use crate::{
        fit::evaluation_loader,
        plan::{Config, Plan, Setting},
    };

    #[test]
    fn the_mean_loss_of_the_samples_is_that_of_the_batches() {
        let source = Source::Synthetic { seed: 1, train: 2, valid: 100 };
        let digits = data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap().valid;
        let device = Default::default();
        for loss in ["mnist-loss", "binary-cross-entropy", "mean-squared-error"] {
            let settings = ["training.batch_size=64".to_owned(), format!("training.loss={loss}")];
            let settings = settings.map(|setting| Setting::parse(&setting).unwrap());
            let plan = Plan::resolve(&Config::default(), &settings).unwrap();
            let classifier = Classifier::<Flex>::new(&plan, digits.sides(), &device);
            let loader = evaluation_loader(&plan, &Arc::clone(&digits), &device);
            let evaluation = Evaluation::of(&classifier, &loader);
            let losses = evaluation.losses(&classifier, &device);
            let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len() as f64;
            let of_batches = evaluation.metrics().loss;
            assert!(losses.len() == 100 && (mean - of_batches).abs() < 1e-6, "{loss}: {mean} is not {of_batches}");
        }
    }

    #[test]
    fn probabilities_are_the_sigmoid_of_the_logits() {
        let evaluation = Evaluation { logits: vec![0.0, 1e3, -1e3], ..Evaluation::default() };
        assert_eq!(evaluation.probabilities(), [0.5, 1.0, 0.0]);
    }
}
