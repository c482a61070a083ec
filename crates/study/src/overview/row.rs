//! A trial in a line: one that has ended, one that runs, the best.

use std::collections::BTreeSet;

use chart::terminal::{Colours, progress};

use crate::{Entry, named};

/// Columns before the text of a line with a name.
pub(super) const INDENT: usize = 9;
/// A terminal narrower than this has shorter bars and words.
pub(super) const NARROW: usize = 60;

/// A trial in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 1.
    pub number: usize,
    /// The metric: of the best epoch, or the last while it runs.
    pub value: Option<f64>,
    pub done: usize,
    /// The part of the epoch after these that is done.
    pub part: f64,
    pub epochs: usize,
    /// What it has that others have not.
    pub point: String,
}

/// A trial that has come as far as it comes for now; what is done is dim beside what runs.
pub fn ended(entry: &Entry, colours: Colours) -> String {
    colours.dim(&Row::new(entry, entry.status.value).ended(entry.status.name()))
}

/// A trial that failed, why, and what else it wrote last.
pub fn failed(entry: &Entry, reason: &str, output: &[String], again: bool, colours: Colours) -> Vec<String> {
    let then = if again { "; it is tried again" } else { "" };
    let more = output.iter().filter(|line| !line.ends_with(reason)).map(|line| format!("       {line}"));
    let row = colours.bad(&Row::new(entry, entry.status.value).ended("failed"));
    [row, format!("       {reason}{then}")].into_iter().chain(more).collect()
}

impl Row {
    pub fn new(entry: &Entry, value: Option<f64>) -> Self {
        Self {
            number: entry.trial.number + 1,
            value,
            done: entry.values.len(),
            part: entry.part,
            epochs: entry.trial.plan.training.epochs,
            point: short(&named(&entry.trial.point, entry.trial.seed)),
        }
    }

    /// A trial that has ended for now.
    fn ended(&self, how: &str) -> String {
        let Self { number, done, epochs, point, .. } = self;
        format!("{number:>5}  {how:<13}  {:<8}  {done:>3}/{epochs} epochs  {point}", self.value())
    }

    /// The same for one that runs, with a bar for how far it is.
    pub fn running(&self, width: usize, colours: Colours) -> String {
        let Self { number, done, epochs, point, .. } = self;
        let part = (*done as f64 + self.part) / (*epochs).max(1) as f64;
        let value = self.value();
        if width < NARROW {
            return format!("{number:>5}  {}  {value:<8} {done}/{epochs}  {point}", progress(part, 4, colours));
        }
        format!("{number:>5}  {}  {value:<8}  {done:>3}/{epochs} epochs  {point}", progress(part, 8, colours))
    }

    /// The best so far.
    pub fn best(&self, colours: Colours) -> String {
        let value = colours.best(&self.value());
        format!("{:<INDENT$}{value}  trial {}, {}", "best", self.number, self.point)
    }

    fn value(&self) -> String {
        self.value.map_or_else(|| "-".into(), |value| format!("{value:.6}"))
    }
}

/// A point whose keys are without their sections where that can be told apart: `learning_rate=0.1 hidden=30`.
pub fn short(point: &str) -> String {
    let pairs: Vec<(&str, &str)> = point.split(' ').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let shorts: BTreeSet<String> = pairs.iter().map(|(key, _)| last(key)).collect();
    if shorts.len() < pairs.len() || !pairs.iter().all(|(_, value)| !value.is_empty()) {
        return point.into();
    }
    pairs.iter().map(|(key, value)| format!("{}={value}", last(key))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_that_ended_stands_under_the_same_columns() {
        let row = Row { number: 7, value: Some(0.5), done: 3, part: 0.0, epochs: 5, point: "seed=1".into() };
        assert_eq!(row.ended("pruned"), "    7  pruned         0.500000    3/5 epochs  seed=1");
    }

    #[test]
    fn keys_keep_their_sections_where_they_could_be_mixed_up() {
        assert_eq!(short("model.kind=linear optimizer.kind=adam"), "model.kind=linear optimizer.kind=adam");
        assert_eq!(short("optimizer.learning_rate=0.1 seed=1"), "learning_rate=0.1 seed=1");
        assert_eq!(short(""), "");
    }
}
