//! Stochastic gradient descent by hand, and the Learner from scratch, end where Burn's Learner does: with the same bits in every
//! parameter, and the second in every metric.

use std::{ops::ControlFlow, path::Path};

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};
use chapter::{
    accuracy::accuracy,
    learner::{DataLoaders, Epoch, Learner, Sgd},
    sgd::{self, Model, Parameters, Training},
};
use data::{DataSet, ImageDataset, ImageLoader, Order, Request, Source};
use model::{AutodiffBackend, Backend, loss};
use plan::{Config, ModelKind, Plan};
use train::{
    backend::{BackendJob, Kind, dispatch},
    classifier::Classifier,
    export,
};

use crate::harness::{Place, metrics, record};

/// The run that both do. Its loss goes down in each epoch, so the best model is the last one.
const SETTINGS: [&str; 8] = [
    "--set",
    "data.source=synthetic",
    "--set",
    "data.synthetic_train=1301",
    "--set",
    "data.synthetic_valid=200",
    "--set",
    "training.epochs=3",
];

/// The same training by hand, beside the model file that the Learner left.
struct ByHand<'a> {
    plan: &'a Plan,
    model_file: &'a Path,
}

impl BackendJob for ByHand<'_> {
    const WORK: &'static str = "training by hand";

    /// The parameters at the start, by hand at the end, and the Learner's.
    type Output = [Vec<u32>; 3];

    fn run<B: AutodiffBackend>(self, device: B::Device) -> [Vec<u32>; 3] {
        let (plan, data) = (self.plan, drawn(self.plan));
        let mut classifier = Classifier::<B>::new(plan, data.task(), data.shape(), &device);
        let start = parameters(&classifier);
        let trained = sgd::train(&training(plan), start.clone(), &train(plan, &data, &device), &valid(&data, &device));
        export::load(self.model_file, classifier.network_mut()).unwrap();
        [start, trained.parameters, parameters(&classifier)].map(|parameters| bits(&parameters))
    }
}

/// The same training by the Learner from scratch.
struct FromScratch<'a> {
    plan: &'a Plan,
    model_file: &'a Path,
}

impl BackendJob for FromScratch<'_> {
    const WORK: &'static str = "training by a Learner from scratch";

    /// Its parameters at the end, those of Burn's Learner, and its epochs.
    type Output = ([Vec<u32>; 2], Vec<Epoch>);

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (plan, data, mut epochs) = (self.plan, drawn(self.plan), Vec::new());
        let mut classifier = Classifier::<B>::new(plan, data.task(), data.shape(), &device);
        let mut learner = Learner {
            loaders: DataLoaders { train: train(plan, &data, &device), valid: valid(&data, &device) },
            model: classifier.network().clone(),
            optimizer: Sgd { learning_rate: plan.optimizer.learning_rate },
            loss: loss::distance_to_one,
            metrics: vec![("accuracy", accuracy)],
            callbacks: vec![Box::new(|epoch| {
                epochs.push(epoch.clone());
                ControlFlow::Continue(())
            })],
            trained_epochs: 0,
        };
        learner.fit(plan.training.epochs);
        let ours = parameters::<B>(&learner.model);
        drop(learner);
        export::load(self.model_file, classifier.network_mut()).unwrap();
        ([ours, parameters(&classifier)].map(|parameters| bits(&parameters)), epochs)
    }
}

fn training<B: AutodiffBackend>(plan: &Plan) -> Training<B> {
    let model: Model<B> = match plan.model.kind {
        ModelKind::Linear => sgd::linear,
        ModelKind::TwoLayer => sgd::two_layer,
        ModelKind::ResNet | ModelKind::SimpleCnn => unreachable!("the chapter writes no convolutions by hand"),
    };
    Training { model, learning_rate: plan.optimizer.learning_rate, epochs: plan.training.epochs, good_enough: 2.0 }
}

fn drawn(plan: &Plan) -> DataSet {
    let source = Source::Synthetic { seed: 0, train: plan.data.synthetic_train, valid: plan.data.synthetic_valid };
    data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap()
}

