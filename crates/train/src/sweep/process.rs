//! A trial's process: this same program, in a process group of its own, with its output in a file of the run folder.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::Sender,
    thread,
};

use crate::{Error, files};

/// How much a failed trial's output is worth to whoever watches.
const LAST_LINES: usize = 5;

/// What a trial is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The trial's place in the study's list.
    pub trial: usize,
    /// The epoch after which it pauses; `None`: its plan's last.
    pub until: Option<usize>,
    /// The device's number.
    pub device: Option<usize>,
}

/// A trial's process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The trial's place in the study's list.
    pub trial: usize,
    /// How it ended.
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
    apart(&mut command);
    let mut child = command.spawn().map_err(|cause| Error::Read { path: program.into(), cause })?;
    let number = child.id();
    // Whoever waited for it may have gone; then nobody wants to know.
    thread::spawn(move || ended.send(Ended { trial: job.trial, status: child.wait() }).ok());
    Ok(number)
}

/// Ctrl-C in the terminal reaches the driver alone, which asks its trials to stop. A driver that dies takes them along.
#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
    #[cfg(target_os = "linux")]
    // SAFETY: prctl is a system call that may be made between fork and exec, and this one touches no memory.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
}

#[cfg(not(unix))]
fn apart(_: &mut Command) {}

/// Asks a trial's process to save and end.
#[cfg(unix)]
pub fn stop(process: u32) {
    // SAFETY: a system call that touches no memory of ours. The process may have ended; that is as well.
    unsafe {
        libc::kill(process.cast_signed(), libc::SIGTERM);
    }
}

/// Without signals a trial cannot be asked; it goes on to its end.
#[cfg(not(unix))]
pub fn stop(_: u32) {}

/// The last lines that the trial in `run` wrote.
pub fn last_lines(run: &Path) -> Vec<String> {
    let text = files::read(&output(run)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| (*line).to_owned()).collect()
}

fn output(run: &Path) -> PathBuf {
    run.join("output.txt")
}
