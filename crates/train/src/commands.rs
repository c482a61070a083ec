//! One file per subcommand, and what they share.

mod backends;
mod baseline;
mod compare;
mod configs;
mod data;
mod evaluate;
mod export;
mod fit;
mod lr_find;
mod predict;
mod report;
mod runs;
mod serve;
mod show;
mod summary;
mod sweep;
mod tour;
mod trial;
mod verify;

mod image_file;
mod live_page;
mod load_data;
mod output;
mod run_name;
mod stop;
mod stored_run;
mod together;
mod why;
mod workbench;

use std::io::Write as _;

pub use runs::Condition;
pub use together::leave_it_to_the_first;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    DONE,
    cli::{Cli, Command, UsageError, instead_of_config},
};

/// Does what was typed; returns the exit code.
pub fn run(cli: Cli) -> anyhow::Result<u8> {
    if let (None, Some(word)) = (&cli.command, &cli.fit.plan.config) {
        instead_of_config(word).map_or(Ok(()), |said| Err(UsageError(said)))?;
    }
    match cli.command.unwrap_or(Command::Fit(cli.fit)) {
        Command::Fit(args) => return fit::run(&args),
        Command::LrFind(args) => return lr_find::run(&args),
        Command::Evaluate(args) => evaluate::run(&args)?,
        Command::Export(args) => export::run(&args)?,
        Command::Report(args) => report::run(&args)?,
        Command::Predict(args) => predict::run(&args)?,
        Command::Serve(args) => serve::run(&args)?,
        Command::Baseline(args) => baseline::run(&args)?,
        Command::Data(args) => data::run(&args)?,
        Command::Show(args) => show::run(&args)?,
        Command::Summary(args) => summary::run(&args)?,
        Command::Sweep(args) => return sweep::run(&args),
        Command::Trial(args) => return trial::run(&args),
        Command::Tour(args) => return tour::run(&args),
        Command::Verify(args) => verify::run(&args)?,
        Command::Configs(args) => configs::run(&args)?,
        Command::Backends => backends::run()?,
        Command::Runs(args) => runs::run(&args)?,
        Command::Compare(args) => compare::run(&args)?,
        Command::Completions { shell } => completions(shell)?,
    }
    Ok(DONE)
}

/// Made in memory first: the generator panics where its reader has gone.
fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "train", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}
