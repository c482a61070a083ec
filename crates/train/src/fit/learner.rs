//! Burn's Learner with our loop as its strategy, and what its own renderer hears of a run.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use burn::{
    data::dataloader::Progress,
    train::{
        EventProcessorTraining, Interrupter, Learner, LearnerEvent, LearningComponentsMarker,
        SupervisedLearningStrategy, SupervisedTraining, SupervisedTrainingEventProcessor, TrainLoader,
        TrainingComponents, TrainingItem, TrainingStrategy, ValidLoader,
        logger::InMemoryMetricLogger,
        metric::MetricDefinition,
        renderer::{
            EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
            MetricsRendererTraining, ProgressType, TrainingProgress,
        },
    },
};
use data::ImageLoader;
use model::AutodiffBackend;
use run::BatchPlace;

use crate::{
    classifier::{Classifier, StepOutput},
    fit::optimizer::{SharedLearningRate, SharedOptimizer},
};

/// The types Burn's Learner works with here.
pub type Components<B> = LearningComponentsMarker<B, SharedLearningRate, Classifier<B>, SharedOptimizer<B>>;

/// A training that is not launched yet.
pub type Training<B> = SupervisedTraining<Components<B>>;

type Processor<B> = SupervisedTrainingEventProcessor<Components<B>>;
type Loaders<B> = (Arc<ImageLoader<B>>, Arc<ImageLoader<<B as burn::tensor::backend::AutodiffBackend>::InnerBackend>>);

/// What Burn lends to the loop for its time.
pub struct LoopContext<'a, B: AutodiffBackend> {
    /// Network, optimizer and learning rate.
    pub learner: &'a mut Learner<Components<B>>,
    /// The way to Burn's renderer.
    pub processor: &'a mut Processor<B>,
    /// Says when to stop.
    pub interrupter: &'a Interrupter,
}

/// Lets the Learner do the work, shown by the renderer that `show` gives it; returns what came of it.
pub fn run_in_learner<B: AutodiffBackend, T: Send + 'static>(
    learner: Learner<Components<B>>,
    folder: &Path,
    (train, valid): Loaders<B>,
    epochs: usize,
    interrupter: Interrupter,
    show: impl FnOnce(Training<B>) -> Training<B>,
    work: impl FnOnce(LoopContext<'_, B>) -> T + Send + 'static,
) -> T {
    let training = SupervisedTraining::new(folder, train, valid)
        .num_epochs(epochs)
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_interrupter(interrupter);
    let strategy = Arc::new(Strategy { work: Mutex::new(Some(Box::new(work))), result: Mutex::new(None) });
    let training = training.with_training_strategy(TrainingStrategy::Custom(strategy.clone()));
    show(training).launch(learner);
    let result = strategy.result.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.expect("Burn runs the strategy it is given")
}

type Work<B, T> = Box<dyn FnOnce(LoopContext<'_, B>) -> T + Send>;

/// Our loop as a learning strategy.
///
/// Burn's own strategy saves half a checkpoint when killed, forgets the order of the data and counts a resumed epoch as
/// the first; it also has no way to report an error, so ours is kept here.
struct Strategy<B: AutodiffBackend, T> {
    work: Mutex<Option<Work<B, T>>>,
    result: Mutex<Option<T>>,
}

impl<B: AutodiffBackend, T: Send> SupervisedLearningStrategy<Components<B>> for Strategy<B, T> {
    /// The loop has its loaders, and where it stands, itself: only it can set the epoch they serve.
    fn fit(
        &self,
        mut components: TrainingComponents<Components<B>>,
        mut learner: Learner<Components<B>>,
        _train: TrainLoader<Components<B>>,
        _valid: ValidLoader<Components<B>>,
        _starting_epoch: usize,
    ) -> (Classifier<B>, Processor<B>) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let work = work.expect("Burn runs a strategy once");
        let result = work(LoopContext {
            learner: &mut learner,
            processor: &mut components.event_processor,
            interrupter: &components.interrupter,
        });
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        (learner.model(), components.event_processor)
    }
}

/// Events for Burn's own renderer; none where our observer shows the run, which costs nothing then.
#[derive(Clone, Copy)]
pub struct BurnEvents {
    wanted: bool,
    epoch: [usize; 2],
    batches: [usize; 2],
}

impl BurnEvents {
    /// Events of an epoch of so many, with so many batches of training and of validation.
    pub fn new(wanted: bool, epoch: [usize; 2], batches: [usize; 2]) -> Self {
        Self { wanted, epoch, batches }
    }

    pub fn train<B: AutodiffBackend>(
        self,
        processor: &mut Processor<B>,
        place: BatchPlace,
        output: &StepOutput<B::InnerBackend>,
    ) {
        if self.wanted {
            let item = self.item(output, Progress::new(place.batch, self.batches[0]), Some(place.learning_rate));
            processor.process_train(LearnerEvent::ProcessedItem(item));
        }
    }

    /// A validation batch, counted from 1.
    pub fn valid<B: AutodiffBackend>(
        self,
        processor: &mut Processor<B>,
        batch: usize,
        output: &StepOutput<B::InnerBackend>,
    ) {
        if self.wanted {
            let item = self.item(output, Progress::new(batch, self.batches[1]), None);
            processor.process_valid(LearnerEvent::ProcessedItem(item));
        }
    }

    /// Both splits of the epoch are done.
    pub fn end_epoch<B: AutodiffBackend>(self, processor: &mut Processor<B>) {
        if self.wanted {
            processor.process_train(LearnerEvent::EndEpoch(self.epoch[0]));
            processor.process_valid(LearnerEvent::EndEpoch(self.epoch[0]));
        }
    }

    fn item<T: Clone>(self, output: &T, batches: Progress, rate: Option<f64>) -> TrainingItem<T> {
        let epochs = Progress::new(self.epoch[0], self.epoch[1]);
        let iteration = Some(batches.items_processed);
        TrainingItem::new(output.clone(), batches, epochs, iteration, rate)
    }
}

/// Shows nothing: our observer does.
pub fn silent<B: AutodiffBackend>(training: Training<B>) -> Training<B> {
    training.renderer(Silent)
}

struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
    fn render_train(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
    fn render_valid(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
    fn render_test(&mut self, _: EvaluationProgress, _: Vec<ProgressType>) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: MetricDefinition) {}
}
