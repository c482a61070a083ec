//! What Burn's own renderer hears of a run, where it shows one.

use burn::{
    data::dataloader::Progress,
    train::{EventProcessorTraining, LearnerEvent, SupervisedTrainingEventProcessor, TrainingItem},
};
use model::AutodiffBackend;

use crate::{
    classifier::StepOutput,
    fit::{session::Session, strategy::Components},
    observer::BatchPlace,
};

type Processor<B> = SupervisedTrainingEventProcessor<Components<B>>;

/// Sends events; none where our observer shows the run, which costs nothing then.
#[derive(Clone, Copy)]
pub struct Events {
    wanted: bool,
    epoch: [usize; 2],
    train_batches: usize,
    valid_batches: usize,
}

impl Events {
    /// Events of the session's current epoch.
    pub fn new<B: AutodiffBackend>(session: &Session<B>) -> Self {
        Self {
            wanted: session.burn_events,
            epoch: [session.position.epoch + 1, session.plan.training.epochs],
            train_batches: session.train.num_batches(),
            valid_batches: session.valid.num_batches(),
        }
    }

    /// A training batch.
    pub fn train<B: AutodiffBackend>(
        self,
        processor: &mut Processor<B>,
        place: BatchPlace,
        output: &StepOutput<B::InnerBackend>,
    ) {
        if self.wanted {
            let item = self.item(output, Progress::new(place.batch, self.train_batches), Some(place.learning_rate));
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
            let item = self.item(output, Progress::new(batch, self.valid_batches), None);
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
