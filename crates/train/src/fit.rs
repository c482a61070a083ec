//! A run from its plan to its model: Burn's Learner around our loop, `run.json` around both.

pub mod best;
mod best_model;
mod burn_events;
pub mod checkpoint;
mod divergence;
mod end_of_epoch;
mod event_log;
mod form;
pub(crate) mod gradients;
pub(crate) mod optimizer;
mod records;
mod render;
pub(crate) mod schedule;
mod session;
mod strategy;
#[cfg(feature = "tui")]
mod tui;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use burn::train::{Interrupter, Learner, SupervisedTraining, TrainingStrategy, logger::InMemoryMetricLogger};
use data::{Augmentation, DataSet, DigitDataset, DigitLoader, Digits, Order};
use model::{AutodiffBackend, Backend};

use crate::{
    Error,
    backend::{BackendError, Visitor, choice::Chosen, dispatch},
    classifier::Classifier,
    export,
    fit::{
        best_model::Models,
        checkpoint::{Checkpoint, Position},
        optimizer::SharedOptimizer,
        records::Records,
        schedule::Schedule,
        session::Session,
        strategy::{Components, Strategy, Trained},
        writer::Writer,
    },
    observer::Observer,
    panics,
    plan::{AugmentationPlan, ModelKind, Plan},
    run::record::{DataRecord, Machine, ModelRecord, RunRecord, State, Versions, now},
    run::{RunFolder, folder},
};

pub use session::{End, Lags};

/// What is being done, for an error.
const TRAINING: &str = "training";

/// A run to do.
pub struct Job<'a> {
    /// What to do.
    pub plan: Arc<Plan>,
    /// With which data.
    pub data: &'a DataSet,
    /// Where it is recorded.
    pub folder: &'a RunFolder,
    /// The moment to go on from, in a resumed run.
    pub resume: Option<Checkpoint>,
    /// Backend and device, by name, for `run.json`.
    pub device_names: [String; 2],
    /// Who hears of the progress.
    pub observer: Box<dyn Observer>,
    /// Says when to stop.
    pub interrupter: Interrupter,
    /// The epoch after which to pause, if before the plan's last: the run can be gone on with.
    pub until: Option<usize>,
    /// Says after each epoch whether the run is not worth going on with.
    pub lags: Option<Lags>,
    /// Whether Burn's terminal interface shows the run.
    pub tui: bool,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Where it stands.
    pub position: Position,
    /// The model file; none before the first epoch is done.
    pub model: Option<PathBuf>,
}

/// Trains on a device and leaves the run folder complete, whatever comes of it.
///
/// # Errors
/// Where a file cannot be written or the loss is no number any more; `run.json` says so too. Where a resumed run's checkpoints
/// are not of its networks: then nothing of it has changed.
pub fn fit<B: AutodiffBackend>(mut job: Job<'_>, device: &B::Device) -> Result<Outcome, Error> {
    check(&job.plan, job.data)?;
    let (folder, backend) = (job.folder, job.device_names[0].clone());
    let resume = job.resume.take().map(|newest| contained(&backend, || Start::at(newest, &mut job, device)).flatten());
    let resume = resume.transpose()?;
    let mut position = resume.as_ref().map_or_else(|| first(job.data), |start| start.position.clone());
    let mut record = started(&job, resume.is_some().then_some(&position));
    let outcome = contained(&backend, || run::<B>(job, resume, &mut record, &mut position, device)).flatten();
    close(&mut record, &position, &outcome);
    let written = folder.write_record(&record);
    outcome.and_then(|outcome| written.map(|()| outcome))
}

/// [`fit`] on the device chosen; `cache` as in [`dispatch`]. Training is compiled for each backend here, once for all callers.
///
/// # Errors
/// As [`fit`], and where the device is not there.
pub fn fit_on(chosen: &Chosen, cache: &Path, job: Job<'_>) -> Result<Outcome, Error> {
    dispatch(chosen.kind, chosen.index, cache, Fit(job))?
}