fn train<B: AutodiffBackend>(plan: &Plan, data: &DataSet, device: &B::Device) -> ImageLoader<B> {
    let order = Order::Shuffled { seed: plan.seed };
    ImageLoader::new(ImageDataset::new(data.train.clone()), plan.training.batch_size, order, 0, device.clone())
}

fn valid<B: Backend>(data: &DataSet, device: &B::Device) -> ImageLoader<B> {
    ImageLoader::new(ImageDataset::new(data.valid.clone()), 256, Order::Sequential, 0, device.clone())
}

/// The parameters as they are held by hand: a bias is a row.
fn parameters<B: AutodiffBackend>(module: &impl Module<B>) -> Parameters<B> {
    let mut rows = Rows::<B>(Vec::new());
    module.visit(&mut rows);
    rows.0
}

struct Rows<B: AutodiffBackend>(Parameters<B>);

impl<B: AutodiffBackend> ModuleVisitor<B> for Rows<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let columns = param.dims()[D - 1];
        self.0.push(Tensor::from_inner(param.val().inner().reshape([-1, columns as i32])));
    }
}

fn bits<B: AutodiffBackend>(parameters: &Parameters<B>) -> Vec<u32> {
    let values = |tensor: &Tensor<B, 2>| tensor.to_data().iter::<f32>().map(f32::to_bits).collect::<Vec<_>>();
    parameters.iter().flat_map(values).collect()
}

/// The run by Burn's Learner: where it is, and its plan.
fn trained(kind: Kind, config: &str) -> (Place, Plan) {
    let place = Place::new();
    place.train(&[&[config, "--backend", kind.name()], &SETTINGS[..]].concat()).ok();
    assert_eq!(record(&place.run())["best"]["epoch"], 3, "the last epoch is the best");
    let plan = Plan::resolve(&Config::find(&place.run().join("config.toml")), &[]).unwrap();
    (place, plan)
}

#[track_caller]
fn same_bits(what: &str, ours: &[u32], theirs: &[u32]) {
    let off = ours.iter().zip(theirs).filter(|(a, b)| a != b).count();
    assert_eq!((off, ours.len()), (0, theirs.len()), "{what}: so many of {} parameters have other bits", ours.len());
}

fn compare(kind: Kind, config: &str) {
    let (place, plan) = trained(kind, config);
    let by_hand = ByHand { plan: &plan, model_file: &place.run().join("model.safetensors") };
    let [start, ours, theirs] = dispatch(kind, 0, place.path(), by_hand).unwrap();
    assert_eq!(ours.len(), if config == "linear" { 785 } else { 23_581 });
    assert_ne!(start, ours);
    same_bits(&format!("{kind}, {config}"), &ours, &theirs);
}

#[test]
fn the_linear_model_by_hand_has_the_bits_of_the_learners() {
    for kind in [Kind::Ndarray, Kind::Flex] {
        compare(kind, "linear");
    }
}

#[test]
fn the_two_layer_net_by_hand_has_the_bits_of_the_learners() {
    for kind in [Kind::Ndarray, Kind::Flex] {
        compare(kind, "two-layer");
    }
}

#[test]
fn a_learner_from_scratch_has_the_bits_of_burns_in_parameters_and_metrics() {
    for (kind, config) in
        [Kind::Ndarray, Kind::Flex].into_iter().flat_map(|kind| [(kind, "linear"), (kind, "two-layer")])
    {
        let (place, plan) = trained(kind, config);
        let from_scratch = FromScratch { plan: &plan, model_file: &place.run().join("model.safetensors") };
        let ([ours, theirs], epochs) = dispatch(kind, 0, place.path(), from_scratch).unwrap();
        same_bits(&format!("{kind}, {config}"), &ours, &theirs);
        let burns = metrics(&place.run());
        assert_eq!((epochs.len(), burns.len()), (3, 3));
        for (Epoch { number, train_loss, valid_loss, metrics }, burns) in epochs.iter().zip(&burns) {
            let theirs = [&burns["train"]["loss"], &burns["valid"]["loss"], &burns["valid"]["accuracy"]];
            let ours = [*train_loss, *valid_loss, metrics[0].1];
            assert_eq!(theirs.map(|metric| metric.as_f64()), ours.map(Some), "{kind}, {config}, epoch {number}");
        }
    }
}
