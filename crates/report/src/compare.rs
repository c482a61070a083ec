//! Runs beside each other: what differs in their plans, how well each came out, their curves.

mod classes;
mod groups;
mod labels;

use std::path::{Path, PathBuf};

use chart::{Axis, Block, Document, Section, Series, Table};
use metrics::Metric;
use plan::{Loss, Plan};
use run::{
    EpochRecord, Error, RunRecord,
    best::{Best, BestTracker},
    folder,
};
use toml::Value;

use crate::{
    ConfusionTable, clock,
    curves::{accuracy_axis, chart, curve},
    fraction,
};

pub use groups::{Group, Groups, Test};
use labels::labels;

/// Runs to be compared, in the order asked for.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// At least one.
    pub runs: Vec<ComparedRun>,
}

/// What a comparison needs of a run.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// As it was named, or found below a study.
    pub path: PathBuf,
    /// Its folder's path from where those of the other runs part.
    pub name: String,
    /// What sets it apart from the others, or its name.
    pub label: String,
    /// As the run wrote it.
    pub plan: Plan,
    /// Fingerprint of its data; none where its record cannot be read.
    pub data: Option<String>,
    /// The classes of its data; none where its record cannot be read.
    pub classes: Vec<String>,
    /// Its epochs, at least one.
    pub epochs: Vec<EpochRecord>,
    /// The best of them by its plan's monitor.
    pub best: Best,
    /// What the model of its best epoch takes for what; none of a run that has not come to its end, or of an earlier version.
    pub confusion: Option<ConfusionTable>,
}