struct Fit<'a>(Job<'a>);

impl Visitor for Fit<'_> {
    const WORK: &'static str = TRAINING;

    type Output = Result<Outcome, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        fit::<B>(self.0, &device)
    }
}

/// A panic of the libraries below ends the run as an error does.
fn contained<T>(backend: &str, work: impl FnOnce() -> T) -> Result<T, Error> {
    let failed = |panic| BackendError::Panicked { backend: backend.into(), work: TRAINING.into(), panic };
    panics::contained(work).map_err(|panic| failed(panic).into())
}

/// What a run begins with.
struct Start<B: AutodiffBackend> {
    position: Position,
    classifier: Classifier<B>,
    optimizer: SharedOptimizer<B>,
    /// Whether there is a checkpoint to go on from.
    is_saved: bool,
}

impl<B: AutodiffBackend> Start<B> {
    /// A run that has not begun.
    fn fresh(job: &Job<'_>, device: &B::Device) -> Self {
        Self {
            position: first(job.data),
            classifier: Classifier::new(&job.plan, job.data.train.sides(), device),
            optimizer: SharedOptimizer::new(&job.plan.optimizer),
            is_saved: false,
        }
    }

    /// A run at its newest checkpoint; where that is not of this network and optimizer, at the one before it.
    fn at(newest: Checkpoint, job: &mut Job<'_>, device: &B::Device) -> Result<Self, Error> {
        let fresh = Self::fresh(job, device);
        let (start, unfit) = checkpoint::newest(&job.folder.checkpoints(), newest.position.step, |checkpoint| {
            checkpoint.position.check(&job.plan, job.data.train.len())?;
            if checkpoint.position.fingerprint != newest.position.fingerprint {
                return Err("it is of a training on other data".into());
            }
            let classifier = checkpoint.load_model(fresh.classifier.clone(), device)?;
            let optimizer = checkpoint.load_optimizer(&job.plan.optimizer, &classifier, device)?;
            Ok(Self { position: checkpoint.position, classifier, optimizer, is_saved: true })
        })?;
        unfit.iter().for_each(|unfit| job.observer.warning(unfit));
        let path = job.folder.checkpoints();
        start.ok_or_else(|| Error::Read { path, cause: io::ErrorKind::NotFound.into() })
    }
}

/// Before the first step.
fn first(data: &DataSet) -> Position {
    Position { fingerprint: data.fingerprint.clone(), ..Position::default() }
}

/// Trains from `position` on, which tells how far it came, also after an error, and keeps the best model.
fn run<B: AutodiffBackend>(
    mut job: Job<'_>,
    resume: Option<Start<B>>,
    record: &mut RunRecord,
    position: &mut Position,
    device: &B::Device,
) -> Result<Outcome, Error> {
    let mut start = resume.unwrap_or_else(|| Start::fresh(&job, device));
    let (plan, folder, data, backend) = (job.plan.clone(), job.folder, job.data, job.device_names[0].clone());
    record.model.parameters = start.classifier.network().num_trained();
    let models = Models { folder, plan: &plan, data, classifier: start.classifier.clone(), device };
    if start.is_saved {
        // The resume does without a damaged line.
        let damaged = folder::read_epochs(folder.path()).err().filter(|error| matches!(error, Error::Damaged { .. }));
        damaged.iter().for_each(|damaged| job.observer.warning(damaged));
    }
    // What is lost is said now, and an epoch whose model is gone does not stand in the way of those to come.
    let (_, lost) = models.best(&mut start.position);
    lost.iter().for_each(|lost| job.observer.warning(lost));
    *position = start.position.clone();
    folder.begin_record(record)?;
    let mut trained = train(job, start, device);
    *position = trained.position.clone();
    // The best model so far is worth having however the run ended; what ended it is the error to tell.
    let model = contained(&backend, || keep_best(&mut trained, &models)).flatten();
    *position = trained.position.clone();
    trained.end.and_then(|end| Ok(Outcome { end, position: trained.position, model: model? }))
}

