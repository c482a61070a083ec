//! What a run begins with: nothing yet, or a checkpoint.

use std::io;

use burn::module::AutodiffModule as _;
use data::DataSet;
use metrics::MetricSums;
use model::AutodiffBackend;
use run::{
    RunFolder,
    checkpoint::{self, Checkpoint, TrainState},
};

use crate::{
    Error,
    classifier::Classifier,
    fit::{Job, network_state, optimizer::SharedOptimizer, weight_average::WeightAverage},
};

/// What a run begins with.
pub struct Start<B: AutodiffBackend> {
    pub state: TrainState,
    pub classifier: Classifier<B>,
    pub optimizer: SharedOptimizer<B>,
    pub average: Option<WeightAverage<B>>,
    /// Whether there is a checkpoint to go on from.
    pub is_saved: bool,
}

impl<B: AutodiffBackend> Start<B> {
    /// A run that has not begun.
    pub fn fresh(job: &Job<'_>, device: &B::Device) -> Self {
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
    pub fn at(newest: TrainState, job: &mut Job<'_>, folder: &RunFolder, device: &B::Device) -> Result<Self, Error> {
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
    pub fn moved_to(&self, checkpoint: Checkpoint, job: &Job<'_>, device: &B::Device) -> Result<Self, String> {
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
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        if !self.is_saved {
            return Ok(Vec::new());
        }
        let (classifier, average) = (self.classifier.clone(), self.average.as_ref());
        Ok(network_state::checkpoint(&self.state, classifier, &self.optimizer, average)?.encode())
    }
}

pub fn before_the_first_step(data: &DataSet) -> TrainState {
    let epoch_sums = MetricSums::new(data.task().classes().len());
    TrainState { fingerprint: data.fingerprint.clone(), epoch_sums, ..TrainState::default() }
}
