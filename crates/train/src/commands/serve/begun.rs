//! Processes of this program that were begun from a page. They go on when the server ends.

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, bail};

/// Begins one and waits for the first line that it prints, which is returned, or for its end.
pub fn begin(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<String> {
    let mut command = Command::new(env::current_exe().context("cannot find this program")?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C ends the server alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut process = command.spawn().context("cannot start the program")?;
    let (output, mut errors) =
        (process.stdout.take().context("no output")?, process.stderr.take().context("no errors")?);
    // Read as they come, so that it never waits for a reader.
    let told = thread::spawn(move || {
        let mut told = Vec::new();
        let _ = errors.read_to_end(&mut told);
        String::from_utf8_lossy(&told).into_owned()
    });
    let mut lines = BufReader::new(output).lines();
    let first = lines.next().transpose()?;
    if let Some(first) = first.filter(|line| !line.is_empty()) {
        thread::spawn(move || {
            lines.for_each(drop);
            let _ = process.wait();
        });
        return Ok(first);
    }
    let status = process.wait().context("cannot wait for the program")?;
    let told = told.join().unwrap_or_default();
    if status.success() {
        return Ok(String::new());
    }
    let error = told.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("the program has ended");
    bail!("{error}")
}
