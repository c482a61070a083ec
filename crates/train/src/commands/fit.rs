//! `train` and `train fit`: from arguments to a run folder.

use std::{path::Path, sync::Arc};

use data::DataSet;
use train::{
    Error,
    backend::{
        self,
        choice::{self, Chosen},
    },
    fit::{self, End, Job, Outcome, checkpoint::Checkpoint},
    plan::{BackendChoice, Plan, SourceKind},
    report::{self, clock, quoted},
    run::{RunFolder, folder, resume},
};

use super::{load_data, stop::Stop, stored_run};
use crate::{
    DONE, INTERRUPTED,
    cli::FitArgs,
    terminal::{self, say, tell},
};

/// Trains, or goes on with a run.
pub fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let resumed = args.resume.as_deref().map(stored_run::find).transpose()?;
    let mut plan = match &resumed {
        Some(run) => resume::plan(run, args.plan.config.as_ref().map(|_| args.plan.config()), &args.plan.settings()?)?,
        None => args.plan.resolve()?,
    };
    backend::limit_threads(plan.threads);
    let chosen = choice::choose(plan.backend, plan.device)?;
    let stop = Stop::listen()?;
    let data = load_data::load(&plan, Some(stop.asked()))?;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    fit::check(&plan, &data)?;
    make_definite(&mut plan, &chosen, &data);
    let (folder, checkpoint) = match &resumed {
        Some(run) => resume::open(run, &plan, &data, &mut |warning| tell(&format!("warning: {warning}")))?,
        None => (RunFolder::create(&plan)?, None),
    };
    if !args.quiet {
        introduce(&plan, &chosen, &data, folder.path(), checkpoint.as_ref());
    }
    let outcome = train(args, plan, &chosen, &data, &folder, checkpoint, &stop);
    // Where the run could not write, its report could not either, and one message is enough.
    let could_write = !matches!(outcome, Err(Error::Write { .. }));
    let report = if could_write && folder::model(folder.path()).is_file() {
        let written = report::write(&chosen, &load_data::kernel_cache(), &folder, &data);
        written.inspect_err(|error| tell(&format!("warning: {error}"))).ok()
    } else {
        None
    };
    let outcome = outcome?;
    if !args.quiet {
        conclude(&outcome, folder.path(), report.as_deref());
    }
    Ok(if outcome.end == End::Interrupted { INTERRUPTED } else { DONE })
}

/// Writes what `auto` came to into the plan, so that the run folder's config repeats this run wherever it is used.
fn make_definite(plan: &mut Plan, chosen: &Chosen, data: &DataSet) {
    let named = |name: &str, choice: &&BackendChoice| choice.name() == name;
    plan.backend = BackendChoice::ALL.iter().find(|c| named(chosen.kind.name(), c)).copied().unwrap_or(plan.backend);
    let source = SourceKind::ALL.iter().find(|source| source.name() == data.source);
    plan.data.source = source.copied().unwrap_or(plan.data.source);
}

fn train(
    args: &FitArgs,
    plan: Plan,
    chosen: &Chosen,
    data: &DataSet,
    folder: &RunFolder,
    resume: Option<Checkpoint>,
    stop: &Stop,
) -> Result<Outcome, Error> {
    let tui = wants_tui(args);
    let job = Job {
        plan: Arc::new(plan),
        data,
        folder,
        resume,
        device_names: [chosen.kind.name().into(), chosen.device.name.clone()],
        observer: terminal::observer(args.quiet || tui),
        interrupter: stop.interrupter(),
        until: None,
        lags: None,
        tui,
    };
    fit::fit_on(chosen, &load_data::kernel_cache(), job)
}

#[cfg(feature = "tui")]
fn wants_tui(args: &FitArgs) -> bool {
    args.tui
}

#[cfg(not(feature = "tui"))]
fn wants_tui(_: &FitArgs) -> bool {
    false
}

fn introduce(plan: &Plan, chosen: &Chosen, data: &DataSet, run: &Path, checkpoint: Option<&Checkpoint>) {
    say(&format!("backend  {} on {} ({})", chosen.kind, chosen.device.name, chosen.reason));
    say(&format!("data     {}", load_data::describe(data)));
    say(&format!("model    {}, {}, {} epochs", plan.model.kind, plan.training.loss, plan.training.epochs));
    say(&format!("run      {}", run.display()));
    if let Some(checkpoint) = checkpoint {
        let at = &checkpoint.position;
        let within = if at.batch > 0 { format!(", batch {} of the next", at.batch) } else { String::new() };
        say(&format!("resume   after epoch {}{within}, step {}", at.epoch, at.step));
    }
}

fn conclude(outcome: &Outcome, run: &Path, report: Option<&Path>) {
    let position = &outcome.position;
    match outcome.end {
        End::Finished | End::Paused | End::Lagging => {}
        End::StoppedEarly => say(&format!("stopped  early after epoch {}: patience ran out", position.epoch)),
        End::Interrupted => {
            say(&format!("stopped  as asked, nothing is lost; go on with `train --resume {}`", quoted(run)))
        }
    }
    if let Some(best) = &position.watch.best {
        let Some(model) = &outcome.model else { return };
        let (accuracy, loss) = (best.metrics.accuracy, best.metrics.loss);
        say(&format!("best     epoch {}: accuracy {accuracy:.4}, valid loss {loss:.6}", best.epoch));
        say(&format!("model    {}", model.display()));
    }
    if let Some(report) = report {
        say(&format!("report   {}", report.display()));
    }
    say(&format!("time     {} of training and validation", clock(position.seconds)));
}
