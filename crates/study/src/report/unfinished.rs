//! Trials that were pruned, wait, or failed.

use std::collections::BTreeMap;

use chart::{Block, Section, Table};
use report::grouped;

use super::StudyView;
use crate::{
    Status, named,
    status::{STOPPED_EARLY, State, without_numbers},
};

/// Rows of each table, and numbers of trials in a row.
const ROWS: usize = 40;
const NUMBERS: usize = 30;

/// None where all trials finished.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let blocks: Vec<Block> = [failed(view), stopped(view)].into_iter().flatten().flatten().collect();
    (!blocks.is_empty()).then(|| Section::new("Pruned and failed trials", blocks))
}

/// The reasons, each with the trials that failed of it or of one that differs in numbers alone.
fn failed(view: &StudyView<'_>) -> Option<Vec<Block>> {
    let mut groups: BTreeMap<String, (&str, Vec<&Status>)> = BTreeMap::new();
    for (status, why) in view.trials.iter().filter_map(reason) {
        groups.entry(without_numbers(why)).or_insert((why, vec![])).1.push(status);
    }
    let mut groups: Vec<(&str, Vec<&Status>)> = groups.into_values().collect();
    groups.sort_by_key(|(_, trials)| std::cmp::Reverse(trials.len()));
    let all: usize = groups.iter().map(|(_, trials)| trials.len()).sum();
    let mut table = Table::new(["trials", "why", "which", "the first"], usize::MAX);
    table.caption = format!("{all} failed");
    for (why, trials) in groups.iter().take(ROWS) {
        table.add_row([grouped(trials.len()), (*why).to_owned(), numbers(trials), point(trials[0])]);
    }
    let more = groups.len().saturating_sub(ROWS);
    let more = (more > 0).then(|| Block::text(format!("{more} more reasons; `trial.toml` of each trial has its own.")));
    (all > 0).then(|| [Block::Table(table)].into_iter().chain(more).collect())
}

/// How many trials were stopped after which epoch; where they are few, which.
fn stopped(view: &StudyView<'_>) -> Option<Vec<Block>> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Status>> = BTreeMap::new();
    for status in view.trials {
        match status.state {
            State::Pruned => groups.entry((status.epochs(), PRUNED)).or_default().push(status),
            State::Waiting if status.epochs() > 0 => {
                let why = if status.name() == STOPPED_EARLY { PAUSED } else { INTERRUPTED };
                groups.entry((status.epochs(), why)).or_default().push(status)
            }
            _ => {}
        }
    }
    let mut table = Table::new(["after epoch", "why", "trials", "which"], usize::MAX);
    table.caption = format!("{} stopped early", groups.values().map(Vec::len).sum::<usize>());
    for ((epoch, why), trials) in groups.iter().take(ROWS) {
        table.add_row([epoch.to_string(), (*why).to_owned(), grouped(trials.len()), numbers(trials)]);
    }
    (!groups.is_empty()).then(|| vec![Block::Table(table)])
}

const PRUNED: &str = "pruned: behind the others";
const PAUSED: &str = "by ASHA: not promoted so far";
const INTERRUPTED: &str = "interrupted: the same command goes on with it";

fn reason(status: &Status) -> Option<(&Status, &str)> {
    match &status.state {
        State::Failed(reason) => Some((status, reason)),
        _ => None,
    }
}

fn number(status: &Status) -> String {
    (status.trial.number + 1).to_string()
}

fn point(status: &Status) -> String {
    named(&status.trial.point(), status.trial.seed)
}

/// The numbers of the first trials.
fn numbers(trials: &[&Status]) -> String {
    let first: Vec<String> = trials.iter().take(NUMBERS).map(|status| number(status)).collect();
    first.join(", ") + if trials.len() > NUMBERS { ", .." } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_alone_are_one() {
        let [first, second, other] = ["NaN in epoch 1 at 5.01e26", "NaN in epoch 12 at 0.1", "no space left on device"];
        assert_eq!(without_numbers(first), without_numbers(second));
        assert_ne!(without_numbers(first), without_numbers(other));
    }
}
