//! A run from its plan to its model, to be read from top to bottom: start, epochs, steps, validation, checkpoint, end.
//!
//! Burn's Learner owns network, optimizer and learning rate, and lends them to the loop here (`learner`). What the loop needs
//! besides stands in the files of this folder, none of which knows the loop.

mod best_model;
mod learner;
mod network_state;
pub(crate) mod optimizer;
mod parameters;
mod record_schema;
mod run_record;
mod shards;
mod step_size;
#[cfg(feature = "tui")]
mod tui;
#[cfg(all(test, feature = "flex"))]
mod used_keys;
mod weight_average;

use std::{
    io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use burn::{
    data::dataloader::DataLoader as _,
    module::AutodiffModule as _,
    train::{Interrupter, Learner, TrainOutput},
};
use data::{Augmentation, DataSet, ImageBatch, ImageDataset, ImageLoader, Images, Order, Shards};
use metrics::{MeanLoss, MetricSums, Metrics};
use model::{AutodiffBackend, Backend};
use plan::{AugmentationPlan, ModelKind, Plan, Sampling, Schedule};
use run::{
    BatchPlace, BatchRecord, CheckpointWriter, EpochRecord, RunFolder, RunLogger, RunRecord,
    checkpoint::{self, Checkpoint, TrainState},
    event_log::SessionStatus,
    folder,
};

use crate::{
    Error,
    backend::{BackendError, BackendJob, choice::Chosen, dispatch},
    classifier::{Classifier, StepOutput},
    evaluation::{self, SYNC_EVERY, evaluation_loader},
    export,
    fit::{
        best_model::BestModel,
        learner::{BurnEvents, Components, LoopContext},
        optimizer::{Accumulation, SharedLearningRate, SharedOptimizer, clip},
        shards::{ShardedStep, gather_outputs},
        step_size::{StepSize, StepToCome},
        weight_average::WeightAverage,
    },
    observer::{EpochProgress, Observer},
    panics,
    ranks::Ranks,
};

/// Epochs from which on their mean losses are a curve, and the parts of those of a shorter run.
const FEW_EPOCHS: usize = 10;
const PARTS: usize = 20;

/// What is being done, for an error.
const TRAINING: &str = "training";

/// A run to do.
pub struct Job<'a> {
    pub plan: Arc<Plan>,
    /// Both splits, for images of the size that the network takes.
    pub data: &'a DataSet,
    /// Held by this process; none where another of those that train together writes it.
    pub folder: Option<&'a RunFolder>,
    /// Where the checkpoint to go on from stands, as [`run::resume::open`] found it; none in a run that begins.
    pub resume: Option<TrainState>,
    /// By name, for `run.json` and messages.
    pub backend: String,
    /// As its driver names it.
    pub device: String,
    /// Hears of batches, epochs and warnings.
    pub observer: Box<dyn Observer>,
    /// Asks for a stop, which comes at the end of a step, with a checkpoint.
    pub interrupter: Interrupter,
    /// Asked before each epoch whether to pause there, so that the run can be gone on with.
    pub pause: Option<PauseWhen>,
    /// Whether Burn's terminal interface shows the run.
    pub tui: bool,
    /// The processes that train together.
    pub ranks: Ranks,
}

/// Whether to pause after so many epochs.
pub type PauseWhen = Box<dyn Fn(usize) -> Option<Pause> + Send>;

/// A run is to go no further for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why, where that needs saying.
    pub reason: Option<String>,
}

/// Why a run that did not fail has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All epochs are done.
    Finished,
    /// The patience of early stopping ran out.
    StoppedEarly,
    /// It was asked to stop.
    Interrupted,
    /// It has come as far as it was to come for now.
    Paused(Pause),
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it stopped.
    pub stop: StopReason,
    pub state: TrainState,
    /// The model file; none before the first epoch is done.
    pub model: Option<PathBuf>,
}

/// [`fit`] on the device chosen; `cache` as in [`dispatch`]. Training is compiled for each backend here, once for all callers.
///
/// # Errors
/// As [`fit`], and where the device is not there.
pub fn fit_on(chosen: &Chosen, cache: &Path, job: Job<'_>) -> Result<Outcome, Error> {
    dispatch(chosen.kind, chosen.index, cache, Fit(job))?
}

struct Fit<'a>(Job<'a>);

impl BackendJob for Fit<'_> {
    const WORK: &'static str = TRAINING;

    type Output = Result<Outcome, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        fit::<B>(self.0, &device)
    }
}

