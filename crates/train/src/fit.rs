//! A run from its plan to its model, to be read from top to bottom: start, session, end.
//!
//! Burn's Learner owns network, optimizer and learning rate, and lends them (`learner`) to the loop (`session`): epochs, steps,
//! validation, checkpoint. What that needs besides stands in the other files of this folder, none of which knows the loop.

mod best_model;
mod learner;
mod network_state;
pub(crate) mod optimizer;
mod parameters;
mod record_schema;
mod run_record;
mod session;
mod shards;
mod start;
mod step_size;
#[cfg(feature = "tui")]
mod tui;
#[cfg(all(test, feature = "flex"))]
mod used_keys;
mod weight_average;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use burn::{module::AutodiffModule as _, train::Interrupter};
use data::{Augmentation, DataSet, ImageDataset, ImageLoader, Images, Order};
use model::{AutodiffBackend, Backend};
use plan::{AugmentationPlan, ModelKind, Plan, Sampling};
use run::{
    RunFolder, RunLogger, RunRecord,
    checkpoint::{Checkpoint, TrainState},
    event_log::SessionStatus,
    folder,
};

use crate::{
    Error,
    backend::{BackendError, BackendJob, choice::Chosen, dispatch},
    classifier::Classifier,
    evaluation, export,
    fit::{
        best_model::BestModel,
        learner::LoopContext,
        start::{Start, before_the_first_step},
    },
    observer::Observer,
    panics,
    ranks::Ranks,
};

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
    let (session, learner) = match session::prepared(job, start, device) {
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
    session.into_inner().unwrap_or_else(PoisonError::into_inner).ended(ended.flatten())
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

/// The exit code of a process whose training has failed.
const FAILED: u8 = 1;

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
