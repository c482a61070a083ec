//! What can be typed of studies.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{StringValueParser, TypedValueParser},
};
use study::slurm;

use super::from_1;

/// A study to run, or one to look at.
#[derive(Debug, Args)]
pub struct SweepArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    #[command(flatten)]
    pub launch: LaunchArgs,
    #[command(subcommand)]
    pub action: Option<SweepAction>,
}

/// How a study is run, and where its driver is.
#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// Trials at a time, instead of the study's.
    #[arg(long, value_name = "N", value_parser = from_1)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the trials and run none.
    #[arg(long)]
    pub dry_run: bool,
    /// Run more trials than the study's limit.
    #[arg(long)]
    pub yes: bool,
    /// Share the work with a driver that is there already, on this machine or another.
    #[arg(long)]
    pub join: bool,
    /// Work in the background, whatever becomes of this terminal; returns as soon as the study is checked and begun.
    #[arg(long, conflicts_with_all = ["dry_run", "launcher"])]
    pub detach: bool,
    /// Run on a cluster: submits a job of as many workers as the study has `jobs`, and returns.
    #[arg(long, value_name = "NAME")]
    pub launcher: Option<Launcher>,
    /// The partition, instead of the study's.
    #[arg(long, value_name = "NAME", requires = "launcher", value_parser = checked(slurm::partition, slurm::PARTITION))]
    pub partition: Option<String>,
    /// The time limit of a worker, as Slurm has it, instead of the study's; a worker that meets it is requeued and goes on.
    #[arg(long, value_name = "TIME", requires = "launcher", value_parser = checked(slurm::time, slurm::TIME))]
    pub time: Option<String>,
    /// This is the driver that `--detach` starts.
    #[arg(long, hide = true)]
    pub detached: bool,
    /// This is a task of Slurm's: where Slurm asks it to stop, it goes back to the queue.
    #[arg(long, hide = true, requires = "join")]
    pub requeue: bool,
}

/// What runs a study elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Launcher {
    /// An array job of Slurm.
    Slurm,
}

/// What `check` takes, or an error that says what that is.
fn checked(check: fn(&str) -> Option<String>, expected: &'static str) -> impl TypedValueParser<Value = String> {
    let parse = move |text: &str| check(text).ok_or_else(|| format!("expected {expected}"));
    StringValueParser::new().try_map(move |text| parse(&text))
}

#[derive(Debug, Subcommand)]
pub enum SweepAction {
    /// How the trials stand, the best first; reads their folders alone.
    #[command(
        after_help = "Examples:\n  train sweep status learning-rate\n  train sweep status configs/sweeps/tpe.toml"
    )]
    Status(StatusArgs),
    /// Write the study's page, and its best trial as a config, and print the page's path.
    #[command(
        after_help = "Examples:\n  train sweep report learning-rate\n  train sweep report configs/sweeps/tpe.toml --pages"
    )]
    Report(SweepReportArgs),
    /// Ask the study's drivers to save and stop.
    #[command(after_help = "Example:\n  train sweep stop learning-rate")]
    Stop(StudyArgs),
}

#[derive(Debug, Args)]
pub struct StudyArgs {
    /// A study: its file, its name (`train configs` lists them), or its folder below the output root.
    #[arg(required = true)]
    pub study: Option<PathBuf>,
    /// Change one key of every trial, as often as wanted.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SweepReportArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    /// The page of each trial too, not of those in the leaderboard alone.
    #[arg(long)]
    pub pages: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    /// A JSON object instead: each trial, the best one, and those that run.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct TrialArgs {
    pub run: PathBuf,
    /// Pause after this epoch.
    #[arg(long, value_name = "EPOCH")]
    pub until: Option<usize>,
    #[arg(long, value_name = "N")]
    pub device: Option<usize>,
    /// The driver's process, with which this one ends.
    #[arg(long, value_name = "PID")]
    pub parent: Option<u32>,
    /// How many processes share the trial.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub processes: usize,
    /// This is one of them.
    #[arg(long)]
    pub joined: bool,
}