/// Trains on a device. Once it has begun, the run folder is complete whatever comes of it.
///
/// # Errors
/// Where this data cannot be trained on ([`check`]), or a resumed run's checkpoints are not of its network: then nothing has
/// changed. Where a file cannot be written or the loss is no number any more: `run.json` says so too.
pub fn fit<B: AutodiffBackend>(job: Job<'_>, device: &B::Device) -> Result<Outcome, Error> {
    let ranks = job.ranks.clone();
    let outcome = check(&job.plan, job.data).and_then(|()| match job.folder {
        Some(folder) => lead::<B>(job, folder, device),
        None => follow::<B>(job, device),
    });
    // They go on with nothing that this one has no part in.
    outcome.as_ref().err().into_iter().for_each(|error| ranks.fail(&error.to_string(), FAILED));
    outcome
}

/// The run of the process that writes it.
fn lead<B: AutodiffBackend>(mut job: Job<'_>, folder: &RunFolder, device: &B::Device) -> Result<Outcome, Error> {
    let backend = job.backend.clone();
    let newest = job.resume.take();
    let resume = newest.map(|newest| contained(&backend, || Start::at(newest, &mut job, folder, device)).flatten());
    let resume = resume.transpose()?;
    let mut state = resume.as_ref().map_or_else(|| before_the_first_step(job.data), |start| start.state.clone());
    let mut record = run_record::of_start(&job, folder.path(), resume.is_some().then_some(&state));
    let outcome =
        contained(&backend, || train_and_keep_best::<B>(job, folder, resume, &mut record, &mut state, device))
            .flatten();
    run_record::complete(&mut record, &state, &outcome);
    let written = folder.write_record(&record).map_err(Error::from);
    outcome.and_then(|outcome| written.map(|()| outcome))
}

/// The same steps by a process that only computes its part of them.
fn follow<B: AutodiffBackend>(job: Job<'_>, device: &B::Device) -> Result<Outcome, Error> {
    let backend = job.backend.clone();
    contained(&backend, || {
        let bytes = job.ranks.broadcast(&[])?;
        let fresh = Start::<B>::fresh(&job, device);
        let start = match Checkpoint::decode(&bytes) {
            _ if bytes.is_empty() => Ok(fresh),
            checkpoint => checkpoint.and_then(|checkpoint| fresh.moved_to(checkpoint, &job, device)),
        };
        let trained = in_learner(job, start.map_err(Error::Record)?, device);
        trained.end.map(|stop| Outcome { stop, state: trained.state, model: None })
    })
    .flatten()
}

/// Refuses what cannot be trained on this data: a loss or weights that are not for so many classes, and batches whose features are one value
/// a channel, which batch normalisation sets to its shift whatever the images are (PyTorch refuses them too).
///
/// # Errors
/// Where the loss, or a batch of the training split, is so.
pub fn check(plan: &Plan, data: &DataSet) -> Result<(), Error> {
    if !plan.training.loss.is_for(data.task()) {
        return Err(Error::LossOfTwo { loss: plan.training.loss, classes: data.task().classes().len() });
    }
    if let Err(weights) = plan.training.class_weights.of(&counts(&data.train)) {
        return Err(Error::ClassWeights { weights, classes: data.task().classes().len() });
    }
    let (images, batch_size, [height, width]) = (data.train.len(), plan.training.batch_size, data.shape().sides());
    let is_single = match plan.model.kind {
        ModelKind::ResNet | ModelKind::SimpleCnn => features_are_single_pixels(plan, data),
        ModelKind::Linear | ModelKind::TwoLayer => false,
    };
    let least = if images.is_multiple_of(batch_size) { batch_size } else { images % batch_size };
    if is_single && least / plan.parallel.shards <= 1 {
        return Err(Error::SingleValues { batch_size, images, height, width });
    }
    Ok(())
}

/// Whether the residual net shrinks these images to features of a single pixel, as the book's CNN does with all.
pub fn features_are_single_pixels(plan: &Plan, data: &DataSet) -> bool {
    let of_resnet = model::feature_sides(data.shape().sides(), plan.model.blocks.len());
    plan.model.kind == ModelKind::SimpleCnn || of_resnet == [1, 1]
}

/// A panic of the libraries below ends the run as an error does.
fn contained<T>(backend: &str, work: impl FnOnce() -> T) -> Result<T, Error> {
    let failed = |panic| BackendError::Panicked { backend: backend.into(), work: TRAINING.into(), panic };
    panics::contained(work).map_err(|panic| failed(panic).into())
}

fn before_the_first_step(data: &DataSet) -> TrainState {
    let epoch_sums = MetricSums::new(data.task().classes().len());
    TrainState { fingerprint: data.fingerprint.clone(), epoch_sums, ..TrainState::default() }
}

