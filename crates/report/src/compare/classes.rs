//! What runs on the same data recognise of each class, beside each other.

use std::collections::BTreeMap;

use chart::{Block, Section, Table};

use super::{ComparedRun, is_same_data};
use crate::{ConfusionTable, fraction};

/// Classes, and pairs of them, that are told; and runs, which are columns.
const MOST: usize = 20;
const MOST_PAIRS: usize = 10;
const MOST_RUNS: usize = 8;

/// The accuracy of each class and what is confused most, of a few runs on the same data that all have it.
pub fn section(runs: &[ComparedRun]) -> Option<Section> {
    let tables: Vec<&ConfusionTable> = runs.iter().map(|run| run.confusion.as_ref()).collect::<Option<_>>()?;
    (is_same_data(runs) && runs.len() <= MOST_RUNS)
        .then(|| Section::new("Classes", [accuracies(runs, &tables), confused(runs, &tables)]))
}

/// A row for a class; of many the ones on which the runs differ most.
fn accuracies(runs: &[ComparedRun], tables: &[&ConfusionTable]) -> Block {
    let of = |class: &str| tables.iter().map(|table| table.accuracy_of(class).unwrap_or(0.0)).collect::<Vec<f64>>();
    let classes = runs.iter().take(1).flat_map(ComparedRun::classes);
    let mut rows: Vec<(&str, Vec<f64>)> = classes.map(|class| (class.as_str(), of(class))).collect();
    let mut caption = "Accuracy of each class".to_owned();
    if rows.len() > MOST {
        let spread = |values: &[f64]| {
            let [least, most] =
                [f64::min, f64::max].map(|pick| values.iter().copied().reduce(pick).unwrap_or_default());
            most - least
        };
        rows.sort_by(|(_, a), (_, b)| spread(b).total_cmp(&spread(a)));
        rows.truncate(MOST);
        caption = format!("Accuracy of the {MOST} classes on which the runs differ most");
    }
    let mut table = Table::new(header(&["class"], runs), 1).captioned(caption);
    for (class, accuracies) in rows {
        table.add_row([class.to_owned()].into_iter().chain(accuracies.into_iter().map(|value| fraction(Some(value)))));
    }
    Block::Table(table)
}

/// The pairs that all runs together confuse most.
fn confused(runs: &[ComparedRun], tables: &[&ConfusionTable]) -> Block {
    let mut sums: BTreeMap<&(String, String), u64> = BTreeMap::new();
    for (pair, count) in tables.iter().flat_map(|table| table.confused()) {
        *sums.entry(pair).or_default() += count;
    }
    let mut pairs: Vec<(&(String, String), u64)> = sums.into_iter().collect();
    pairs.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    if pairs.is_empty() {
        return Block::text("Nothing is confused.");
    }
    let mut table = Table::new(header(&["is", "predicted"], runs), 2).captioned("Images of what is confused most");
    for (pair, _) in pairs.into_iter().take(MOST_PAIRS) {
        let counts = tables.iter().map(|table| table.count(pair).to_string());
        table.add_row([pair.0.clone(), pair.1.clone()].into_iter().chain(counts));
    }
    Block::Table(table)
}

fn header(first: &[&str], runs: &[ComparedRun]) -> Vec<String> {
    first.iter().map(|name| (*name).to_owned()).chain(runs.iter().map(|run| run.key.clone())).collect()
}
