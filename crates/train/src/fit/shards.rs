//! A batch in shards: each forward and backward by itself, the batch's gradient as their sum.
//!
//! What a process has of a batch is one vector: the gradients, and the running statistics of batch normalisation as they are after
//! its shard alone. A batch's vector is the mean over its images, added up by [`Ranks::sum`], so that gradient and statistics come
//! from the same sum. Each shard is normalised by its own statistics, as in PyTorch's `DistributedDataParallel` without
//! `SyncBatchNorm`.
//!
//! A process takes its shards one after the other: burn-autodiff 0.21 loses gradients where threads of a process go backward beside each
//! other, for what one of them cleans up may be what another has just begun. Threads work within an operation.

use burn::{
    module::{AutodiffModule as _, Module as _, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Tensor, TensorData, Transaction},
    train::TrainStep as _,
};
use data::{ImageBatch, Shards};
use model::AutodiffBackend;

use crate::{
    Error,
    classifier::{Classifier, HostOutput, StepOutput},
    panics,
    ranks::Ranks,
};

/// What came of a batch.
pub struct ShardedStep<B: AutodiffBackend> {
    pub gradients: GradientsParams,
    /// Of the own shards that have images.
    pub outputs: Vec<StepOutput<B::InnerBackend>>,
    /// The largest word that one of the processes has said.
    pub word: u32,
}

/// Takes the own shards of a batch of so many images from `batches`, and leaves the model's running statistics as they are after it.
///
/// # Errors
/// Where another process has failed.
pub fn step<B: AutodiffBackend>(
    model: &Classifier<B>,
    batches: &mut dyn Iterator<Item = ImageBatch<B>>,
    (shards, samples): (Shards, usize),
    ranks: &Ranks,
    word: u32,
) -> Result<ShardedStep<B>, Error> {
    let layout = Layout::of(model);
    let before = layout.statistics(model);
    let mut outputs = Vec::new();
    let leaf = |shard| {
        if let Some(before) = &before {
            restore(model, before);
        }
        let batch = batches.next().expect("the loader has a batch for each shard that has images");
        let part = batch.labels.len() as f32 / samples as f32;
        debug_assert_eq!(batch.labels.len(), shards.positions(&(shard..shard + 1), samples).len());
        let step = model.step(batch);
        outputs.push(step.item);
        layout.values(model, &step.grads, part)
    };
    let (sum, word) = ranks.sum(shards, (samples, layout.length), word, leaf)?;
    let mut values = FromValues { rest: &sum, gradients: GradientsParams::new(), statistics: GradientsParams::new() };
    model.visit(&mut values);
    if before.is_some() {
        restore(model, &values.statistics);
    }
    Ok(ShardedStep { gradients: values.gradients, outputs, word })
}

/// The outputs of all shards of some batches, each batch's in order, from those of the own ones.
///
/// # Errors
/// Where another process has failed.
pub fn gather_outputs(ranks: &Ranks, own: Vec<Vec<HostOutput>>) -> Result<Vec<Vec<HostOutput>>, Error> {
    if ranks.count() == 1 {
        return Ok(own);
    }
    let mut words = Vec::new();
    for outputs in &own {
        words.push(outputs.len() as u32);
        for HostOutput { loss, logits, labels } in outputs {
            words.extend([labels.len() as u32, logits.len() as u32, loss.to_bits()]);
            words.extend(labels.iter().map(|label| u32::from(*label)));
            words.extend(logits.iter().map(|logit| logit.to_bits()));
        }
    }
    let mut all: Vec<Vec<HostOutput>> = vec![Vec::new(); own.len()];
    for said in ranks.gather(&words)? {
        let mut words = said.into_iter();
        let mut next = || words.next().expect("a process tells all of its outputs");
        for batch in &mut all {
            for _ in 0..next() {
                let [labels, logits, loss] = [next(), next(), next()];
                let labels = (0..labels).map(|_| next() as u16).collect();
                let logits = (0..logits).map(|_| f32::from_bits(next())).collect();
                batch.push(HostOutput { loss: f32::from_bits(loss), logits, labels });
            }
        }
    }
    Ok(all)
}

/// All float values of a classifier, as they follow each other in a vector.
#[derive(Default)]
struct Layout {
    length: usize,
    has_statistics: bool,
}

impl Layout {
    fn of<B: AutodiffBackend>(model: &Classifier<B>) -> Self {
        let mut layout = Self::default();
        model.visit(&mut layout);
        layout
    }

    /// The running statistics, where there are any.
    fn statistics<B: AutodiffBackend>(&self, model: &Classifier<B>) -> Option<GradientsParams> {
        self.has_statistics.then(|| {
            synchronise(model);
            let mut statistics = Statistics(GradientsParams::new());
            model.visit(&mut statistics);
            statistics.0
        })
    }

    /// Gradients and running statistics on the host, each value times a factor.
    fn values<B: AutodiffBackend>(&self, model: &Classifier<B>, gradients: &GradientsParams, factor: f32) -> Vec<f32> {
        if self.has_statistics {
            synchronise(model);
        }
        let mut read = Read::<B> { gradients, transaction: Transaction::default() };
        model.visit(&mut read);
        let tensors = read.transaction.execute();
        panics::surface();
        let mut values = Vec::with_capacity(self.length);
        for tensor in tensors {
            let tensor = tensor.convert::<f32>();
            let slice = tensor.as_slice::<f32>().expect("it has just become f32");
            values.extend(slice.iter().map(|value| value * factor));
        }
        values
    }
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Layout {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        self.length += value.shape().num_elements();
        self.has_statistics |= !value.is_require_grad();
    }
}

/// Lets a classifier's running statistics be those after the last forward pass: before, they are a step behind.
fn synchronise<B: AutodiffBackend>(model: &Classifier<B>) {
    drop(model.valid());
}

/// Gives a classifier, which is not a step behind, these running statistics. Its clone shares them with it, as all of Burn's do.
fn restore<B: AutodiffBackend>(model: &Classifier<B>, statistics: &GradientsParams) {
    drop(model.clone().map(&mut Restore(statistics)));
}

struct Statistics(GradientsParams);

impl<B: AutodiffBackend> ModuleVisitor<B> for Statistics {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if !param.val().is_require_grad() {
            self.0.register(param.id, param.val().inner());
        }
    }
}

struct Restore<'a>(&'a GradientsParams);

impl<B: AutodiffBackend> ModuleMapper<B> for Restore<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        match self.0.get::<B::InnerBackend, D>(param.id) {
            Some(value) => Param::initialized(param.id, Tensor::from_inner(value)),
            None => param,
        }
    }
}

struct Read<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    transaction: Transaction<B::InnerBackend>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Read<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let read = match self.gradients.get::<B::InnerBackend, D>(param.id) {
            Some(gradient) => gradient,
            None if value.is_require_grad() => panic!("burn has lost the gradient of a parameter, {:?}", value.dims()),
            None => value.inner(),
        };
        self.transaction = std::mem::take(&mut self.transaction).register(read);
    }
}

/// Gradients and running statistics of a vector.
struct FromValues<'a> {
    rest: &'a [f32],
    gradients: GradientsParams,
    statistics: GradientsParams,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for FromValues<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let shape = value.shape();
        let values = self.rest.split_off(..shape.num_elements()).expect("the sum has all values");
        let tensor = Tensor::<B::InnerBackend, D>::from_data(TensorData::new(values.to_vec(), shape), &value.device());
        let into = if value.is_require_grad() { &mut self.gradients } else { &mut self.statistics };
        into.register(param.id, tensor);
    }
}
