//! What most commands work with: a plan, the backend chosen for it, its data.

use std::sync::Arc;

use data::{DataSet, Split};
use plan::{Plan, SourceKind};
use run::{EpochRecord, RunFolder};
use train::{
    Error,
    backend::{
        self, BackendError, BackendJob,
        choice::{self, Chosen},
    },
    fit::{self, Job, Outcome},
    observer::{EpochProgress, Observer},
    ranks::Ranks,
};

use super::{load_data, stop::Stop, together};

/// A plan, the backend chosen for it, its data.
pub struct Workbench {
    pub plan: Plan,
    pub chosen: Chosen,
    pub data: DataSet,
}

impl Workbench {
    /// Chooses the backend before anything is fetched; a stop ends the fetching.
    pub fn open(plan: Plan, stop: Option<&Stop>) -> anyhow::Result<Self> {
        let chosen = choice::choose(plan.backend, plan.device)?;
        Self::on(chosen, plan, stop)
    }

    /// The same on a backend that is chosen already.
    pub fn on(chosen: Chosen, plan: Plan, stop: Option<&Stop>) -> anyhow::Result<Self> {
        backend::limit_threads(plan.threads);
        let data = load_data::load(&plan, stop.map(Stop::asked))?;
        Ok(Self { plan, chosen, data })
    }

    /// The same for one of the processes that train together: its device and its threads of its machine.
    pub fn among(ranks: &Ranks, plan: Plan, stop: &Stop) -> anyhow::Result<Self> {
        ranks.set_timeout(plan.parallel.timeout);
        let (device, threads) = together::share(ranks, &plan)?;
        let chosen = choice::choose_in_turn(plan.backend, plan.device, device)?;
        backend::limit_threads(threads);
        let data = load_data::load(&plan, Some(stop.asked()))?;
        Ok(Self { plan, chosen, data })
    }

    /// Writes what `auto` came to into the plan, so that the run folder's config repeats this run wherever it is used.
    pub fn make_definite(&mut self) {
        let Self { plan, chosen, data } = self;
        plan.backend = chosen.kind.choice();
        plan.data.source = SourceKind::named(&data.source).expect("a source has one name in plans and data");
        plan.data.channels = data.shape().channels.into();
        plan.training.loss = plan.training.loss.of(data.task());
    }

    /// A run that nobody watches.
    pub fn job<'a>(&'a self, folder: Option<&'a RunFolder>, ranks: &Ranks, stop: &Stop) -> Job<'a> {
        Job {
            plan: Arc::new(self.plan.clone()),
            data: &self.data,
            folder,
            resume: None,
            backend: self.chosen.kind.name().into(),
            device: self.chosen.device.name.clone(),
            observer: Box::new(Nobody),
            interrupter: stop.interrupter(),
            pause: None,
            tui: false,
            ranks: ranks.clone(),
        }
    }

    /// With the images of a split by which a model is judged, [`load_data::load_judged`].
    pub fn judging(chosen: Chosen, plan: Plan, split: Split) -> anyhow::Result<Self> {
        backend::limit_threads(plan.threads);
        let data = load_data::load_judged(&plan, split)?;
        Ok(Self { plan, chosen, data })
    }

    /// Does the work on the backend.
    pub fn run<V: BackendJob>(&self, work: V) -> Result<V::Output, BackendError> {
        on_backend(&self.chosen, work)
    }

    pub fn fit(&self, job: Job<'_>) -> Result<Outcome, Error> {
        fit::fit_on(&self.chosen, &load_data::kernel_cache(), job)
    }
}

/// Hears of a run and says nothing.
struct Nobody;

impl Observer for Nobody {
    fn batches(&mut self, _: &EpochProgress) {}

    fn epoch(&mut self, _: &EpochRecord, _: usize, _: bool) {}

    fn warning(&mut self, _: &Error) {}
}

/// Does the work on the backend chosen.
pub fn on_backend<V: BackendJob>(chosen: &Chosen, work: V) -> Result<V::Output, BackendError> {
    backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), work)
}