impl Comparison {
    /// Reads the runs in these folders; a run that still trains or was killed counts as far as it came.
    ///
    /// # Errors
    /// Where a plan or metrics cannot be read, or a run has not done its first epoch.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Error> {
        let runs = names(paths).into_iter().zip(paths).map(|(name, path)| ComparedRun::read(path, name));
        Ok(Self { runs: runs.collect::<Result<_, _>>()? })
    }

    /// The plan keys on which the runs differ, each with its value of every run, in the order of `base.toml`.
    pub fn differences(&self) -> Vec<(&'static str, Vec<Value>)> {
        differences(self.runs.iter().map(|run| &run.plan))
    }

    /// The best run first, each by what sets it apart from the others.
    pub fn document(&self) -> Document {
        let mut sorted = self.clone();
        let key = |run: &ComparedRun| (-run.best.metrics.accuracy, run.best.metrics.loss);
        sorted.runs.sort_by(|a, b| {
            let ((a, a_loss), (b, b_loss)) = (key(a), key(b));
            a.total_cmp(&b).then(a_loss.total_cmp(&b_loss))
        });
        if let Some(labels) = labels(sorted.runs.iter().map(|run| &run.plan), |_| true) {
            sorted.runs.iter_mut().zip(labels).for_each(|(run, label)| run.label = label);
        }
        sorted.sections()
    }

    fn sections(&self) -> Document {
        let sections = [self.best_epochs(), self.plans()]
            .into_iter()
            .chain(Groups::best_first(&self.runs).section())
            .chain([self.curves()])
            .chain(classes::section(&self.runs));
        Document { title: format!("{} runs compared", self.runs.len()), lead: vec![], sections: sections.collect() }
    }

    fn plans(&self) -> Section {
        let differences = self.differences();
        let plans = match differences.len() {
            0 => Block::text("Their plans are the same."),
            // Many runs are rows: a table of many columns fits nowhere.
            keys if keys < self.runs.len() => Block::Table(self.by_run(&differences)),
            _ => Block::Table(self.by_key(&differences)),
        };
        let same_data = self.runs.windows(2).all(|pair| pair[0].data == pair[1].data);
        let warning = "They have seen different data: their metrics are not of the same images.";
        Section::new("Plans", [plans].into_iter().chain((!same_data).then(|| Block::text(warning))))
    }

    fn by_key(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let names = self.runs.iter().map(|run| run.label.as_str());
        let mut table = Table::new(["key"].into_iter().chain(names), 1);
        for (key, values) in differences {
            table.add_row([(*key).to_owned()].into_iter().chain(values.iter().map(Value::to_string)));
        }
        table
    }

    fn by_run(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let mut table = Table::new(["run"].into_iter().chain(differences.iter().map(|(key, _)| *key)), 1);
        for (place, run) in self.runs.iter().enumerate() {
            let values = differences.iter().map(|(_, values)| values[place].to_string());
            table.add_row([run.label.clone()].into_iter().chain(values));
        }
        table
    }

    fn best_epochs(&self) -> Section {
        let is_known = |metric: &Metric| self.runs.iter().any(|run| run.best.metrics.get(*metric).is_some());
        let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(is_known).collect();
        let names = metrics.iter().map(|metric| metric.name());
        let header = ["run", "epochs", "best"].into_iter().chain(names).chain(["time", "folder"]);
        let mut table = Table::new(header, 1).captioned("Validation metrics of each run's best epoch");
        self.runs.iter().for_each(|run| table.add_row(run.row(&metrics)));
        let lines = self.lines();
        let line =
            |run: &ComparedRun| lines.iter().position(|(_, runs)| runs.iter().any(|other| other.path == run.path));
        table.items = self.runs.iter().map(|run| line(run).map_or(0, |line| line + 1)).collect();
        Section::new("Best epochs", [Block::Table(table)])
    }

    /// Accuracy, and a chart for each loss: values of different ones mean different things.
    fn curves(&self) -> Section {
        let lines = self.lines();
        let curves = |value: fn(&EpochRecord) -> f64, loss: Option<Loss>| -> Vec<Series> {
            let all = lines.iter().enumerate();
            let wanted = all.filter(|(_, (_, runs))| loss.is_none_or(|loss| runs[0].plan.training.loss == loss));
            let series = wanted.map(|(number, (name, runs))| {
                let curves = runs.iter().map(|run| curve(name, &run.epochs, value));
                together(name, curves).coloured(number).of_items(vec![number + 1])
            });
            series.collect()
        };
        let accuracies = curves(|record| record.valid.accuracy, None);
        let axis = Axis { name: "validation accuracy".into(), ..accuracy_axis(&accuracies) };
        let accuracy = chart("Validation accuracy", axis, accuracies);
        let mut losses: Vec<Loss> = Vec::new();
        for (_, runs) in &lines {
            let loss = runs[0].plan.training.loss;
            if !losses.contains(&loss) {
                losses.push(loss);
            }
        }
        let are_different = losses.len() > 1;
        let of_loss = |loss: Loss| {
            let name = if are_different { format!("validation loss, {loss}") } else { "validation loss".into() };
            let what = if are_different { format!("Validation {loss}") } else { "Validation loss".into() };
            chart(&what, Axis::new(name).log(), curves(|record| record.valid.loss, Some(loss)))
        };
        let charts = [accuracy].into_iter().chain(losses.iter().copied().map(of_loss)).map(Block::Lines).collect();
        let note = are_different.then(|| Block::text(DIFFERENT_LOSSES));
        Section::new("Curves", [Block::Beside(charts)].into_iter().chain(note))
    }

    /// The runs that share a colour: of several seeds the group, else each run by itself.
    fn lines(&self) -> Vec<(String, Vec<&ComparedRun>)> {
        let groups = Groups::best_first(&self.runs);
        if groups.all.iter().all(|group| group.runs.len() < 2) {
            return self.runs.iter().map(|run| (run.label.clone(), vec![run])).collect();
        }
        let named = |(name, group): (String, &Group)| (name, group.runs.iter().map(|run| &self.runs[*run]).collect());
        groups.labels().into_iter().zip(&groups.all).map(named).collect()
    }
}

