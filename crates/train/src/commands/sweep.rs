//! `train sweep`: a study of many runs.

mod detach;
mod shown;
mod slurm;
mod trial_pages;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use chart::Table;
use data::DataSet;
use files::{for_shell, quoted};
use plan::Setting;
use report::grouped;
use run::folder;
use serde_json::{Value, json};
use study::{
    Driver, Error, Row, Status, StopReason, Study, StudyFolder, best_of, counted, find_study, importance_of_keys,
    kill_all, leaderboard, status, study_folder,
};
use train::{
    backend::{Kind, choice},
    fit,
};

use super::{load_data, stop::Stop, together};
use crate::{
    DONE, FAILED, INTERRUPTED,
    cli::{Launcher, StudyArgs, SweepAction, SweepArgs, SweepReportArgs, UsageError, instead_of_study},
    terminal::{Out, colours, ranked, room, say, table, tell},
};

/// Points of the table that a study ends with.
const BEST: usize = 10;
/// Failed trials whose reasons are worth a line below it.
const REASONS: usize = 3;

/// The part of a study's time that the pages of its best trials may take at its end.
const PAGES: f64 = 0.002;

/// Runs a study, or looks at one.
pub fn run(args: &SweepArgs) -> anyhow::Result<u8> {
    match &args.action {
        None => work(args),
        Some(SweepAction::Status(args)) => show(&args.study, args.json).map(|()| DONE),
        Some(SweepAction::Report(args)) => report(args).map(|()| DONE),
        Some(SweepAction::Stop(args)) => stop(args).map(|()| DONE),
    }
}

/// The study as it was typed.
fn typed(args: &StudyArgs) -> String {
    args.study.as_deref().map(quoted).unwrap_or_default()
}

fn read(args: &StudyArgs) -> anyhow::Result<Study> {
    let settings = args.set.iter().map(|set| Setting::parse(set)).collect::<Result<Vec<_>, _>>()?;
    let typed = args.study.as_deref().unwrap_or(Path::new(""));
    let file = find_study(typed).map_err(|error| match instead_of_study(typed) {
        Some(said) => UsageError(said).into(),
        None => anyhow::Error::from(error),
    })?;
    Ok(Study::read(&file, &settings)?)
}

/// The study to look at: where nothing is set beside its file, as it was run last.
fn read_as_run(args: &StudyArgs) -> anyhow::Result<Study> {
    let study = read(args)?;
    if !args.set.is_empty() {
        return Ok(study);
    }
    let named = args.study.as_deref().filter(|path| path.is_dir()).map(Path::to_owned);
    let typed = study_folder::typed_in(&named.map_or_else(|| study.folder(), Ok)?)?;
    Ok(if typed.is_empty() { study } else { Study::read(&study.file, &typed)? })
}

/// What is set beside the study's file, in a line; none where nothing is.
fn set_line(study: &Study) -> Option<String> {
    let plain = |set: &Setting| set.value.as_ref().and_then(|value| value.as_str()).unwrap_or(&set.text).to_owned();
    let typed: Vec<String> = study.typed.iter().map(|set| format!("{}={}", set.key, plain(set))).collect();
    (!typed.is_empty()).then(|| format!("set      {}", typed.join(", ")))
}

fn work(args: &SweepArgs) -> anyhow::Result<u8> {
    let SweepArgs { study: asked, launch, .. } = args;
    if !launch.join {
        together::refuse_several(
            "run the study; start one: `processes_per_trial` in the study's file gives each trial several processes, `--join` shares \
             the trials among drivers",
        )?;
    }
    let mut study = read(asked)?;
    study.jobs = launch.jobs.map_or(study.jobs, usize::from);
    study.check(launch.yes)?;
    check_backend(&study)?;
    together::require_mpi(study.processes)?;
    if launch.dry_run {
        return dry_run(&study).map(|()| DONE);
    }
    if launch.detach {
        return detach::start(&study, &typed(asked));
    }
    if launch.launcher == Some(Launcher::Slurm) {
        return slurm::submit(study, args).map(|()| DONE);
    }
    let stop = if launch.requeue { Stop::listen_patiently()? } else { Stop::listen_with(kill_all)? };
    let ended = drive(study, args, &stop);
    if launch.requeue && ended.as_ref().map_or(stop.is_asked(), |ended| ended.was_cut_short) {
        slurm::requeue()?;
    }
    ended.map(|ended| ended.code)
}

/// Refuses a backend that this program has not. Whether it has a device here matters where a driver begins.
fn check_backend(study: &Study) -> anyhow::Result<()> {
    let plan = study.a_plan()?;
    if Kind::asked(plan.backend).is_some_and(|kind| !kind.is_compiled_in()) {
        let [place, _] = study.hardware();
        choice::choose(plan.backend, plan.device).context(place)?;
    }
    Ok(())
}

