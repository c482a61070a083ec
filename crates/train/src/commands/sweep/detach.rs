//! `--detach`: the driver in a session of its own, which no terminal ends.
//!
//! It shares this terminal, and Ctrl-C there, until it holds the study. From then on all that it says goes to a file.

use std::path::Path;

#[cfg(unix)]
use anyhow::Context as _;
use study::Study;

#[cfg(unix)]
use crate::terminal::say;

/// Starts the driver; returns as soon as it holds the study, or its exit code where it does not come to that.
#[cfg(unix)]
pub fn start(study: &Study, typed: &str) -> anyhow::Result<u8> {
    use std::{
        env,
        io::Read as _,
        process::{Command, Stdio},
    };

    let arguments = env::args_os().skip(1).map(|word| if word == "--detach" { "--detached".into() } else { word });
    let mut command = Command::new(env::current_exe().context(super::NO_PROGRAM)?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut driver = command.spawn().context("cannot start the driver")?;
    let mut said = String::new();
    driver.stdout.take().context("the driver has no output")?.read_to_string(&mut said)?;
    if said != READY {
        let status = driver.wait().context("cannot wait for the driver")?;
        return Ok(status.code().and_then(|code| code.try_into().ok()).unwrap_or(crate::FAILED));
    }
    tell_where(study, typed, driver.id())?;
    Ok(crate::DONE)
}

/// There are no sessions.
#[cfg(not(unix))]
pub fn start(_: &Study, _: &str) -> anyhow::Result<u8> {
    anyhow::bail!(crate::cli::UsageError(
        "`--detach` needs a Unix system; run `train sweep` in a terminal that stays".into()
    ))
}

#[cfg(unix)]
fn tell_where(study: &Study, typed: &str, process: u32) -> anyhow::Result<()> {
    say(&format!("driver   process {process} in the background, writes {}", log_file(&study.folder()?).display()));
    say(&format!("look     train sweep status {typed}"));
    say(&format!("stop     train sweep stop {typed}"));
    Ok(())
}

/// The driver's word that it holds the study.
#[cfg(unix)]
const READY: &str = "ready\n";

/// Says so in the driver, and lets go of the terminal.
#[cfg(unix)]
pub fn let_go(study: &Path) -> anyhow::Result<()> {
    use std::{fs::OpenOptions, io::Write as _};

    use rustix::{process::setsid, stdio};

    let path = log_file(study);
    let failed = |cause| files::Error::Write { path: path.clone(), cause };
    let log = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
    setsid().context("cannot leave the terminal's session")?;
    std::io::stdout().write_all(READY.as_bytes())?;
    std::io::stdout().flush()?;
    stdio::dup2_stdout(&log).and_then(|()| stdio::dup2_stderr(&log)).map_err(|cause| failed(cause.into()))?;
    Ok(())
}

/// Nobody has started it.
#[cfg(not(unix))]
pub fn let_go(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn log_file(study: &Path) -> std::path::PathBuf {
    study.join("driver.log")
}
