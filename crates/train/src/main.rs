//! The command line: arguments in, exit code out. Everything else is in the library.

mod cli;
mod commands;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use train::{Error, backend::BackendError, plan::PlanError};

/// Done.
const DONE: u8 = 0;
/// The run failed.
const FAILED: u8 = 1;
/// Bad usage or configuration; nothing was fetched or trained.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let code = match commands::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => DONE,
        Err(error) => {
            print_error(&error);
            code_of(&error)
        }
    };
    ExitCode::from(code)
}

/// One line per problem.
fn print_error(error: &anyhow::Error) {
    for line in format!("{error:#}").lines() {
        eprintln!("error: {line}");
    }
}

fn code_of(error: &anyhow::Error) -> u8 {
    let usage = error.is::<PlanError>()
        || error.is::<cli::UsageError>()
        || matches!(error.downcast_ref(), Some(Error::NoRun { .. } | Error::Resume { .. } | Error::InUse { .. }))
        || matches!(error.downcast_ref(), Some(BackendError::NotCompiledIn { .. } | BackendError::NoSuchDevice { .. }))
        || matches!(error.downcast_ref(), Some(data::Error::Classes { .. }));
    if usage { USAGE } else { FAILED }
}

/// Whether the reader of our output has gone, as `head` does when it has enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