/// Refuses a study with trials that could not learn, before anything of it is there. Only where images are so small, or classes so many, is there a
/// plan to refuse, so that no others are resolved once more.
fn check_training(study: &Study, data: &DataSet) -> anyhow::Result<()> {
    let keys = study.keys();
    let may_shrink = ["model.blocks", "model.kind"].iter().any(|key| keys.contains(*key))
        || fit::features_are_single_pixels(&study.a_plan()?, data);
    if !may_shrink && data.task().is_binary() {
        return Ok(());
    }
    let mut plans = study.plans()?.into_iter();
    plans.try_for_each(|plan| fit::check(&plan, data)).with_context(|| study.file.display().to_string())
}

struct Ended {
    code: u8,
    /// By a signal, and not because somebody wanted the study to stop.
    was_cut_short: bool,
}

/// Drives a study in this process.
fn drive(mut study: Study, args: &SweepArgs, stop: &Stop) -> anyhow::Result<Ended> {
    let began = SystemTime::now();
    let plan = study.a_plan()?;
    let chosen = choice::choose(plan.backend, plan.device)?;
    let data = load_data::load(&plan, Some(stop.asked()))?;
    make_definite(&mut study, chosen.kind.name(), &data.source);
    check_training(&study, &data)?;
    let [_, place] = study.hardware();
    for device in &study.devices {
        choice::choose(plan.backend, *device).context(place.clone())?;
    }
    let folder = StudyFolder::open(&study, args.launch.join, began).map_err(unusable)?;
    let program = env::current_exe().context(NO_PROGRAM)?;
    let mut driver = Driver::new(&study, &folder, &data.fingerprint, program)?;
    if args.launch.detached {
        detach::let_go(folder.path())?;
    }
    say(&format!("study    {}, {} trials, {} at a time", study.name, grouped(study.total() as usize), study.jobs));
    say(&format!("backend  {} on {}", chosen.kind, chosen.device.name));
    say(&format!("data     {}", load_data::describe(&data)));
    set_line(&study).iter().for_each(|line| say(line));
    say(&format!("runs     {}", study.folder()?.display()));
    let page = folder.is_first().then(|| folder.path());
    if let Some(page) = page {
        say(&format!("report   {}", page.join(study::PAGE).display()));
    }
    let mut shown = shown::Shown::new(&study, page);
    let end = driver.run(&mut shown, &|| stop.is_asked() || folder.is_stop_asked());
    // What is live is cleared before more is said.
    drop(shown);
    let end = end?;
    let trials: Vec<Status> = driver.entries.into_iter().map(|entry| entry.status).collect();
    let code = conclude(&study, &trials, &end, args);
    if page.is_some() && end == StopReason::Done {
        let most = began.elapsed().unwrap_or_default().mul_f64(PAGES);
        trial_pages::write(study::leaders(&study, &trials), most);
    }
    match study::write_report(folder.path(), &study, &trials) {
        Ok(page) => say_what_came_of_it(&study, &trials, &page),
        Err(error) => tell(&format!("warning: {error}")),
    }
    Ok(Ended { code, was_cut_short: end == StopReason::Interrupted && !folder.is_stop_asked() })
}

/// A folder that cannot be written is bad usage, as long as nothing has run in it.
fn unusable(error: Error) -> anyhow::Error {
    if let Error::File(files::Error::Write { .. }) = error {
        UsageError(error.to_string()).into()
    } else {
        error.into()
    }
}

const NO_PROGRAM: &str = "cannot find this program to run trials with";

/// Replaces what may be `auto` by what it came to here.
fn make_definite(study: &mut Study, backend: &str, source: &str) {
    let definite = [("backend", backend), ("data.source", source)];
    study.make_definite(definite.map(|(key, value)| Setting::flag("the study's driver", key, value)));
}

/// The trials, and what is done of them: what is finished will not run again.
fn dry_run(study: &Study) -> anyhow::Result<()> {
    study_folder::refuse_other(study)?;
    let trials = status::of_study(study)?;
    let states: BTreeMap<usize, &str> = trials.iter().map(|status| (status.trial.number, status.name())).collect();
    let mut rows = Table::new(["trial", "state", "point"], usize::MAX);
    let points = study.points()?;
    let seeded = points.iter().flat_map(|point| study.seeds().iter().map(move |seed| (point, seed)));
    for (number, (point, seed)) in seeded.enumerate() {
        let state = states.get(&number).copied().unwrap_or("new");
        rows.add_row([(number + 1).to_string(), state.into(), study::named(point, *seed)]);
    }
    let mut out = Out;
    if points.is_empty() {
        writeln!(out, "{} trials, each proposed when the values before it are known", study.total())?;
    } else {
        write!(out, "{}", table(&rows))?;
    }
    if trials.is_empty() { Ok(()) } else { Ok(writeln!(out, "\n{}", counted(study, &trials))?) }
}

