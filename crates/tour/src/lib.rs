//! The chapter from the first pixel to the residual net, and its exercises: each section computed when it is asked for, as something
//! to be read and looked at.
//!
//! In: data, a device, and who trains where a section needs a trained network; out: [`chart::Section`]s. The systems themselves are
//! in `chapter`. Start at [`STOPS`].

mod batches;
mod gradients;
mod layers;
mod learner;
mod losses;
mod metric_and_loss;
mod mnist;
mod parts;
mod pixels;
mod quadratic_fit;
mod resnet;
mod sgd;
mod similarity;
mod tensors;
mod words;

use chart::{Block, Section, Table};
use data::DataSet;
use model::AutodiffBackend;
use plan::{Plan, PlanError};
use run::EpochRecord;

/// A section of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its number, from 1.
    pub number: usize,
    pub heading: &'static str,
    /// Whether it is about 3s and 7s.
    pub needs_digits: bool,
    /// Whether it takes minutes rather than seconds.
    pub is_deep: bool,
}

/// All of them, in the order of the book: its exercise on all digits comes after its end.
pub const STOPS: [Stop; 14] = [
    digits(1, "A grey image as numbers"),
    plain(2, "Tensors"),
    digits(3, "Pixel similarity, a baseline"),
    plain(4, "Gradients"),
    plain(5, "Speed against time: the first fit"),
    digits(6, "Gradient descent in seven steps"),
    digits(7, "Metric and loss"),
    plain(8, "Data set and data loader"),
    plain(9, "Distances and losses"),
    plain(10, "Layers, and what is between them"),
    digits(11, "The Learner"),
    Stop { is_deep: true, ..digits(12, "Going deeper: a residual net") },
    plain(13, "The words"),
    plain(14, "The whole of MNIST"),
];

const fn plain(number: usize, heading: &'static str) -> Stop {
    Stop { number, heading, needs_digits: false, is_deep: false }
}

const fn digits(number: usize, heading: &'static str) -> Stop {
    Stop { needs_digits: true, ..plain(number, heading) }
}

/// What the sections are computed with.
pub struct Tour<'a, B: AutodiffBackend> {
    /// Where the data, the seed and the threads come from; its model and training do not matter.
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    /// All of MNIST, where it is there.
    pub mnist: Option<&'a DataSet>,
    pub device: &'a B::Device,
}

/// How all of MNIST comes to be there.
pub const GET_MNIST: &str = "`train baseline mnist` fetches it (11.6 MB)";

/// Trains as a plan says, on the tour's data and device; returns the epochs.
pub type Train<'a, E> = &'a dyn Fn(Plan) -> Result<Vec<EpochRecord>, E>;

/// Whether the data is of 3s and 7s, so that what the sections say of them is so.
pub fn has_digits(data: &DataSet) -> bool {
    data.task().classes() == ["3", "7"]
}

impl<B: AutodiffBackend> Tour<'_, B> {
    /// Computes a section; `train` is for those that train a network.
    ///
    /// # Errors
    /// What `train` returns.
    pub fn section<E: From<PlanError>>(&self, stop: &Stop, train: Train<'_, E>) -> Result<Section, E> {
        let blocks: Vec<Block> = match stop.number {
            1 => pixels::blocks(self.data),
            2 => tensors::blocks(self),
            3 => similarity::blocks(self),
            4 => gradients::blocks(self),
            5 => quadratic_fit::blocks(self),
            6 => sgd::blocks(self),
            7 => metric_and_loss::blocks(self),
            8 => batches::blocks(self),
            9 => losses::blocks(self),
            10 => layers::blocks(self),
            11 => learner::blocks(self, train)?,
            12 => resnet::blocks(self, train)?,
            13 => words::blocks(),
            _ => mnist::blocks(self)?,
        };
        Ok(Section::new(stop.title(), blocks))
    }
}

/// What the ways of the tour come to, each with the section that it stands in: read from what the sections show. None of the
/// `sections` that have no accuracy.
pub fn outcomes(sections: &[Section]) -> Option<Table> {
    let mut table = Table::new(["way", "accuracy here", "the book"], 1);
    for (number, section) in (1..).zip(sections) {
        // The sections have as many digits as their source.
        let four = |text: &str| text.parse::<f64>().map_or_else(|_| text.to_owned(), |value| format!("{value:.4}"));
        let mut add = |way: &str, here: &str, book: Option<&str>| {
            table.add_row([way.to_owned(), four(here), four(book.unwrap_or("-"))]);
            table.links.push(format!("#section-{number}"));
        };
        let tables = section.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
        let mut learners = ["the linear model, by Burn's Learner", "the simple net, by Burn's Learner"].into_iter();
        for Table { header, rows, .. } in tables {
            let row = |name: &str| rows.iter().find(|row| row[0] == name);
            match header.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["distance", .., "mean of the two"] => {
                    let book = row("L2, the book").map(|row| row[3].as_str());
                    row("L2").into_iter().for_each(|row| add("pixel similarity, L2", &row[3], book));
                }
                ["epoch", "accuracy here", "the book prints"] => {
                    rows.last().into_iter().for_each(|row| add("the linear model, by hand", &row[1], Some(&row[2])));
                }
                [resnet::MEASURED, ..] => {
                    rows.iter().for_each(|row| {
                        add(
                            "a residual net of 3 epochs, as measured before (the book: resnet18, 1 epoch)",
                            &row[1],
                            Some(&row[2]),
                        )
                    });
                }
                ["last epoch", ..] => {
                    let book = row("the book").map(|row| row[3].as_str());
                    let way = learners.next().unwrap_or("a residual net");
                    row("here").into_iter().for_each(|row| add(way, &row[3], book));
                }
                _ => (),
            }
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

impl Stop {
    /// Its place, where it is not computed; of digits what takes long was measured before.
    pub fn left_out(&self, why: &str, has_digits: bool) -> Section {
        // The contents say so too.
        let title = format!("{} (left out)", self.title());
        let measured = (self.is_deep && has_digits).then(|| Block::Table(resnet::measured()));
        Section::new(title, [Block::Text(format!("Left out: {why}."))].into_iter().chain(measured))
    }

    fn title(&self) -> String {
        format!("{}. {}", self.number, self.heading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcomes_are_those_of_the_sections_with_the_books() {
        let mut distances = Table::new(["distance", "accuracy on 3s", "accuracy on 7s", "mean of the two"], 1);
        distances.add_row(["L2", "0.9", "0.8", "0.85"]);
        distances.add_row(["L2, the book", "0.7", "0.6", "0.65"]);
        let mut last = Table::new(["last epoch", "training loss", "validation loss", "accuracy"], 1);
        last.add_row(["here", "0.1", "0.2", "0.97"]);
        let sections = [Section::default(), Section::new("s", [distances, last].map(Block::Table))];
        let table = outcomes(&sections).unwrap();
        let rows =
            [["pixel similarity, L2", "0.8500", "0.6500"], ["the linear model, by Burn's Learner", "0.9700", "-"]];
        assert_eq!(table.rows, rows);
        assert_eq!(table.links, ["#section-2"; 2]);
        assert_eq!(outcomes(&sections[..1]), None);
    }

    #[test]
    fn sections_are_numbered_from_1() {
        let numbers: Vec<usize> = STOPS.iter().map(|stop| stop.number).collect();
        assert_eq!(numbers, (1..=STOPS.len()).collect::<Vec<_>>());
    }
}
