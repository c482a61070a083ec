//! A Learner from scratch: data loaders, model, optimizer, loss, metrics and callbacks are values that know nothing of each other,
//! and the Learner is the loop that brings them together. It does what [`sgd`] does, and ends with the bits of Burn's Learner.

use std::{fmt, ops::ControlFlow, slice};

use burn::{
    data::dataloader::DataLoader as _,
    module::{AutodiffModule as _, Module, ModuleMapper, Param},
    tensor::Tensor,
};
use data::{ImageBatch, ImageLoader};
use model::{AutodiffBackend, Network};

use crate::{host, sgd};

/// Batches to learn from, in another order in each epoch, and batches to be judged by.
pub struct DataLoaders<B: AutodiffBackend> {
    pub train: ImageLoader<B>,
    pub valid: ImageLoader<B::InnerBackend>,
}

/// A loss or a metric: of logits and targets, each `[batch, outputs]`, a number for each sample, `[batch, 1]`.
pub type Measure<B> = fn(Tensor<B, 2>, Tensor<B, 2>) -> Tensor<B, 2>;

/// Hears of each epoch, to print it, keep it, or end the training.
pub type Callback<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + 'a>;

/// All that a training needs. It lowers the mean loss; the metrics are for people.
pub struct Learner<'a, B: AutodiffBackend> {
    pub loaders: DataLoaders<B>,
    pub model: Network<B>,
    pub optimizer: Sgd,
    pub loss: Measure<B>,
    pub metrics: Vec<(&'static str, Measure<B>)>,
    pub callbacks: Vec<Callback<'a>>,
    pub trained_epochs: usize,
}

/// What came of an epoch, by its number from 1. Each sample counts the same; the metrics are those of the validation images.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    pub number: usize,
    pub train_loss: f64,
    pub valid_loss: f64,
    pub metrics: Vec<(&'static str, f64)>,
}

impl<B: AutodiffBackend> Learner<'_, B> {
    /// Trains for so many epochs more, or until a callback has had enough.
    pub fn fit(&mut self, epochs: usize) {
        for _ in 0..epochs {
            let train_loss = self.train_epoch();
            let (valid_loss, metrics) = self.validate();
            self.trained_epochs += 1;
            let epoch = Epoch { number: self.trained_epochs, train_loss, valid_loss, metrics };
            if self.callbacks.iter_mut().filter_map(|hear| hear(&epoch).break_value()).count() > 0 {
                break;
            }
        }
    }

    /// Predict, loss, gradient, step: for each batch, until all images have been seen once. Returns the mean loss.
    fn train_epoch(&mut self) -> f64 {
        let mut sum = 0.0;
        self.loaders.train.set_epoch(self.trained_epochs);
        for ImageBatch { images, targets, labels, .. } in self.loaders.train.iter() {
            let loss = (self.loss)(self.model.forward(images), targets).mean();
            self.model = self.optimizer.step(self.model.clone(), &loss.backward());
            sum += f64::from(host::scalar(loss)) * labels.len() as f64;
        }
        sum / self.loaders.train.num_items() as f64
    }

    /// Loss and metrics on the validation images, by the model as it is, without gradients.
    fn validate(&self) -> (f64, Vec<(&'static str, f64)>) {
        let (model, mut loss, mut sums) = (self.model.valid(), 0.0, vec![0.0; self.metrics.len()]);
        for ImageBatch { images, targets, labels, .. } in self.loaders.valid.iter() {
            let (logits, targets) = (Tensor::from_inner(model.forward(images)), Tensor::from_inner(targets));
            for (sum, (_, metric)) in sums.iter_mut().zip(&self.metrics) {
                *sum += f64::from(host::scalar(metric(logits.clone(), targets.clone()).sum()));
            }
            loss += f64::from(host::scalar((self.loss)(logits, targets).mean())) * labels.len() as f64;
        }
        let samples = self.loaders.valid.num_items() as f64;
        (loss / samples, self.metrics.iter().zip(sums).map(|((name, _), sum)| (*name, sum / samples)).collect())
    }
}

/// The optimizer, stochastic gradient descent: step 5 of [`sgd`] for all of a module that has a gradient.
pub struct Sgd {
    pub learning_rate: f64,
}

impl Sgd {
    pub fn step<B: AutodiffBackend, M: Module<B>>(&self, module: M, gradients: &B::Gradients) -> M {
        module.map(&mut Step::<B>(gradients, self.learning_rate))
    }
}

struct Step<'a, B: AutodiffBackend>(&'a B::Gradients, f64);

impl<B: AutodiffBackend> ModuleMapper<B> for Step<'_, B> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let Some(gradient) = parameter.val().grad(self.0) else { return parameter };
        parameter.map(|mut w| {
            sgd::step(slice::from_mut(&mut w), vec![gradient], self.1);
            w.require_grad()
        })
    }
}

/// A callback that prints a line for each epoch.
pub fn print_to<'a>(out: &'a mut impl fmt::Write) -> Callback<'a> {
    Box::new(|Epoch { number, train_loss, valid_loss, metrics }| {
        let metrics: String = metrics.iter().map(|(name, value)| format!("  {name} {value:.6}")).collect();
        let line = format!("epoch {number:>2}  train_loss {train_loss:.6}  valid_loss {valid_loss:.6}{metrics}");
        writeln!(out, "{line}").map_or(ControlFlow::Break(()), ControlFlow::Continue)
    })
}

#[cfg(test)]
mod tests;