/// The best points, why trials failed, how many stand how, and what each key matters.
fn summary(study: &Study, trials: &[Status], typed: &str) -> String {
    let points = trials.iter().map(|status| status.trial.point.to_string()).collect::<BTreeSet<_>>().len();
    let more = (points > BEST).then(|| {
        format!("the best {BEST} of {points} points; `train sweep report {typed}` has more, `train sweep status {typed} --json` all\n")
    });
    let failed = trials.iter().filter_map(|status| match &status.state {
        status::State::Failed(reason) => Some(format!("trial {} failed: {reason}\n", status.trial.number + 1)),
        _ => None,
    });
    let failed: Vec<String> = failed.collect();
    let others = failed.len().saturating_sub(REASONS);
    let others = (others > 0).then(|| format!("{others} more failed; `train sweep report {typed}` says of each why\n"));
    let table = ranked(&leaderboard(study, trials, BEST));
    let below: String = more.into_iter().chain(failed.into_iter().take(REASONS)).chain(others).collect();
    let importance = importance_of_keys(study, trials).map(|line| format!("\n{line}"));
    format!("{table}{below}\n{}{}", counted(study, trials), importance.unwrap_or_default())
}

/// Says what has come of it. A reader that has gone, as `head` does, changes nothing about that.
fn conclude(study: &Study, trials: &[Status], end: &StopReason, args: &SweepArgs) -> u8 {
    let typed = typed(&args.study);
    say(&format!("\n{}", summary(study, trials, &typed)));
    let failed = trials.iter().any(|status| matches!(status.state, status::State::Failed(_)));
    let sets: String = args.study.set.iter().map(|set| format!(" --set {}", for_shell(set))).collect();
    let jobs = args.launch.jobs.map_or_else(String::new, |jobs| format!(" --jobs {jobs}"));
    let study = typed + &jobs + &sets;
    match end {
        StopReason::Done => {}
        StopReason::Interrupted => {
            say(&format!("stopped as asked, nothing is lost; go on with `train sweep {study}`"));
            return INTERRUPTED;
        }
        StopReason::OutOfTime => {
            say(&format!("its time is used up; more of it: `train sweep {study}` again"));
            return INTERRUPTED;
        }
        StopReason::FailedAlike(reason) => tell(&format!("error: the first trials all failed alike: {reason}")),
    }
    if failed || matches!(end, StopReason::FailedAlike(_)) { FAILED } else { DONE }
}

/// The best trial, its model, and what trains it again.
fn say_what_came_of_it(study: &Study, trials: &[Status], page: &Path) {
    if let Some(best) = best_of(study, trials) {
        let value = best.value.map_or_else(|| "-".into(), |value| study.metric.shown(value));
        let point = study::short(&study::named(&best.trial.point(), best.trial.seed));
        // What has not done all of its epochs may yet change.
        let so_far = best.record.as_ref().filter(|_| best.state != status::State::Finished);
        let so_far =
            so_far.map(|record| format!(" ({} after {} of {} epochs)", best.name(), record.epochs_done, record.epochs));
        let so_far = so_far.unwrap_or_default();
        say(&format!("best     trial {}: {} {value}{so_far}, {point}", best.trial.number + 1, study.metric));
        let model = folder::model_path(&best.run);
        if model.is_file() {
            say(&format!("model    {}", model.display()));
        }
        say(&format!("config   {}", page.with_file_name(study::BEST_PLAN).display()));
    }
    say(&format!("report   {}", page.display()));
}

