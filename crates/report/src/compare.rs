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
    record::DataRecord,
};
use toml::Value;

use crate::{
    ConfusionTable, clock,
    curves::{accuracy_axis, chart, curve},
    fraction, grouped, name,
};

pub use groups::{Group, Groups, Test};
use labels::{labels, plain, tell_all};

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
    /// The same in a table's head: where that has no room for it, a letter.
    pub key: String,
    /// As the run wrote it.
    pub plan: Plan,
    /// Its data; none where its record cannot be read.
    pub data: Option<DataRecord>,
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

    /// The best run first, each by what sets it apart from the others, with a link to its own page from a page in this folder.
    pub fn document(&self, page: Option<&Path>) -> Document {
        let mut sorted = self.clone();
        let key = |run: &ComparedRun| (-run.best.metrics.accuracy, run.best.metrics.loss);
        sorted.runs.sort_by(|a, b| {
            let ((a, a_loss), (b, b_loss)) = (key(a), key(b));
            a.total_cmp(&b).then(a_loss.total_cmp(&b_loss))
        });
        if let Some(labels) = labels(sorted.runs.iter().map(|run| &run.plan), |_| true) {
            sorted.runs.iter_mut().zip(labels).for_each(|(run, label)| run.label = label);
        }
        let are_short = page.is_some() && sorted.runs.iter().all(|run| run.label.chars().count() <= SHORT);
        for (place, run) in sorted.runs.iter_mut().enumerate() {
            run.key = if are_short { run.label.clone() } else { letter(place) };
        }
        let lead = if sorted.is_same_data() { sorted.judged_by() } else { Some(DIFFERENT_DATA.to_owned()) };
        Document { lead: lead.into_iter().map(Block::Text).collect(), ..sorted.sections(page) }
    }

    fn sections(&self, page: Option<&Path>) -> Document {
        // In a terminal what the names of the runs say is not said again.
        let plans = page.is_some() || !tell_all(self.differences().iter().map(|(key, _)| *key));
        let sections = Groups::best_first(&self.runs)
            .section()
            .into_iter()
            .chain([self.overview(page), self.metrics(page)])
            .chain(plans.then(|| self.plans()))
            .chain([self.curves()])
            .chain(classes::section(&self.runs));
        let title = match &self.runs[..] {
            [one, other] => format!("{} beside {}", one.label, other.label),
            runs if !self.is_same_data() => format!("{} runs on different data", runs.len()),
            runs => format!("{} runs compared: {}", runs.len(), self.headline()),
        };
        Document { title, lead: vec![], sections: sections.collect() }
    }

    /// By which images.
    fn judged_by(&self) -> Option<String> {
        let data = self.runs[0].data.as_ref()?;
        Some(format!("All are judged by the {} validation images of {}.", grouped(data.valid), data.name()))
    }

    /// Which has the highest accuracy: the plan, if it was trained with several seeds by their mean, or the run.
    fn headline(&self) -> String {
        let groups = Groups::best_first(&self.runs);
        if let [best, _, ..] = &groups.all[..]
            && best.accuracies.len() > 1
        {
            return format!("{} has the highest mean accuracy over seeds", groups.labels()[0]);
        }
        let highest = fraction(Some(self.runs[0].best.metrics.accuracy));
        let all = self.runs.iter().take_while(|run| fraction(Some(run.best.metrics.accuracy)) == highest);
        match all.count() {
            1 if groups.all.iter().any(|group| group.accuracies.len() > 1) => {
                format!("{} has the highest accuracy, with one seed", self.runs[0].label)
            }
            1 => format!("{} has the highest accuracy", self.runs[0].label),
            several => format!("{several} share the highest accuracy, {highest}"),
        }
    }

    /// Whether all have seen the same images.
    fn is_same_data(&self) -> bool {
        is_same_data(&self.runs)
    }

    /// A row for a run: what it came to, and where it lies.
    fn overview(&self, page: Option<&Path>) -> Section {
        let header = ["run", "accuracy", "loss", "best epoch", "epochs", "time", "folder"];
        let monitor = self.runs[0].plan.training.monitor;
        let is_one = self.runs.iter().all(|run| run.plan.training.monitor == monitor);
        let by = if is_one { format!(", by {}", name(monitor)) } else { String::new() };
        let mut table = Table::new(header, 1).captioned(format!("Accuracy and loss are those of the best epoch{by}"));
        self.runs.iter().for_each(|run| table.add_row(run.row()));
        let lines = self.lines();
        let line =
            |run: &ComparedRun| lines.iter().position(|(_, runs)| runs.iter().any(|other| other.path == run.path));
        table.items = self.runs.iter().map(|run| line(run).map_or(0, |line| line + 1)).collect();
        table.links = page.map_or_else(Vec::new, |page| self.runs.iter().map(|run| run.page_from(page)).collect());
        Section::new("Runs", [Block::Table(table)])
    }

    /// A row for a metric, the runs beside each other where they are few enough for a page.
    fn metrics(&self, page: Option<&Path>) -> Section {
        let is_known = |metric: &Metric| self.runs.iter().any(|run| run.best.metrics.get(*metric).is_some());
        let most = if page.is_some() { BESIDE_ON_A_PAGE } else { BESIDE };
        let shown = &self.runs[..self.runs.len().min(most)];
        let labels = shown.iter().map(|run| run.key.as_str());
        let header = ["metric"]
            .into_iter()
            .chain(labels)
            .chain(["difference", "best"].into_iter().skip(usize::from(shown.len() > 2)));
        let caption = match self.runs.len() - shown.len() {
            0 => "Validation metrics of the best epochs".to_owned(),
            1 => "Validation metrics of the best epochs; one more run is in the table above".to_owned(),
            more => format!("Validation metrics of the best epochs; {more} more runs are in the table above"),
        };
        let mut table = Table::new(header, 1).captioned(caption);
        for metric in Metric::ALL.into_iter().filter(is_known) {
            let values: Vec<Option<f64>> = shown.iter().map(|run| run.best.metrics.get(metric)).collect();
            let difference = match values[..] {
                [Some(one), Some(other)] => vec![format!("{:+.4}", one - other)],
                [_, _] => vec!["-".into()],
                _ => vec![],
            };
            let is_comparable = self.is_same_data() && (metric != Metric::Loss || self.losses().len() == 1);
            let place = best(metric, &values).filter(|_| is_comparable);
            let best = place.map_or("-", |place| &shown[place].key);
            table.best.push(place.map(|place| place + 1));
            let cells = values.iter().map(|value| fraction(*value)).chain(difference);
            table.add_row([metric.name().replace('_', " ")].into_iter().chain(cells).chain([best.to_owned()]));
        }
        Section::new("Metrics", [Block::Table(table)])
    }

    fn plans(&self) -> Section {
        let differences = self.differences();
        let plans = match differences.len() {
            0 => Block::text("Their plans are the same."),
            // Many runs are rows: a table of many columns fits nowhere.
            keys if keys < self.runs.len() => Block::Table(self.by_run(&differences)),
            _ => Block::Table(self.by_key(&differences)),
        };
        Section::new("Plans", [plans])
    }

    fn by_key(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let names = self.runs.iter().map(|run| run.key.as_str());
        let mut table = Table::new(["key"].into_iter().chain(names), 1);
        for (key, values) in differences {
            table.add_row([(*key).to_owned()].into_iter().chain(values.iter().map(plain)));
        }
        table
    }

    fn by_run(&self, differences: &[(&str, Vec<Value>)]) -> Table {
        let mut table = Table::new(["run"].into_iter().chain(differences.iter().map(|(key, _)| *key)), 1);
        for (place, run) in self.runs.iter().enumerate() {
            let values = differences.iter().map(|(_, values)| plain(&values[place]));
            table.add_row([run.key.clone()].into_iter().chain(values));
        }
        table
    }

    /// Accuracy, and a chart for each loss: values of different ones mean different things.
    fn curves(&self) -> Section {
        let lines = self.lines();
        let curves = |value: fn(&EpochRecord) -> f64, loss: Option<Loss>| -> Vec<Series> {
            let all = lines.iter().enumerate();
            let wanted = all.filter(|(_, (_, runs))| loss.is_none_or(|loss| runs[0].plan.training.loss == loss));
            let series = wanted.map(|(number, (name, runs))| {
                let curves = runs.iter().map(|run| curve(name, &run.epochs, value));
                together(name, curves).coloured(COLOURS[number % COLOURS.len()]).of_items(vec![number + 1])
            });
            series.collect()
        };
        let accuracies = curves(|record| record.valid.accuracy, None);
        let axis = Axis { name: "validation accuracy".into(), ..accuracy_axis(&accuracies) };
        let accuracy = chart("Validation accuracy", axis, accuracies);
        let losses = self.losses();
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

    /// The losses that they were trained with.
    fn losses(&self) -> Vec<Loss> {
        let mut losses: Vec<Loss> = Vec::new();
        for run in &self.runs {
            if !losses.contains(&run.plan.training.loss) {
                losses.push(run.plan.training.loss);
            }
        }
        losses
    }

    /// The runs that share a colour: of several seeds the group, else each run by itself.
    fn lines(&self) -> Vec<(String, Vec<&ComparedRun>)> {
        let groups = Groups::best_first(&self.runs);
        if groups.all.iter().all(|group| group.runs.len() < 2) {
            // A legend of many is letters, which the table of the runs explains.
            let are_many = self.runs.len() > BESIDE;
            let name = |run: &ComparedRun| if are_many { run.key.clone() } else { run.named() };
            return self.runs.iter().map(|run| (name(run), vec![run])).collect();
        }
        let named = |(name, group): (String, &Group)| (name, group.runs.iter().map(|run| &self.runs[*run]).collect());
        groups.labels().into_iter().zip(&groups.all).map(named).collect()
    }
}

