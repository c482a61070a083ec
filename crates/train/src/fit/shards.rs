//! A batch in shards: each forward and backward by itself, the batch's gradient as their sum.
//!
//! What a process has of a batch is one vector: the gradients, and the running statistics of batch normalisation as they are after
//! its shard alone. A batch's vector is the mean over its images, added up by [`Ranks::sum`], so that gradient and statistics come
//! from the same sum. Each shard is normalised by its own statistics, as in PyTorch's `DistributedDataParallel` without
//! `SyncBatchNorm`.

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

/// Gives a classifier these running statistics. Its clone shares them with it, as all of Burn's do.
fn restore<B: AutodiffBackend>(model: &Classifier<B>, statistics: &GradientsParams) {
    synchronise(model);
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
            None if value.is_require_grad() => value.inner().zeros_like(),
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

#[cfg(all(test, feature = "flex"))]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::{path::Path, sync::Arc};

    use burn::train::Interrupter;
    use data::{DataSet, Request, Source};
    use plan::{BuiltIn, Config, Plan, Setting};
    use run::{EpochRecord, RunFolder, folder};

    use crate::{
        Error,
        backend::choice,
        fit::{Job, StopReason, fit_on},
        observer::{EpochProgress, Observer},
        ranks::{Ranks, testing::together},
    };

    struct Deaf;

    impl Observer for Deaf {
        fn batches(&mut self, _: &EpochProgress) {}

        fn epoch(&mut self, _: &EpochRecord, _: usize, _: bool) {}

        fn warning(&mut self, _: &Error) {}
    }

    fn plan(config: BuiltIn, settings: &[&str]) -> Plan {
        let settings: Vec<Setting> = settings.iter().map(|setting| Setting::parse(setting).unwrap()).collect();
        Plan::resolve(&Config::BuiltIn(config), &settings).unwrap()
    }

    fn data() -> DataSet {
        let source = Source::Synthetic { seed: 1, train: 133, valid: 40 };
        data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap()
    }

    /// Trains by so many threads; the model's bytes and what each epoch measured.
    fn trained(plan: &Plan, data: &DataSet, count: usize) -> (Vec<u8>, Vec<EpochRecord>) {
        let runs = tempfile::tempdir().unwrap();
        let plan = Plan { runs: runs.path().into(), ..plan.clone() };
        let folder = RunFolder::create(&plan).unwrap();
        let work = |ranks: Ranks| {
            let folder = ranks.is_first().then_some(&folder);
            let chosen = choice::choose(plan.backend, 0).unwrap();
            let job = Job {
                plan: Arc::new(plan.clone()),
                data,
                folder,
                resume: None,
                backend: chosen.kind.name().into(),
                device: "CPU".into(),
                observer: Box::new(Deaf),
                interrupter: Interrupter::new(),
                pause: None,
                tui: false,
                ranks,
            };
            assert_eq!(fit_on(&chosen, Path::new(""), job).unwrap().stop, StopReason::Finished);
        };
        if count == 1 {
            work(Ranks::default())
        } else {
            together(count, work).into_iter().collect()
        }
        let model = std::fs::read(folder::model_path(folder.path())).unwrap();
        let mut epochs = folder::read_epochs(folder.path()).unwrap();
        epochs.iter_mut().for_each(|epoch| (epoch.seconds, epoch.images_per_second) = (0.0, 0.0));
        (model, epochs)
    }

    /// 133 images in batches of 32: the last has 5, so that of 8 shards three have none.
    const BATCHES: [&str; 4] = ["training.epochs=2", "training.batch_size=32", "parallel.shards=8", "backend=flex"];

    #[test]
    fn a_training_has_the_same_bits_by_however_many_processes() {
        let data = data();
        let more = ["model.channels=2", "training.accumulate=2", "training.clip_norm=0.1", "training.ema_decay=0.9"];
        let more = [&BATCHES[..], &more, &["augmentation.degrees=10", "model.dropout=0.3"]].concat();
        for plan in [plan(BuiltIn::Linear, &BATCHES), plan(BuiltIn::ResNet, &more)] {
            let alone = trained(&plan, &data, 1);
            for count in [2, 3, 8] {
                assert!(trained(&plan, &data, count) == alone, "{} by {count}", plan.name);
            }
        }
    }

    #[test]
    fn the_gradient_of_shards_is_that_of_the_batch() {
        let data = data();
        let of = |shards: &str| {
            let plan = plan(BuiltIn::TwoLayer, &[&BATCHES[..], &[shards]].concat());
            trained(&plan, &data, 1).1.pop().unwrap()
        };
        let (one, eight) = (of("parallel.shards=1"), of("parallel.shards=8"));
        let off = (one.train.loss - eight.train.loss).abs().max((one.valid.loss - eight.valid.loss).abs());
        assert!(off < 1e-6, "{one:?} {eight:?}");
        let [one, eight] = [one, eight].map(|epoch| epoch.gradient_norm.unwrap());
        assert!((one / eight - 1.0).abs() < 1e-4, "{one} {eight}");
    }

    #[test]
    fn running_statistics_are_the_mean_of_the_shards() {
        // A batch of two halves with other means: by itself each is normalised by its own.
        let data = data();
        let settings = ["training.epochs=1", "training.batch_size=133", "backend=flex", "model.channels=2"];
        let with = |shards: &str| plan(BuiltIn::ResNet, &[&settings[..], &[shards]].concat());
        let [whole, halves] = ["parallel.shards=1", "parallel.shards=2"].map(|it| trained(&with(it), &data, 1).0);
        let statistics = |model: &[u8], name: &str| -> Vec<f32> {
            let tensors = safetensors::SafeTensors::deserialize(model).unwrap();
            let bytes = tensors.tensor(name).unwrap().data().to_vec();
            bytes.chunks(4).map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect()
        };
        // After one step the running mean of the first layer is a tenth of the batch's, which is the mean of those of its shards.
        let [whole, halves] = [whole, halves].map(|model| statistics(&model, "1.running_mean"));
        assert!(whole.iter().zip(&halves).all(|(a, b)| (a - b).abs() < 1e-6), "{whole:?} {halves:?}");
        assert!(whole.iter().any(|mean| mean.abs() > 1e-4));
    }
}