/// What a run begins with.
struct Start<B: AutodiffBackend> {
    state: TrainState,
    classifier: Classifier<B>,
    optimizer: SharedOptimizer<B>,
    average: Option<WeightAverage<B>>,
    /// Whether there is a checkpoint to go on from.
    is_saved: bool,
}

impl<B: AutodiffBackend> Start<B> {
    /// A run that has not begun.
    fn fresh(job: &Job<'_>, device: &B::Device) -> Self {
        let classifier = Classifier::new(&job.plan, job.data.task(), job.data.shape(), device);
        Self {
            state: before_the_first_step(job.data),
            optimizer: SharedOptimizer::new(&job.plan.optimizer),
            average: WeightAverage::new(&job.plan.training, classifier.valid()),
            classifier,
            is_saved: false,
        }
    }

    /// A run at its newest checkpoint; where that is not of this network and optimizer, at the one before it.
    fn at(newest: TrainState, job: &mut Job<'_>, folder: &RunFolder, device: &B::Device) -> Result<Self, Error> {
        let fresh = Self::fresh(job, device);
        let (start, of_another) = checkpoint::newest(&folder.checkpoints(), newest.step, |checkpoint| {
            checkpoint.state.is_of_the_run(&newest)?;
            fresh.moved_to(checkpoint, job, device)
        })?;
        of_another.into_iter().for_each(|reason| job.observer.warning(&reason.into()));
        let path = folder.checkpoints();
        start.ok_or_else(|| files::Error::Read { path, cause: io::ErrorKind::NotFound.into() }.into())
    }

    /// The run at a checkpoint.
    ///
    /// # Errors
    /// Where it is not one of this run's network and optimizer: what differs.
    fn moved_to(&self, checkpoint: Checkpoint, job: &Job<'_>, device: &B::Device) -> Result<Self, String> {
        checkpoint.state.check(&job.plan, job.data.train.len(), job.data.task().classes().len())?;
        let average = network_state::average(&checkpoint, self.classifier.valid(), device)?;
        if average.is_none() && self.average.is_some() {
            return Err("it has no averaged weights".into());
        }
        let average = average.and_then(|average| WeightAverage::new(&job.plan.training, average));
        let classifier = network_state::model(&checkpoint, self.classifier.clone(), device)?;
        let optimizer = network_state::optimizer(&checkpoint, &job.plan.optimizer, &classifier, device)?;
        Ok(Self { state: checkpoint.state, classifier, optimizer, average, is_saved: true })
    }

    /// The checkpoint of it, as bytes; none of a run that begins.
    fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        if !self.is_saved {
            return Ok(Vec::new());
        }
        let (classifier, average) = (self.classifier.clone(), self.average.as_ref());
        Ok(network_state::checkpoint(&self.state, classifier, &self.optimizer, average)?.encode())
    }
}

/// Trains from the start on and keeps the best model; `state` tells how far it came, also after an error.
fn train_and_keep_best<B: AutodiffBackend>(
    mut job: Job<'_>,
    folder: &RunFolder,
    resume: Option<Start<B>>,
    record: &mut RunRecord,
    state: &mut TrainState,
    device: &B::Device,
) -> Result<Outcome, Error> {
    let mut start = resume.unwrap_or_else(|| Start::fresh(&job, device));
    start.state.started = record.started.clone();
    let (plan, data, backend) = (job.plan.clone(), job.data, job.backend.clone());
    record.model.parameters = start.classifier.network().num_trained();
    let best_model = BestModel::<B> { folder, plan: &plan, data, device };
    if start.is_saved {
        // The resume does without a damaged line.
        let damaged = folder::read_epochs(folder.path()).err();
        let damaged = damaged.filter(|error| matches!(error, files::Error::Damaged { .. }));
        damaged.into_iter().for_each(|damaged| job.observer.warning(&damaged.into()));
    }
    // What is lost is said now, and an epoch whose model is gone does not stand in the way of those to come.
    let (_, lost) = best_model.find(&mut start.state);
    lost.iter().for_each(|lost| job.observer.warning(lost));
    *state = start.state.clone();
    folder.begin_record(record)?;
    if job.ranks.count() > 1 {
        job.ranks.broadcast(&start.to_bytes()?)?;
    }
    let mut trained = in_learner(job, start, device);
    *state = trained.state.clone();
    // The best model so far is worth having however the run ended; what ended it is the error to tell.
    let model = contained(&backend, || keep_best(&mut trained, &best_model)).flatten();
    *state = trained.state.clone();
    trained.end.and_then(|stop| Ok(Outcome { stop, state: trained.state, model: model? }))
}

