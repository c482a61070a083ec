//! Runs beside each other: what differs in their plans, how well each came out, their curves.

mod charts;
mod classes;
mod groups;
mod labels;
mod lengths;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use chart::{Block, Document, Section, Table};
use metrics::Metric;
use plan::{Loss, Plan, decides_result};
use run::{
    EpochRecord, Error, RunRecord,
    best::{Best, BestTracker},
    folder,
    record::DataRecord,
};
use toml::Value;

use crate::{ConfusionTable, clock, fraction, grouped, name, short};

use charts::{COLOURED, lines};
pub use groups::{Group, Groups, Test};
use labels::{labels, named, plain_of, short_key, tell_all};
use lengths::Lengths;

/// Runs to be compared, in the order asked for.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// At least one.
    pub runs: Vec<ComparedRun>,
    /// The page of the study that all of them are trials of; there need be none.
    pub study: Option<PathBuf>,
}

/// A run as a trial of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedTrial {
    /// By which the study's page knows it, from 1.
    pub number: usize,
    /// Its epochs, and what ended them early.
    pub epochs: String,
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
    /// The same in a table's head: a trial's number; where that has no room for a label, a letter.
    pub key: String,
    /// What it is in a study, where all runs are trials of one.
    pub trial: Option<ComparedTrial>,
    /// As the run wrote it.
    pub plan: Plan,
    /// Its data; none where its record cannot be read.
    pub data: Option<DataRecord>,
    /// Its epochs, at least one.
    pub epochs: Vec<EpochRecord>,
    /// Seconds it took by its record, or those of its epochs where it trains still or was killed.
    pub seconds: f64,
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
        Ok(Self { runs: runs.collect::<Result<_, _>>()?, study: None })
    }

    /// The same, where all are trials of the study that has its page there: each goes by its number.
    #[must_use]
    pub fn of_trials(mut self, page: PathBuf, trials: Vec<ComparedTrial>) -> Self {
        self.runs.iter_mut().zip(trials).for_each(|(run, trial)| run.trial = Some(trial));
        Self { study: Some(page), ..self }
    }

    /// The plan keys on which the runs differ and that one of them uses, each with its value of every run, in the order of `base.toml`.
    pub fn differences(&self) -> Vec<(&'static str, Vec<Value>)> {
        differences(self.runs.iter().map(|run| &run.plan))
    }

    /// The best run of each data first, each by what sets it apart from the others, with a link to its own page from a page in this
    /// folder.
    pub fn document(&self, page: Option<&Path>) -> Document {
        let mut sorted = self.clone();
        let key = |run: &ComparedRun| (-run.best.metrics.accuracy, run.best.metrics.loss);
        sorted.runs.sort_by(|a, b| {
            let ((a, a_loss), (b, b_loss)) = (key(a), key(b));
            a.total_cmp(&b).then(a_loss.total_cmp(&b_loss))
        });
        let sorted = &mut Self { runs: sorted.data_sets().concat().into_iter().cloned().collect(), ..sorted };
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
            run.key = match &run.trial {
                Some(trial) => trial.number.to_string(),
                None if are_short => run.label.clone(),
                None => letter(place),
            };
        }
        let lead =
            sorted.lead().into_iter().map(Block::Text).chain(page.and_then(|page| sorted.study_link(page))).collect();
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
            .chain([charts::section(self, page.is_some())])
            .chain(classes::section(&self.runs))
            .chain(page.map(|_| self.what_next()));
        let title = match &self.runs[..] {
            runs if !self.is_same_data() => match self.in_full(page) {
                Some(runs) => format!("{runs}, on different data"),
                None => format!("{} runs on different data", runs.len()),
            },
            [_, _] if self.study.is_none() => match page {
                Some(_) => self.headline(|run| self.with_folder(run)),
                None => self.headline(|run| self.called(run)),
            },
            runs => {
                let folder = |run: &ComparedRun| run.path.parent().and_then(Path::file_name).map(ToOwned::to_owned);
                let first = folder(&runs[0]).filter(|first| runs.iter().all(|run| folder(run).as_ref() == Some(first)));
                let of = first.map_or_else(String::new, |name| format!(" of {}", name.to_string_lossy()));
                let runs = self.in_full(page).unwrap_or_else(|| format!("{} {}s{of}", runs.len(), self.noun()));
                format!("{runs} compared: {}", self.headline(|run| self.called(run)))
            }
        };
        Document { title, lead: vec![], sections: sections.collect() }
    }

    /// The runs of a page's title, where they are few and go by no numbers.
    fn in_full(&self, page: Option<&Path>) -> Option<String> {
        let [first @ .., last] = &self.runs[..] else { return None };
        let first: Vec<String> = first.iter().map(|run| self.with_folder(run)).collect();
        let is_short = page.is_some() && self.study.is_none() && first.len() <= 2;
        is_short.then(|| format!("{} and {}", first.join(", "), self.with_folder(last)))
    }

    /// A run as it is called, with its folder: many may be called so.
    fn with_folder(&self, run: &ComparedRun) -> String {
        let called = self.called(run);
        let is_told = called != run.label || run.name.starts_with(&called);
        if is_told { run.name.clone() } else { format!("{called} ({})", run.name) }
    }

    /// By which images, how far the first two are apart, and what can be held against nothing else.
    fn lead(&self) -> Vec<String> {
        let losses = (self.losses().len() > 1).then(|| DIFFERENT_LOSSES.to_owned());
        if self.is_same_data() {
            let first_two = self.first_two(&self.runs.iter().collect::<Vec<_>>(), "these");
            let parts = [self.judged_by(), first_two].into_iter().flatten().collect::<Vec<_>>().join(" ");
            return [parts]
                .into_iter()
                .filter(|text| !text.is_empty())
                .chain(self.shared_by_the_best())
                .chain(losses)
                .collect();
        }
        self.by_data().into_iter().chain([DIFFERENT_DATA.to_owned()]).chain(losses).collect()
    }

    /// What one of them is.
    fn noun(&self) -> &'static str {
        if self.study.is_some() { "trial" } else { "run" }
    }

    fn study_link(&self, page: &Path) -> Option<Block> {
        let address = way(self.study.as_ref()?, page);
        (!address.is_empty()).then(|| Block::Link { text: "The page of the study".into(), address })
    }

    /// Between which values of a key the best of many lie, where few of the others do.
    fn shared_by_the_best(&self) -> Option<String> {
        let all = self.runs.len();
        let is_of_seeds = lines(&self.runs).len() < all;
        let differences = self.differences();
        let keys: Vec<&str> = differences.iter().map(|(key, _)| *key).collect();
        let range = |(key, values): &(&str, Vec<Value>)| {
            let number = |value: &Value| value.as_float().or(value.as_integer().map(|value| value as f64));
            let numbers: Vec<f64> = values.iter().map(number).collect::<Option<_>>()?;
            let best = numbers[..COLOURED].iter().copied();
            let (low, high) = (best.clone().reduce(f64::min)?, best.reduce(f64::max)?);
            let within = numbers.iter().filter(|number| (low..=high).contains(*number)).count();
            let between = if low < high { format!("from {} to {}", short(low), short(high)) } else { short(low) };
            let is_used = self.runs.iter().all(|run| run.plan.uses(key));
            let is_told = *key != "seed" && decides_result(key) && is_used && 2 * within <= all;
            is_told.then(|| format!("{} {between}, as {within} of all {all} have", short_key(key, &keys)))
        };
        let told = || differences.iter().filter_map(range).collect::<Vec<_>>().join("; ");
        let told = if is_of_seeds || all < 2 * COLOURED { String::new() } else { told() };
        (!told.is_empty()).then(|| format!("The best {COLOURED} have {told}."))
    }

    /// By which images.
    fn judged_by(&self) -> Option<String> {
        let data = self.runs[0].data.as_ref()?;
        Some(format!("All are judged by the {} validation images of {}.", grouped(data.valid), data.name()))
    }

    /// How many images of `these` the first two have wrong; none where that is not known, and where seeds tell more.
    fn first_two(&self, runs: &[&ComparedRun], these: &str) -> Option<String> {
        let [one, other, ..] = runs else { return None };
        let told = |run: &ComparedRun| {
            let (wrong, all) = (run.wrong()?, run.data.as_ref()?.valid as u64);
            let [low, high] = metrics::interval(wrong, all).map(|share| (share * all as f64).round());
            Some(format!("{} has {wrong} wrong (95\u{a0}% interval {low} to {high})", self.called(run)))
        };
        let chance = if is_chance(one.wrong()?, other.wrong()?) { CHANCE } else { BY_ONE_SEED };
        let is_over_seeds = Groups::of(&self.runs).all.iter().any(|group| group.accuracies.len() > 1);
        let lengths = self.lengths(runs).map(|lengths| format!(" {}", lengths.sentence(|run| self.called(run))));
        (!is_over_seeds).then_some(()).and_then(|()| {
            Some(format!("Of {these}, {}, {}: {chance}{}", told(one)?, told(other)?, lengths.unwrap_or_default()))
        })
    }

    /// The first two, where one has had far more epochs than the other. A study has its own reasons to end a trial.
    fn lengths<'a>(&self, runs: &[&'a ComparedRun]) -> Option<Lengths<'a>> {
        let [one, other, ..] = runs else { return None };
        if self.study.is_none() { Lengths::of(one, other) } else { None }
    }

    /// After how many epochs one leads the other, where that is not about the same.
    fn after(&self, one: &ComparedRun, other: &ComparedRun) -> String {
        let lengths = self.lengths(&[one, other]);
        lengths.map_or_else(String::new, |_| format!(" after {} epochs against {}", one.done(), other.done()))
    }

    /// The runs of each data, the first run's first.
    fn data_sets(&self) -> Vec<Vec<&ComparedRun>> {
        let mut sets: Vec<Vec<&ComparedRun>> = Vec::new();
        for run in &self.runs {
            match sets.iter_mut().find(|set| set[0].fingerprint() == run.fingerprint()) {
                Some(set) => set.push(run),
                None => sets.push(vec![run]),
            }
        }
        sets
    }

    /// A sentence for each data.
    fn by_data(&self) -> Vec<String> {
        let accuracy = |run: &ComparedRun| fraction(Some(run.best.metrics.accuracy));
        let sentence = |group: &Vec<&ComparedRun>| {
            let data = group[0].data_name();
            match &group[..] {
                [one] => format!("{data}: {} alone, {}.", self.called(one), accuracy(one)),
                [one, other, ..] => {
                    let (a, b) = (self.called(one), self.called(other));
                    let lead = match [one, other].map(|run| accuracy(run)) {
                        [x, y] if x == y => format!("{data}: {a} and {b} have the same accuracy, {x}"),
                        [x, y] => format!("{data}: {a} leads {b}, {x} to {y}"),
                    };
                    let images = grouped(one.data.as_ref().map_or(0, |data| data.valid));
                    let wrong = self.first_two(group, &format!("its {images} validation images"));
                    let wrong = wrong.map_or_else(String::new, |wrong| format!(" {wrong}"));
                    format!("{lead}{}.{wrong}", self.after(one, other).replacen(" after", ", after", 1))
                }
                [] => data,
            }
        };
        self.data_sets().iter().map(sentence).collect()
    }

    /// Which has the highest accuracy: the plan, if it was trained with several seeds by their mean, or the run, and by how much.
    fn headline(&self, called: impl Fn(&ComparedRun) -> String) -> String {
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
                let (a, b) = (called(one), called(other));
                lead_of(one, other).map_or_else(
                    || format!("{a} has the highest accuracy{with}"),
                    |(by, verdict)| format!("{a} leads {b} by {by}{}{with}{verdict}", self.after(one, other)),
                )
            }
            2 if self.runs.len() == 2 => {
                format!("{} and {} have the same accuracy", called(one), called(other))
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
        let sets = self.data_sets();
        let leaders = sets.iter().map(|set| set[0]);
        let evaluate: String = leaders.clone().map(|one| format!("train evaluate {} --charts\n", run(one))).collect();
        let names: Vec<String> = leaders.map(|run| self.called(run)).collect();
        let first = if sets.len() > 1 { ", the first of each data" } else { "" };
        let lengths: Vec<Lengths<'_>> = sets.iter().filter_map(|set| self.lengths(set)).collect();
        let longer: String = lengths.iter().map(Lengths::command).collect();
        let longer_caption = lengths.iter().map(|Lengths { shorter, longer }| {
            format!("train {} for {} epochs, as {} was", self.called(shorter), longer.done(), self.called(longer))
        });
        let evaluated = format!("evaluate {}{first}", names.join(" and "));
        // The first two whose accuracies are of the same images.
        let pair = sets.iter().find_map(|set| set.get(..2)).unwrap_or_default();
        let again = pair.iter().map(|one| {
            let length = lengths.iter().find(|lengths| lengths.shorter.path == one.path);
            let length = length.map_or_else(String::new, Lengths::setting);
            format!("train {}{length} --set seed={}\n", config(one), one.plan.seed + 1)
        });
        let lines = longer + &evaluate + &again.collect::<String>();
        let again = match pair {
            [one, other] => {
                let (one, other) = (self.called(one), self.called(other));
                Some(format!("train {one} and {other} again with another seed, which tells what the seed does"))
            }
            _ => None,
        };
        let caption = longer_caption.chain([evaluated]).chain(again).collect::<Vec<_>>().join("; ");
        let caption = caption[..1].to_uppercase() + &caption[1..];
        Section::new("What next", [Block::Code { caption, lines }])
    }

    /// A run in a sentence: by its number as a trial, by its label where all are short, else by its letter.
    fn called(&self, run: &ComparedRun) -> String {
        let are_short = self.runs.iter().all(|run| run.label.chars().count() <= SHORT);
        match &run.trial {
            Some(trial) => format!("trial {}", trial.number),
            None => if are_short { &run.label } else { &run.key }.clone(),
        }
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
        if page.is_none() || self.runs.len() <= ROWS + 2 {
            return Section::new(heading, [Block::Table(table)].into_iter().chain(note));
        }
        let mut first = table.clone();
        first.rows.truncate(ROWS);
        first.items.truncate(ROWS);
        first.links.truncate(ROWS);
        let all = Block::Fold {
            summary: format!("All {} {}s", self.runs.len(), self.noun()),
            blocks: vec![Block::Table(table)],
        };
        Section::new(heading, [Block::Table(first), all].into_iter().chain(note))
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
        let noun = self.noun();
        let more = match self.runs.len() - shown.len() {
            0 => String::new(),
            1 => format!("; one more {noun} is in the table above"),
            more => format!("; {more} more {noun}s are in the table above"),
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

    fn losses(&self) -> Vec<Loss> {
        losses(self.runs.iter())
    }
}

/// The losses that runs were trained with.
fn losses<'a>(runs: impl Iterator<Item = &'a ComparedRun>) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for loss in runs.map(|run| run.plan.training.loss) {
        if !losses.contains(&loss) {
            losses.push(loss);
        }
    }
    losses
}

