//! `train trial`: what a study runs for each of its trials, in a folder that it has made.

use std::{ffi::OsString, path::Path};

use plan::Plan;
use run::{EpochRecord, RunFolder, folder};
use study::{Lease, Limits, Within};
use train::{
    Error,
    fit::{Job, Pause, StopReason},
    observer::{EpochProgress, Observer},
    ranks::Ranks,
};

use super::{fit, stop::Stop, together, workbench::Workbench};
use crate::{DONE, INTERRUPTED, cli::TrialArgs, terminal::tell};

/// Begins the trial, or goes on with it.
pub fn run(args: &TrialArgs) -> anyhow::Result<u8> {
    // What it becomes ends with its driver too.
    if args.parent.is_some_and(|driver| !study::end_with(driver)) {
        return Ok(INTERRUPTED);
    }
    if args.processes > 1 && !args.joined {
        return Err(many(args));
    }
    let ranks = if args.joined { together::join(None)? } else { Ranks::default() };
    together::done(&ranks, || if ranks.is_first() { lead(args, &ranks) } else { follow(&ranks).map(|()| DONE) })
}

/// Several processes in the place of this one.
fn many(args: &TrialArgs) -> anyhow::Error {
    let mut arguments: Vec<OsString> = vec!["trial".into(), args.run.clone().into(), "--joined".into()];
    for (option, value) in [("--until", args.until), ("--device", args.device), ("--processes", Some(args.processes))] {
        arguments.extend(value.into_iter().flat_map(|value| [option.into(), value.to_string().into()]));
    }
    together::become_many(args.processes, &arguments)
}

/// The part of a process that is not the first of several.
fn follow(ranks: &Ranks) -> anyhow::Result<()> {
    let stop = Stop::listen_patiently()?;
    let plan = Plan::of_toml(&String::from_utf8(ranks.broadcast(&[])?)?)?;
    together::follow(ranks, plan, &stop)
}

fn lead(args: &TrialArgs, ranks: &Ranks) -> anyhow::Result<u8> {
    let mut plan = folder::read_plan(&args.run)?;
    plan.device = args.device.unwrap_or(plan.device);
    let stop = Stop::listen_patiently()?;
    ranks.broadcast(plan.to_toml().as_bytes())?;
    let mut workbench = Workbench::among(ranks, plan, &stop)?;
    if ranks.agree(stop.is_asked().into())? > 0 {
        return Ok(INTERRUPTED);
    }
    together::require_same(ranks, &workbench)?;
    let (folder, resume) = match fit::reopen(&args.run, &workbench) {
        // It was done before its study knew.
        Err(Error::Run(run::Error::Done { .. })) => {
            ranks.fail("the trial is done", DONE);
            return Ok(DONE);
        }
        Err(lost) if is_lost(&lost) => {
            tell(&format!("warning: {lost}; the trial begins anew"));
            (RunFolder::open(&args.run)?, None)
        }
        reopened => reopened?,
    };
    stop.listen_to(&args.run);
    workbench.plan.device = workbench.chosen.index;
    let (run, until) = (args.run.clone(), args.until);
    let has_limits = Lease::read(&run).is_some_and(|lease| lease.limits.is_some());
    let pause = move |epochs: usize| {
        let is_far_enough = until.is_some_and(|until| epochs >= until);
        let lags = !is_far_enough && has_limits && Limits::stop(&run);
        (is_far_enough || lags).then(|| Pause { reason: lags.then(|| LAGS.to_owned()) })
    };
    let job = workbench.job(Some(&folder), ranks, &stop);
    let observer = Box::new(Watched(Within::new(&args.run)));
    let fitted = workbench.fit(Job { resume, observer, pause: Some(Box::new(pause)), ..job });
    if let Err(diverged @ Error::Diverged { .. }) = &fitted {
        tell(&format!("error: {diverged}"));
        return Ok(study::DIVERGED);
    }
    Ok(match fitted?.stop {
        StopReason::Interrupted => INTERRUPTED,
        StopReason::Paused(Pause { reason: Some(_) }) => study::PRUNED,
        StopReason::Finished | StopReason::StoppedEarly | StopReason::Paused(_) => DONE,
    })
}

/// Its driver shows how far it is.
struct Watched(Within);

impl Observer for Watched {
    fn batches(&mut self, progress: &EpochProgress) {
        self.0.tell(progress.epoch, progress.images as f64 / progress.images_total.max(1) as f64);
    }

    fn epoch(&mut self, _: &EpochRecord, _: usize, _: bool) {}

    fn warning(&mut self, warning: &Error) {
        tell(&format!("warning: {warning}"));
    }
}

/// Whether nothing is left to go on from. A trial is a function of its plan: begun anew it comes to the same.
fn is_lost(error: &Error) -> bool {
    let is_checkpoint = |path: &Path| path.extension().is_some_and(|extension| extension == "checkpoint");
    match error {
        Error::Run(run::Error::Lost { .. }) => true,
        Error::Run(run::Error::File(files::Error::Damaged { path, .. })) => is_checkpoint(path),
        _ => false,
    }
}

/// What a run's record says of a trial that its study's limits stopped.
const LAGS: &str = "it lagged behind the study's other trials";