/// What came of a session.
struct SessionResult {
    /// How far it came.
    state: TrainState,
    /// Who has heard of its progress; nobody where it did not begin.
    observer: Option<Box<dyn Observer>>,
    /// What it has written; nothing where it did not begin.
    logger: Option<RunLogger>,
    end: Result<StopReason, Error>,
}

/// Lets Burn's Learner run the session.
fn in_learner<B: AutodiffBackend>(job: Job<'_>, start: Start<B>, device: &B::Device) -> SessionResult {
    let (interrupter, tui, backend) = (job.interrupter.clone(), job.tui, job.backend.clone());
    // Burn writes nothing there.
    let folder = job.folder.map_or(Path::new("."), RunFolder::path);
    let state = start.state.clone();
    let (session, learner) = match prepared(job, start, device) {
        Ok(prepared) => prepared,
        Err(error) => return SessionResult { state, observer: None, logger: None, end: Err(error) },
    };
    let (loaders, epochs) = ((session.train.clone(), session.valid.clone()), session.plan.training.epochs);
    let session = Arc::new(Mutex::new(session));
    let handle = session.clone();
    let work = move |context: LoopContext<'_, B>| handle.lock().unwrap_or_else(PoisonError::into_inner).run(context);
    let show = match tui {
        #[cfg(feature = "tui")]
        true => tui::show,
        _ => learner::silent,
    };
    let ended =
        contained(&backend, || learner::run_in_learner(learner, folder, loaders, epochs, interrupter, show, work));
    let session = Arc::into_inner(session).expect("Burn lets go of the session when its training ends");
    let Session { state, observer, files, .. } = session.into_inner().unwrap_or_else(PoisonError::into_inner);
    SessionResult { state, observer: Some(observer), logger: files.map(|files| files.logger), end: ended.flatten() }
}

/// The session and the Learner that go on from there.
fn prepared<B: AutodiffBackend>(
    job: Job<'_>,
    start: Start<B>,
    device: &B::Device,
) -> Result<(Session<B>, Learner<Components<B>>), Error> {
    let (plan, data, ranks) = (job.plan, job.data, job.ranks);
    let Start { state, classifier, optimizer, average, is_saved } = start;
    let shards = Shards::new(plan.parallel.shards, ranks.own_part(plan.parallel.shards));
    let train = training_loader(&plan, &data.train, device).sharded(shards);
    let steps = plan.training.steps(train.num_batches()) * plan.training.epochs;
    let files = job.folder.map(|folder| RunFiles::open(folder, &plan, train.num_batches(), &state)).transpose()?;
    let valid = evaluation_loader(&plan, &data.valid, device);
    let rate = SharedLearningRate::default();
    let session = Session {
        train: Arc::new(train),
        valid: Arc::new(valid.of_batches(ranks.own_part(valid.num_batches()))),
        shards,
        ranks,
        optimizer: optimizer.clone(),
        last_step: StepSize::default(),
        average,
        schedule: Schedule::new(&plan, steps),
        rate: rate.clone(),
        files,
        state,
        observer: job.observer,
        is_saved,
        tells_burn: job.tui,
        pause: job.pause,
        plan,
    };
    Ok((session, Learner::new(classifier, optimizer, rate)))
}

/// Batches of a split, shuffled anew for each epoch by the plan's seed, changed as the plan says.
pub(crate) fn training_loader<B: Backend>(plan: &Plan, images: &Arc<Images>, device: &B::Device) -> ImageLoader<B> {
    let (dataset, order) = (ImageDataset::new(images.clone()), Order::Shuffled { seed: plan.seed });
    ImageLoader::new(dataset, plan.training.batch_size, order, plan.data.workers, device.clone())
        .augmented(augmentation(plan), plan.seed)
        .smoothed(plan.training.label_smoothing)
        .weighted(plan.training.class_weights.of(&counts(images)).expect("the plan is checked against the data"))
        .balanced((plan.data.sampling == Sampling::Balanced).then_some(plan.seed))
        .dropping(plan.model.dropout, plan.seed)
}

/// Images of each class.
fn counts(images: &Images) -> Vec<usize> {
    images.task().labels().map(|label| images.count(label)).collect()
}

/// What the plan changes of training images.
#[must_use]
pub fn augmentation(plan: &Plan) -> Augmentation {
    let AugmentationPlan { degrees, translate, scale, flip, shift, crop, brightness, contrast, erasing, mixup } =
        plan.augmentation;
    Augmentation { degrees, translate, scale, flip, shift, crop, brightness, contrast, erasing, mixup }
}

