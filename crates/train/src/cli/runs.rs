//! What can be typed of the runs there are.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Subcommand};

use super::from_1;
use crate::commands::Condition;

/// Runs to list, or something to do with some.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(flatten)]
    pub list: ListArgs,
    #[command(subcommand)]
    pub action: Option<RunsAction>,
}

#[derive(Debug, Args)]
pub struct RootArgs {
    /// The output root.
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    pub runs: PathBuf,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub root: RootArgs,
    /// The first N rows alone: without `--sort` the newest.
    #[arg(long, value_name = "N", value_parser = from_1)]
    pub last: Option<NonZeroUsize>,
    /// Best or greatest first: a metric of the best epoch, `highest`, `epochs`, `time`, `began`, or a key of the plan; `-KEY` the
    /// other way round.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Only what is so, as often as wanted: `accuracy>0.98`, `model=linear`, `tag=baseline`, `optimizer.learning_rate<=0.1`.
    #[arg(long, value_name = "CONDITION")]
    pub filter: Vec<Condition>,
    /// Each trial of a study in a row of its own.
    #[arg(long)]
    pub trials: bool,
    /// A JSON array instead of the table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum RunsAction {
    /// Write a note to a run, in place of the one before; without a text, show it.
    #[command(
        after_help = "Examples:\n  train runs note latest the first with a lower rate\n  train runs note latest ''"
    )]
    Note(NoteArgs),
    /// Add tags to a run, or take some away.
    #[command(after_help = "Examples:\n  train runs tag latest baseline paper\n  train runs tag latest --remove paper")]
    Tag(TagArgs),
    /// Stop what trains, as Ctrl-C would where it was started: all that was done is saved.
    #[command(after_help = "Examples:\n  train runs stop latest\n  train runs stop runs/my-study")]
    Stop(StopArgs),
    /// Move runs, or a whole study, to a trash folder below their root; bring back what was removed last.
    #[command(
        after_help = "Examples:\n  train runs remove runs/linear/20260101-120000 runs/old-study\n  train runs remove --undo"
    )]
    Remove(RemoveArgs),
    /// Remove all but the newest runs. Studies, and runs with a note or a tag, are left alone.
    #[command(after_help = "Examples:\n  train runs prune --keep 20 --dry-run\n  train runs prune --keep 20")]
    Prune(PruneArgs),
}

#[derive(Debug, Args)]
pub struct NoteArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    /// The note, in quotes or not; an empty one removes it.
    pub text: Vec<String>,
}

#[derive(Debug, Args)]
pub struct TagArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    /// Tags to add.
    #[arg(value_parser = tag)]
    pub tags: Vec<String>,
    /// A tag to take away, as often as wanted.
    #[arg(long, value_name = "TAG")]
    pub remove: Vec<String>,
}

#[derive(Debug, Args)]
pub struct StopArgs {
    /// Run folders or `latest`; a study's folder stands for all of its drivers.
    #[arg(required = true)]
    pub run: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Run folders, `latest`, `latest:STUDY` or `best:STUDY`; a study's folder stands for all of it.
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    pub run: Vec<PathBuf>,
    /// Bring back what was removed last.
    #[arg(long)]
    pub undo: bool,
    #[command(flatten)]
    pub root: RootArgs,
}

#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many of the newest runs stay.
    #[arg(long, value_name = "N")]
    pub keep: usize,
    /// Print what would be removed and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub root: RootArgs,
}

/// A word, so that `--filter tag=..` finds it.
pub fn tag(text: &str) -> Result<String, &'static str> {
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',');
    if is_word { Ok(text.to_owned()) } else { Err("expected a word without spaces and commas") }
}