/// Colours of lines: those next to each other in this order differ most.
const COLOURS: [usize; 6] = [0, 1, 3, 5, 4, 2];

/// Characters of a name that a column's head has room for.
const SHORT: usize = 18;

/// Runs whose metrics stand beside each other, in a terminal and on a page.
const BESIDE: usize = 6;
const BESIDE_ON_A_PAGE: usize = 10;

const DIFFERENT_DATA: &str = "These runs have seen different data: their metrics are not of the same images.";

const DIFFERENT_LOSSES: &str = "They were trained with different losses, which are different measures: each has a chart of its own, \
    and can be held against no other.";

impl ComparedRun {
    fn read(path: &Path, name: String) -> Result<Self, Error> {
        let plan = folder::read_plan(path)?;
        let epochs = if folder::metrics_path(path).is_file() { folder::read_epochs(path)? } else { Vec::new() };
        let record = RunRecord::read(path).ok();
        let done = record.as_ref().map_or(0, |record| record.epochs_done);
        let none = || Error::NoMetrics { path: path.into(), epochs: done };
        let best = BestTracker::of(&plan, &epochs).best.ok_or_else(none)?;
        let (data, confusion) = (record.map(|record| record.data), ConfusionTable::read(path));
        Ok(Self {
            path: path.into(),
            key: name.clone(),
            label: name.clone(),
            name,
            plan,
            data,
            epochs,
            best,
            confusion,
        })
    }

