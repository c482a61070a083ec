//! Runs beside each other: what differs in their plans, how well each came out, their curves.

mod charts;
mod classes;
mod compared_run;
mod groups;
mod labels;
mod lengths;
mod outcome;
mod tables;
mod what_next;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use chart::{Block, Document};
use plan::{Loss, Plan};
use run::Error;
use toml::Value;

use crate::grouped;
use charts::COLOURED;
pub use compared_run::{ComparedRun, ComparedTrial};
pub use groups::{Group, Groups, Test};
use labels::{labels, letter, names, tell_all};
use lengths::Lengths;
pub use outcome::is_chance;

/// Runs to be compared, in the order asked for.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// At least one.
    pub runs: Vec<ComparedRun>,
    /// The page of the study that all of them are trials of; there need be none.
    pub study: Option<PathBuf>,
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
            .section(page.is_some())
            .into_iter()
            .chain([self.overview(page, &columns), self.metrics(page)])
            .chain(plans.then(|| self.plans(page.is_some())))
            .chain([charts::section(self, page.is_some())])
            .chain(classes::section(&self.runs))
            .chain(page.map(|_| self.what_next()));
        Document { title: self.title(page), lead: vec![], sections: sections.collect() }
    }

    /// What one of them is.
    fn noun(&self) -> &'static str {
        if self.study.is_some() { "trial" } else { "run" }
    }

    fn study_link(&self, page: &Path) -> Option<Block> {
        let address = compared_run::way(self.study.as_ref()?, page);
        (!address.is_empty()).then(|| Block::Link { text: "The page of the study".into(), address })
    }

    /// The runs of each data, the first run's first, those that are alone with theirs last.
    fn data_sets(&self) -> Vec<Vec<&ComparedRun>> {
        let mut sets: Vec<Vec<&ComparedRun>> = Vec::new();
        for run in &self.runs {
            match sets.iter_mut().find(|set| set[0].fingerprint() == run.fingerprint()) {
                Some(set) => set.push(run),
                None => sets.push(vec![run]),
            }
        }
        sets.sort_by_key(|set| set.len() == 1);
        sets
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

/// Characters of a name that a column's head has room for.
const SHORT: usize = 18;

/// Runs that stand beside each other in a terminal, and have colours of their own.
const BESIDE: usize = 6;

/// Data sets that are told one by one.
const DATA_SETS: usize = 4;

/// How many of the data sets are not told, where so many are; none where that is all.
fn more_data(sets: usize, told: usize) -> Option<String> {
    match sets.saturating_sub(told) {
        0 => None,
        1 => Some("1 more data set".into()),
        more => Some(format!("{} more data sets", grouped(more))),
    }
}

fn is_same_data(runs: &[ComparedRun]) -> bool {
    runs.windows(2).all(|pair| pair[0].fingerprint() == pair[1].fingerprint())
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

#[cfg(test)]
mod tests {
    use super::*;
    use chart::html;
    use labels::plain_of;
    use metrics::Metrics;
    use plan::{BuiltIn, Config, Setting};
    use run::{EpochRecord, best::Best, record::DataRecord};

    /// Runs of so many epochs with these settings, each a little worse than the one before.
    fn many(
        runs: usize,
        epochs: usize,
        settings: impl Fn(usize) -> Vec<String>,
        data: fn(usize) -> String,
    ) -> Comparison {
        let metrics = |number: usize, epoch: usize| {
            let loss = 0.01 + number as f64 / 7e3 + 1.0 / (epoch * epoch) as f64 / 3.0;
            Metrics { loss, accuracy: 1.0 - loss / 3.0, ..Metrics::default() }
        };
        let run = |number: usize| {
            let settings = settings(number);
            let run = groups::tests::run(&settings.iter().map(String::as_str).collect::<Vec<_>>(), 0.5);
            let record = |epoch| EpochRecord { epoch, valid: metrics(number, epoch), ..EpochRecord::default() };
            ComparedRun {
                path: format!("runs/many/{number}").into(),
                name: format!("20260101-120000-{number}"),
                data: Some(DataRecord { fingerprint: data(number), valid: 2_038, ..groups::tests::data() }),
                epochs: (1..=epochs).map(record).collect(),
                best: Best { epoch: epochs, step: epochs, value: 0.1, metrics: metrics(number, epochs) },
                ..run
            }
        };
        Comparison { runs: (0..runs).map(run).collect(), study: None }
    }

    fn page(comparison: &Comparison) -> String {
        html::page(&comparison.document(Some(Path::new("."))))
    }

    /// Four keys that differ from run to run.
    fn point(number: usize) -> Vec<String> {
        let [rate, decay] = [1e-3, 1e-7].map(|least| least * (1.0 + number as f64 * 0.731_234_567));
        let [rate, decay] = [format!("optimizer.learning_rate={rate}"), format!("optimizer.weight_decay={decay}")];
        let momentum = format!("optimizer.momentum={}", (number % 97) as f64 / 101.0);
        vec![rate, decay, momentum, format!("model.hidden={}", 5 + number % 31)]
    }

    #[test]
    fn the_page_of_a_thousand_runs_is_small_whatever_they_differ_in() {
        let alike: fn(usize) -> String = |_| "f".into();
        let of_many_keys = |number: usize| {
            let more = ["training.batch_size", "early_stopping.patience", "threads", "seed", "training.epochs"];
            point(number).into_iter().chain(more.map(|key| format!("{key}={}", 10 + number))).collect()
        };
        let of_seeds = |number: usize, points: usize| {
            let seed = format!("seed={}", number / points);
            point(number % points).into_iter().chain([seed]).collect::<Vec<_>>()
        };
        let kinds = [
            ("keys", many(1_000, 300, point, alike)),
            ("many keys", many(1_000, 30, of_many_keys, alike)),
            ("two seeds", many(1_000, 30, |number| of_seeds(number, 500), alike)),
            ("many seeds", many(1_000, 30, |number| of_seeds(number, 20), alike)),
            ("data", many(1_000, 30, point, |number| number.to_string())),
            ("data of many", many(1_000, 30, point, |number| (number % 8).to_string())),
        ];
        for (kind, comparison) in kinds {
            let page = page(&comparison);
            assert!(page.len() < 300_000, "{kind}: a page of {} bytes", page.len());
        }
    }

    #[test]
    fn of_many_runs_some_are_drawn_the_best_five_among_them_and_named_first() {
        let comparison = many(1_000, 2, point, |_| "f".into());
        let page = page(&comparison);
        let labels = page.split("aria-label=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let alts: Vec<&str> = labels.filter(|label| label.contains(" by epoch: ")).collect();
        assert_eq!(alts.len(), 2, "{alts:?}");
        for alt in alts {
            assert!(alt.matches(" in epoch 1 to ").count() == 5 && alt.ends_with("; 35 others"), "{alt}");
            let places: Vec<Option<usize>> = ["A", "B", "E"].map(|run| alt.find(&format!("{run}: "))).to_vec();
            assert!(places.is_sorted() && places[0].is_some() && alt.len() < 1_000, "{alt}");
        }
        assert_eq!(page.matches("class=\"series\"").count(), 80);
        let said = "Shown are 35 of 995 other runs, evenly chosen from the best to the worst.";
        assert!(page.contains(said) && page.contains("data-items=\"1000\"") && page.contains("All 1,000 runs"));
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
