//! How large an optimizer step is: the norm of its gradient, and how far it moves the weights.

use burn::{
    module::{Module as _, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{ElementConversion as _, Tensor, backend::Backend},
};
use model::AutodiffBackend;

use super::optimizer::{global_norm, sum_of_squares};
use crate::classifier::Classifier;

/// What an optimizer step measures, of all parameters that training changes taken as one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepSize {
    /// The gradient's Euclidean norm, before it is clipped; none where it is beyond single precision.
    pub gradient_norm: Option<f64>,
    /// The norm of what the step added to the weights, over that of the weights before it; none where these are all 0, or as above.
    pub update_ratio: Option<f64>,
}

/// A step that is about to be taken.
pub struct StepToCome<B: AutodiffBackend> {
    gradient_norm: f64,
    weights: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> StepToCome<B> {
    /// The step from these weights by these gradients.
    pub fn new(classifier: &Classifier<B>, gradients: &GradientsParams) -> Self {
        Self { gradient_norm: global_norm(classifier, gradients).into(), weights: weights(classifier) }
    }

    /// The same, taken: these are the weights after it.
    pub fn taken(self, classifier: &Classifier<B>) -> StepSize {
        let updates = weights(classifier).into_iter().zip(&self.weights);
        let updates = updates.map(|(after, before)| after - before.clone()).collect();
        let update_ratio = norm(updates) / norm(self.weights);
        // Neither JSON nor a table has a word for what is not finite.
        let [gradient_norm, update_ratio] =
            [self.gradient_norm, update_ratio].map(|value| Some(value).filter(|value| value.is_finite()));
        StepSize { gradient_norm, update_ratio }
    }
}

/// The Euclidean norm of some tensors as one vector.
fn norm<B: Backend>(tensors: Vec<Tensor<B, 1>>) -> f64 {
    let squares = tensors.into_iter().map(sum_of_squares).collect();
    f64::from(Tensor::cat(squares, 0).sum().sqrt().into_scalar().elem::<f32>())
}

fn weights<B: AutodiffBackend>(classifier: &Classifier<B>) -> Vec<Tensor<B::InnerBackend, 1>> {
    let mut weights = Weights::<B>(Vec::new());
    classifier.visit(&mut weights);
    weights.0
}

/// The values of the parameters that training changes.
struct Weights<B: AutodiffBackend>(Vec<Tensor<B::InnerBackend, 1>>);

impl<B: AutodiffBackend> ModuleVisitor<B> for Weights<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        if value.is_require_grad() {
            self.0.push(value.inner().reshape([-1]));
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::{backend::Autodiff, optim::Optimizer as _};
    use burn_flex::Flex;
    use plan::{Config, Plan, Setting};
    use task::{Shape, Task};

    use super::*;
    use crate::fit::optimizer::SharedOptimizer;

    #[test]
    fn a_sum_over_millions_is_the_same_however_many_threads_there_are() {
        let values: Vec<f32> = (0..5_000_001).map(|place| (place as f32 * 0.7).sin()).collect();
        let sum = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("there are threads");
            let values = Tensor::<Flex, 1>::from_floats(&values[..], &Default::default());
            pool.install(|| sum_of_squares(values).into_scalar())
        };
        let alone = sum(1);
        assert!((alone / 2_500_000.0 - 1.0).abs() < 1e-4, "{alone}");
        for threads in [2, 3, 5, 8] {
            assert_eq!(sum(threads), alone, "{threads} threads");
        }
    }

    type B = Autodiff<Flex>;

    /// A gradient of 2 for each weight.
    struct Twos(GradientsParams);

    impl ModuleVisitor<B> for Twos {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0.register(param.id, param.val().inner().ones_like() * 2.0);
        }
    }

    /// The norm of the linear model's weights, and what a step of SGD by a gradient of 2 for each of them measures.
    fn measured(rate: f64) -> (f64, StepSize) {
        let plan = Plan::resolve(&Config::find("linear".as_ref()), &[] as &[Setting]).expect("it is shipped");
        let task = Task::new(["3", "7"]).expect("they differ");
        let classifier = Classifier::<B>::new(&plan, &task, Shape::grey([28, 28]), &Default::default());
        let mut twos = Twos(GradientsParams::new());
        classifier.visit(&mut twos);
        let (length, step) = (norm(weights(&classifier)), StepToCome::new(&classifier, &twos.0));
        (length, step.taken(&SharedOptimizer::new(&plan.optimizer).step(rate, classifier, twos.0)))
    }

    #[test]
    fn a_step_of_sgd_moves_the_weights_by_rate_times_gradient() {
        let (length, size) = measured(0.1);
        // 785 parameters, each 2: and each is moved by 0.2.
        let near = |value: Option<f64>, expected: f64| {
            assert!((value.unwrap() / expected - 1.0).abs() < 1e-5, "{value:?} {expected}");
        };
        near(size.gradient_norm, 2.0 * 785f64.sqrt());
        near(size.update_ratio, 0.2 * 785f64.sqrt() / length);
    }

    #[test]
    fn what_is_beyond_single_precision_is_none() {
        let (_, size) = measured(1e30);
        assert!(size.gradient_norm.is_some() && size.update_ratio.is_none(), "{size:?}");
    }
}