/// Keys beside the runs of a page, and its runs before all are folded.
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

const NO_PAGE: &str = "Each run that has a page is linked to it; `train report` writes that of any run with a model.";

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
        let of_epochs = epochs.iter().map(|epoch| epoch.seconds).sum::<f64>();
        let seconds = record.as_ref().map_or(0.0, |record| record.seconds).max(of_epochs);
        let (data, confusion) = (record.map(|record| record.data), ConfusionTable::read(path));
        Ok(Self {
            path: path.into(),
            key: name.clone(),
            label: name.clone(),
            trial: None,
            name,
            plan,
            data,
            epochs,
            seconds,
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

    /// Its label, behind its letter or number where it has one.
    fn named(&self) -> String {
        if self.key == self.label || self.trial.is_some() && self.label == self.name {
            self.key.clone()
        } else {
            format!("{}: {}", self.key, self.label)
        }
    }

    /// What there is to know of a run beside others on other data.
    const FACTS: [Fact; 4] = [
        ("data", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| data.name().to_owned())),
        ("classes", |run| run.classes().len().to_string()),
        ("validation images", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| grouped(data.valid))),
        ("model", |run| run.plan.model.kind.to_string()),
    ];
    const LOSS: Fact = ("loss function", |run| run.plan.training.loss.to_string());

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
        self.wrong_at(self.best.metrics.accuracy)
    }

    /// The same at an accuracy.
    fn wrong_at(&self, accuracy: f64) -> Option<u64> {
        Some(((1.0 - accuracy) * self.data.as_ref()?.valid as f64).round() as u64)
    }

    /// Its last epoch.
    fn done(&self) -> usize {
        self.epochs.last().map_or(0, |record| record.epoch)
    }

    /// What it came to, as a row of a page ends.
    fn results(&self) -> [String; 6] {
        let [_, accuracy, loss, best, epochs, time, _] = self.row();
        [accuracy, self.wrong().map_or_else(|| "-".into(), |wrong| grouped(wrong as usize)), loss, best, epochs, time]
    }

    fn row(&self) -> [String; 7] {
        let [accuracy, loss] = [self.best.metrics.accuracy, self.best.metrics.loss].map(|value| fraction(Some(value)));
        let best = self.best.epoch.to_string();
        let epochs = self.trial.as_ref().map_or_else(|| self.epochs.len().to_string(), |trial| trial.epochs.clone());
        [self.named(), accuracy, loss, best, epochs, clock(self.seconds), self.name.clone()]
    }

    /// Its page as seen from a page in that folder; empty where it has none.
    fn page_from(&self, folder: &Path) -> String {
        way(&folder::report_path(&self.path), folder)
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

/// The way to a page from a page in a folder; empty where it is not there.
fn way(page: &Path, folder: &Path) -> String {
    // What is below the folder by its name is found so, also where a folder between is a link.
    let way = || match page.starts_with(folder) {
        true => relative(page, folder),
        false => relative(&page.canonicalize().ok()?, &folder.canonicalize().ok()?),
    };
    if page.is_file() { way().unwrap_or_default() } else { String::new() }
}

/// The way to a file from a folder, both whole, as a page of that folder links to it.
fn relative(file: &Path, folder: &Path) -> Option<String> {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| "..");
    let down = file.components().skip(shared).map(|part| part.as_os_str().to_str());
    let way: Vec<&str> = up.map(Some).chain(down).collect::<Option<_>>()?;
    Some(way.join("/"))
}

