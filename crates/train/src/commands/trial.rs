//! `train trial`: what a study runs for each of its trials, in a folder that it has made.

use std::sync::Arc;

use train::{
    backend::{self, choice},
    fit::{self, End, Job, Lags},
    run::{folder, resume},
    sweep::{self, Claim, Limits},
};

use super::{load_data, stop::Stop};
use crate::{
    DONE, INTERRUPTED,
    cli::TrialArgs,
    terminal::{observer, tell},
};

/// Begins the trial, or goes on with it.
pub fn run(args: &TrialArgs) -> anyhow::Result<u8> {
    let mut plan = folder::read_plan(&args.run)?;
    backend::limit_threads(plan.threads);
    let chosen = choice::choose(plan.backend, args.device.unwrap_or(plan.device))?;
    let stop = Stop::listen_patiently()?;
    if args.parent.is_some_and(|driver| !sweep::end_with(driver)) {
        return Ok(INTERRUPTED);
    }
    let data = load_data::load(&plan, Some(stop.asked()))?;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    let (folder, resume) = resume::open(&args.run, &plan, &data, &mut |warning| tell(&format!("warning: {warning}")))?;
    plan.device = chosen.index;
    let run = args.run.clone();
    let has_limits = Claim::read(&run).is_some_and(|claim| claim.limits.is_some());
    let job = Job {
        plan: Arc::new(plan),
        data: &data,
        folder: &folder,
        resume,
        device_names: [chosen.kind.name().into(), chosen.device.name.clone()],
        observer: observer(true),
        interrupter: stop.interrupter(),
        until: args.until,
        lags: has_limits.then(|| -> Lags { Box::new(move || Limits::stop(&run)) }),
        tui: false,
    };
    let outcome = fit::fit_on(&chosen, &load_data::kernel_cache(), job)?;
    Ok(match outcome.end {
        End::Interrupted => INTERRUPTED,
        End::Lagging => sweep::PRUNED,
        End::Finished | End::StoppedEarly | End::Paused => DONE,
    })
}