/// What a run writes while it trains.
struct RunFiles {
    writer: CheckpointWriter,
    logger: RunLogger,
}

impl RunFiles {
    /// Of a run of so many batches an epoch that goes on from a state.
    fn open(folder: &RunFolder, plan: &Plan, batches: usize, state: &TrainState) -> Result<Self, Error> {
        let logger = RunLogger::open(folder.path(), plan, batches, state)?;
        let keep_last = plan.checkpoint.keep_last;
        let writer = CheckpointWriter::new(folder.checkpoints(), keep_last, state.step, logger.handles()?);
        Ok(Self { writer, logger })
    }
}

/// The exit code of a process whose training has failed.
const FAILED: u8 = 1;

/// Words by which the processes that train together agree.
const GO_ON: u32 = 0;
const STOP: u32 = 1;
const PAUSE: u32 = 2;

/// A run in progress: what the loop works with and where it stands.
struct Session<B: AutodiffBackend> {
    plan: Arc<Plan>,
    train: Arc<ImageLoader<B>>,
    /// Of several processes each has a part of the validation batches.
    valid: Arc<ImageLoader<B::InnerBackend>>,
    /// Those of this process.
    shards: Shards,
    ranks: Ranks,
    /// A second handle on the Learner's optimizer.
    optimizer: SharedOptimizer<B>,
    /// What the last step of an epoch measured.
    last_step: StepSize,
    /// What is evaluated and kept instead of the weights that are trained, where the plan says so.
    average: Option<WeightAverage<B>>,
    /// Learning rate and momentum of each step.
    schedule: Schedule,
    /// A second handle on the Learner's learning rate.
    rate: SharedLearningRate,
    state: TrainState,
    /// None where another process writes them.
    files: Option<RunFiles>,
    observer: Box<dyn Observer>,
    is_saved: bool,
    /// Whether Burn's renderer wants every batch too.
    tells_burn: bool,
    pause: Option<PauseWhen>,
}

/// Batches whose outputs, those of the own shards, are still on the device; `B` is the backend without gradients.
type Pending<B> = Vec<(BatchPlace, Vec<StepOutput<B>>)>;

impl<B: AutodiffBackend> Session<B> {
    /// Trains from the state on until the plan is done, patience runs out, or it is to stop or to pause.
    fn run(&mut self, mut context: LoopContext<'_, B>) -> Result<StopReason, Error> {
        let stop = self.epochs(&mut context)?;
        self.files.as_mut().map_or(Ok(()), |files| files.writer.finish())?;
        self.ranks.agree(GO_ON)?;
        // What is left to do the first does alone.
        self.ranks.close();
        Ok(stop)
    }

    fn epochs(&mut self, context: &mut LoopContext<'_, B>) -> Result<StopReason, Error> {
        while self.state.epoch < self.plan.training.epochs {
            if let Some(stop) = self.stop_reason(context)? {
                return Ok(stop);
            }
            let began = Instant::now();
            let spent = self.state.seconds;
            let Some(images) = self.train_epoch(context, began)? else { return Ok(StopReason::Interrupted) };
            let images_per_second = images as f64 / began.elapsed().as_secs_f64();
            let valid = self.validate(context)?;
            let seconds = began.elapsed().as_secs_f64();
            self.state.seconds = spent + seconds;
            self.end_epoch(&context.learner.model(), valid, seconds, images_per_second)?;
            self.require_same_parameters(&context.learner.model())?;
            self.save(context.learner)?;
        }
        Ok(StopReason::Finished)
    }

    /// Why no further epoch begins, if so.
    fn stop_reason(&self, context: &LoopContext<'_, B>) -> Result<Option<StopReason>, Error> {
        if self.state.best_tracker.out_of_patience(&self.plan) {
            return Ok(Some(StopReason::StoppedEarly));
        }
        let stop = context.interrupter.should_stop();
        let pause = self.pause.as_ref().filter(|_| !stop).and_then(|pause| pause(self.state.epoch));
        let own = if stop { STOP } else { pause.as_ref().map_or(GO_ON, |_| PAUSE) };
        Ok(match self.ranks.agree(own)? {
            STOP => Some(StopReason::Interrupted),
            PAUSE => Some(StopReason::Paused(pause.unwrap_or(Pause { reason: None }))),
            _ => None,
        })
    }

    /// Whatever the machines are, they are to compute the same: a sum that is the same everywhere makes a step that is.
    fn require_same_parameters(&self, model: &Classifier<B>) -> Result<(), Error> {
        if self.ranks.count() == 1 {
            return Ok(());
        }
        let all = self.ranks.gather(&[parameters::digest(model.network())])?;
        match all.iter().position(|digest| *digest != all[0]) {
            Some(rank) => Err(Error::Apart { rank, epoch: self.state.epoch }),
            None => Ok(()),
        }
    }