/// Refuses what would train without learning: batches whose features are one value a channel, which batch normalisation sets to
/// its shift whatever the images are (PyTorch refuses them too).
///
/// # Errors
/// Where a batch of the training split is so.
pub fn check(plan: &Plan, data: &DataSet) -> Result<(), Error> {
    let (images, batch_size, [height, width]) = (data.train.len(), plan.training.batch_size, data.train.sides());
    let is_single = plan.model.kind == ModelKind::ResNet && model::feature_sides([height, width]) == [1, 1];
    let least = if images.is_multiple_of(batch_size) { batch_size } else { images % batch_size };
    if is_single && least == 1 {
        return Err(Error::SingleValues { batch_size, images, height, width });
    }
    Ok(())
}

/// Trains; also after an error the position says how far it came.
fn train<B: AutodiffBackend>(job: Job<'_>, start: Start<B>, device: &B::Device) -> Trained {
    let (folder, interrupter, tui, backend) =
        (job.folder, job.interrupter.clone(), job.tui, job.device_names[0].clone());
    let position = start.position.clone();
    match prepare(job, start, device) {
        Ok((session, learner)) => launch(session, learner, interrupter, folder, &backend, tui),
        Err(error) => Trained { position, observer: None, events: None, end: Err(error) },
    }
}

/// The session and the Learner that go on from there.
fn prepare<B: AutodiffBackend>(
    job: Job<'_>,
    start: Start<B>,
    device: &B::Device,
) -> Result<(Session<B>, Learner<Components<B>>), Error> {
    let (plan, data) = (job.plan, job.data);
    let Start { position, classifier, optimizer, is_saved } = start;
    let train = training_loader(&plan, &data.train, device);
    let steps = train.num_batches().div_ceil(plan.training.accumulate) * plan.training.epochs;
    let schedule = Schedule::new(&plan, steps, position.step);
    let records = Records::open(job.folder.path(), &plan, train.num_batches(), &position)?;
    let session = Session {
        train: Arc::new(train),
        valid: Arc::new(evaluation_loader(&plan, &data.valid, device)),
        optimizer: optimizer.clone(),
        schedule: schedule.clone(),
        writer: Writer::new(job.folder.checkpoints(), plan.checkpoint.keep_last, position.step, records.handles()?),
        records,
        position,
        observer: job.observer,
        is_saved,
        burn_events: job.tui,
        until: job.until,
        lags: job.lags,
        plan,
    };
    Ok((session, Learner::new(classifier, optimizer, schedule)))
}

/// Batches of a split in the plan's order for each epoch, changed as the plan says.
pub fn training_loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, device: &B::Device) -> DigitLoader<B> {
    let AugmentationPlan { degrees, translate, scale } = plan.augmentation;
    let limits = Augmentation { degrees, translate, scale };
    loader(plan, digits, Order::Shuffled { seed: plan.seed }, device).augmented(limits, plan.seed)
}

/// Batches of a split in its own order, as it is.
pub fn evaluation_loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, device: &B::Device) -> DigitLoader<B> {
    loader(plan, digits, Order::Sequential, device)
}

fn loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, order: Order, device: &B::Device) -> DigitLoader<B> {
    let dataset = DigitDataset::new(digits.clone());
    DigitLoader::new(dataset, plan.training.batch_size, order, plan.data.workers, device.clone())
}

/// Lets Burn's Learner run the session.
fn launch<B: AutodiffBackend>(
    session: Session<B>,
    learner: Learner<Components<B>>,
    interrupter: Interrupter,
    folder: &RunFolder,
    backend: &str,
    tui: bool,
) -> Trained {
    let training = SupervisedTraining::new(folder.path(), session.train.clone(), session.valid.clone())
        .num_epochs(session.plan.training.epochs)
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_interrupter(interrupter);
    let strategy = Arc::new(Strategy::new(session));
    let training = training.with_training_strategy(TrainingStrategy::Custom(strategy.clone()));
    let launched = contained(backend, || render::choose(training, tui).launch(learner));
    let strategy = Arc::into_inner(strategy).expect("Burn lets go of the strategy when its training ends");
    strategy.into_outcome(launched.err())
}

