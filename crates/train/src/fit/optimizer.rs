//! From gradients to a step: accumulation and clipping by the global norm, as the plan says, the learning rate, and the closed set
//! of optimizers behind Burn's `Optimizer` trait.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use burn::{
    lr_scheduler::LrScheduler,
    module::{Module, ModuleVisitor, Param},
    optim::{
        Adam, AdamConfig, AdamW, AdamWConfig, GradientsAccumulator, GradientsParams, MultiGradientsParams, Optimizer,
        Sgd, SgdConfig, SimpleOptimizer, adaptor::OptimizerAdaptor, decay::WeightDecayConfig, momentum::MomentumConfig,
    },
    tensor::{ElementConversion, Tensor, backend::Backend},
};
use model::AutodiffBackend;
use plan::{OptimizerKind, OptimizerPlan, TrainingPlan};

use crate::classifier::Classifier;

/// Added to the norm before the division, as PyTorch's `clip_grad_norm_` does.
const EPSILON: f32 = 1e-6;

/// Sums the gradients of several batches, each weighed by its samples, into those of one large batch.
pub struct Accumulation<B: AutodiffBackend> {
    /// Whether a step has several batches.
    is_needed: bool,
    sum: GradientsAccumulator<Classifier<B>>,
    samples: usize,
}

impl<B: AutodiffBackend> Accumulation<B> {
    pub fn new(plan: &TrainingPlan) -> Self {
        Self { is_needed: plan.accumulate > 1, sum: GradientsAccumulator::new(), samples: 0 }
    }

    /// Adds the gradients of a batch's mean loss; where the batch completes the step, returns its gradients.
    pub fn add(
        &mut self,
        classifier: &Classifier<B>,
        gradients: GradientsParams,
        samples: usize,
        completes_step: bool,
    ) -> Option<GradientsParams> {
        if !self.is_needed {
            return Some(gradients);
        }
        self.samples += samples;
        self.sum.accumulate(classifier, scale(classifier, gradients, samples as f32));
        completes_step.then(|| self.mean(classifier))
    }

    fn mean(&mut self, classifier: &Classifier<B>) -> GradientsParams {
        let mean = scale(classifier, self.sum.grads(), 1.0 / self.samples as f32);
        self.samples = 0;
        mean
    }
}

/// Scales the gradients down to `max_norm` where their global norm is larger (Pascanu et al.,
/// <https://arxiv.org/abs/1211.5063>); 0 leaves them as they are.
pub fn clip<B: AutodiffBackend>(
    classifier: &Classifier<B>,
    gradients: GradientsParams,
    max_norm: f32,
) -> GradientsParams {
    if max_norm == 0.0 {
        return gradients;
    }
    let factor = max_norm / (global_norm(classifier, &gradients) + EPSILON);
    if factor < 1.0 { scale(classifier, gradients, factor) } else { gradients }
}

/// The norm of all gradients taken as one vector.
pub fn global_norm<B: AutodiffBackend>(classifier: &Classifier<B>, gradients: &GradientsParams) -> f32 {
    let mut squares = Squares::<B> { gradients, sums: Vec::new() };
    classifier.visit(&mut squares);
    Tensor::cat(squares.sums, 0).sum().sqrt().into_scalar().elem()
}

/// The values that are added up at once. Of more than four million flex adds parts in an order that depends on what its threads do.
const AT_ONCE: usize = 1 << 21;