    /// Trains what is left of the epoch; returns how many images that were, or none where it was asked to stop, which it did after
    /// a step.
    fn train_epoch(&mut self, context: &mut LoopContext<'_, B>, began: Instant) -> Result<Option<usize>, Error> {
        let spent = self.state.seconds;
        let loader = self.train.clone();
        loader.set_epoch(self.state.epoch);
        loader.set_start(self.state.batch);
        let mut accumulation = Accumulation::new(&self.plan.training);
        let (mut pending, mut images) = (Vec::with_capacity(SYNC_EVERY), 0);
        let mut batches = loader.iter();
        while self.state.batch < loader.num_batches() {
            images += loader.batch_len(self.state.batch);
            let (stepped, word) = self.train_batch(context, &mut batches, &mut accumulation, &mut pending)?;
            let last = self.state.batch == loader.num_batches();
            let stop = stepped && !last && word == STOP;
            let save = stop || (stepped && !last && self.save_is_due());
            if save || last || pending.len() == SYNC_EVERY {
                self.read_pending(&mut pending)?;
                self.tell_progress(images as f64 / began.elapsed().as_secs_f64());
            }
            if save {
                self.state.seconds = spent + began.elapsed().as_secs_f64();
                self.save(context.learner)?;
            }
            if stop {
                return Ok(None);
            }
        }
        Ok(Some(images))
    }

    /// Forward, backward and, where the batch completes one, the optimizer's step; returns whether it did, and whether all processes
    /// are to go on.
    fn train_batch(
        &mut self,
        context: &mut LoopContext<'_, B>,
        batches: &mut dyn Iterator<Item = ImageBatch<B>>,
        accumulation: &mut Accumulation<B>,
        pending: &mut Pending<B::InnerBackend>,
    ) -> Result<(bool, u32), Error> {
        let samples = self.train.batch_len(self.state.batch);
        let ShardedStep { gradients, outputs, word } = self.step(context, batches, samples)?;
        self.state.batch += 1;
        let place = self.batch_place();
        outputs.iter().for_each(|output| self.burn_events().train::<B>(context.processor, place, output));
        pending.push((place, outputs));
        let completes = self.plan.training.completes_step(self.state.batch, self.train.num_batches());
        let model = context.learner.model();
        let Some(gradients) = accumulation.add(&model, gradients, samples, completes) else {
            return Ok((false, word));
        };
        // Holding the weights costs a copy of them: once an epoch.
        let is_last = self.state.batch == self.train.num_batches();
        let measured = is_last.then(|| StepToCome::new(&model, &gradients));
        let gradients = clip(&model, gradients, self.plan.training.clip_norm as f32);
        drop(model);
        if let Some(momentum) = self.schedule.momentum(self.state.step) {
            self.optimizer.set_momentum(momentum);
        }
        self.rate.set(self.schedule.learning_rate(self.state.step));
        context.learner.lr_step();
        context.learner.optimizer_step(gradients);
        self.state.step += 1;
        if let Some(step) = measured {
            self.last_step = step.taken(&context.learner.model());
        }
        if let Some(average) = &mut self.average {
            average.update(&context.learner.model(), self.state.step);
        }
        Ok((true, word))
    }

    /// Forward and backward of the next batch, by the Learner where it is in one piece.
    fn step(
        &self,
        context: &LoopContext<'_, B>,
        batches: &mut dyn Iterator<Item = ImageBatch<B>>,
        samples: usize,
    ) -> Result<ShardedStep<B>, Error> {
        let word = || if context.interrupter.should_stop() { STOP } else { GO_ON };
        if self.shards.count() > 1 {
            return shards::step(&context.learner.model(), batches, (self.shards, samples), &self.ranks, word());
        }
        let batch = batches.next().expect("the loader has the batches of an epoch");
        let TrainOutput { grads, item } = context.learner.train_step(batch);
        Ok(ShardedStep { gradients: grads, outputs: vec![item], word: word() })
    }

    fn save_is_due(&self) -> bool {
        let every = self.plan.checkpoint.every_steps;
        every > 0 && self.state.step.is_multiple_of(every)
    }

    fn batch_place(&self) -> BatchPlace {
        BatchPlace {
            epoch: self.state.epoch + 1,
            batch: self.state.batch,
            step: self.state.step + 1,
            learning_rate: self.schedule.learning_rate(self.state.step),
        }
    }

