//! The least a training loop can do on a backend: tensors prepared, no metrics, no records.

use std::time::Instant;

use burn::{
    data::dataloader::DataLoader as _,
    optim::{Optimizer as _, SgdConfig},
    train::TrainStep as _,
};
use data::{DataSet, ImageBatch, ImageDataset, ImageLoader, Order};
use model::AutodiffBackend;
use plan::{Config, Plan};
use train::{backend::BackendJob, classifier::Classifier};

const EPOCHS: usize = 10;

/// Trains the two-layer net; the seconds of the median epoch.
pub struct BareLoop<'a> {
    pub data: &'a DataSet,
}

impl BackendJob for BareLoop<'_> {
    const WORK: &'static str = "training";

    type Output = f64;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> f64 {
        let plan = Plan::resolve(&Config::find("two-layer".as_ref()), &[]).expect("the shipped config is valid");
        let mut classifier = Classifier::<B>::new(&plan, self.data.task(), self.data.shape(), &device);
        let mut optimizer = SgdConfig::new().init::<B, Classifier<B>>();
        let dataset = ImageDataset::new(self.data.train.clone());
        let loader = ImageLoader::<B>::new(dataset, plan.training.batch_size, Order::Shuffled { seed: 0 }, 0, device);
        let batches: Vec<ImageBatch<B>> = loader.iter().collect();
        let mut seconds = Vec::new();
        for _ in 0..EPOCHS {
            let began = Instant::now();
            for batch in batches.clone() {
                let gradients = classifier.step(batch).grads;
                classifier = optimizer.step(plan.optimizer.learning_rate, classifier, gradients);
            }
            seconds.push(began.elapsed().as_secs_f64());
        }
        crate::rows::median(&seconds)
    }
}
