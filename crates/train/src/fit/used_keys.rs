//! What a plan says of the keys that it uses holds: another value trains other parameters, or the same to the last bit.

use burn::{
    backend::Autodiff,
    data::dataloader::DataLoader as _,
    module::{Module, ModuleVisitor, Param},
    optim::{GradientsParams, Optimizer as _},
    tensor::{Tensor, backend::Backend},
    train::TrainStep as _,
};
use burn_flex::Flex;
use data::{DataSet, Request, Source};
use plan::{Config, Plan, Schedule, Setting};

use super::{optimizer::SharedOptimizer, training_loader};
use crate::classifier::Classifier;

type B = Autodiff<Flex>;

/// A small network, and few images in a batch.
const SMALL: [&str; 4] = ["model.hidden=4", "model.channels=2", "model.blocks=[1]", "training.batch_size=4"];

/// Each key that some plans do not use, with a value that none of them has.
const OF_THE_NETWORK: [&str; 4] = ["model.hidden=5", "model.channels=3", "model.blocks=[1, 1]", "model.dropout=0.5"];
const OF_THE_STEPS: [&str; 8] = [
    "optimizer.momentum=0.7",
    "optimizer.beta_1=0.5",
    "optimizer.beta_2=0.5",
    "optimizer.epsilon=0.1",
    "schedule.pct_start=0.6",
    "schedule.div=3.0",
    "schedule.div_final=2.0",
    "schedule.momentums=[0.5, 0.6, 0.7]",
];

/// The bits of all parameters.
struct Bits(Vec<u32>);

impl<B: Backend> ModuleVisitor<B> for Bits {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.extend(param.val().to_data().iter::<f32>().map(f32::to_bits));
    }
}

fn plan(settings: &[&str]) -> Plan {
    let settings: Vec<Setting> =
        SMALL.iter().chain(settings).map(|text| Setting::parse(text).expect("a setting")).collect();
    Plan::resolve(&Config::default(), &settings).expect("a plan")
}

/// The parameters after an epoch, as the loop of a run takes its steps.
fn trained(plan: &Plan, data: &DataSet) -> Vec<u32> {
    let device = Default::default();
    let mut classifier = Classifier::<B>::new(plan, data.task(), data.shape(), &device);
    let loader = training_loader::<B>(plan, &data.train, &device);
    let mut optimizer = SharedOptimizer::new(&plan.optimizer);
    let schedule = Schedule::new(plan, data.train.len() / plan.training.batch_size);
    for (step, batch) in loader.iter().enumerate() {
        let gradients: GradientsParams = classifier.step(batch).grads;
        if let Some(momentum) = schedule.momentum(step) {
            optimizer.set_momentum(momentum);
        }
        classifier = optimizer.step(schedule.learning_rate(step), classifier, gradients);
    }
    let mut bits = Bits(Vec::new());
    classifier.visit(&mut bits);
    bits.0
}

fn holds(settings: &[&str], keys: &[&str], data: &DataSet) {
    let plain = plan(settings);
    let parameters = trained(&plain, data);
    for setting in keys {
        let key = setting.split('=').next().unwrap_or_default();
        let changed = trained(&plan(&[settings, &[setting]].concat()), data);
        assert_eq!(changed != parameters, plain.uses(key), "{setting} with {settings:?}");
    }
}

#[test]
fn a_key_changes_what_is_trained_where_the_plan_uses_it_and_nowhere_else() {
    let source = Source::Synthetic { seed: 0, train: 24, valid: 2 };
    let data = data::load(&Request { source, ..Request::default() }, &mut |_| {}).expect("it is drawn");
    for kind in ["linear", "two-layer", "resnet", "simple-cnn"] {
        holds(&[&format!("model.kind={kind}")], &OF_THE_NETWORK, &data);
    }
    for optimizer in ["sgd", "adam", "adamw"] {
        for schedule in ["constant", "cosine", "one-cycle"] {
            let [optimizer, schedule] = [format!("optimizer.kind={optimizer}"), format!("schedule.kind={schedule}")];
            holds(&["model.kind=linear", &optimizer, &schedule], &OF_THE_STEPS, &data);
        }
    }
    // Of SGD's own momentum counts whether there is one.
    let momentum = ["model.kind=linear", "schedule.kind=one-cycle", "optimizer.momentum=0.5"];
    holds(&momentum, &["schedule.momentums=[0.5, 0.6, 0.7]"], &data);
}