    /// The last batch of an epoch that has been trained.
    fn last_place(&self) -> BatchPlace {
        let step = self.state.step;
        BatchPlace { step, learning_rate: self.schedule.learning_rate(step.saturating_sub(1)), ..self.batch_place() }
    }

    /// What Burn's renderer hears of this epoch.
    fn burn_events(&self) -> BurnEvents {
        let epoch = [self.state.epoch + 1, self.plan.training.epochs];
        BurnEvents::new(self.tells_burn, epoch, [self.train.num_batches(), self.valid.num_batches()])
    }

    /// Brings the pending outputs to the host: into the epoch's sums and the log.
    fn read_pending(&mut self, pending: &mut Pending<B::InnerBackend>) -> Result<(), Error> {
        let (places, outputs): (Vec<_>, Vec<_>) = mem::take(pending).into_iter().unzip();
        let shards: Vec<usize> = outputs.iter().map(Vec::len).collect();
        let mut read = StepOutput::read(outputs.into_iter().flatten().collect()).into_iter();
        let own = shards.into_iter().map(|shards| read.by_ref().take(shards).collect()).collect();
        for (place, shards) in places.into_iter().zip(gather_outputs(&self.ranks, own)?) {
            let samples = shards.iter().map(|shard| shard.labels.len()).sum();
            let mut mean = MeanLoss::default();
            shards.iter().for_each(|shard| mean.add(f64::from(shard.loss), shard.labels.len()));
            let batch_loss = mean.take() as f32;
            refuse_divergence("training", batch_loss, place, self.is_saved)?;
            let sums = &mut self.state.epoch_sums;
            shards.iter().for_each(|shard| sums.add(shard.loss, &shard.predictions(), &shard.labels));
            self.add_to_part(place.batch, batch_loss, samples);
            let record = BatchRecord { place, batch_loss };
            self.files.as_mut().map_or(Ok(()), |files| files.logger.batch(&record, samples))?;
        }
        Ok(())
    }

    /// Of a short run also the parts of an epoch have their losses: a few epochs alone are no curve.
    fn add_to_part(&mut self, batch: usize, loss: f32, samples: usize) {
        if self.plan.training.epochs < FEW_EPOCHS {
            let batches = self.train.num_batches();
            let part = (batch - 1) * PARTS.min(batches) / batches;
            let parts = &mut self.state.part_losses;
            parts.resize(parts.len().max(part + 1), MeanLoss::default());
            parts[part].add(f64::from(loss), samples);
        }
    }

    fn tell_progress(&mut self, images_per_second: f64) {
        let so_far = self.state.epoch_sums.metrics();
        self.observer.batches(&EpochProgress {
            epoch: self.state.epoch + 1,
            epochs: self.plan.training.epochs,
            images: self.state.epoch_sums.counts.total() as usize,
            images_total: self.train.num_items(),
            step: self.state.step,
            steps: self.plan.training.steps(self.train.num_batches()) * self.plan.training.epochs,
            loss: so_far.loss,
            accuracy: so_far.accuracy,
            images_per_second,
        });
    }

    fn validate(&mut self, context: &mut LoopContext<'_, B>) -> Result<Metrics, Error> {
        let averaged = self.average.as_ref().map(|average| average.classifier().clone());
        let classifier = averaged.unwrap_or_else(|| context.learner.model().valid());
        let (mut batch, events) = (0, self.burn_events());
        let own = evaluation::outputs(&classifier, &self.valid, |output| {
            batch += 1;
            events.valid::<B>(context.processor, batch, output);
        });
        events.end_epoch::<B>(context.processor);
        let outputs = gather_outputs(&self.ranks, vec![own])?;
        let evaluation = evaluation::of_outputs(self.valid.task(), &outputs.concat());
        let metrics = evaluation.metrics();
        refuse_divergence("validation", metrics.loss as f32, self.last_place(), self.is_saved)?;
        Ok(metrics)
    }

    /// Moves the state to the next epoch and records this one: best so far, metrics, observer.
    fn end_epoch(
        &mut self,
        model: &Classifier<B>,
        valid: Metrics,
        seconds: f64,
        images_per_second: f64,
    ) -> Result<(), Error> {
        let state = &mut self.state;
        state.epoch += 1;
        state.batch = 0;
        state.best_tracker.observe(&self.plan, state.epoch, state.step, &valid);
        state.last = Some(valid);
        let record = EpochRecord {
            epoch: state.epoch,
            step: state.step,
            learning_rate: self.schedule.learning_rate(state.step - 1),
            gradient_norm: self.last_step.gradient_norm,
            update_ratio: self.last_step.update_ratio,
            train: mem::replace(&mut state.epoch_sums, MetricSums::new(self.train.task().classes().len())).metrics(),
            train_losses: whole(mem::take(&mut state.part_losses), PARTS.min(self.train.num_batches())),
            valid,
            seconds,
            images_per_second,
        };
        let parameters = || parameters::values(model.network());
        self.files.as_mut().map_or(Ok(()), |files| files.logger.epoch(&record, parameters))?;
        let is_best = self.state.best_tracker.best.as_ref().is_some_and(|best| best.epoch == record.epoch);
        self.observer.epoch(&record, self.plan.training.epochs, is_best);
        Ok(())
    }

