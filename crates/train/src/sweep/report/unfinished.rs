//! Trials that were pruned, wait, or failed.

use std::collections::BTreeMap;

use chart::{Block, Section, Table};

use super::Seen;
use crate::sweep::{Status, named, status::State};

/// Rows of each table.
const ROWS: usize = 40;

impl Seen<'_> {
    /// None where all trials finished.
    pub(super) fn unfinished(&self) -> Option<Section> {
        let blocks: Vec<Block> = [self.failed(), self.stopped()].into_iter().flatten().flatten().collect();
        (!blocks.is_empty()).then(|| Section::new("Pruned and failed trials", blocks))
    }

    /// Each failed trial with its reason.
    fn failed(&self) -> Option<Vec<Block>> {
        let failed: Vec<(&Status, &String)> = self.trials.iter().filter_map(reason).collect();
        let caption = format!("{} failed", failed.len());
        let mut table = Table::new(["trial", "epochs", "why", "point"], usize::MAX).captioned(caption);
        for (status, why) in failed.iter().take(ROWS) {
            table.add_row([number(status), status.epochs().to_string(), why.to_string(), point(status)]);
        }
        let more = failed.len().saturating_sub(ROWS);
        let more = (more > 0).then(|| Block::text(format!("{more} more failed; `trial.toml` of each says why.")));
        (!failed.is_empty()).then(|| [Block::Table(table)].into_iter().chain(more).collect())
    }

    /// How many trials were stopped after which epoch; where they are few, which.
    fn stopped(&self) -> Option<Vec<Block>> {
        let mut groups: BTreeMap<(usize, &str), Vec<&Status>> = BTreeMap::new();
        for status in self.trials {
            match status.state {
                State::Pruned => groups.entry((status.epochs(), PRUNED)).or_default().push(status),
                State::Waiting if status.epochs() > 0 => {
                    groups.entry((status.epochs(), PAUSED)).or_default().push(status)
                }
                _ => {}
            }
        }
        let mut table = Table::new(["after epoch", "why", "trials", "which"], usize::MAX);
        table.caption = format!("{} stopped early", groups.values().map(Vec::len).sum::<usize>());
        for ((epoch, why), trials) in groups.iter().take(ROWS) {
            table.add_row([epoch.to_string(), (*why).to_owned(), trials.len().to_string(), numbers(trials)]);
        }
        (!groups.is_empty()).then(|| vec![Block::Table(table)])
    }
}

const PRUNED: &str = "pruned: behind the others";
const PAUSED: &str = "paused: not promoted so far";

fn reason(status: &Status) -> Option<(&Status, &String)> {
    match &status.state {
        State::Failed(reason) => Some((status, reason)),
        _ => None,
    }
}

fn number(status: &Status) -> String {
    (status.kept.number + 1).to_string()
}

fn point(status: &Status) -> String {
    named(&status.kept.point(), status.kept.seed)
}

/// The numbers of the first trials.
fn numbers(trials: &[&Status]) -> String {
    let first: Vec<String> = trials.iter().take(ROWS).map(|status| number(status)).collect();
    first.join(", ") + if trials.len() > ROWS { ", .." } else { "" }
}
