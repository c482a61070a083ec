//! `--launcher slurm`: submits a study's workers, and is one of them.

use std::{env, fs, path::Path, time::SystemTime};

use anyhow::{Context as _, bail};
use plan::Plan;
use study::{
    Study, StudyFolder,
    slurm::{self, Options, Worker},
    study_folder,
};
use train::backend::{Kind, choice};

use crate::{
    cli::{SweepArgs, UsageError},
    commands::load_data,
    terminal::{say, tell},
};

/// Submits a job of workers for a checked study. Where Slurm refuses it, nothing stays of what was made.
pub fn submit(mut study: Study, args: &SweepArgs) -> anyhow::Result<()> {
    if !slurm::is_here() {
        bail!(UsageError("`--launcher slurm` needs Slurm, and there is no `sbatch` on PATH; use a machine of the cluster, or run the study here without it".into()));
    }
    slurm::ping()
        .map_err(|error| UsageError(format!("{error}; `--launcher slurm` needs a machine of a cluster that is up")))?;
    let folder = study.folder()?;
    refuse_a_second_job(&folder, args.launch.join)?;
    let plan = study.a_plan()?;
    let backend = backend(&plan)?;
    let data = load_data::load(&plan, None)?;
    super::make_definite(&mut study, backend, &data.source);
    let worker = worker(&study, args, backend, &data.source)?;
    let is_new = !folder.exists();
    // The workers open it again: the first of them is the study's first driver.
    drop(StudyFolder::open(&study, args.launch.join, SystemTime::now())?);
    let script = slurm::write(&folder, &worker, &options(study.slurm.clone(), args))?;
    let job = slurm::submit(&folder, &script).map_err(|error| {
        remove(&folder, &script, is_new);
        UsageError(format!("{error}; see `--partition`, `--time` and `[slurm]` in {}", study.file.display()))
    })?;
    say(&format!("study    {}, {} trials, {} workers", study.name, study.total(), worker.tasks));
    say(&format!("backend  {backend}"));
    say(&format!("data     {}", load_data::describe(&data)));
    say(&format!("slurm    job {job}, writes {}", folder.join(format!("slurm-{job}_*.txt")).display()));
    let typed = super::typed(&args.study);
    say(&format!("look     train sweep status {typed}"));
    say(&format!("stop     train sweep stop {typed}"));
    Ok(())
}

/// As many workers as trials at a time; two jobs of them only where that is wanted.
fn refuse_a_second_job(folder: &Path, join: bool) -> anyhow::Result<()> {
    let tasks = if join { Vec::new() } else { slurm::at_work(folder)? };
    match tasks.first() {
        None => Ok(()),
        Some(task) => bail!(UsageError(format!(
            "study `{}` has workers at Slurm already ({}); wait until they end, `train sweep stop` them, or add more with `--join`",
            folder.display(),
            task.name
        ))),
    }
}

/// The backend by its name. One that the plan names has its device where the workers run, which need not be here.
fn backend(plan: &Plan) -> anyhow::Result<&'static str> {
    let named = Kind::asked(plan.backend).filter(|kind| kind.is_compiled_in());
    let kind = named.map_or_else(|| choice::choose(plan.backend, plan.device).map(|chosen| chosen.kind), Ok)?;
    Ok(kind.name())
}

fn worker(study: &Study, args: &SweepArgs, backend: &str, source: &str) -> anyhow::Result<Worker> {
    let program = env::current_exe().context(super::NO_PROGRAM)?;
    let folder = env::current_dir().context("cannot find the current folder")?;
    text(&folder)?;
    let mut command = vec![text(&program)?, "sweep".into(), text(&study.file)?];
    command.extend(["--join", "--requeue", "--jobs", "1"].map(str::to_owned));
    command.extend(args.launch.yes.then(|| "--yes".to_owned()));
    let differs = study.keys().contains("backend");
    let definite =
        (!differs).then(|| format!("backend={backend}")).into_iter().chain([format!("data.source={source}")]);
    command.extend(args.study.set.iter().cloned().chain(definite).flat_map(|set| ["--set".into(), set]));
    Ok(Worker {
        name: study.name.clone(),
        tasks: study.total().min(study.jobs as u64),
        processes: study.processes,
        threads: study.a_plan()?.threads.max(1),
        folder,
        command,
    })
}

/// A path as a batch script can have it.
fn text(path: &Path) -> Result<String, UsageError> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control)).map(str::to_owned);
    text.ok_or_else(|| UsageError(format!("`{}` is no name that a batch script can have; rename it", path.display())))
}

/// The study's, and above them what was typed.
fn options(study: Options, args: &SweepArgs) -> Options {
    let launch = &args.launch;
    Options {
        partition: launch.partition.clone().or(study.partition),
        time: launch.time.clone().or(study.time),
        more: study.more,
    }
}

/// What a job that was refused would leave. The error that matters is Slurm's.
fn remove(folder: &Path, script: &Path, is_new: bool) {
    let _ =
        if is_new && !study_folder::has_drivers(folder) { fs::remove_dir_all(folder) } else { fs::remove_file(script) };
}

/// How the tasks of a study's jobs stand; `None` where it has none, or has none any more.
pub fn tasks(folder: &Path) -> Option<String> {
    match slurm::at_work(folder) {
        Ok(tasks) if tasks.is_empty() => None,
        Ok(tasks) => {
            let tasks = tasks.iter().map(|task| format!("{} {}", task.name, task.state.to_lowercase()));
            Some(tasks.collect::<Vec<_>>().join(", "))
        }
        // The files tell how the study stands, on a machine without Slurm too.
        Err(error) => Some(error.to_string()),
    }
}

/// Puts this worker back into Slurm's queue, where it was Slurm that asked it to stop.
pub fn requeue() -> anyhow::Result<()> {
    let number = |name| env::var(name).with_context(|| format!("`{name}` is not set: this is no task of an array job"));
    let task = format!("{}_{}", number("SLURM_ARRAY_JOB_ID")?, number("SLURM_ARRAY_TASK_ID")?);
    if slurm::requeue(&task)? {
        tell(&format!("task {task} goes back to Slurm's queue and goes on from there"));
    }
    Ok(())
}
