//! The exponential moving average of a network's weights, which is what is evaluated and kept where the plan asks for it.

use burn::{
    module::{AutodiffModule as _, Module as _, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, backend::Backend},
};
use model::AutodiffBackend;
use plan::TrainingPlan;

use crate::classifier::Classifier;

/// A classifier whose parameters, and running statistics of batch normalisation, follow those that are trained: after each step
/// average · d + trained · (1 - d) with the plan's decay d (Polyak and Juditsky 1992; as TensorFlow's `ExponentialMovingAverage` with
/// `num_updates`, d is at most (1 + step) / (10 + step), so that the first weights are soon forgotten).
#[derive(Clone, Debug)]
pub struct WeightAverage<B: AutodiffBackend> {
    decay: f64,
    classifier: Classifier<B::InnerBackend>,
}

impl<B: AutodiffBackend> WeightAverage<B> {
    /// Where the plan has one: it begins at these weights.
    pub fn new(plan: &TrainingPlan, classifier: Classifier<B::InnerBackend>) -> Option<Self> {
        (plan.ema_decay > 0.0).then_some(Self { decay: plan.ema_decay, classifier })
    }

    /// Follows the weights after so many steps, from 1.
    pub fn update(&mut self, trained: &Classifier<B>, step: usize) {
        let step = step as f64;
        let decay = self.decay.min((1.0 + step) / (10.0 + step));
        let mut values = Values(GradientsParams::new());
        // Not the classifier itself, whose running statistics are a step behind until it is asked for them.
        trained.valid().visit(&mut values);
        self.classifier = self.classifier.clone().map(&mut Follow { values, decay });
    }

    /// The classifier with these weights.
    pub fn classifier(&self) -> &Classifier<B::InnerBackend> {
        &self.classifier
    }
}

/// The values of parameters by their ids.
struct Values(GradientsParams);

impl<B: Backend> ModuleVisitor<B> for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.register(param.id, param.val());
    }
}

struct Follow {
    values: Values,
    decay: f64,
}

impl<B: Backend> ModuleMapper<B> for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let trained = self.values.0.remove::<B, D>(param.id).expect("the average is of the same classifier");
        let decay = self.decay;
        param.map(|average| average.mul_scalar(decay) + trained.mul_scalar(1.0 - decay))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use plan::{Config, Plan, Setting};
    use task::{Shape, Task};

    use super::*;

    type B = Autodiff<Flex>;

    fn bias(classifier: &Classifier<Flex>) -> f32 {
        let tensors = burn_store::ModuleSnapshot::<Flex>::collect(classifier.network(), None, None, true);
        let bias = tensors.iter().find(|tensor| tensor.full_path().ends_with("bias")).expect("it has one");
        bias.to_data().expect("it is there").to_vec::<f32>().expect("it is of single precision")[0]
    }

    fn classifier(plan: &Plan) -> Classifier<B> {
        let task = Task::new(["3", "7"]).expect("there are two classes");
        Classifier::new(plan, &task, Shape::grey([1, 1]), &Default::default())
    }

    /// Makes all parameters this.
    struct Fill(f32);

    impl<B: Backend> ModuleMapper<B> for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            param.map(|tensor| tensor.full_like(self.0))
        }
    }

    #[test]
    fn it_follows_fast_at_first_and_then_by_its_decay() {
        let settings = ["model.kind=linear", "training.ema_decay=0.9"].map(|text| Setting::parse(text).unwrap());
        let plan = Plan::resolve(&Config::default(), &settings).unwrap();
        let trained = classifier(&plan);
        let filled = |value| trained.clone().map(&mut Fill(value));
        let mut average = WeightAverage::<B>::new(&plan.training, filled(0.0).valid()).unwrap();
        average.update(&filled(1.0), 1);
        // 1 - 2 / 11
        assert!((bias(average.classifier()) - 9.0 / 11.0).abs() < 1e-6);
        average.update(&filled(0.0), 1000);
        assert!((bias(average.classifier()) - 0.9 * 9.0 / 11.0).abs() < 1e-6);
    }

    #[test]
    fn without_a_decay_there_is_none() {
        let plan = Plan::resolve(&Config::default(), &[]).unwrap();
        assert!(WeightAverage::<B>::new(&plan.training, classifier(&plan).valid()).is_none());
    }
}
