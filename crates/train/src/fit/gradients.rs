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
    /// Whether a step has several batches.
    is_needed: bool,
    max_norm: f32,
    sum: GradientsAccumulator<Classifier<B>>,
    samples: usize,
}

impl<B: AutodiffBackend> Accumulation<B> {
    pub fn new(plan: &TrainingPlan) -> Self {
        let (is_needed, max_norm) = (plan.accumulate > 1, plan.clip_norm as f32);
        Self { is_needed, max_norm, sum: GradientsAccumulator::new(), samples: 0 }
    }

    /// Adds the gradients of a batch's mean loss; where the batch completes the step, returns its gradients, clipped where the
    /// plan says so.
    pub fn add(
        &mut self,
        classifier: &Classifier<B>,
        gradients: GradientsParams,
        samples: usize,
        completes_step: bool,
    ) -> Option<GradientsParams> {
        let mut gradients = gradients;
        if self.is_needed {
            self.samples += samples;
            self.sum.accumulate(classifier, scale(classifier, gradients, samples as f32));
            if !completes_step {
                return None;
            }
            gradients = self.mean(classifier);
        }
        Some(if self.max_norm > 0.0 { clip(classifier, gradients, self.max_norm) } else { gradients })
    }

    fn mean(&mut self, classifier: &Classifier<B>) -> GradientsParams {
        let mean = scale(classifier, self.sum.grads(), 1.0 / self.samples as f32);
        self.samples = 0;
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
