//! Our loop as a learning strategy of Burn's Learner.

use std::sync::{Mutex, PoisonError};

use burn::train::{
    Learner, LearningComponentsMarker, SupervisedLearningStrategy, SupervisedTrainingEventProcessor, TrainLoader,
    TrainingComponents, ValidLoader,
};
use model::AutodiffBackend;

use crate::{
    Error,
    classifier::Classifier,
    fit::{
        checkpoint::Position,
        event_log::EventLog,
        optimizer::SharedOptimizer,
        schedule::Schedule,
        session::{End, Lent, Session},
    },
    observer::Observer,
};

/// The types Burn's Learner works with here.
pub type Components<B> = LearningComponentsMarker<B, Schedule, Classifier<B>, SharedOptimizer<B>>;

/// Lends a [`Session`] to Burn's Learner and keeps what came of it.
///
/// Burn's own strategy saves half a checkpoint when killed, forgets the order of the data and counts a resumed epoch as
/// the first; it also has no way to report an error, so ours is kept here.
pub struct Strategy<B: AutodiffBackend> {
    session: Mutex<Session<B>>,
    result: Mutex<Option<Result<End, Error>>>,
}

/// What came of a session.
pub struct Trained {
    /// How far it came.
    pub position: Position,
    /// Who has heard of its progress; nobody where it did not begin.
    pub observer: Option<Box<dyn Observer>>,
    /// The events for TensorBoard, where it wrote any.
    pub events: Option<EventLog>,
    /// How it ended.
    pub end: Result<End, Error>,
}

impl<B: AutodiffBackend> Strategy<B> {
    /// A strategy that runs this session.
    pub fn new(session: Session<B>) -> Self {
        Self { session: Mutex::new(session), result: Mutex::new(None) }
    }

    /// What came of the session; `panic` where it did not come to its end.
    pub fn into_outcome(self, panic: Option<Error>) -> Trained {
        let session = self.session.into_inner().unwrap_or_else(PoisonError::into_inner);
        let result = self.result.into_inner().unwrap_or_else(PoisonError::into_inner);
        let end = panic.map(Err).or(result).expect("Burn runs the strategy it is given");
        let Session { position, observer, records, .. } = session;
        Trained { position, observer: Some(observer), events: records.into_events(), end }
    }
}

impl<B: AutodiffBackend> SupervisedLearningStrategy<Components<B>> for Strategy<B> {
    /// The session has its loaders, and its position, itself: only it can set the epoch they serve.
    fn fit(
        &self,
        mut components: TrainingComponents<Components<B>>,
        mut learner: Learner<Components<B>>,
        _train: TrainLoader<Components<B>>,
        _valid: ValidLoader<Components<B>>,
        _starting_epoch: usize,
    ) -> (Classifier<B>, SupervisedTrainingEventProcessor<Components<B>>) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let result = session.run(Lent {
            learner: &mut learner,
            processor: &mut components.event_processor,
            interrupter: &components.interrupter,
        });
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        (learner.model(), components.event_processor)
    }
}
