//! The runs in tables: what each came to, its metrics, what sets its plan apart.

use std::path::Path;

use chart::{Block, Section, Table};
use metrics::Metric;
use toml::Value;

use super::{
    BESIDE, ComparedRun, Comparison,
    charts::lines,
    labels::{named, plain_of, short_key},
};
use crate::{all_rows, fraction, grouped, name};

impl Comparison {
    /// The keys that stand as columns beside the runs of a page: all that differ, where they are few; else none. The epochs done have a column anyway.
    pub(super) fn columns<'a>(
        &self,
        differences: &'a [(&'static str, Vec<Value>)],
        page: Option<&Path>,
    ) -> Vec<&'a (&'static str, Vec<Value>)> {
        let keys = differences.iter().filter(|(key, _)| !["name", "training.epochs"].contains(key));
        if page.is_some() && differences.len() <= COLUMNS { keys.collect() } else { vec![] }
    }

    /// A row for a run: what it came to, and where it lies; on a page by these keys.
    pub(super) fn overview(&self, page: Option<&Path>, columns: &[&(&'static str, Vec<Value>)]) -> Section {
        let monitor = self.runs[0].plan.training.monitor;
        let is_one = self.runs.iter().all(|run| run.plan.training.monitor == monitor);
        let by = if is_one { format!(", by {}", name(monitor)) } else { String::new() };
        let caption = format!("Accuracy and loss are those of the best epoch{by}");
        let mut table = match page {
            Some(page) => self.on_a_page(page, columns),
            None => {
                let mut table =
                    Table::new([self.noun(), "accuracy", "loss", "best epoch", "epochs", "time", "folder"], 1);
                self.runs.iter().for_each(|run| table.add_row(run.row()));
                table
            }
        };
        table.caption = caption;
        let lines = lines(&self.runs);
        let item = |run: &ComparedRun| {
            let line = lines.iter().find(|line| line.runs.iter().any(|other| other.path == run.path));
            line.map_or(0, |line| line.item)
        };
        table.items = self.runs.iter().map(item).collect();
        let heading = if self.study.is_some() { "Trials" } else { "Runs" };
        let note = table.links.iter().any(String::is_empty).then(|| Block::text(NO_PAGE));
        Section::new(heading, first_rows(table, &format!("{}s", self.noun()), page.is_some()).into_iter().chain(note))
    }

    /// A table that can be sorted by all that is known of a run.
    fn on_a_page(&self, page: &Path, columns: &[&(&'static str, Vec<Value>)]) -> Table {
        let keys: Vec<&str> = columns.iter().map(|(key, _)| *key).collect();
        let data = (!self.is_same_data()).then_some("data");
        // What names the runs is not said again beside their names.
        let are_named = self.runs.iter().all(|run| run.key == run.label);
        let said = |column: &(&str, Vec<Value>)| {
            are_named && self.runs.iter().zip(&column.1).all(|(run, value)| named(column.0, value, &keys) == run.key)
        };
        let columns: Vec<_> = columns.iter().filter(|column| !said(column)).collect();
        let keys_of = columns.iter().map(|(key, _)| short_key(key, &keys));
        let [first, rest] = [&["accuracy", "wrong"][..], &["loss", "best epoch", "epochs", "time"]];
        let names = |names: &'static [&str]| names.iter().map(|name| (*name).to_owned());
        let header = [self.noun()].into_iter().chain(data).map(str::to_owned);
        let header = header.chain(names(first)).chain(keys_of).chain(names(rest));
        let mut table = Table::new(header, 1 + usize::from(data.is_some()));
        for (place, run) in self.runs.iter().enumerate() {
            let data = data.map(|_| run.data_name());
            let values = columns.iter().map(|(key, values)| plain_of(&run.plan, key, &values[place]));
            let [accuracy, wrong, rest @ ..] = run.results();
            // Many runs may be called so: a folder is one of them.
            let below = run.name.strip_prefix(&format!("{}/", run.key)).unwrap_or(&run.name);
            let is_told = run.trial.is_some() || run.key == below;
            let name = if is_told { run.key.clone() } else { format!("{}\n{below}", run.key) };
            let cells = [name].into_iter().chain(data).chain([accuracy, wrong]).chain(values).chain(rest);
            table.add_row(cells);
        }
        // A phone has room for a few one below the other.
        table.stacks = self.runs.len() <= STACKED;
        table.links = self.runs.iter().map(|run| run.page_from(page)).collect();
        table
    }

    /// A row for a metric, the runs beside each other where they are few enough for a page.
    pub(super) fn metrics(&self, page: Option<&Path>) -> Section {
        let is_known = |metric: &Metric| self.runs.iter().any(|run| run.best.metrics.get(*metric).is_some());
        let most = if page.is_some() { BESIDE_ON_A_PAGE } else { BESIDE };
        let shown = &self.runs[..self.runs.len().min(most)];
        let labels = shown.iter().map(|run| run.key.as_str());
        let is_pair = shown.len() == 2;
        // On a page the best stands out; in a terminal it is named.
        let last = page.is_none().then_some("best");
        let header = ["metric"].into_iter().chain(labels).chain(is_pair.then_some("difference")).chain(last);
        let noun = self.noun();
        let more = match self.runs.len() - shown.len() {
            0 => String::new(),
            1 => format!("; one more {noun} is in the table above"),
            more => format!("; {} more {noun}s are in the table of all", grouped(more)),
        };
        let caption =
            format!("Validation metrics of the {}best epochs{more}", if noun == "trial" { "trials' " } else { "" });
        let mut table = Table::new(header, 1).captioned(caption);
        let empty = usize::from(is_pair) + usize::from(last.is_some());
        let are_losses_different = self.losses().len() > 1;
        let facts = ComparedRun::FACTS.iter().filter(|_| !self.is_same_data());
        for (what, of) in facts.chain(are_losses_different.then_some(&ComparedRun::LOSS)) {
            let cells = shown.iter().map(of).chain((0..empty).map(|_| String::new()));
            table.add_row([(*what).to_owned()].into_iter().chain(cells));
            table.best.push(None);
        }
        for metric in Metric::ALL.into_iter().filter(is_known) {
            let values: Vec<Option<f64>> = shown.iter().map(|run| run.best.metrics.get(metric)).collect();
            let difference = match values[..] {
                [Some(one), Some(other)] => vec![format!("{:+.4}", one - other)],
                [_, _] => vec!["-".into()],
                _ => vec![],
            };
            let is_comparable = self.is_same_data() && (metric != Metric::Loss || !are_losses_different);
            let places = if is_comparable { best(metric, &values) } else { vec![] };
            table.best.push(places.first().map(|place| place + 1));
            let best = places.iter().map(|place| shown[*place].key.as_str()).collect::<Vec<_>>().join(", ");
            let best = last.map(|_| if best.is_empty() { "-".to_owned() } else { best });
            let cells = told(&values, &places).into_iter().chain(difference).chain(best);
            table.add_row([metric.name().replace('_', " ")].into_iter().chain(cells));
        }
        Section::new("Metrics", [Block::Table(table)])
    }

    pub(super) fn plans(&self, is_page: bool) -> Section {
        let mut differences = self.differences();
        // The heads of a table may be the names.
        let are_told = |key: &str| key == "name" && self.runs.iter().all(|run| run.key == run.plan.name);
        differences.retain(|(key, _)| !are_told(key));
        let plans = match differences.len() {
            0 if !self.differences().is_empty() => vec![Block::text("Their plans are the same but for their names.")],
            0 => vec![Block::text("Their plans are the same.")],
            // Many runs are rows: a table of many columns fits nowhere.
            keys if keys < self.runs.len() => {
                first_rows(self.by_run(&differences), &format!("{}s", self.noun()), is_page)
            }
            _ => vec![Block::Table(self.by_key(&differences))],
        };
        Section::new("Plans", plans)
    }

    fn by_key(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let names = self.runs.iter().map(|run| run.key.as_str());
        let mut table = Table::new(["key"].into_iter().chain(names), 1);
        table.stacks = true;
        for (key, values) in differences {
            table.add_row(
                [(*key).to_owned()]
                    .into_iter()
                    .chain(self.runs.iter().zip(values).map(|(run, value)| plain_of(&run.plan, key, value))),
            );
        }
        table
    }

    fn by_run(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let mut table = Table::new([self.noun()].into_iter().chain(differences.iter().map(|(key, _)| *key)), 1);
        for (place, run) in self.runs.iter().enumerate() {
            let values = differences.iter().map(|(key, values)| plain_of(&run.plan, key, &values[place]));
            table.add_row([run.key.clone()].into_iter().chain(values));
        }
        table
    }
}

/// Keys beside the runs of a page, its runs before all are folded, and those that a phone has one below the other.
const COLUMNS: usize = 6;
const ROWS: usize = 10;
const STACKED: usize = 3;

/// Runs whose metrics stand beside each other on a page.
const BESIDE_ON_A_PAGE: usize = 8;

const NO_PAGE: &str = "Each run that has a page is linked to it; `train report` writes that of any run with a model.";

/// A table; on a page of many rows the first, and all of `what` for who asks.
pub(super) fn first_rows(table: Table, what: &str, is_page: bool) -> Vec<Block> {
    if !is_page || table.rows.len() <= ROWS + 2 {
        return vec![Block::Table(table)];
    }
    let mut first = table.clone();
    first.rows.truncate(ROWS);
    first.items.truncate(ROWS);
    first.links.truncate(ROWS);
    vec![Block::Table(first), all_rows(table, what, None)]
}

/// The places of the best of some values; none where they are all the same, or one is unknown.
fn best(metric: Metric, values: &[Option<f64>]) -> Vec<usize> {
    let Some(values) = values.iter().copied().collect::<Option<Vec<f64>>>() else { return vec![] };
    let sign = if metric.is_of_error() { -1.0 } else { 1.0 };
    let best = values.iter().map(|value| sign * value).fold(f64::NEG_INFINITY, f64::max);
    let places: Vec<usize> = (0..values.len()).filter(|place| sign * values[*place] == best).collect();
    if places.len() < values.len() { places } else { vec![] }
}

/// Four decimals, or as many more as tell the best from the others.
fn told(values: &[Option<f64>], best: &[usize]) -> Vec<String> {
    let texts: Vec<String> = values.iter().map(|value| fraction(*value)).collect();
    let reads_as_best = |place: usize| best.first().is_some_and(|best| texts[place] == texts[*best]);
    let is_plain = (0..values.len()).all(|place| best.contains(&place) || !reads_as_best(place));
    let longer = |value: &Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.5}"));
    if is_plain { texts } else { values.iter().map(longer).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::groups;

    #[test]
    fn heads_that_are_the_names_of_the_plans_are_not_said_again_and_what_is_empty_is_a_dash() {
        let run = |name: &str, data: &[&str]| ComparedRun {
            key: name.into(),
            ..groups::tests::run(&[data, &[&format!("name={name}")]].concat(), 0.5)
        };
        let rows = |runs: Vec<ComparedRun>| match (Comparison { runs, study: None }).plans(false).blocks.remove(0) {
            Block::Table(table) => table.rows,
            block => panic!("{block:?}"),
        };
        let [a, b] = [run("a", &["data.source=idx", "data.path=there"]), run("b", &["data.source=mnist-sample"])];
        let data = [["data.source", "idx", "mnist-sample"], ["data.path", "there", "-"]];
        assert_eq!(rows(vec![a.clone(), b.clone()]), data);
        let b = ComparedRun { key: "B".into(), ..b };
        assert_eq!(rows(vec![a, b]), [[["name", "a", "b"]].to_vec(), data.to_vec()].concat());
    }

    #[test]
    fn the_best_value_is_the_highest_of_what_is_good_and_the_lowest_of_an_error() {
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), Some(0.95), Some(0.8)]), [1]);
        assert_eq!(best(Metric::Loss, &[Some(0.9), Some(0.95), Some(0.8)]), [2]);
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), Some(0.8), Some(0.9)]), [0, 2]);
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), Some(0.9)]), [0usize; 0]);
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), None]), [0usize; 0]);
    }

    #[test]
    fn the_digits_that_decide_are_told() {
        assert_eq!(told(&[Some(0.99741), Some(0.99738)], &[0]), ["0.99741", "0.99738"]);
        assert_eq!(told(&[Some(0.9974), Some(0.98), Some(0.9974)], &[0, 2]), ["0.9974", "0.9800", "0.9974"]);
    }
}
