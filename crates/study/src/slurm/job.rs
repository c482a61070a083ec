//! Slurm's commands: submit a study's job, see whether it is there, end it, put a worker back into the queue.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Error;

/// A task of a job, or several that still wait, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Such as `12_1`, or `12_[2-4]`.
    pub name: String,
    /// Such as `RUNNING`.
    pub state: String,
}

/// Whether jobs can be submitted from this machine.
pub fn is_here() -> bool {
    let tried = Command::new("sbatch").arg("--version").stdin(Stdio::null()).output();
    !tried.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Asks the cluster for a sign of life.
///
/// # Errors
/// Where it gives none, with what Slurm said.
pub fn ping() -> Result<(), Error> {
    ask("squeue", &["--noheader", "--me"].map(str::as_ref)).map(drop)
}

/// Submits a batch script and keeps the job's number in the study's folder; returns it.
///
/// # Errors
/// Where Slurm refuses the job, with what it said.
pub fn submit(study: &Path, script: &Path) -> Result<String, Error> {
    let said = ask("sbatch", &["--parsable".as_ref(), script.as_os_str()])?;
    // On a system of several clusters the name of one follows.
    let job = said.trim().split(';').next().unwrap_or_default().to_owned();
    let path = jobs_file(study);
    let failed = |cause| files::Error::Write { path: path.clone(), cause };
    let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
    writeln!(file, "{job}").map_err(failed)?;
    Ok(job)
}

/// What Slurm still has of the study's jobs; nothing where none was submitted.
///
/// # Errors
/// Where the study has jobs and Slurm does not answer.
pub fn at_work(study: &Path) -> Result<Vec<Task>, Error> {
    let jobs = jobs(study)?;
    let tasks = jobs.iter().map(|job| tasks(job)).collect::<Result<Vec<_>, _>>()?;
    Ok(tasks.into_iter().flatten().collect())
}

/// Ends the tasks of a study that wait, or all of them; `false` where there are none.
///
/// # Errors
/// Where Slurm does not.
pub fn cancel(study: &Path, running_too: bool) -> Result<bool, Error> {
    let mut any = false;
    for job in jobs(study)? {
        if tasks(&job)?.iter().any(|task| running_too || task.state == "PENDING") {
            let waiting = (!running_too).then_some("--state=PENDING".as_ref());
            ask("scancel", &waiting.into_iter().chain([job.as_ref()]).collect::<Vec<_>>())?;
            any = true;
        }
    }
    Ok(any)
}

/// Puts a running task back into the queue. `false` where Slurm ends it itself: then it was cancelled, which is meant, or
/// is requeued anyway.
///
/// # Errors
/// Where Slurm refuses.
pub fn requeue(task: &str) -> Result<bool, Error> {
    let runs = tasks(task)?.iter().any(|task| task.state == "RUNNING");
    if runs {
        ask("scontrol", &["requeue".as_ref(), task.as_ref()])?;
    }
    Ok(runs)
}

/// The tasks that Slurm has of a job.
fn tasks(job: &str) -> Result<Vec<Task>, Error> {
    let arguments = ["--noheader", "--me", "--format=%i %T", "--jobs", job].map(str::as_ref);
    let said = match ask("squeue", &arguments) {
        // It ended so long ago that Slurm has forgotten it.
        Err(Error::Slurm { said, .. }) if said.contains("Invalid job id") => return Ok(Vec::new()),
        said => said?,
    };
    let task = |line: &str| line.split_once(' ').map(|(name, state)| Task { name: name.into(), state: state.into() });
    Ok(said.lines().filter_map(task).collect())
}

/// Runs a command of Slurm; returns what it prints.
fn ask(command: &'static str, arguments: &[&OsStr]) -> Result<String, Error> {
    let ran = Command::new(command).args(arguments).stdin(Stdio::null()).output();
    let ran = ran.map_err(|cause| Error::Slurm { command, said: cause.to_string() })?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&ran.stderr);
    let plain = |line: &str| {
        let said = line.trim_start_matches(&format!("{command}: "));
        said.trim_start_matches("error: ").trim_start_matches("fatal: ").to_owned()
    };
    let lines: Vec<String> = text.lines().map(plain).collect();
    Err(Error::Slurm { command, said: lines.join("; ") })
}

/// The numbers of the jobs that were submitted for a study.
fn jobs(study: &Path) -> Result<Vec<String>, Error> {
    let path = jobs_file(study);
    let text = if path.exists() { files::read_text(&path)? } else { String::new() };
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn jobs_file(study: &Path) -> PathBuf {
    study.join("slurm-jobs")
}