fn show(args: &StudyArgs, as_json: bool) -> anyhow::Result<()> {
    let study = read_as_run(args)?;
    let folder = study.folder()?;
    study_folder::refuse_other(&study)?;
    let trials = status::of_study(&study)?;
    let mut out = Out;
    let running = study::running(&study, &trials);
    if as_json {
        return Ok(out.json(&object(&study, &folder, &trials, &running))?);
    }
    writeln!(out, "study    {}, {} trials", study.name, grouped(study.total() as usize))?;
    let [backend, data] = trained_with(&study, &trials)?;
    writeln!(out, "backend  {backend}\ndata     {data}")?;
    set_line(&study).map_or(Ok(()), |line| writeln!(out, "{line}"))?;
    writeln!(out, "runs     {}", folder.display())?;
    let drivers = if study_folder::has_drivers(&folder) { "at work" } else { "none at work" };
    writeln!(out, "drivers  {drivers}")?;
    if let Some(tasks) = slurm::tasks(&folder) {
        writeln!(out, "slurm    {tasks}")?;
    }
    if !running.is_empty() {
        writeln!(out, "time     {}\n", study::time_left(study::seconds_left(&study, &trials)))?;
    }
    for row in &running {
        writeln!(out, "{}", row.running(room().unwrap_or(usize::MAX), colours()))?;
    }
    writeln!(out, "\n{}", summary(&study, &trials, &typed(args)))?;
    match status::folders(&folder)?.len().saturating_sub(trials.len()) {
        0 => Ok(()),
        others => Ok(writeln!(
            out,
            "{} has {others} trials beside these, of other values or another `[set]`, base or `--set`",
            folder.display()
        )?),
    }
}

/// The backend and the data of the trials; before the first, what the study asks for.
fn trained_with(study: &Study, trials: &[Status]) -> anyhow::Result<[String; 2]> {
    let records = || trials.iter().filter_map(|status| status.record.as_ref());
    let plan = study.a_plan()?;
    let distinct = |found: BTreeSet<String>, asked: String| {
        if found.is_empty() { asked } else { found.into_iter().collect::<Vec<_>>().join(", ") }
    };
    Ok([
        distinct(records().map(|run| format!("{} on {}", run.backend, run.device)).collect(), plan.backend.to_string()),
        distinct(records().map(|run| run.data.name().to_owned()).collect(), plan.data.source.to_string()),
    ])
}

fn report(args: &SweepReportArgs) -> anyhow::Result<()> {
    let study = read_as_run(&args.study)?;
    let folder = study.folder()?;
    if !folder.is_dir() {
        bail!(UsageError(format!("there is nothing in `{}` yet; `train sweep` runs the study", folder.display())));
    }
    study_folder::refuse_other(&study)?;
    let trials = status::of_study(&study)?;
    if trials.is_empty() && !status::folders(&folder)?.is_empty() {
        let folder = folder.display();
        bail!(UsageError(format!(
            "`{folder}` has no trial of these values: it was run with another `--set`, `[set]` or base"
        )));
    }
    let leaders = study::leaders(&study, &trials);
    let others = trials.iter().filter(|status| args.pages && folder::model_path(&status.run).is_file());
    trial_pages::write(leaders.into_iter().chain(others), Duration::MAX);
    let page = study::write_report(&folder, &study, &trials)?;
    Ok(writeln!(Out, "{}", page.display())?)
}

/// The same for a program.
fn object(study: &Study, folder: &Path, trials: &[Status], running: &[Row]) -> Value {
    let trial = |status: &Status| {
        let point: BTreeMap<String, String> =
            status.trial.point().into_iter().map(|(key, value)| (key, value.to_string())).collect();
        let run = status.run.to_string_lossy();
        json!({
            "trial": status.trial.number + 1,
            "run": run,
            "state": status.name(),
            "value": status.value,
            "epochs": status.epochs(),
            "seed": status.trial.seed,
            "point": point,
            "reason": status.trial.reason,
        })
    };
    let best = best_of(study, trials);
    let running: Vec<Value> = running
        .iter()
        .map(|row| json!({ "trial": row.number, "value": row.value, "epoch": row.done, "part": row.part, "epochs": row.epochs }))
        .collect();
    json!({
        "study": study.name,
        "folder": folder.to_string_lossy(),
        "metric": study.metric.to_string(),
        "total": study.total(),
        "at_work": study_folder::has_drivers(folder),
        "best": best.map(trial),
        "running": running,
        "seconds_left": (!running.is_empty()).then(|| study::seconds_left(study, trials)).flatten(),
        "trials": trials.iter().map(trial).collect::<Vec<_>>(),
    })
}

fn stop(args: &StudyArgs) -> anyhow::Result<()> {
    let study = read_as_run(args)?;
    study_folder::refuse_other(&study)?;
    let folder = study.folder()?;
    let mut out = Out;
    let is_asked = study_folder::ask_to_stop(&folder)?;
    if is_asked {
        writeln!(out, "asked the drivers in `{}` to stop", folder.display())?;
    }
    // A worker that has not begun reads no file. Where none has, nobody is there to be asked.
    let is_cancelled = study::slurm::cancel(&folder, !is_asked)?;
    if is_cancelled {
        writeln!(out, "cancelled what waited in Slurm's queue for the study in `{}`", folder.display())?;
    }
    if !is_asked && !is_cancelled {
        bail!(UsageError(format!("no driver works on the study in `{}`", folder.display())));
    }
    Ok(())
}