/// The sum of the squares, in an order that is the same each time.
pub fn sum_of_squares<B: Backend>(values: Tensor<B, 1>) -> Tensor<B, 1> {
    let squares = values.square();
    if squares.dims()[0] <= AT_ONCE {
        return squares.sum();
    }
    Tensor::cat(squares.split(AT_ONCE, 0).into_iter().map(Tensor::sum).collect(), 0).sum()
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
        self.sums.extend(gradient.map(|gradient| sum_of_squares(gradient.reshape([-1]))));
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

/// The learning rate of the step to come: the loop sets it, the Learner takes it.
#[derive(Clone, Debug, Default)]
pub struct SharedLearningRate(Arc<AtomicU64>);

impl SharedLearningRate {
    /// For the steps that follow.
    pub fn set(&self, rate: f64) {
        self.0.store(rate.to_bits(), Ordering::Relaxed);
    }
}

impl LrScheduler for SharedLearningRate {
    type Record<B: Backend> = ();

    fn step(&mut self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn to_record<B: Backend>(&self) {}

    fn load_record<B: Backend>(self, (): ()) -> Self {
        self
    }
}

/// The plan's optimizer.
///
/// Burn's Learner owns its optimizer and shows it to nobody, so the Learner gets one handle and the loop another, for
/// checkpoints and for a momentum that varies.
#[derive(Clone)]
pub struct SharedOptimizer<B: AutodiffBackend> {
    plan: OptimizerPlan,
    kind: Arc<Mutex<Kind<B>>>,
}

#[derive(Clone)]
enum Kind<B: AutodiffBackend> {
    Sgd(Adaptor<Sgd<B::InnerBackend>, B>),
    Adam(Adaptor<Adam, B>),
    AdamW(Adaptor<AdamW, B>),
}

type Adaptor<O, B> = OptimizerAdaptor<O, Classifier<B>, B>;
type State<O, B> = <Adaptor<O, B> as Optimizer<Classifier<B>, B>>::Record;

impl<B: AutodiffBackend> SharedOptimizer<B> {
    /// The optimizer before its first step.
    pub fn new(plan: &OptimizerPlan) -> Self {
        let kind = match plan.kind {
            OptimizerKind::Sgd => Kind::Sgd(sgd(plan, plan.momentum).into()),
            OptimizerKind::Adam => Kind::Adam(adam(plan, plan.beta_1).into()),
            OptimizerKind::AdamW => Kind::AdamW(adamw(plan, plan.beta_1).into()),
        };
        Self { plan: plan.clone(), kind: Arc::new(Mutex::new(kind)) }
    }

    /// The optimizer after a step that changed nothing: its state has a place for each parameter that training changes.
    pub fn after_a_step(plan: &OptimizerPlan, classifier: &Classifier<B>) -> Self {
        let mut optimizer = Self::new(plan);
        let mut zeros = Zeros(GradientsParams::new());
        classifier.visit(&mut zeros);
        optimizer.step(0.0, classifier.clone(), zeros.0);
        optimizer
    }

    /// Sets SGD's momentum, Adam's beta 1, for the steps that follow.
    pub fn set_momentum(&self, momentum: f64) {
        match &mut *self.lock() {
            Kind::Sgd(adaptor) => replace(adaptor, sgd(&self.plan, momentum)),
            Kind::Adam(adaptor) => replace(adaptor, adam(&self.plan, momentum)),
            Kind::AdamW(adaptor) => replace(adaptor, adamw(&self.plan, momentum)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kind<B>> {
        self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A gradient of zeros for each parameter that training changes.
struct Zeros(GradientsParams);

impl<B: AutodiffBackend> ModuleVisitor<B> for Zeros {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if param.val().is_require_grad() {
            self.0.register(param.id, param.val().inner().zeros_like());
        }
    }
}

/// Puts another optimizer of the same kind in place and keeps the state.
fn replace<O, B>(adaptor: &mut Adaptor<O, B>, optimizer: O)
where
    O: SimpleOptimizer<B::InnerBackend>,
    B: AutodiffBackend,
{
    *adaptor = Adaptor::<O, B>::from(optimizer).load_record(adaptor.to_record());
}

/// PyTorch's SGD: no dampening, no Nesterov; weight decay added to the gradient.
fn sgd<B: burn::tensor::backend::Backend>(plan: &OptimizerPlan, momentum: f64) -> Sgd<B> {
    let momentum = MomentumConfig { momentum, dampening: 0.0, nesterov: false };
    SgdConfig::new()
        .with_momentum((momentum.momentum > 0.0).then_some(momentum))
        .with_weight_decay(weight_decay(plan))
        .build()
}

fn adam(plan: &OptimizerPlan, beta_1: f64) -> Adam {
    AdamConfig::new()
        .with_beta_1(beta_1 as f32)
        .with_beta_2(plan.beta_2 as f32)
        .with_epsilon(plan.epsilon as f32)
        .with_weight_decay(weight_decay(plan))
        .build()
}

fn adamw(plan: &OptimizerPlan, beta_1: f64) -> AdamW {
    AdamWConfig::new()
        .with_beta_1(beta_1 as f32)
        .with_beta_2(plan.beta_2 as f32)
        .with_epsilon(plan.epsilon as f32)
        .with_weight_decay(plan.weight_decay as f32)
        .build()
}

fn weight_decay(plan: &OptimizerPlan) -> Option<WeightDecayConfig> {
    (plan.weight_decay > 0.0).then(|| WeightDecayConfig::new(plan.weight_decay as f32))
}

impl<B: AutodiffBackend> Optimizer<Classifier<B>, B> for SharedOptimizer<B> {
    /// The state of the one that is in use.
    type Record = (Option<State<Sgd<B::InnerBackend>, B>>, Option<State<Adam, B>>, Option<State<AdamW, B>>);

    fn step(&mut self, rate: f64, classifier: Classifier<B>, gradients: GradientsParams) -> Classifier<B> {
        match &mut *self.lock() {
            Kind::Sgd(adaptor) => adaptor.step(rate, classifier, gradients),
            Kind::Adam(adaptor) => adaptor.step(rate, classifier, gradients),
            Kind::AdamW(adaptor) => adaptor.step(rate, classifier, gradients),
        }
    }

    fn step_multi(&mut self, rate: f64, classifier: Classifier<B>, gradients: MultiGradientsParams) -> Classifier<B> {
        match &mut *self.lock() {
            Kind::Sgd(adaptor) => adaptor.step_multi(rate, classifier, gradients),
            Kind::Adam(adaptor) => adaptor.step_multi(rate, classifier, gradients),
            Kind::AdamW(adaptor) => adaptor.step_multi(rate, classifier, gradients),
        }
    }

    fn to_record(&self) -> Self::Record {
        match &*self.lock() {
            Kind::Sgd(adaptor) => (Some(adaptor.to_record()), None, None),
            Kind::Adam(adaptor) => (None, Some(adaptor.to_record()), None),
            Kind::AdamW(adaptor) => (None, None, Some(adaptor.to_record())),
        }
    }

    /// A state of another kind of optimizer is not loaded: a resume under a changed plan is refused before.
    fn load_record(self, record: Self::Record) -> Self {
        match (&mut *self.lock(), record) {
            (Kind::Sgd(adaptor), (Some(state), _, _)) => *adaptor = adaptor.clone().load_record(state),
            (Kind::Adam(adaptor), (_, Some(state), _)) => *adaptor = adaptor.clone().load_record(state),
            (Kind::AdamW(adaptor), (_, _, Some(state))) => *adaptor = adaptor.clone().load_record(state),
            _ => {}
        }
        self
    }
}