    /// Hands a checkpoint of this moment to the writer.
    fn save(&mut self, learner: &Learner<Components<B>>) -> Result<(), Error> {
        self.is_saved = true;
        let Some(files) = &mut self.files else { return Ok(()) };
        self.state.event_log_bytes = files.logger.event_log_bytes().unwrap_or(self.state.event_log_bytes);
        let checkpoint =
            network_state::checkpoint(&self.state, learner.model(), &self.optimizer, self.average.as_ref())?;
        Ok(files.writer.write(checkpoint)?)
    }
}

/// The loss of each part of an epoch; none where not all of it was trained by a plan that counts by parts, as where it was begun in a
/// longer run.
fn whole(mut parts: Vec<MeanLoss>, count: usize) -> Vec<f64> {
    let losses: Vec<f64> = parts.iter_mut().map(MeanLoss::take).collect();
    if losses.len() == count && losses.iter().all(|loss| loss.is_finite()) { losses } else { vec![] }
}

/// Refuses a loss that is NaN or infinite, naming the step and what probably caused it.
fn refuse_divergence(split: &'static str, loss: f32, place: BatchPlace, is_saved: bool) -> Result<(), Error> {
    if loss.is_finite() {
        return Ok(());
    }
    let cause = match place.learning_rate {
        rate if rate >= 1.0 => "the learning rate is probably too high: try a tenth of it",
        _ if place.step <= 1 => "the parameters or the data are no numbers from the start",
        _ => "try a tenth of the learning rate, or `training.clip_norm = 1.0`",
    };
    let (epoch, step, rate) = (place.epoch, place.step, place.learning_rate);
    Err(Error::Diverged { split, loss, epoch, step, rate, cause, is_saved })
}

/// Writes the best epoch's model, and what TensorBoard shows of a run's end; none before the first epoch is done.
fn keep_best<B: AutodiffBackend>(
    trained: &mut SessionResult,
    best_model: &BestModel<'_, B>,
) -> Result<Option<PathBuf>, Error> {
    let (best, lost) = best_model.find(&mut trained.state);
    // What could not be written is lost too, and then its error says so.
    let lost = lost.filter(|_| trained.end.is_ok());
    lost.iter().zip(&mut trained.observer).for_each(|(lost, observer)| observer.warning(lost));
    let path = folder::model_path(best_model.folder.path());
    if let Some(best) = &best {
        export::save(&path, best.network())?;
    }
    end_events(trained, best.as_ref(), best_model)?;
    Ok(best.map(|_| path))
}

/// Writes what TensorBoard shows of a run that has ended, where it shows anything.
fn end_events<B: AutodiffBackend>(
    trained: &mut SessionResult,
    model: Option<&Classifier<B>>,
    best_model: &BestModel<'_, B>,
) -> Result<(), Error> {
    let Some(events) = trained.logger.as_mut().and_then(RunLogger::events) else { return Ok(()) };
    if let Some((best, model)) = trained.state.best_tracker.best.as_ref().zip(model) {
        let BestModel { plan, data, device, .. } = best_model;
        let scores = evaluation::scores(plan, &model.valid(), &data.valid, device);
        events.best(best, evaluation::pictures(data, &scores), &evaluation::by_threshold(&scores))?;
    }
    let status = match trained.end {
        Ok(StopReason::Finished | StopReason::StoppedEarly) => SessionStatus::Success,
        Ok(StopReason::Interrupted | StopReason::Paused(_)) => SessionStatus::Unknown,
        Err(_) => SessionStatus::Failure,
    };
    Ok(events.end(trained.state.step, status)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_the_losses_of_all_its_parts_or_none() {
        let part = |loss: f64| {
            let mut part = MeanLoss::default();
            part.add(loss, 2);
            part
        };
        assert_eq!(whole(vec![part(0.5), part(0.25)], 2), [0.5, 0.25]);
        assert!(whole(vec![MeanLoss::default(), part(0.25)], 2).is_empty(), "begun in a longer run");
        assert!(whole(vec![part(0.5)], 2).is_empty(), "ended in a longer run");
    }
}
