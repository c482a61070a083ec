//! `train` and `train fit`: from arguments to a run folder.

use std::path::Path;

use ::report::{best_epoch, clock};
use files::quoted;
use plan::{Config, Monitor, Plan, Template};
use run::{About, RunFolder, checkpoint::TrainState, folder, resume};
use train::{
    Error,
    fit::{self, Job, Outcome, StopReason},
    ranks::Ranks,
};

use super::{live_page::LivePage, load_data, report, run_name, stop::Stop, together, workbench::Workbench};
use crate::{
    DONE, INTERRUPTED,
    cli::FitArgs,
    terminal::{self, say, tell},
};

/// Trains, or goes on with a run.
pub fn run(args: &FitArgs) -> anyhow::Result<u8> {
    let ranks = together::join(Some(&args.plan))?;
    together::done(&ranks, || if ranks.is_first() { lead(args, &ranks) } else { follow(args, &ranks).map(|()| DONE) })
}

/// The part of a process that is not the first of several; the plan of a run that goes on comes from the first, which has its folder.
fn follow(args: &FitArgs, ranks: &Ranks) -> anyhow::Result<()> {
    let stop = Stop::listen_patiently()?;
    let own = if args.resume.is_some() { None } else { Some(args.plan.resolve()?) };
    let first = String::from_utf8(ranks.broadcast(&[])?)?;
    together::follow(ranks, own.map_or_else(|| Plan::of_toml(&first), Ok)?, &stop)
}

fn lead(args: &FitArgs, ranks: &Ranks) -> anyhow::Result<u8> {
    let resumed = args.resume.as_deref().map(run_name::find).transpose()?;
    if let Some(run) = resumed.as_deref().filter(|_| !args.quiet) {
        say(&run_name::line(run));
    }
    let plan = match &resumed {
        Some(run) => resume::plan(run, args.plan.config.as_ref().map(|_| args.plan.config()), &args.plan.settings()?)?,
        None => args.plan.resolve()?,
    };
    // What starts several processes tells each of them of a stop more than once.
    let stop = if ranks.count() > 1 { Stop::listen_patiently() } else { Stop::listen() }?;
    ranks.broadcast(plan.to_toml().as_bytes())?;
    let mut workbench = Workbench::among(ranks, plan, &stop)?;
    if ranks.agree(stop.is_asked().into())? > 0 {
        return Ok(INTERRUPTED);
    }
    fit::check(&workbench.plan, &workbench.data)?;
    together::require_same(ranks, &workbench)?;
    workbench.make_definite();
    // Before the plan of a run that goes on is written with what changes now.
    let about = about(args, resumed.as_deref())?;
    let (folder, resume) = match &resumed {
        Some(run) => reopen(run, &workbench)?,
        None => (RunFolder::create(&workbench.plan)?, None),
    };
    about.write(folder.path())?;
    stop.listen_to(folder.path());
    if args.quiet {
        say(&folder.path().display().to_string());
    } else {
        introduce(&workbench, &about);
        match &resume {
            _ if resumed.is_none() => say(&format!("run      {}", folder.path().display())),
            Some(at) => say(&continued(at)),
            None => {}
        }
    }
    let page = folder::report_path(folder.path());
    if !args.quiet {
        say(&format!("report   {}", page.display()));
    }
    let outcome = train(args, &workbench, &folder, resume, &stop, ranks);
    // Where the run could not write, its report could not either, and one message is enough.
    let could_write = !matches!(outcome, Err(Error::File(files::Error::Write { .. })));
    if could_write {
        let written = if folder::model_path(folder.path()).is_file() {
            report::write(&workbench, &folder, report::is_cheap)
        } else {
            ::report::write_live(folder.path(), &workbench.data, false).map_err(Error::from)
        };
        written.map_or_else(|error| tell(&format!("warning: {error}")), drop);
    }
    let outcome = outcome?;
    if !args.quiet {
        conclude(&outcome, workbench.plan.training.monitor, folder.path());
    }
    Ok(if outcome.stop == StopReason::Interrupted { INTERRUPTED } else { DONE })
}

/// The run to go on with, and where from.
pub fn reopen(run: &Path, Workbench { plan, data, .. }: &Workbench) -> Result<(RunFolder, Option<TrainState>), Error> {
    let warn = &mut |warning: &files::Error| tell(&format!("warning: {warning}"));
    Ok(resume::open(run, plan, (&data.fingerprint, data.train.len(), data.task().classes().len()), warn)?)
}

fn train(
    args: &FitArgs,
    workbench: &Workbench,
    folder: &RunFolder,
    resume: Option<TrainState>,
    stop: &Stop,
    ranks: &Ranks,
) -> Result<Outcome, Error> {
    let tui = wants_tui(args);
    let shown = terminal::observer(args.quiet || tui);
    let observer = LivePage::begin(shown, folder.path(), &workbench.data);
    let job = workbench.job(Some(folder), ranks, stop);
    workbench.fit(Job { resume, observer: Box::new(observer), tui, ..job })
}

#[cfg(feature = "tui")]
fn wants_tui(args: &FitArgs) -> bool {
    args.tui
}

#[cfg(not(feature = "tui"))]
fn wants_tui(_: &FitArgs) -> bool {
    false
}

/// What the run is begun with; of one that goes on, its note and tags stay, and what changes now is added.
fn about(args: &FitArgs, resumed: Option<&Path>) -> anyhow::Result<About> {
    let (before, settings) = (resumed.map(About::read).transpose()?, args.plan.settings()?);
    let config = args.plan.config();
    let mut about = before.unwrap_or_else(|| About { config: Some(config.typed()), ..About::default() });
    let recorded = resumed.filter(|_| args.plan.config.is_none()).map(|run| Config::File(folder::config_path(run)));
    let changed = Template::read(&recorded.unwrap_or(config))?.changed(&settings);
    about.changed.extend(changed.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Ok(about)
}

fn introduce(Workbench { plan, chosen, data }: &Workbench, about: &About) {
    say(&format!("backend  {} on {} ({})", chosen.kind, chosen.device.name, chosen.reason));
    say(&format!("data     {}", load_data::describe(data)));
    if let Some(config) = about.begun_with() {
        say(&format!("config   {config}"));
    }
    let epochs = match plan.training.epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{epochs} epochs"),
    };
    say(&format!("model    {}, {}, {epochs}", plan.model.kind, plan.training.loss));
}

/// Where a run goes on.
fn continued(at: &TrainState) -> String {
    let within = if at.batch > 0 { format!(", batch {} of the next", at.batch) } else { String::new() };
    format!("resume   after epoch {}{within}, step {}", at.epoch, at.step)
}

fn conclude(outcome: &Outcome, monitor: Monitor, run: &Path) {
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
        // Without the file nothing is known of the other epochs, and the best one stands in the state.
        let epochs = folder::read_epochs(run).unwrap_or_default();
        say(&format!("best     {}", best_epoch(monitor, best, &epochs)));
        say(&format!("model    {}", model.display()));
    }
    say(&format!("report   {}", folder::report_path(run).display()));
    say(&format!("time     {} of training and validation", clock(state.seconds)));
}
