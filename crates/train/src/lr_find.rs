//! The learning-rate range test (Smith 2015, <https://arxiv.org/abs/1506.01186>), with fastai's defaults.
//!
//! A fresh network trains while the rate rises from step to step; the loss falls once the rate is of use, and rises when
//! it is too large. Nothing of it is kept but the curve.

mod suggest;

use burn::{data::dataloader::DataLoader as _, optim::Optimizer as _, train::TrainStep as _};
use data::DataSet;
use metrics::MeanLoss;
use model::AutodiffBackend;
use plan::Plan;

use crate::{
    classifier::Classifier,
    fit::{
        optimizer::{Accumulation, SharedOptimizer, clip},
        training_loader,
    },
};

/// Steps of the test; fewer where the loss diverges before.
const STEPS: usize = 100;
/// The rates of the first and the last step.
const RATES: [f64; 2] = [1e-7, 10.0];
/// How much of the smoothed loss each step keeps.
const SMOOTHING: f64 = 0.98;
/// The loss has diverged when it is so many times its best.
const DIVERGED: f64 = 4.0;

/// What the range test found.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeTest {
    /// Learning rate and smoothed loss of each step.
    pub curve: Vec<(f64, f64)>,
    /// In the middle of the longest descent; none where the loss does not fall.
    pub valley: Option<f64>,
    /// Where the loss falls fastest; none where it does not.
    pub steep: Option<f64>,
    /// Whether the loss diverged before the last rate.
    pub diverged: bool,
}

impl RangeTest {
    /// Whether the loss rose again after its least: only then are the rates known that are too large.
    pub fn rose(&self) -> bool {
        let least = self.curve.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
        self.diverged || self.curve.last().is_some_and(|(_, last)| *last > least)
    }

    /// The suggestions by name, each with its place on the curve.
    pub fn suggestions(&self) -> impl Iterator<Item = (&'static str, (f64, f64))> {
        let place = |rate: f64| self.curve.iter().copied().find(|point| point.0 == rate);
        let named = [("valley", self.valley), ("steep", self.steep)];
        named.into_iter().filter_map(move |(name, rate)| Some((name, place(rate?)?)))
    }
}

/// Trains the plan's network with rising rates, each step as a run of the plan would take it: of so many batches, clipped so
/// far. Ends early where the loss diverges or `stop` says so.
pub fn range_test<B: AutodiffBackend>(
    plan: &Plan,
    data: &DataSet,
    device: &B::Device,
    stop: &dyn Fn() -> bool,
) -> RangeTest {
    let mut classifier = Classifier::<B>::new(plan, data.task(), data.shape(), device);
    let mut optimizer = SharedOptimizer::<B>::new(&plan.optimizer);
    let loader = training_loader(plan, &data.train, device);
    let (mut smoothed, mut of_step) = (Smoothed::default(), MeanLoss::default());
    let (mut curve, mut best, mut diverged) = (Vec::new(), f64::INFINITY, false);
    'test: for epoch in 0.. {
        loader.set_epoch(epoch);
        let mut accumulation = Accumulation::new(&plan.training);
        for (number, batch) in (1..).zip(loader.iter()) {
            let step = curve.len();
            if step == STEPS || stop() {
                break 'test;
            }
            let samples = batch.labels.len();
            let output = classifier.step(batch);
            of_step.add(output.item.loss(), samples);
            let completes = plan.training.completes_step(number, loader.num_batches());
            let Some(gradients) = accumulation.add(&classifier, output.grads, samples, completes) else { continue };
            let gradients = clip(&classifier, gradients, plan.training.clip_norm as f32);
            let loss = smoothed.add(of_step.take());
            best = best.min(loss);
            curve.push((rate(step), loss));
            if loss.is_nan() || loss > DIVERGED * best {
                diverged = true;
                break 'test;
            }
            classifier = optimizer.step(rate(step), classifier, gradients);
        }
    }
    let (valley, steep) = suggest::from(&curve);
    RangeTest { curve, valley, steep, diverged }
}

/// The rate of a step: from one to the next it grows by the same factor.
fn rate(step: usize) -> f64 {
    RATES[0] * (RATES[1] / RATES[0]).powf(step as f64 / (STEPS - 1) as f64)
}

/// An exponential moving average without a bias towards its start (as in Adam, <https://arxiv.org/abs/1412.6980>).
#[derive(Default)]
struct Smoothed {
    sum: f64,
    weight: f64,
}

impl Smoothed {
    fn add(&mut self, value: f64) -> f64 {
        self.sum = SMOOTHING * self.sum + (1.0 - SMOOTHING) * value;
        self.weight = SMOOTHING * self.weight + (1.0 - SMOOTHING);
        self.sum / self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_by_the_same_factor_from_first_to_last() {
        assert_eq!(rate(0), RATES[0]);
        assert!((rate(STEPS - 1) / RATES[1] - 1.0).abs() < 1e-12);
        assert!((rate(7) / rate(6) - rate(50) / rate(49)).abs() < 1e-12);
    }

    #[test]
    fn the_smoothed_value_starts_at_the_first_and_follows_slowly() {
        let mut smoothed = Smoothed::default();
        assert!((smoothed.add(3.0) - 3.0).abs() < 1e-12);
        // (0.98 · 0.02 · 3 + 0.02 · 5) / (1 - 0.98²)
        assert!((smoothed.add(5.0) - 4.010_101).abs() < 1e-6);
    }
}
