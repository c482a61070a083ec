//! The command line: arguments in, exit code out. A file a command is in `commands`; what they work with, in the crates.

mod cli;
mod commands;
mod environment;
mod memory;
mod terminal;

use std::{env, io::ErrorKind, process::ExitCode};

use anyhow::anyhow;
use clap::FromArgMatches as _;
use plan::PlanError;
use study::{DONE, INTERRUPTED};
use train::panics::{self, Panic};

/// The run failed.
const FAILED: u8 = 1;
/// Bad usage or configuration; nothing was fetched or trained.
const USAGE: u8 = 2;

#[global_allocator]
static ALLOCATOR: memory::OrEnd = memory::OrEnd;

fn main() -> ExitCode {
    memory::keep();
    // SAFETY: there is one thread yet.
    unsafe { environment::prepare() };
    panics::keep_quiet();
    ExitCode::from(match cli::command().try_get_matches().and_then(|typed| cli::Cli::from_arg_matches(&typed)) {
        Ok(cli) => ended(panics::contained(|| commands::run(cli)).unwrap_or_else(|panic| Err(fault(&panic)))),
        Err(error) if error.use_stderr() => {
            commands::leave_it_to_the_first();
            terminal::tell(&usage(&error));
            USAGE
        }
        // Help and version.
        Err(help) => ended(help.print().map(|()| DONE).map_err(Into::into)),
    })
}

fn ended(outcome: anyhow::Result<u8>) -> u8 {
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => DONE,
        Err(error) => {
            print_error(&error);
            code_of(&error)
        }
    }
}

/// What to type instead, or what clap says in several lines, in one; its usage is what `--help` begins with.
fn usage(error: &clap::Error) -> String {
    let typed: Vec<String> = env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if let Some(said) = cli::instead(error, &typed) {
        return format!("error: {said}; `--help` has more");
    }
    let text = error.render().to_string();
    // A tip of clap's is how to pass an option's name as a value, which no command takes.
    let is_about = |part: &&str| {
        !["Usage:", "For more information", "tip: to pass"].iter().any(|begin| part.trim_start().starts_with(begin))
    };
    let said = text.trim().split("\n\n").filter(is_about);
    let lines = said.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    format!("{}; `--help` has more", lines.collect::<Vec<_>>().join("; "))
}

/// A panic outside of a backend's work.
fn fault(panic: &Panic) -> anyhow::Error {
    anyhow!("{panic}; this is a fault of the program: tell {}", panic.tracker())
}

/// One line per problem. What the system says of a file comes with its path; a bare message is about our output.
fn print_error(error: &anyhow::Error) {
    let is_bare = error.chain().next().is_some_and(|first| first.is::<std::io::Error>());
    let output = if is_bare { "cannot write to standard output: " } else { "" };
    match plan_error(error) {
        Some(plan) => plan.problems.iter().for_each(|problem| terminal::tell(&format!("error: {problem}"))),
        None => terminal::tell(&format!("error: {output}{error:#}")),
    }
}

/// What is wrong with a config or a study file, whichever crate it went through.
fn plan_error(error: &anyhow::Error) -> Option<&PlanError> {
    match (error.downcast_ref(), run_error(error)) {
        (Some(study::Error::Plan(plan)), _) | (_, Some(run::Error::Plan(plan))) => Some(plan),
        _ => error.downcast_ref(),
    }
}

/// What is wrong with a run folder.
fn run_error(error: &anyhow::Error) -> Option<&run::Error> {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(train::Error::Run(run)), _) | (_, Some(study::Error::Run(run))) => Some(run),
        _ => error.downcast_ref(),
    }
}

/// With which exit code this ends.
fn code_of(error: &anyhow::Error) -> u8 {
    use train::backend::BackendError::{NoSuchDevice, NotCompiledIn};
    if let Some(train::Error::Rank { code, .. }) = error.downcast_ref() {
        return *code;
    }
    // Of a run folder's errors all but those of its files are about what was asked for.
    let run = run_error(error).is_some_and(|run| !matches!(run, run::Error::File(_)));
    let study = matches!(error.downcast_ref(), Some(study::Error::InUse { .. } | study::Error::DiskFull { .. }));
    let training = matches!(
        error.downcast_ref(),
        Some(
            train::Error::SingleValues { .. }
                | train::Error::LossOfTwo { .. }
                | train::Error::ClassWeights { .. }
                | train::Error::RankDiffers { .. }
        )
    );
    let backend = matches!(error.downcast_ref(), Some(NotCompiledIn { .. } | NoSuchDevice { .. }));
    match error.downcast_ref() {
        Some(data::Error::Cancelled) => INTERRUPTED,
        Some(data::Error::Classes { .. }) => USAGE,
        Some(data::Error::Read { cause, .. }) if cause.kind() == ErrorKind::NotFound => USAGE,
        _ if plan_error(error).is_some() || error.is::<cli::UsageError>() => USAGE,
        _ if run || study || training || backend => USAGE,
        _ => FAILED,
    }
}

/// Whether the reader of our output has gone, as `head` does when it has enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
