//! A network with its loss: what the Learner trains.

use burn::{
    module::Module,
    tensor::{ElementConversion as _, Tensor, Transaction},
    train::{InferenceStep, ItemLazy, TrainOutput, TrainStep},
};
use data::{Dropout, ImageBatch};
use model::{AutodiffBackend, Backend, LinearBaseline, Network, ResNet, SimpleCnn, TwoLayerNet, loss};
use plan::{Loss, ModelKind, Plan};
use task::{Shape, Task, predictions};

use crate::panics;

/// A network with its loss.
#[derive(Module, Debug)]
pub struct Classifier<B: burn::tensor::backend::Backend> {
    network: Network<B>,
    #[module(skip)]
    loss: Loss,
}

/// What a step leaves on the device.
#[derive(Clone, Debug)]
pub struct StepOutput<B: burn::tensor::backend::Backend> {
    loss: Tensor<B, 1>,
    logits: Tensor<B, 2>,
    labels: Vec<u16>,
}

/// The same on the host.
#[derive(Clone, Debug)]
pub struct HostOutput {
    /// Mean loss of the batch.
    pub loss: f32,
    /// `[samples, outputs]`.
    pub logits: Vec<f32>,
    /// One label per sample.
    pub labels: Vec<u16>,
}

impl HostOutput {
    /// The most probable class of each sample.
    pub fn predictions(&self) -> Vec<u16> {
        predictions(&self.logits, self.outputs())
    }

    /// How many logits a sample has.
    pub fn outputs(&self) -> usize {
        self.logits.len().checked_div(self.labels.len()).unwrap_or(1)
    }
}

impl<B: Backend> Classifier<B> {
    /// The plan's network for images of this shape and these classes, its parameters drawn from the plan's seed, with the plan's
    /// loss.
    pub fn new(plan: &Plan, task: &Task, shape: Shape, device: &B::Device) -> Self {
        let (values, outputs, seed) = (shape.len(), task.outputs(), plan.seed);
        let network = match plan.model.kind {
            ModelKind::Linear => Network::Linear(LinearBaseline::new([values, outputs], seed, device)),
            ModelKind::TwoLayer => {
                Network::TwoLayer(TwoLayerNet::new([values, plan.model.hidden, outputs], seed, device))
            }
            ModelKind::ResNet => {
                Network::ResNet(ResNet::new(shape, plan.model.channels, &plan.model.blocks, outputs, seed, device))
            }
            ModelKind::SimpleCnn => {
                Network::SimpleCnn(SimpleCnn::new(shape, plan.model.channels, outputs, seed, device))
            }
        };
        Self { network, loss: plan.training.loss.of(task) }
    }

    pub fn network(&self) -> &Network<B> {
        &self.network
    }

    /// The network, to give it other parameters.
    pub fn network_mut(&mut self) -> &mut Network<B> {
        &mut self.network
    }

    /// Forward pass and loss of a batch.
    pub fn forward(&self, batch: ImageBatch<B>) -> StepOutput<B> {
        let logits = match &batch.dropout {
            Some(Dropout { probability, draws }) => self.network.forward_dropping(batch.images, *probability, draws),
            None => self.network.forward(batch.images),
        };
        let losses = self.losses(logits.clone(), batch.targets);
        let loss = match batch.weights {
            Some(weights) => (losses * weights.clone()).sum() / weights.sum(),
            None => losses.mean(),
        };
        StepOutput { loss, logits, labels: batch.labels }
    }

    /// The loss of each sample.
    ///
    /// # Shapes
    /// - logits, targets: `[batch, outputs]`
    /// - result: `[batch, 1]`
    pub fn losses(&self, logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
        match self.loss {
            Loss::MnistLoss => loss::distance_to_one(logits, targets),
            // `Loss::of` has made one of the others of `auto`.
            Loss::Auto | Loss::CrossEntropy | Loss::BinaryCrossEntropy => loss::cross_entropy(logits, targets),
            Loss::MeanSquaredError => loss::brier(logits, targets),
        }
    }
}

impl<B: AutodiffBackend> TrainStep for Classifier<B> {
    type Input = ImageBatch<B>;
    type Output = StepOutput<B::InnerBackend>;

    fn step(&self, batch: ImageBatch<B>) -> TrainOutput<Self::Output> {
        let output = self.forward(batch);
        let gradients = output.loss.backward();
        let item = StepOutput { loss: output.loss.inner(), logits: output.logits.inner(), labels: output.labels };
        TrainOutput::new(self, gradients, item)
    }
}

impl<B: Backend> InferenceStep for Classifier<B> {
    type Input = ImageBatch<B>;
    type Output = StepOutput<B>;

    fn step(&self, batch: ImageBatch<B>) -> StepOutput<B> {
        self.forward(batch)
    }
}

impl<B: burn::tensor::backend::Backend> StepOutput<B> {
    /// The loss, brought to the host.
    pub fn loss(&self) -> f64 {
        f64::from(self.loss.clone().into_scalar().elem::<f32>())
    }

    /// Brings several outputs to the host in one transaction.
    ///
    /// # Panics
    /// Where a thread of the device has panicked: its values mean nothing.
    pub fn read(outputs: Vec<Self>) -> Vec<HostOutput> {
        // Burn's GPU backends panic where nothing is registered.
        if outputs.is_empty() {
            return Vec::new();
        }
        let mut transaction = Transaction::default();
        let mut labels = Vec::with_capacity(outputs.len());
        for output in outputs {
            transaction = transaction.register(output.loss).register(output.logits);
            labels.push(output.labels);
        }
        let values = transaction.execute();
        panics::surface();
        let mut values = values.into_iter().map(|data| data.convert::<f32>().iter::<f32>().collect());
        let mut next = || values.next().expect("a transaction returns what was registered");
        let score = |labels| {
            let (loss, logits): (Vec<f32>, Vec<f32>) = (next(), next());
            HostOutput { loss: loss[0], logits, labels }
        };
        labels.into_iter().map(score).collect()
    }
}

impl<B: burn::tensor::backend::Backend> ItemLazy for StepOutput<B> {
    type ItemSync = HostOutput;

    fn sync(self) -> HostOutput {
        Self::read(vec![self]).remove(0)
    }
}
