//! Which model a run keeps: that of the best epoch, and where its checkpoint is lost, the best one that is left.

use burn::module::AutodiffModule as _;
use data::DataSet;
use model::AutodiffBackend;
use plan::Plan;
use run::{
    RunFolder,
    best::Best,
    checkpoint::{self, TrainState},
    folder,
};

use crate::{
    Error,
    classifier::Classifier,
    evaluation::{evaluate, evaluation_loader},
    export,
    fit::network_state,
};

/// Where the model of a run's best epoch is looked for.
pub struct BestModel<'a, B: AutodiffBackend> {
    pub folder: &'a RunFolder,
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    pub device: &'a B::Device,
}

impl<B: AutodiffBackend> BestModel<'_, B> {
    /// The model of the best epoch; none before the first is done. Where it is neither in its checkpoint nor in the run's model
    /// file, the best epoch of those whose checkpoints are left takes its place in the state, and the error says so.
    pub fn find(&self, state: &mut TrainState) -> (Option<Classifier<B>>, Option<Error>) {
        let Some(best) = state.best_tracker.best.clone() else { return (None, None) };
        let cause = match self.at(best.step, state) {
            Ok((_, model)) => return (Some(model), None),
            Err(cause) => Box::new(cause),
        };
        if let Some(model) = self.exported(&best) {
            return (Some(model), None);
        }
        let (instead, model) = self.left(state).unzip();
        state.best_tracker.best = instead;
        let instead = state.best_tracker.best.as_ref().map(|best| best.epoch);
        (model, Some(Error::BestLost { cause, epoch: best.epoch, instead }))
    }

    /// A classifier to give parameters to, a new one for each: Burn's clones share the running statistics of batch normalisation.
    fn fresh(&self) -> Classifier<B> {
        Classifier::new(self.plan, self.data.task(), self.data.shape(), self.device)
    }

    /// State and model, the one that is evaluated, of the checkpoint after so many steps of the run that is in this state.
    fn at(&self, step: usize, now: &TrainState) -> Result<(TrainState, Classifier<B>), Error> {
        let folder = self.folder.checkpoints();
        let checkpoint = checkpoint::read(&folder, step)?;
        let unfit = |reason| files::Error::Damaged { path: checkpoint::path(&folder, step), reason };
        checkpoint.state.is_of_the_run(now).map_err(unfit)?;
        let averaged = network_state::average(&checkpoint, self.fresh(), self.device).map_err(unfit)?;
        let model = averaged.map_or_else(|| network_state::model(&checkpoint, self.fresh(), self.device), Ok);
        Ok((checkpoint.state, model.map_err(unfit)?))
    }

    /// The run's model file, where it is of that epoch: nothing in it says so, but only that epoch's model measures the same.
    fn exported(&self, best: &Best) -> Option<Classifier<B>> {
        let mut model = self.fresh();
        export::load(&folder::model_path(self.folder.path()), model.network_mut()).ok()?;
        let valid = evaluation_loader(self.plan, &self.data.valid, self.device);
        let metrics = evaluate(&model.valid(), &valid).metrics();
        metrics.are(&best.metrics).then_some(model)
    }

    /// The best of the epochs up to the state that have a checkpoint at their end.
    fn left(&self, state: &TrainState) -> Option<(Best, Classifier<B>)> {
        let mut best: Option<(Best, Classifier<B>)> = None;
        for step in checkpoint::steps(&self.folder.checkpoints()).unwrap_or_default() {
            let Ok((at, model)) = self.at(step, state) else { continue };
            let Some(metrics) = at.last.filter(|_| at.step <= state.step && at.batch == 0) else { continue };
            let one = Best::of(self.plan, at.epoch, at.step, &metrics);
            if best.as_ref().is_none_or(|(other, _)| one.is_better(other, self.plan)) {
                best = Some((one, model));
            }
        }
        best
    }
}
