//! What most commands work with: a plan, the backend chosen for it, its data.

use data::{DataSet, Split};
use plan::Plan;
use train::{
    Error,
    backend::{
        self, BackendError, BackendJob,
        choice::{self, Chosen},
    },
    fit::{self, Job, Outcome},
};

use super::{load_data, stop::Stop};

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

/// Does the work on the backend chosen.
pub fn on_backend<V: BackendJob>(chosen: &Chosen, work: V) -> Result<V::Output, BackendError> {
    backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), work)
}
