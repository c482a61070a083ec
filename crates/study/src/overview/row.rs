//! A trial in a line: one that has ended, one that runs, the best.

use chart::{
    decimals,
    terminal::{Colours, progress},
};

use super::lines::wrapped;
use crate::{Entry, Status, named, status::STOPPED_EARLY, study::Metric, within};

/// Columns before the text of a line with a name.
pub(super) const INDENT: usize = 9;
/// Columns before what stands below a trial's number.
const BELOW: usize = 7;
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

/// A trial that has come as far as it comes for now, in one line, or within the columns of a terminal; what is done is dim beside what
/// runs.
pub fn ended(entry: &Entry, columns: Option<usize>, colours: Colours) -> Vec<String> {
    let how = match entry.status.name() {
        // While the study is at work, it may yet be promoted.
        STOPPED_EARLY => "paused",
        name => name,
    };
    let lines = Row::new(entry, entry.status.value).ended(how, columns);
    lines.iter().map(|line| colours.dim(line)).collect()
}

/// A trial that failed, why, and what else it wrote last.
pub fn failed(
    entry: &Entry,
    reason: &str,
    output: &[String],
    again: bool,
    columns: Option<usize>,
    colours: Colours,
) -> Vec<String> {
    let then = if again { "; it is tried again" } else { "" };
    let more = output.iter().filter(|line| !line.ends_with(reason)).map(|line| format!("       {line}"));
    let row = Row::new(entry, entry.status.value).ended("failed", columns);
    let row: Vec<String> = row.iter().map(|line| colours.bad(line)).collect();
    row.into_iter().chain([format!("       {reason}{then}")]).chain(more).collect()
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

    /// A trial as its folder alone tells.
    pub(super) fn of_status(status: &Status, metric: Metric) -> Self {
        let values = metric.by_epoch(&status.run);
        Self {
            number: status.trial.number + 1,
            value: values.last().copied().filter(|value| value.is_finite()),
            done: values.len(),
            part: within::read(&status.run, values.len()),
            epochs: status.record.as_ref().map_or(0, |record| record.epochs),
            point: short(&named(&status.trial.point(), status.trial.seed)),
        }
    }

    /// A trial that has ended for now; where there are too few columns its point stands below.
    fn ended(&self, how: &str, columns: Option<usize>) -> Vec<String> {
        let Self { number, done, epochs, point, .. } = self;
        let value = self.value();
        let head = if columns.is_some_and(|columns| columns < NARROW) {
            format!("{number:>5}  {how}  {value}  {done}/{epochs}")
        } else {
            format!("{number:>5}  {how:<13}  {value:<8}  {done:>3}/{epochs} epochs")
        };
        let whole = format!("{head}  {point}");
        match columns {
            Some(columns) if whole.chars().count() > columns => {
                let below = wrapped("", point.split(' ').map(str::to_owned), " ", columns, BELOW);
                [head].into_iter().chain(below).collect()
            }
            _ => vec![whole],
        }
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
        self.value.map_or_else(|| "-".into(), |value| decimals(value, 6))
    }
}

/// A point whose keys are without their sections, but for those that could be mixed up: `learning_rate=0.1 hidden=30`.
pub fn short(point: &str) -> String {
    let pairs: Vec<(&str, &str)> = point.split(' ').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    if !pairs.iter().all(|(_, value)| !value.is_empty()) {
        return point.into();
    }
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
    pairs.iter().map(|(key, value)| format!("{}={value}", short_key(key, &keys))).collect::<Vec<_>>().join(" ")
}

/// One of these keys without its section, if it cannot be mixed up with another.
pub(crate) fn short_key<'a>(key: &'a str, keys: &[&str]) -> &'a str {
    fn last(key: &str) -> &str {
        key.rsplit('.').next().unwrap_or_default()
    }
    if keys.iter().filter(|other| last(other) == last(key)).count() == 1 { last(key) } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_that_ended_stands_under_the_same_columns() {
        let row = Row { number: 7, value: Some(0.5), done: 3, part: 0.0, epochs: 5, point: "seed=1".into() };
        assert_eq!(row.ended("pruned", None), ["    7  pruned         0.500000    3/5 epochs  seed=1"]);
    }

    #[test]
    fn where_there_is_no_room_a_point_stands_below_and_breaks_between_its_keys() {
        let point = "learning_rate=0.1 momentum=0.9 hidden=50".to_owned();
        let row = Row { number: 7, value: Some(0.5), done: 3, part: 0.0, epochs: 5, point };
        let wide = ["    7  finished       0.500000    3/5 epochs  learning_rate=0.1 momentum=0.9 hidden=50"];
        assert_eq!(row.ended("finished", Some(120)), wide);
        let expected =
            ["    7  finished       0.500000    3/5 epochs", "       learning_rate=0.1 momentum=0.9 hidden=50"];
        assert_eq!(row.ended("finished", Some(80)), expected);
        let expected = ["    7  finished  0.500000  3/5", "       learning_rate=0.1 momentum=0.9", "       hidden=50"];
        assert_eq!(row.ended("finished", Some(40)), expected);
    }

    #[test]
    fn keys_keep_their_sections_where_they_could_be_mixed_up() {
        assert_eq!(short("model.kind=linear optimizer.kind=adam"), "model.kind=linear optimizer.kind=adam");
        let three = "model.kind=linear optimizer.kind=adam optimizer.learning_rate=0.1";
        assert_eq!(short(three), "model.kind=linear optimizer.kind=adam learning_rate=0.1");
        assert_eq!(short("optimizer.learning_rate=0.1 seed=1"), "learning_rate=0.1 seed=1");
        assert_eq!(short(""), "");
    }
}