    /// Fingerprint of its data.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&String> {
        self.data.as_ref().map(|data| &data.fingerprint)
    }

    /// The classes of its data; none where these are not known.
    fn classes(&self) -> &[String] {
        self.data.as_ref().map_or(&[], |data| &data.classes)
    }

    /// Its label, behind its letter where it has one.
    fn named(&self) -> String {
        if self.key == self.label { self.key.clone() } else { format!("{}: {}", self.key, self.label) }
    }

    fn row(&self) -> [String; 7] {
        let seconds = self.epochs.iter().map(|epoch| epoch.seconds).sum();
        let [accuracy, loss] = [self.best.metrics.accuracy, self.best.metrics.loss].map(|value| fraction(Some(value)));
        let epochs = [self.best.epoch, self.epochs.len()].map(|epochs| epochs.to_string());
        let [best, epochs] = epochs;
        [self.named(), accuracy, loss, best, epochs, clock(seconds), self.name.clone()]
    }

    /// Its page as seen from a page in that folder; empty where it has none.
    fn page_from(&self, folder: &Path) -> String {
        let page = folder::report_path(&self.path);
        let way = || relative(&page.canonicalize().ok()?, &folder.canonicalize().ok()?);
        if page.is_file() { way().unwrap_or_default() } else { String::new() }
    }
}

fn is_same_data(runs: &[ComparedRun]) -> bool {
    runs.windows(2).all(|pair| pair[0].fingerprint() == pair[1].fingerprint())
}

/// What a run is called in a narrow table: `A`, `B`, after `Z` the number.
fn letter(place: usize) -> String {
    ('A'..='Z').nth(place).map_or_else(|| (place + 1).to_string(), String::from)
}

/// The best of some values; none where they are all the same, or one is unknown.
fn best(metric: Metric, values: &[Option<f64>]) -> Option<usize> {
    let values: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
    let sign = if metric.is_of_error() { -1.0 } else { 1.0 };
    let best = (0..values.len()).max_by(|a, b| (sign * values[*a]).total_cmp(&(sign * values[*b])))?;
    (values.iter().filter(|value| **value == values[best]).count() == 1).then_some(best)
}

/// The way to a file from a folder, both whole, as a page of that folder links to it.
fn relative(file: &Path, folder: &Path) -> Option<String> {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| "..");
    let down = file.components().skip(shared).map(|part| part.as_os_str().to_str());
    let way: Vec<&str> = up.map(Some).chain(down).collect::<Option<_>>()?;
    Some(way.join("/"))
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
    fn a_page_is_found_from_the_folder_of_another() {
        let way = |file: &str, folder: &str| relative(Path::new(file), Path::new(folder)).unwrap();
        assert_eq!(way("/r/a/report.html", "/r"), "a/report.html");
        assert_eq!(way("/r/a/report.html", "/s/pages"), "../../r/a/report.html");
    }

    #[test]
    fn the_best_value_is_the_highest_of_what_is_good_and_the_lowest_of_an_error() {
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), Some(0.95), Some(0.8)]), Some(1));
        assert_eq!(best(Metric::Loss, &[Some(0.9), Some(0.95), Some(0.8)]), Some(2));
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), Some(0.9)]), None);
        assert_eq!(best(Metric::Accuracy, &[Some(0.9), None]), None);
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
