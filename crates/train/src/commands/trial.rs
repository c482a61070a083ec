//! `train trial`: what a study runs for each of its trials, in a folder that it has made.

use std::sync::Arc;

use run::folder;
use study::{Lease, Limits};
use train::{
    backend::choice,
    fit::{Job, Pause, StopReason},
};

use super::{fit, stop::Stop, workbench::Workbench};
use crate::{DONE, INTERRUPTED, cli::TrialArgs, terminal::observer};

/// Begins the trial, or goes on with it.
pub fn run(args: &TrialArgs) -> anyhow::Result<u8> {
    let plan = folder::read_plan(&args.run)?;
    let chosen = choice::choose(plan.backend, args.device.unwrap_or(plan.device))?;
    let stop = Stop::listen_patiently()?;
    if args.parent.is_some_and(|driver| !study::end_with(driver)) {
        return Ok(INTERRUPTED);
    }
    let mut workbench = Workbench::on(chosen, plan, Some(&stop))?;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    let (folder, resume) = fit::reopen(&args.run, &workbench)?;
    workbench.plan.device = workbench.chosen.index;
    let (run, until) = (args.run.clone(), args.until);
    let has_limits = Lease::read(&run).is_some_and(|lease| lease.limits.is_some());
    let pause = move |epochs: usize| {
        let is_far_enough = until.is_some_and(|until| epochs >= until);
        let lags = !is_far_enough && has_limits && Limits::stop(&run);
        (is_far_enough || lags).then(|| Pause { reason: lags.then(|| LAGS.to_owned()) })
    };
    let outcome = workbench.fit(Job {
        plan: Arc::new(workbench.plan.clone()),
        data: &workbench.data,
        folder: &folder,
        resume,
        device_names: workbench.device_names(),
        observer: observer(true),
        interrupter: stop.interrupter(),
        pause: Some(Box::new(pause)),
        tui: false,
    })?;
    Ok(match outcome.stop {
        StopReason::Interrupted => INTERRUPTED,
        StopReason::Paused(Pause { reason: Some(_) }) => study::PRUNED,
        StopReason::Finished | StopReason::StoppedEarly | StopReason::Paused(_) => DONE,
    })
}

/// What a run's record says of a trial that its study's limits stopped.
const LAGS: &str = "it lagged behind the study's other trials";
