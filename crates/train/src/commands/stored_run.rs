//! Runs and their models.

use std::path::PathBuf;

use model::Backend;
use plan::{Config, Plan, PlanError, Setting};
use run::{RunRecord, folder};
use task::Task;
use train::{
    Error,
    backend::choice::{self, Chosen},
    classifier::Classifier,
    export,
};

use crate::{cli::BackendArgs, terminal::tell};

pub struct StoredRun {
    /// What flags change in its plan.
    settings: Vec<Setting>,
    pub path: PathBuf,
    /// Its plan, with the backend to use now.
    pub plan: Plan,
    pub record: RunRecord,
    /// The backend to use now.
    pub chosen: Chosen,
}

impl StoredRun {
    /// The run in a folder, on the backend the flags name, else on the run's own, else on the fastest there is.
    pub fn open(path: PathBuf, backend: &BackendArgs) -> anyhow::Result<Self> {
        folder::read_plan(&path)?;
        let record = RunRecord::read(&path)?;
        if let Some(failure) = record.failure_with_model().filter(|_| folder::model_path(&path).is_file()) {
            tell(&format!("warning: run `{}` {failure}", path.display()));
        }
        let mut settings = backend.settings();
        // Also where the run is of a version that knew grey images alone, and its plan does not say so.
        settings.push(Setting::flag("the run's model", "data.channels", record.model.channels as i64));
        let config = Config::File(folder::config_path(&path));
        let mut plan = Plan::resolve(&config, &settings)?;
        let chosen = match choice::choose(plan.backend, plan.device) {
            Err(error) if backend.settings().is_empty() => {
                tell(&format!("warning: {error}; it is not the run's backend that computes now"));
                settings.push(Setting::flag("--backend auto", "backend", "auto"));
                plan = Plan::resolve(&config, &settings)?;
                choice::choose(plan.backend, 0)?
            }
            chosen => chosen?,
        };
        Ok(Self { settings, path, plan, record, chosen })
    }

    /// Its plan with more settings.
    pub fn plan_with(&self, settings: &[Setting]) -> Result<Plan, PlanError> {
        Plan::resolve(&Config::File(folder::config_path(&self.path)), &[&self.settings, settings].concat())
    }

    /// The classes that it tells apart.
    pub fn task(&self) -> Result<Task, Error> {
        export::task_of(&self.path, &self.record)
    }

    /// Its model with its loss.
    pub fn classifier<B: Backend>(&self, device: &B::Device) -> Result<Classifier<B>, Error> {
        export::of_run(&self.path, &self.plan, &self.record, device)
    }
}
