//! The same parameters and the same batches give the same numbers on every compiled-in backend, up to its precision.

use std::{fs, path::Path};

use burn::{
    data::dataloader::DataLoader as _,
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
    train::{ItemLazy as _, TrainStep as _},
};
use data::{DataSet, Decoding, ImageDataset, ImageLoader, Order, Request, Source};
use model::AutodiffBackend;
use plan::{Config, ModelKind, Plan, Setting};
use train::{
    backend::{BackendJob, Kind, dispatch},
    classifier::Classifier,
};

use crate::harness::{Place, backends};

/// Relative tolerances of the first step's logits and loss, of its gradients, and of the loss curve of two epochs.
///
/// Of the million activations that a batch has in the residual net some lie within rounding of a ReLU's zero. Each that comes
/// out on the other side changes gradients by up to 1e-3 of the largest. libtorch picks its kernels, and with them the
/// rounding, by the processor, so which batch meets one differs between machines.
fn tolerances(kind: Kind, model: ModelKind) -> [f64; 3] {
    match kind {
        Kind::Wgpu | Kind::Cuda => [1e-3, 1e-2, 1e-2],
        Kind::TchCpu if matches!(model, ModelKind::ResNet | ModelKind::SimpleCnn) => [1e-5, 1e-3, 1e-3],
        _ => [1e-5, 1e-5, 1e-3],
    }
}

/// What a backend is compared by: numbers of one step.
struct Step {
    logits: Vec<f64>,
    loss: f64,
    /// Of all parameters, as one vector: the last bias's is a sum that nearly cancels, its own precision means nothing.
    gradients: Vec<f64>,
}

/// One step on each batch of an epoch whose last batch is short and of odd size.
struct FirstSteps<'a> {
    plan: &'a Plan,
    data: &'a DataSet,
}

impl BackendJob for FirstSteps<'_> {
    const WORK: &'static str = "computing first steps";

    type Output = Vec<Step>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<Step> {
        let classifier = Classifier::<B>::new(self.plan, self.data.task(), self.data.shape(), &device);
        let dataset = ImageDataset::new(self.data.train.clone());
        let loader = ImageLoader::new(dataset, 256, Order::Shuffled { seed: 0 }, 1, device);
        let step = |batch| {
            let output = classifier.step(batch);
            let mut gradients = Gradients { of: &output.grads, found: Vec::new() };
            classifier.visit(&mut gradients);
            let gradients = gradients.found;
            let scored = output.item.sync();
            Step { logits: scored.logits.iter().map(|v| f64::from(*v)).collect(), loss: scored.loss.into(), gradients }
        };
        loader.iter().map(step).collect()
    }
}

struct Gradients<'a> {
    of: &'a GradientsParams,
    found: Vec<f64>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        // Running statistics are no parameters and have none.
        let gradient = self.of.get::<B::InnerBackend, D>(param.id);
        self.found
            .extend(gradient.into_iter().flat_map(|g| g.into_data().convert::<f64>().iter().collect::<Vec<f64>>()));
    }
}

/// Within `tolerance` of the largest value: a gradient near 0 has no relative precision of its own.
#[track_caller]
fn near(what: &str, values: &[f64], expected: &[f64], tolerance: f64) -> f64 {
    assert_eq!(values.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let off = values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / scale;
    assert!(off <= tolerance, "{what}: off by {off:e} of the largest value, allowed {tolerance:e}");
    off
}

fn others() -> impl Iterator<Item = Kind> {
    backends().filter(|kind| *kind != Kind::Ndarray)
}

#[test]
fn the_first_steps_agree_with_ndarray() {
    let request = Request { source: Source::Synthetic { seed: 0, train: 256 + 109, valid: 2 }, ..Request::default() };
    let data = data::load(&request, &mut |_| {}).unwrap();
    for config in ["linear", "two-layer", "resnet", "mnist-simple-cnn"] {
        for loss in ["mnist-loss", "binary-cross-entropy", "mean-squared-error"] {
            let loss = Setting::flag("--loss", "training.loss", loss);
            let plan = Plan::resolve(&Config::find(Path::new(config)), &[loss]).unwrap();
            compare_first_steps(&plan, &data);
        }
    }
}

#[test]
fn the_first_steps_of_a_deeper_net_on_colour_images_agree_with_ndarray() {
    let source = Source::Synthetic { seed: 0, train: 256 + 109, valid: 2 };
    let decoding = Decoding { channels: Some(3), size: Some([16, 20]), ..Decoding::default() };
    let data = data::load(&Request { source, decoding, ..Request::default() }, &mut |_| {}).unwrap();
    let settings = ["training.loss=cross-entropy", "model.channels=8", "model.blocks=[2, 1]"];
    let settings: Vec<Setting> = settings.iter().map(|setting| Setting::parse(setting).unwrap()).collect();
    let plan = Plan::resolve(&Config::find(Path::new("resnet")), &settings).unwrap();
    compare_first_steps(&plan, &data);
}

fn compare_first_steps(plan: &Plan, data: &DataSet) {
    let cache = tempfile::tempdir().unwrap();
    let steps = |kind| dispatch(kind, 0, cache.path(), FirstSteps { plan, data }).unwrap();
    let reference = steps(Kind::Ndarray);
    assert_eq!(reference.iter().map(|step| step.logits.len()).collect::<Vec<_>>(), [256, 109]);
    for kind in others() {
        let [tolerance, of_gradients, _] = tolerances(kind, plan.model.kind);
        for (number, (ours, expected)) in steps(kind).iter().zip(&reference).enumerate() {
            let what =
                |part: &str| format!("{kind}, {}, {}, batch {number}, {part}", plan.model.kind, plan.training.loss);
            let mut off = near(&what("logits"), &ours.logits, &expected.logits, tolerance);
            off = off.max(near(&what("loss"), &[ours.loss], &[expected.loss], tolerance));
            off = off.max(near(&what("gradients"), &ours.gradients, &expected.gradients, of_gradients));
            println!("{}: off by {off:e}", what("largest difference"));
        }
    }
}

#[test]
fn the_loss_curves_of_two_epochs_agree_with_ndarray() {
    let reference = curve("ndarray");
    for kind in others() {
        let off = near(
            &format!("{kind}, loss curve"),
            &curve(kind.name()),
            &reference,
            tolerances(kind, ModelKind::TwoLayer)[2],
        );
        println!("{kind}: loss curve off by {off:e}");
    }
}

/// The loss of each batch of two epochs.
fn curve(backend: &str) -> Vec<f64> {
    let place = Place::new();
    let data =
        ["--set", "data.source=synthetic", "--set", "data.synthetic_train=1901", "--set", "data.synthetic_valid=101"];
    let epochs = ["--backend", backend, "--set", "training.epochs=2", "--set", "training.log_steps=true"];
    place.train(&[&epochs[..], &data].concat()).ok();
    let text = fs::read_to_string(place.run().join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let losses: Vec<f64> = lines.filter_map(|line| line["batch_loss"].as_f64()).collect();
    assert_eq!(losses.len(), 16);
    losses
}
