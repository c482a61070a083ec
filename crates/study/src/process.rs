//! A trial's process: this same program, in a process group of its own, with its output in a file of the run folder.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError, mpsc::Sender},
    thread,
};

use files::Error;

/// Exit code of what is done, a trial's process or any other command.
pub const DONE: u8 = 0;
/// Of a trial that its limits stopped.
pub const PRUNED: u8 = 3;
/// Of a trial whose loss is no number any more: a function of its plan, it comes to the same again.
pub const DIVERGED: u8 = 4;
/// Of what was interrupted, as a shell reports it.
pub const INTERRUPTED: u8 = 130;

/// How much a failed trial's output is worth to whoever watches.
const LAST_LINES: usize = 5;

/// What a trial is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The trial's place in the study's list.
    pub trial: usize,
    /// The epoch after which it pauses; `None`: its plan's last.
    pub until: Option<usize>,
    pub device: Option<usize>,
    /// How many processes share it.
    pub processes: usize,
}

/// A trial's process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The trial's place in the study's list.
    pub trial: usize,
    pub status: io::Result<ExitStatus>,
}

/// Starts a trial's process; whoever receives hears when it ends. Returns its number in the system.
///
/// # Errors
/// Where it cannot be started.
pub fn start(program: &Path, run: &Path, job: Job, ended: Sender<Ended>) -> Result<u32, Error> {
    let path = output(run);
    let failed = |cause| Error::Write { path: path.clone(), cause };
    let file = File::create(&path).map_err(failed)?;
    let errors = file.try_clone().map_err(failed)?;
    let mut command = Command::new(program);
    command.arg("trial").arg(run).stdin(Stdio::null()).stdout(file).stderr(errors);
    if let Some(until) = job.until {
        command.args(["--until", &until.to_string()]);
    }
    if let Some(device) = job.device {
        command.args(["--device", &device.to_string()]);
    }
    if job.processes > 1 {
        command.args(["--processes", &job.processes.to_string()]);
    }
    if cfg!(target_os = "linux") {
        command.args(["--parent", &std::process::id().to_string()]);
    }
    apart(&mut command);
    let mut child = command.spawn().map_err(|cause| Error::Read { path: program.into(), cause })?;
    let number = child.id();
    running().insert(number);
    // Whoever waited for it may have gone; then nobody wants to know.
    thread::spawn(move || {
        let status = child.wait();
        running().remove(&number);
        ended.send(Ended { trial: job.trial, status }).ok()
    });
    Ok(number)
}

/// Ctrl-C in the terminal reaches the driver alone, which asks its trials to stop.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn apart(_: &mut Command) {}

/// Asks this process, a trial's, to save and end when its driver dies, where the system can; `false` where it is dead already.
#[cfg(target_os = "linux")]
pub fn end_with(driver: u32) -> bool {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let is_set = set_parent_process_death_signal(Some(Signal::TERM)).is_ok();
    // Whoever died before that call sends nothing.
    let lives = getppid().is_some_and(|parent| parent.as_raw_nonzero().get().cast_unsigned() == driver);
    !is_set || lives
}

#[cfg(not(target_os = "linux"))]
pub fn end_with(_: u32) -> bool {
    true
}

/// Asks a trial's process to save and end.
#[cfg(unix)]
pub fn stop(process: u32) {
    signal(process, rustix::process::Signal::TERM);
}

/// Ends the processes of all trials at once; what they have saved is kept.
#[cfg(unix)]
pub fn kill_all() {
    running().iter().for_each(|process| signal(*process, rustix::process::Signal::KILL));
}

#[cfg(unix)]
fn signal(process: u32, signal: rustix::process::Signal) {
    use rustix::process::{Pid, kill_process};
    if let Some(process) = Pid::from_raw(process.cast_signed()) {
        // Where it has ended there is nobody to hear it.
        let _ = kill_process(process, signal);
    }
}

/// Without signals a trial cannot be asked; it goes on to its end.
#[cfg(not(unix))]
pub fn stop(_: u32) {}

#[cfg(not(unix))]
pub fn kill_all() {}

/// The processes of this driver's trials that have not been seen to end: whoever handles a signal has no other way to them.
fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last lines that the trial in `run` wrote.
pub fn last_lines(run: &Path) -> Vec<String> {
    let text = files::read(&output(run)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    // What starts several processes has words of its own below theirs.
    if let Some(last) = lines.iter().rposition(|line| line.starts_with("error: ")) {
        lines.truncate(last + 1);
    }
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| (*line).to_owned()).collect()
}

fn output(run: &Path) -> PathBuf {
    run.join("output.txt")
}
