//! Pages of a run, of an evaluation, of a comparison, of data: values in, documents out.
//!
//! In: a run folder's files and a model's [`metrics::Scores`]; out: sections and [`chart::Document`]s, which a page and a terminal
//! show alike. Nothing is computed with a network here. Start at [`RunReport::document`].

mod beside_baseline;
mod compare;
mod confusion_table;
mod counts;
mod course;
mod curves;
mod data_page;
mod diagnosis;
mod evaluated;
mod few;
mod first_layer;
mod live;
mod predicted;
mod room;
mod run_report;
mod use_it;
mod verdict;
mod why;
mod words;

use chart::Pixels;
use data::Images;

pub use beside_baseline::{BaselineScores, BesideBaseline, OnlyOne};
pub use chart::grouped;
pub use compare::{ComparedRun, ComparedTrial, Comparison, Group, Groups, Test, is_chance};
pub use confusion_table::ConfusionTable;
pub use counts::counts;
pub use curves::{BESIDE_THE_BOOK, books, curves};
pub use data_page::document as data_page;
pub use evaluated::Evaluated;
pub use few::{all_rows, few, left_out};
pub use first_layer::Unit;
pub use live::write as write_live;
pub use predicted::{KnownByData, predicted};
pub use run_report::{Extras, RunReport, write};
pub use why::Why;
pub use words::{best_epoch, clock, fraction, loss, moment, name, probability, rate, short, shown, small, spent};

/// The image with this number.
pub fn pixels(images: &Images, index: usize) -> Pixels {
    let [height, width] = images.shape().sides();
    Pixels::of_planes(height, width, images.image(index))
}
