//! What a trained model comes to, as sections that a page and a terminal show.

mod beside_baseline;
mod charts;
mod compare;
mod curves;
mod evaluated;
mod run_report;
mod top_losses;
mod words;

use chart::Pixels;
use data::Digits;

pub use beside_baseline::{BaselineScores, BesideBaseline, OnlyOne};
pub use compare::{ComparedRun, Comparison, Group, Test};
pub use curves::{BESIDE_THE_BOOK, books, curves};
pub use evaluated::{Evaluated, Split};
pub(crate) use run_report::TOP_LOSSES;
pub use run_report::{RunReport, write};
pub(crate) use words::for_shell;
pub use words::{clock, fraction, quoted, small};

/// The image with this number.
pub fn pixels(digits: &Digits, index: usize) -> Pixels {
    Pixels::new(digits.height(), digits.width(), digits.image(index).to_vec())
}
