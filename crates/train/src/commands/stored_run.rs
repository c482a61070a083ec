//! Runs as the user names them, and their models.

use std::path::{Path, PathBuf};

use burn::tensor::backend::Backend;
use train::{
    Error,
    backend_choice::{self, Chosen},
    classifier::Classifier,
    export,
    plan::{Config, Plan, PlanError, Setting},
    run_folder,
    run_record::RunRecord,
    runs,
};

use crate::cli::BackendArgs;

/// A run with a model.
pub struct StoredRun {
    /// The settings that make its plan.
    settings: Vec<Setting>,
    /// Its folder.
    pub path: PathBuf,
    /// Its plan, with the backend to use now.
    pub plan: Plan,
    /// Its record.
    pub record: RunRecord,
    /// The backend to use now.
    pub chosen: Chosen,
}

/// The run folder that is meant: a path, or `latest` for the newest below `runs`.
pub fn find(run: &Path) -> Result<PathBuf, Error> {
    if run != Path::new("latest") || run.exists() {
        return run_folder::check(run).map(|()| run.into());
    }
    let newest = runs::list(Path::new("runs"))?.into_iter().next_back();
    let reason = || "there is no run below `runs` yet".to_owned();
    newest.map(|run| run.path).ok_or_else(|| Error::NoRun { path: run.into(), reason: reason() })
}

impl StoredRun {
    /// The run the user names, on the backend the flags name, else on the run's own, else on the fastest there is.
    pub fn open(run: &Path, backend: &BackendArgs) -> anyhow::Result<Self> {
        let path = find(run)?;
        let record = RunRecord::read(&path)?;
        let mut settings = backend.settings();
        let config = Config::File(run_folder::config(&path));
        let mut plan = Plan::resolve(&config, &settings)?;
        let chosen = match backend_choice::choose(plan.backend, plan.device) {
            Err(error) if settings.is_empty() => {
                eprintln!("warning: {error}; it is not the run's backend that computes now");
                settings.push(Setting::flag("--backend auto", "backend", "auto"));
                plan = Plan::resolve(&config, &settings)?;
                backend_choice::choose(plan.backend, 0)?
            }
            chosen => chosen?,
        };
        Ok(Self { settings, path, plan, record, chosen })
    }

    /// Its plan with more settings.
    pub fn plan_with(&self, settings: &[Setting]) -> Result<Plan, PlanError> {
        Plan::resolve(&Config::File(run_folder::config(&self.path)), &[&self.settings, settings].concat())
    }

    /// Its model with its loss.
    pub fn classifier<B: Backend>(&self, device: &B::Device) -> Result<Classifier<B>, Error> {
        let file = run_folder::model(&self.path);
        if !file.is_file() {
            let reason = format!("it has no model yet; finish it with `train --resume {}`", self.path.display());
            return Err(Error::NoRun { path: self.path.clone(), reason });
        }
        let pixels = self.record.model.height * self.record.model.width;
        let mut classifier = Classifier::new(&self.plan, pixels, device);
        export::load(&file, classifier.network_mut())?;
        Ok(classifier)
    }
}
