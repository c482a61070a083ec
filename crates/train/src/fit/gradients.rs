//! Gradients between backward pass and optimizer: accumulation and clipping by the global norm, as the plan says.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::{GradientsAccumulator, GradientsParams},
    tensor::{ElementConversion, Tensor},
};
use model::AutodiffBackend;
use plan::TrainingPlan;

use crate::classifier::Classifier;

/// Added to the norm before the division, as PyTorch's `clip_grad_norm_` does.
const EPSILON: f32 = 1e-6;

/// Sums the gradients of several batches, each weighed by its samples, into those of one large batch.
pub struct Accumulation<B: AutodiffBackend> {
    size: usize,
    max_norm: f32,
    sum: GradientsAccumulator<Classifier<B>>,
    batches: usize,
    samples: usize,
}

impl<B: AutodiffBackend> Accumulation<B> {
    /// Gathers as many batches a step as the plan says.
    pub fn new(plan: &TrainingPlan) -> Self {
        let (size, max_norm) = (plan.accumulate, plan.clip_norm as f32);
        Self { size, max_norm, sum: GradientsAccumulator::new(), batches: 0, samples: 0 }
    }

    /// Adds the gradients of a batch's mean loss; returns those of the step, clipped where the plan says so, where this batch
    /// completes it, as the `last` of an epoch always does.
    pub fn add(
        &mut self,
        classifier: &Classifier<B>,
        gradients: GradientsParams,
        samples: usize,
        last: bool,
    ) -> Option<GradientsParams> {
        let gradients = self.gather(classifier, gradients, samples, last)?;
        Some(if self.max_norm > 0.0 { clip(classifier, gradients, self.max_norm) } else { gradients })
    }

    fn gather(
        &mut self,
        classifier: &Classifier<B>,
        gradients: GradientsParams,
        samples: usize,
        last: bool,
    ) -> Option<GradientsParams> {
        if self.size == 1 {
            return Some(gradients);
        }
        self.batches += 1;
        self.samples += samples;
        self.sum.accumulate(classifier, scale(classifier, gradients, samples as f32));
        (last || self.batches == self.size).then(|| self.mean(classifier))
    }

    fn mean(&mut self, classifier: &Classifier<B>) -> GradientsParams {
        let mean = scale(classifier, self.sum.grads(), 1.0 / self.samples as f32);
        (self.batches, self.samples) = (0, 0);
        mean
    }
}

/// Scales the gradients down to `max_norm` where their global norm is larger (Pascanu et al.,
/// <https://arxiv.org/abs/1211.5063>).
pub fn clip<B: AutodiffBackend>(
    classifier: &Classifier<B>,
    gradients: GradientsParams,
    max_norm: f32,
) -> GradientsParams {
    let factor = max_norm / (global_norm(classifier, &gradients) + EPSILON);
    if factor < 1.0 { scale(classifier, gradients, factor) } else { gradients }
}

/// The norm of all gradients taken as one vector.
fn global_norm<B: AutodiffBackend>(classifier: &Classifier<B>, gradients: &GradientsParams) -> f32 {
    let mut squares = Squares::<B> { gradients, sums: Vec::new() };
    classifier.visit(&mut squares);
    Tensor::cat(squares.sums, 0).sum().sqrt().into_scalar().elem()
}

/// Multiplies all gradients by `factor`.
fn scale<B: AutodiffBackend>(
    classifier: &Classifier<B>,
    mut gradients: GradientsParams,
    factor: f32,
) -> GradientsParams {
    classifier.visit(&mut Scale { gradients: &mut gradients, factor });
    gradients
}

struct Squares<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Squares<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let gradient = self.gradients.get::<B::InnerBackend, D>(param.id);
        self.sums.extend(gradient.map(|gradient| gradient.square().sum()));
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f32,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(param.id) {
            self.gradients.register(param.id, gradient.mul_scalar(self.factor));
        }
    }
}