const DIFFERENT_LOSSES: &str = "They were trained with different losses, which are different measures: each has a chart of its own, \
    and only accuracies can be held against each other.";

impl ComparedRun {
    fn read(path: &Path, name: String) -> Result<Self, Error> {
        let plan = folder::read_plan(path)?;
        let epochs = if folder::metrics_path(path).is_file() { folder::read_epochs(path)? } else { Vec::new() };
        let record = RunRecord::read(path).ok();
        let done = record.as_ref().map_or(0, |record| record.epochs_done);
        let none = || Error::NoMetrics { path: path.into(), epochs: done };
        let best = BestTracker::of(&plan, &epochs).best.ok_or_else(none)?;
        let (data, classes) = record.map(|record| (record.data.fingerprint, record.data.classes)).unzip();
        let (classes, confusion) = (classes.unwrap_or_default(), ConfusionTable::read(path));
        Ok(Self { path: path.into(), label: name.clone(), name, plan, data, classes, epochs, best, confusion })
    }

    fn row(&self, metrics: &[Metric]) -> Vec<String> {
        let seconds = self.epochs.iter().map(|epoch| epoch.seconds).sum();
        let counts = [self.label.clone(), self.epochs.len().to_string(), self.best.epoch.to_string()];
        let metrics = metrics.iter().map(|metric| fraction(self.best.metrics.get(*metric)));
        let time = clock(seconds);
        counts.into_iter().chain(metrics).chain([time, self.name.clone()]).collect()
    }
}

/// Curves as one series: what is no number breaks the line between two.
fn together(name: &str, curves: impl Iterator<Item = Series>) -> Series {
    let joined = curves.reduce(|mut all, next| {
        all.points.push((f64::NAN, f64::NAN));
        all.points.extend(next.points);
        all
    });
    joined.unwrap_or_else(|| Series::line(name, vec![]))
}

/// The keys on which the plans differ, each with all its values.
fn differences<'a>(plans: impl Iterator<Item = &'a Plan>) -> Vec<(&'static str, Vec<Value>)> {
    let mut keys: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for entries in plans.map(Plan::entries) {
        keys.resize_with(entries.len(), Default::default);
        for ((key, values), (name, value)) in keys.iter_mut().zip(entries) {
            *key = name;
            values.push(value);
        }
    }
    keys.retain(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1]));
    keys
}

/// The paths without the folders that all of them lie in.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let whole: Vec<PathBuf> = paths.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    let mut shared = whole.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
    while !whole.iter().all(|path| path.parent().is_some_and(|parent| parent.starts_with(shared))) {
        let Some(above) = shared.parent() else { break };
        shared = above;
    }
    whole.iter().map(|path| path.strip_prefix(shared).unwrap_or(path).display().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::{BuiltIn, Config, Setting};

    #[test]
    fn names_are_what_the_paths_do_not_share() {
        let named = |paths: &[&str]| names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(named(&["/r/linear/1", "/r/linear/2"]), ["1", "2"]);
        assert_eq!(named(&["/r/linear/1", "/r/two-layer/1"]), ["linear/1", "two-layer/1"]);
        assert_eq!(named(&["/r/linear/1", "/s/linear/1"]), ["r/linear/1", "s/linear/1"]);
        assert_eq!(named(&["/r/linear", "/r/linear/1"]), ["linear", "linear/1"]);
    }

    #[test]
    fn a_key_that_differs_has_a_value_for_every_plan() {
        let plan = |setting: &str| {
            Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[Setting::parse(setting).unwrap()]).unwrap()
        };
        let plans = [plan("seed=0"), plan("seed=2"), plan("model.hidden=9")];
        let values = |values: [i64; 3]| values.map(Value::Integer).to_vec();
        let expected = [("seed", values([0, 2, 0])), ("model.hidden", values([30, 30, 9]))];
        assert_eq!(differences(plans.iter()), expected);
    }
}
