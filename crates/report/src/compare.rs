//! Runs beside each other: what differs in their plans, how well each came out, their curves.

mod classes;
mod groups;
mod labels;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use chart::{Axis, Block, Document, LineChart, Section, Series, Style, Table};
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
use labels::{labels, named, plain, short_key, tell_all};

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
        // A page has room for the names of the configs where they tell the runs apart.
        let is_short = |text: &str| text.chars().count() <= SHORT;
        let names: HashSet<&str> = sorted.runs.iter().map(|run| run.plan.name.as_str()).collect();
        let are_names = names.len() == sorted.runs.len() && names.iter().all(|name| is_short(name));
        if page.is_some() && are_names && !sorted.runs.iter().all(|run| is_short(&run.label)) {
            sorted.runs.iter_mut().for_each(|run| run.label.clone_from(&run.plan.name));
        }
        let are_short = page.is_some() && sorted.runs.iter().all(|run| run.label.chars().count() <= SHORT);
        for (place, run) in sorted.runs.iter_mut().enumerate() {
            run.key = if are_short { run.label.clone() } else { letter(place) };
        }
        let lead = sorted.lead().into_iter().map(Block::Text).collect();
        Document { lead, ..sorted.sections(page) }
    }

    fn sections(&self, page: Option<&Path>) -> Document {
        let differences = self.differences();
        let columns = self.columns(&differences, page);
        // In a terminal what the names of the runs say is not said again, nor on a page what the table of the runs does.
        let plans = match page {
            Some(_) => columns.is_empty(),
            None => !tell_all(differences.iter().map(|(key, _)| *key)),
        };
        let sections = Groups::best_first(&self.runs)
            .section()
            .into_iter()
            .chain([self.overview(page, &columns), self.metrics(page)])
            .chain(plans.then(|| self.plans()))
            .chain([self.curves()])
            .chain(classes::section(&self.runs))
            .chain(page.map(|_| self.what_next()));
        let title = match &self.runs[..] {
            runs if !self.is_same_data() => format!("{} runs on different data", runs.len()),
            [_, _] => self.headline(),
            runs => {
                let folder = |run: &ComparedRun| run.path.parent().and_then(Path::file_name).map(ToOwned::to_owned);
                let first = folder(&runs[0]).filter(|first| runs.iter().all(|run| folder(run).as_ref() == Some(first)));
                let of = first.map_or_else(String::new, |name| format!(" of {}", name.to_string_lossy()));
                format!("{} runs{of} compared: {}", runs.len(), self.headline())
            }
        };
        Document { title, lead: vec![], sections: sections.collect() }
    }

    /// By which images, how far the first two are apart, and what can be held against nothing else.
    fn lead(&self) -> Vec<String> {
        let losses = (self.losses().len() > 1).then(|| DIFFERENT_LOSSES.to_owned());
        if self.is_same_data() {
            let parts = [self.judged_by(), self.first_two()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            return [parts].into_iter().filter(|text| !text.is_empty()).chain(losses).collect();
        }
        self.by_data().into_iter().chain([DIFFERENT_DATA.to_owned()]).chain(losses).collect()
    }

    /// By which images.
    fn judged_by(&self) -> Option<String> {
        let data = self.runs[0].data.as_ref()?;
        Some(format!("All are judged by the {} validation images of {}.", grouped(data.valid), data.name()))
    }

    /// How many images the first two have wrong; none where that is not known, and where seeds tell more.
    fn first_two(&self) -> Option<String> {
        let [one, other, ..] = &self.runs[..] else { return None };
        let told = |run: &ComparedRun| {
            let (wrong, all) = (run.wrong()?, run.data.as_ref()?.valid as u64);
            let [low, high] = metrics::interval(wrong, all).map(|share| (share * all as f64).round());
            Some(format!("{} has {wrong} wrong (95\u{a0}% interval {low} to {high})", self.called(run)))
        };
        let chance = if is_chance(one.wrong()?, other.wrong()?) { CHANCE } else { BY_ONE_SEED };
        let is_over_seeds = Groups::of(&self.runs).all.iter().any(|group| group.accuracies.len() > 1);
        (!is_over_seeds).then_some(()).and_then(|()| Some(format!("{}, {}: {chance}", told(one)?, told(other)?)))
    }

    /// A sentence for each data, the first run's first.
    fn by_data(&self) -> Vec<String> {
        let mut groups: Vec<Vec<&ComparedRun>> = Vec::new();
        for run in &self.runs {
            match groups.iter_mut().find(|group| group[0].fingerprint() == run.fingerprint()) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        let accuracy = |run: &ComparedRun| fraction(Some(run.best.metrics.accuracy));
        let sentence = |group: &Vec<&ComparedRun>| {
            let data = group[0].data_name();
            match &group[..] {
                [one] => format!("{data}: {} alone, {}.", self.called(one), accuracy(one)),
                [one, other, ..] => {
                    let verdict = lead_of(one, other).map_or_else(String::new, |(_, verdict)| verdict);
                    let (a, b) = (self.called(one), self.called(other));
                    format!("{data}: {a} leads {b}, {} to {}{verdict}.", accuracy(one), accuracy(other))
                }
                [] => data,
            }
        };
        groups.iter().map(sentence).collect()
    }

    /// Which has the highest accuracy: the plan, if it was trained with several seeds by their mean, or the run, and by how much.
    fn headline(&self) -> String {
        let groups = Groups::best_first(&self.runs);
        if let [best, _, ..] = &groups.all[..]
            && best.accuracies.len() > 1
        {
            return format!("{} has the highest mean accuracy over seeds", groups.labels()[0]);
        }
        let [one, other, ..] = &self.runs[..] else { return String::new() };
        let highest = one.best.metrics.accuracy;
        match self.runs.iter().take_while(|run| run.best.metrics.accuracy >= highest).count() {
            1 => {
                let seeds = groups.all.iter().any(|group| group.accuracies.len() > 1);
                let with = if seeds { ", with one seed" } else { "" };
                let (a, b) = (self.called(one), self.called(other));
                lead_of(one, other).map_or_else(
                    || format!("{a} has the highest accuracy{with}"),
                    |(by, verdict)| format!("{a} leads {b} by {by}{with}{verdict}"),
                )
            }
            2 if self.runs.len() == 2 => {
                format!("{} and {} have the same accuracy", self.called(one), self.called(other))
            }
            several => format!("{several} share the highest accuracy, {}", fraction(Some(highest))),
        }
    }

    /// The keys that stand as columns beside the runs of a page: all that differ, where they are few; else none. The epochs done have a column anyway.
    fn columns<'a>(
        &self,
        differences: &'a [(&'static str, Vec<Value>)],
        page: Option<&Path>,
    ) -> Vec<&'a (&'static str, Vec<Value>)> {
        let keys = differences.iter().filter(|(key, _)| !["name", "training.epochs"].contains(key));
        if page.is_some() && differences.len() <= COLUMNS { keys.collect() } else { vec![] }
    }

    /// What is to be typed to know more.
    fn what_next(&self) -> Section {
        let run = |run: &ComparedRun| files::quoted(&run.path);
        let config = |run: &ComparedRun| files::quoted(&folder::config_path(&run.path));
        let mut lines = format!("train evaluate {} --charts\n", run(&self.runs[0]));
        // The first two whose accuracies are of the same images.
        let pair = |place: usize| {
            let one = &self.runs[place];
            let other = self.runs[place + 1..].iter().find(|other| other.fingerprint() == one.fingerprint())?;
            Some([one, other])
        };
        for one in (0..self.runs.len()).find_map(pair).into_iter().flatten() {
            lines += &format!("train {} --set seed={}\n", config(one), one.plan.seed + 1);
        }
        let caption = "Evaluate the best; train the first two of the same data again with another seed, which tells what the seed does";
        Section::new("What next", [Block::Code { caption: caption.into(), lines }])
    }

    /// A run in a sentence: by its label where all are short, else by its letter.
    fn called<'a>(&self, run: &'a ComparedRun) -> &'a str {
        if self.runs.iter().all(|run| run.label.chars().count() <= SHORT) { &run.label } else { &run.key }
    }

    /// Whether all have seen the same images.
    fn is_same_data(&self) -> bool {
        is_same_data(&self.runs)
    }

    /// A row for a run: what it came to, and where it lies; on a page by these keys.
    fn overview(&self, page: Option<&Path>, columns: &[&(&'static str, Vec<Value>)]) -> Section {
        let monitor = self.runs[0].plan.training.monitor;
        let is_one = self.runs.iter().all(|run| run.plan.training.monitor == monitor);
        let by = if is_one { format!(", by {}", name(monitor)) } else { String::new() };
        let caption = format!("Accuracy and loss are those of the best epoch{by}");
        let mut table = match page {
            Some(page) => self.on_a_page(page, columns),
            None => {
                let mut table = Table::new(["run", "accuracy", "loss", "best epoch", "epochs", "time", "folder"], 1);
                self.runs.iter().for_each(|run| table.add_row(run.row()));
                table
            }
        };
        table.caption = caption;
        let lines = self.lines();
        let line =
            |run: &ComparedRun| lines.iter().position(|(_, runs)| runs.iter().any(|other| other.path == run.path));
        table.items = self.runs.iter().map(|run| line(run).map_or(0, |line| line + 1)).collect();
        let note = table.links.iter().any(String::is_empty).then(|| Block::text(NO_PAGE));
        if page.is_none() || self.runs.len() <= ROWS + 2 {
            return Section::new("Runs", [Block::Table(table)].into_iter().chain(note));
        }
        let mut first = table.clone();
        first.rows.truncate(ROWS);
        first.items.truncate(ROWS);
        first.links.truncate(ROWS);
        let all = Block::Fold { summary: format!("All {} runs", self.runs.len()), blocks: vec![Block::Table(table)] };
        Section::new("Runs", [Block::Table(first), all].into_iter().chain(note))
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
        let header = ["run"].into_iter().chain(data).map(str::to_owned);
        let header = header.chain(names(first)).chain(keys_of).chain(names(rest));
        let mut table = Table::new(header, 1 + usize::from(data.is_some()));
        for (place, run) in self.runs.iter().enumerate() {
            let data = data.map(|_| run.data_name());
            let values = columns.iter().map(|(_, values)| plain(&values[place]));
            let [accuracy, wrong, rest @ ..] = run.results();
            let cells = [run.key.clone()].into_iter().chain(data).chain([accuracy, wrong]).chain(values).chain(rest);
            table.add_row(cells);
        }
        table.links = self.runs.iter().map(|run| run.page_from(page)).collect();
        table
    }

    /// A row for a metric, the runs beside each other where they are few enough for a page.
    fn metrics(&self, page: Option<&Path>) -> Section {
        let is_known = |metric: &Metric| self.runs.iter().any(|run| run.best.metrics.get(*metric).is_some());
        let most = if page.is_some() { BESIDE_ON_A_PAGE } else { BESIDE };
        let shown = &self.runs[..self.runs.len().min(most)];
        let labels = shown.iter().map(|run| run.key.as_str());
        let is_pair = shown.len() == 2;
        // On a page the best stands out; in a terminal it is named.
        let last = page.is_none().then_some("best");
        let header = ["metric"].into_iter().chain(labels).chain(is_pair.then_some("difference")).chain(last);
        let caption = match self.runs.len() - shown.len() {
            0 => "Validation metrics of the best epochs".to_owned(),
            1 => "Validation metrics of the best epochs; one more run is in the table above".to_owned(),
            more => format!("Validation metrics of the best epochs; {more} more runs are in the table above"),
        };
        let mut table = Table::new(header, 1).captioned(caption);
        let empty = usize::from(is_pair) + usize::from(last.is_some());
        if !self.is_same_data() {
            for (what, of) in ComparedRun::FACTS {
                let cells = shown.iter().map(of).chain((0..empty).map(|_| String::new()));
                table.add_row([what.to_owned()].into_iter().chain(cells));
                table.best.push(None);
            }
        }
        let are_losses_different = self.losses().len() > 1;
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
            let mut cells = told(&values, &places);
            if metric == Metric::Loss && are_losses_different {
                cells.iter_mut().zip(shown).for_each(|(cell, run)| *cell += &format!(", {}", run.plan.training.loss));
            }
            let cells = cells.into_iter().chain(difference).chain(best);
            table.add_row([metric.name().replace('_', " ")].into_iter().chain(cells));
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
        table.stacks = true;
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

    /// Accuracy, and a chart for each loss: values of different ones mean different things. Of many lines the best have colours.
    fn curves(&self) -> Section {
        let lines = self.lines();
        let are_many = lines.len() > BESIDE;
        let curves = |value: fn(&EpochRecord) -> f64, loss: Option<Loss>| -> Vec<Series> {
            let all = lines.iter().enumerate();
            let wanted = all.filter(|(_, (_, runs))| loss.is_none_or(|loss| runs[0].plan.training.loss == loss));
            let series = wanted.map(|(number, (name, runs))| {
                let curves = runs.iter().map(|run| curve(name, &run.epochs, value));
                let series = together(name, curves).of_items(vec![number + 1]);
                match &runs[..] {
                    _ if are_many && number >= COLOURED => series.drawn(Style::Ranked(0)),
                    [run] if are_many => Series { end: run.key.clone(), ..series.coloured(BEST_COLOURS[number]) },
                    _ => series.coloured(COLOURS[number % COLOURS.len()]),
                }
            });
            // The best lie above the others.
            let (many, few): (Vec<Series>, Vec<Series>) =
                series.partition(|series| matches!(series.style, Style::Ranked(_)));
            many.into_iter().rev().chain(few).collect()
        };
        let accuracies = curves(|record| record.valid.accuracy, None);
        let (of_bulk, below) = bulk(&accuracies);
        let axis = Axis { name: "validation accuracy".into(), ..of_bulk };
        let losses = self.losses();
        let are_different = losses.len() > 1;
        let is_one_legend = !are_different;
        // A tip is of the one line that is pointed at.
        let told = |chart: LineChart| LineChart { item: if are_many { "run".into() } else { String::new() }, ..chart };
        let accuracy = told(chart("Validation accuracy", axis, accuracies));
        let of_loss = |loss: Loss| {
            let name = if are_different { format!("validation loss, {loss}") } else { "validation loss".into() };
            let what = if are_different { format!("Validation {loss}") } else { "Validation loss".into() };
            let chart = told(chart(&what, Axis::new(name).log(), curves(|record| record.valid.loss, Some(loss))));
            LineChart { shares_legend: is_one_legend, ..chart }
        };
        // Two points are no curve where they would be alone beside real ones.
        let are_short = self.runs.iter().all(|run| run.epochs.len() <= 2);
        let alone = |loss: Loss| {
            let mut of = self.runs.iter().filter(move |run| run.plan.training.loss == loss);
            of.next().filter(|run| of.next().is_none() && run.epochs.len() == 2 && are_different && !are_short)
        };
        let drawn = losses.iter().copied().filter(|loss| alone(*loss).is_none());
        let points = losses.iter().filter_map(|loss| alone(*loss)).map(|run| {
            let [one, other] = [0, 1].map(|epoch| fraction(Some(run.epochs[epoch].valid.loss)));
            format!(
                "{}: validation loss, {}, {one} in epoch 1 and {other} in epoch 2.",
                self.called(run),
                run.plan.training.loss
            )
        });
        let points: Vec<String> = points.collect();
        let charts = [accuracy].into_iter().chain(drawn.map(of_loss)).map(Block::Lines).collect();
        let rest = (are_many && lines.len() > COLOURED).then(|| {
            format!("The best {COLOURED} are in colours; the others, in grey, are named where they are pointed at.")
        });
        let below = (below > 0).then(|| match below {
            1 => "1 run lies below the axis of the accuracy.".to_owned(),
            _ => format!("{below} runs lie below the axis of the accuracy."),
        });
        let notes = [rest, below].into_iter().flatten().chain(points).map(Block::Text);
        Section::new("Curves", [Block::Beside(charts)].into_iter().chain(notes))
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
            return self.runs.iter().map(|run| (run.named(), vec![run])).collect();
        }
        let named = |(name, group): (String, &Group)| (name, group.runs.iter().map(|run| &self.runs[*run]).collect());
        groups.labels().into_iter().zip(&groups.all).map(named).collect()
    }
}

/// Colours of lines: those next to each other in this order differ most.
const COLOURS: [usize; 6] = [0, 1, 3, 5, 4, 2];

/// Lines in colours where there are many; keys beside the runs of a page, and its runs before all are folded.
const COLOURED: usize = 5;
/// Grey is that of the others.
const BEST_COLOURS: [usize; COLOURED] = [0, 1, 4, 3, 2];
const COLUMNS: usize = 6;
const ROWS: usize = 10;

/// Characters of a name that a column's head has room for.
const SHORT: usize = 18;

/// Runs whose metrics stand beside each other, in a terminal and on a page.
const BESIDE: usize = 6;
const BESIDE_ON_A_PAGE: usize = 8;

const DIFFERENT_DATA: &str = "These runs have seen different data: their metrics are not of the same images.";

const DIFFERENT_LOSSES: &str =
    "They were trained with different losses, which are different measures: no chart holds one against another.";

const CHANCE: &str = "within chance; the same plans with other seeds tell more.";

const BY_ONE_SEED: &str =
    "more than the choice of the images comes to; the same plans with other seeds tell what the seed does.";

const NO_PAGE: &str =
    "The name of a run that has a page leads to it; `train report` writes that of any run with a model.";

/// Something of a run, with its name.
type Fact = (&'static str, fn(&ComparedRun) -> String);

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

    /// What there is to know of a run beside others on other data.
    const FACTS: [Fact; 4] = [
        ("data", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| data.name().to_owned())),
        ("classes", |run| run.classes().len().to_string()),
        ("validation images", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| grouped(data.valid))),
        ("model", |run| run.plan.model.kind.to_string()),
    ];

    /// Its data, with the number of classes where they are not the two of a choice.
    fn data_name(&self) -> String {
        let Some(data) = &self.data else { return "unknown data".into() };
        match data.classes.len() {
            0 | 2 => data.name().to_owned(),
            classes => format!("{}, {classes} classes", data.name()),
        }
    }

    /// How many validation images it has wrong at its best epoch; none where their number is not known.
    fn wrong(&self) -> Option<u64> {
        let all = self.data.as_ref()?.valid as f64;
        Some(((1.0 - self.best.metrics.accuracy) * all).round() as u64)
    }

    /// What it came to, as a row of a page ends.
    fn results(&self) -> [String; 6] {
        let [_, accuracy, loss, best, epochs, time, _] = self.row();
        [accuracy, self.wrong().map_or_else(|| "-".into(), |wrong| grouped(wrong as usize)), loss, best, epochs, time]
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
        // What is below the folder by its name is found so, also where a folder between is a link.
        let way = || match page.starts_with(folder) {
            true => relative(&page, folder),
            false => relative(&page.canonicalize().ok()?, &folder.canonicalize().ok()?),
        };
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

/// Whether two counts of wrong ones among the same images are no further apart than chance (95 %) takes two equally good ones.
pub fn is_chance(one: u64, other: u64) -> bool {
    let apart = one.abs_diff(other) as f64;
    apart * apart <= 3.84 * (one + other) as f64
}

/// By how many images the one leads the other, and what that says; none where their number is not known.
fn lead_of(one: &ComparedRun, other: &ComparedRun) -> Option<(String, String)> {
    let (a, b) = (one.wrong()?, other.wrong()?);
    let by = format!("{} of {} images", grouped(a.abs_diff(b) as usize), grouped(one.data.as_ref()?.valid));
    Some((by, if is_chance(a, b) { ", within chance" } else { "" }.to_owned()))
}

/// The axis of the accuracies without those of runs far below the others, and how many these are.
fn bulk(series: &[Series]) -> (Axis, usize) {
    let highest = |series: &Series| series.points.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    let mut all: Vec<f64> = series.iter().map(highest).collect();
    all.sort_by(f64::total_cmp);
    let Some(middle) = all.get(all.len() / 2) else { return (accuracy_axis(series), 0) };
    let least = if all.len() > BESIDE { 1.0 - 4.0 * (1.0 - middle).max(0.002) } else { f64::NEG_INFINITY };
    let within: Vec<Series> = series.iter().filter(|series| highest(series) >= least).cloned().collect();
    let axis = accuracy_axis(&within);
    // What is left out must not stretch an axis that has all the others.
    let ends =
        within.iter().flat_map(|series| &series.points).map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let below = series.len() - within.len();
    if below > 0 && axis.range.is_none() { (axis.range(low, high), below) } else { (axis, below) }
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

    #[test]
    fn an_image_more_is_chance_and_many_more_are_not() {
        assert_eq!([(13, 14), (36, 45), (13, 31), (0, 0)].map(|(a, b)| is_chance(a, b)), [true, true, false, true]);
    }

    #[test]
    fn one_run_far_below_the_others_does_not_stretch_the_axis() {
        let line = |accuracy: f64| Series::line("", (1..=9).map(|epoch| (f64::from(epoch), accuracy)).collect());
        let mut series: Vec<Series> = (0..8).map(|run| line(0.98 + 0.001 * f64::from(run))).collect();
        series.push(line(0.5));
        let (axis, below) = bulk(&series);
        assert_eq!((axis.range, below), (Some([0.98, 0.987]), 1));
        assert_eq!(bulk(&series[4..]).1, 0, "of a few all are shown");
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
