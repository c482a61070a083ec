//! `train` and `train fit`: from arguments to a run folder.

use std::{path::Path, sync::Arc};

use ::report::clock;
use files::quoted;
use plan::SourceKind;
use run::{RunFolder, checkpoint::TrainState, folder, resume};
use train::{
    Error,
    fit::{self, Job, Outcome, StopReason},
};

use super::{load_data, report, stop::Stop, stored_run, workbench::Workbench};
use crate::{
    DONE, INTERRUPTED,
    cli::FitArgs,
    terminal::{self, say, tell},
};

/// Trains, or goes on with a run.
pub fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let resumed = args.resume.as_deref().map(stored_run::find).transpose()?;
    let plan = match &resumed {
        Some(run) => resume::plan(run, args.plan.config.as_ref().map(|_| args.plan.config()), &args.plan.settings()?)?,
        None => args.plan.resolve()?,
    };
    let stop = Stop::listen()?;
    let mut workbench = Workbench::open(plan, Some(&stop))?;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    fit::check(&workbench.plan, &workbench.data)?;
    make_definite(&mut workbench);
    let (folder, resume) = match &resumed {
        Some(run) => reopen(run, &workbench)?,
        None => (RunFolder::create(&workbench.plan)?, None),
    };
    if !args.quiet {
        introduce(&workbench, folder.path(), resume.as_ref());
    }
    let outcome = train(args, &workbench, &folder, resume, &stop);
    // Where the run could not write, its report could not either, and one message is enough.
    let could_write = !matches!(outcome, Err(Error::File(files::Error::Write { .. })));
    let report = if could_write && folder::model_path(folder.path()).is_file() {
        report::write(&workbench, &folder).inspect_err(|error| tell(&format!("warning: {error}"))).ok()
    } else {
        None
    };
    let outcome = outcome?;
    if !args.quiet {
        conclude(&outcome, folder.path(), report.as_deref());
    }
    Ok(if outcome.stop == StopReason::Interrupted { INTERRUPTED } else { DONE })
}

/// The run to go on with, and where from.
pub fn reopen(run: &Path, Workbench { plan, data, .. }: &Workbench) -> Result<(RunFolder, Option<TrainState>), Error> {
    let warn = &mut |warning: &files::Error| tell(&format!("warning: {warning}"));
    Ok(resume::open(run, plan, (&data.fingerprint, data.train.len(), data.task().classes().len()), warn)?)
}

/// Writes what `auto` came to into the plan, so that the run folder's config repeats this run wherever it is used.
fn make_definite(Workbench { plan, chosen, data }: &mut Workbench) {
    plan.backend = chosen.kind.choice();
    plan.data.source = SourceKind::named(&data.source).expect("a source has one name in plans and data");
    plan.data.channels = data.shape().channels.into();
    plan.training.loss = plan.training.loss.of(data.task());
}

fn train(
    args: &FitArgs,
    workbench: &Workbench,
    folder: &RunFolder,
    resume: Option<TrainState>,
    stop: &Stop,
) -> Result<Outcome, Error> {
    let tui = wants_tui(args);
    workbench.fit(Job {
        plan: Arc::new(workbench.plan.clone()),
        data: &workbench.data,
        folder,
        resume,
        backend: workbench.chosen.kind.name().into(),
        device: workbench.chosen.device.name.clone(),
        observer: terminal::observer(args.quiet || tui),
        interrupter: stop.interrupter(),
        pause: None,
        tui,
    })
}

#[cfg(feature = "tui")]
fn wants_tui(args: &FitArgs) -> bool {
    args.tui
}

#[cfg(not(feature = "tui"))]
fn wants_tui(_: &FitArgs) -> bool {
    false
}

fn introduce(Workbench { plan, chosen, data }: &Workbench, run: &Path, resume: Option<&TrainState>) {
    say(&format!("backend  {} on {} ({})", chosen.kind, chosen.device.name, chosen.reason));
    say(&format!("data     {}", load_data::describe(data)));
    let epochs = match plan.training.epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{epochs} epochs"),
    };
    say(&format!("model    {}, {}, {epochs}", plan.model.kind, plan.training.loss));
    say(&format!("run      {}", run.display()));
    if let Some(at) = resume {
        let within = if at.batch > 0 { format!(", batch {} of the next", at.batch) } else { String::new() };
        say(&format!("resume   after epoch {}{within}, step {}", at.epoch, at.step));
    }
}

fn conclude(outcome: &Outcome, run: &Path, report: Option<&Path>) {
    let state = &outcome.state;
    match outcome.stop {
        StopReason::Finished | StopReason::Paused(_) => {}
        StopReason::StoppedEarly => say(&format!("stopped  early after epoch {}: patience ran out", state.epoch)),
        StopReason::Interrupted => {
            say(&format!("stopped  as asked, nothing is lost; go on with `train --resume {}`", quoted(run)))
        }
    }
    if let Some(best) = &state.best_tracker.best {
        let Some(model) = &outcome.model else { return };
        let (accuracy, loss) = (best.metrics.accuracy, best.metrics.loss);
        say(&format!("best     epoch {}: accuracy {accuracy:.4}, valid loss {loss:.6}", best.epoch));
        say(&format!("model    {}", model.display()));
    }
    if let Some(report) = report {
        say(&format!("report   {}", report.display()));
    }
    say(&format!("time     {} of training and validation", clock(state.seconds)));
}