/// Writes the best epoch's model, and what TensorBoard shows of a run's end; none before the first epoch is done.
fn keep_best<B: AutodiffBackend>(trained: &mut Trained, models: &Models<'_, B>) -> Result<Option<PathBuf>, Error> {
    let (best, lost) = models.best(&mut trained.position);
    // What could not be written is lost too, and then its error says so.
    let lost = lost.filter(|_| trained.end.is_ok());
    lost.iter().zip(&mut trained.observer).for_each(|(lost, observer)| observer.warning(lost));
    let path = best.as_ref().map(|best| export_best(best, models.folder)).transpose()?;
    tell_the_end(trained, best.as_ref(), models.plan, models.data, models.device)?;
    Ok(path)
}

/// Writes it.
fn export_best<B: AutodiffBackend>(best: &Classifier<B>, folder: &RunFolder) -> Result<PathBuf, Error> {
    let path = folder::model(folder.path());
    export::save(&path, best.network()).map(|()| path)
}

/// Writes what TensorBoard shows of a run that has ended, where it shows anything.
fn tell_the_end<B: AutodiffBackend>(
    trained: &mut Trained,
    best: Option<&Classifier<B>>,
    plan: &Plan,
    data: &DataSet,
    device: &B::Device,
) -> Result<(), Error> {
    let Trained { position, events: Some(events), end, .. } = trained else { return Ok(()) };
    if let Some((epoch, model)) = position.watch.best.as_ref().zip(best) {
        events.best(epoch, model, plan, data, device)?;
    }
    events.end(position.step, end)
}

/// The record of a run that begins, or goes on from a position.
fn started(job: &Job<'_>, position: Option<&Position>) -> RunRecord {
    let [backend, device] = job.device_names.clone();
    let digits = &job.data.train;
    let before = RunRecord::read(job.folder.path()).ok();
    // The model file stays that of the best epoch before, until there is another.
    let exported = before.as_ref().filter(|_| folder::model(job.folder.path()).is_file());
    let exported = exported.and_then(|before| before.best.clone());
    RunRecord {
        state: State::Running,
        reason: None,
        backend,
        device,
        model: ModelRecord {
            kind: job.plan.model.kind.name().into(),
            // Known when the network is there.
            parameters: 0,
            height: digits.height(),
            width: digits.width(),
        },
        data: DataRecord::new(job.data),
        versions: Versions::default(),
        machine: Some(Machine::this()),
        started: before.map_or_else(now, |before| before.started),
        ended: None,
        epochs: job.plan.training.epochs,
        epochs_done: position.map_or(0, |position| position.epoch),
        seconds: position.map_or(0.0, |position| position.seconds),
        best: exported.or_else(|| position.and_then(|position| position.watch.best.clone())),
        last: position.and_then(|position| position.last),
    }
}

/// Completes the record of a run that ended.
fn close(record: &mut RunRecord, position: &Position, outcome: &Result<Outcome, Error>) {
    (record.state, record.reason) = match outcome {
        Ok(Outcome { end: End::Finished, .. }) => (State::Finished, None),
        Ok(Outcome { end: End::StoppedEarly, .. }) => (State::Finished, Some("stopped early: patience ran out".into())),
        Ok(Outcome { end: End::Interrupted, .. }) => (State::Interrupted, Some("asked to stop".into())),
        Ok(Outcome { end: End::Paused, .. }) => (State::Paused, None),
        Ok(Outcome { end: End::Lagging, .. }) => {
            (State::Paused, Some("it lagged behind the study's other trials".into()))
        }
        Err(error) => (State::Failed, Some(error.to_string())),
    };
    record.ended = Some(now());
    record.epochs_done = position.epoch;
    record.seconds = position.seconds;
    record.best = position.watch.best.clone();
    record.last = position.last;
}