/// The keys on which the plans differ and that one of them uses, each with all its values.
fn differences<'a>(plans: impl Iterator<Item = &'a Plan> + Clone) -> Vec<(&'static str, Vec<Value>)> {
    let mut keys: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for entries in plans.clone().map(Plan::entries) {
        keys.resize_with(entries.len(), Default::default);
        for ((key, values), (name, value)) in keys.iter_mut().zip(entries) {
            *key = name;
            values.push(value);
        }
    }
    let is_used = |key: &str| plans.clone().any(|plan| plan.uses(key));
    keys.retain(|(key, values)| values.windows(2).any(|pair| pair[0] != pair[1]) && is_used(key));
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
    fn what_the_best_of_many_share_and_few_others_have_is_told() {
        let run = |place: i64| {
            let rate = format!("optimizer.learning_rate={}", if place < 6 { 1.0 + place as f64 / 10.0 } else { 9.0 });
            groups::tests::run(&[&rate, &format!("model.hidden={}", 10 + place * 7 % 11)], 0.9 - place as f64 / 100.0)
        };
        let told = |count| Comparison { runs: (0..count).map(run).collect(), study: None }.shared_by_the_best();
        assert_eq!(told(12).unwrap(), "The best 5 have learning_rate from 1.0 to 1.4, as 5 of all 12 have.");
        assert_eq!(told(9), None, "the best five of nine are most of them");
    }

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
    fn a_key_that_differs_has_a_value_for_every_plan() {
        let plan = |setting: &str| {
            Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[Setting::parse(setting).unwrap()]).unwrap()
        };
        let plans = [plan("seed=0"), plan("seed=2"), plan("model.hidden=9")];
        let values = |values: [i64; 3]| values.map(Value::Integer).to_vec();
        let expected = [("seed", values([0, 2, 0])), ("model.hidden", values([30, 30, 9]))];
        assert_eq!(differences(plans.iter()), expected);
        let [sgd, other] = [plan("optimizer.beta_2=0.9"), plan("optimizer.beta_2=0.8")];
        assert_eq!(differences([&sgd, &other].into_iter()), [], "sgd has no beta 2");
        assert_eq!(
            [&sgd, &plan("optimizer.kind=adam")].map(|plan| plain_of(plan, "optimizer.beta_2", &Value::Float(0.9))),
            ["-", "0.9"]
        );
    }
}
