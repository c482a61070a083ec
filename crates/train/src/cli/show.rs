//! What can be typed to look at an image.

use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::Args;

use super::{PlanArgs, from_1};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// An image file (`-`: standard input), or an image of the data by its number from 0, as `train/3/1`.
    #[arg(value_name = "FILE|SPLIT/CLASS/INDEX", required_unless_present = "batch")]
    pub image: Option<PathBuf>,
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Only these rows, without the last: `4..15`, `4..` or `..15`.
    #[arg(long, value_name = "FROM..TO", conflicts_with = "batch")]
    pub rows: Option<Part>,
    /// Only these columns.
    #[arg(long, value_name = "FROM..TO", conflicts_with = "batch")]
    pub cols: Option<Part>,
    /// An image of the data, or each of the batch, as so many epochs of training see it, changed anew as the plan's `[augmentation]` says.
    #[arg(long, value_name = "N", conflicts_with_all = ["raw", "rows", "cols"], value_parser = from_1)]
    pub variants: Option<NonZeroUsize>,
    /// Images of the first training batch with their labels, in the order of the plan's seed, as the training sees them.
    #[arg(long)]
    pub batch: bool,
    /// Show them as they are, not as the training's first epoch sees them: turned, mirrored, cut as the plan's `[augmentation]` says.
    #[arg(long, requires = "batch")]
    pub raw: bool,
    /// As the training sees them, which is so without it too.
    #[arg(long, requires = "batch", conflicts_with = "raw", hide = true)]
    pub augmented: bool,
    /// How many images of the batch; 9, and 64 on a page.
    #[arg(long, value_name = "N", requires = "batch", value_parser = from_1)]
    pub images: Option<NonZeroUsize>,
    /// Write it to a self-contained page too.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// A part of an image's rows or columns.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub from: usize,
    /// The one behind the last; `None`: to the end.
    pub to: Option<usize>,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            |part: &str| part.parse::<usize>().map_err(|_| format!("`{part}` is no number; write it as 4..15"));
        let (from, to) = text.split_once("..").ok_or("it has no `..`; write it as 4..15")?;
        Ok(Self {
            from: if from.is_empty() { 0 } else { number(from)? },
            to: if to.is_empty() { None } else { Some(number(to)?) },
        })
    }
}
