//! The keys of a study file, taken one by one; what is left is unknown.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use plan::{Config, Layer, Origin, PlanError, Problem, Setting, Template, did_you_mean};
use search::{Asha, Goal, Median};
use toml::Value;

use super::{MOST_POINTS, Metric, Pruner, Search};
use crate::slurm;

/// Keys outside of `set` and `space`.
const KEYS: [&str; 26] = [
    "name",
    "base",
    "search",
    "trials",
    "metric",
    "goal",
    "seed",
    "seeds",
    "repeat",
    "max_time",
    "jobs",
    "threads_per_trial",
    "backend",
    "devices",
    "retries",
    "fail_fast",
    "limit",
    "prune",
    "prune.kind",
    "prune.min_epochs",
    "prune.reduction_factor",
    "prune.warmup_epochs",
    "prune.startup_trials",
    "slurm.partition",
    "slurm.time",
    "slurm.options",
];

/// Tables of a study file.
const TABLES: [&str; 3] = ["set", "space", "slurm"];

/// What to say of a table where TOML has made one of a dotted key.
pub const ONE_KEY: &str = "; a dotted key of a plan is one key in quotes:";

/// What a study file says, and what is wrong with it so far.
pub struct Reader {
    file: PathBuf,
    text: String,
    entries: Vec<Setting>,
    problems: Vec<Problem>,
}

impl Reader {
    pub fn open(file: &Path) -> Result<Self, PlanError> {
        let name = file.display().to_string();
        let text = files::read_written(file).map_err(|cause| Problem::Unreadable { file: name.clone(), cause })?;
        let entries = Layer::parse(&name, &text)?.entries;
        Ok(Self { file: file.into(), text, entries, problems: Vec::new() })
    }

    /// The text of the file.
    pub fn source(&self) -> &str {
        &self.text
    }

    /// Where a key stands, if it does.
    pub fn place(&self, key: &str) -> Option<Origin> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.origin.clone())
    }

    /// The entry of a key, which no one takes again.
    pub fn take(&mut self, key: &str) -> Option<Setting> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(place))
    }

    /// The entries of a table, each with its key below it.
    pub fn table(&mut self, name: &str) -> Vec<(String, Setting)> {
        let prefix = format!("{name}.");
        let (taken, left) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| entry.key.starts_with(&prefix));
        self.entries = left;
        let taken: Vec<Setting> = taken;
        taken.into_iter().map(|entry| (entry.key[prefix.len()..].to_owned(), entry)).collect()
    }

    /// Notes that a value is not what it should be.
    pub fn refuse(&mut self, entry: &Setting, expected: impl Into<String>, hint: impl Into<String>) {
        let Setting { key, text, origin, .. } = entry.clone();
        self.problems.push(Problem::Value { origin, key, found: text, expected: expected.into(), hint: hint.into() });
    }

    /// Whether something is wrong so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Notes what else is wrong.
    pub fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A value that `read` understands.
    fn value<T>(&mut self, key: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let entry = self.take(key)?;
        let value = entry.value.as_ref().and_then(&read);
        if value.is_none() {
            let hint = entry.quoted(|text| read(&Value::from(text)).is_some());
            self.refuse(&entry, expected, hint);
        }
        value
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.value(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// An integer from `least` on.
    pub fn count(&mut self, key: &str, least: usize) -> Option<usize> {
        self.value(key, &format!("an integer from {least} on"), |value| at_least(value, least))
    }

    /// A list of integers.
    pub fn counts(&mut self, key: &str) -> Vec<usize> {
        let list = |value: &Value| value.as_array()?.iter().map(|value| at_least(value, 0)).collect();
        self.value(key, "a list of integers from 0 on", list).unwrap_or_default()
    }

    /// One of some names.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], usual: T) -> T {
        let Some(entry) = self.take(key) else { return usual };
        let name = entry.value.as_ref().and_then(Value::as_str).unwrap_or_default();
        let found = choices.iter().find(|(choice, _)| *choice == name);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.refuse(&entry, names.join(" or "), did_you_mean(name, names.iter().copied()));
        }
        found.map_or(usual, |(_, choice)| *choice)
    }

    pub fn metric(&mut self, key: &str) -> Metric {
        let Some(entry) = self.take(key) else { return Metric::ACCURACY };
        let name = entry.value.as_ref().and_then(Value::as_str).unwrap_or_default();
        Metric::named(name).unwrap_or_else(|| {
            let names = Metric::ALL.map(|metric| metric.to_string());
            self.refuse(&entry, names.join(", "), did_you_mean(name, names.iter().map(String::as_str)));
            Metric::ACCURACY
        })
    }

    /// The config that all trials change: a path seen from the study file, or the name of a built-in one.
    pub fn base(&mut self) -> Result<(Config, Template), PlanError> {
        let Some(entry) = self.take("base") else {
            let origin = Origin::Line { file: self.file.display().to_string(), line: 1 };
            let message = "`base` is missing: the config that all trials change, such as base = \"two-layer\"".into();
            return Err(Problem::Other { origin, message }.into());
        };
        let Some(name) = entry.value.as_ref().and_then(Value::as_str) else {
            self.refuse(&entry, "a string, the path of a config or the name of one", entry.quoted(|_| true));
            return Err(PlanError { problems: std::mem::take(&mut self.problems) });
        };
        let beside = self.file.parent().unwrap_or(Path::new("")).join(name);
        let config = if beside.is_file() { Config::File(beside) } else { Config::find(Path::new(name)) };
        match Template::read(&config) {
            Ok(template) => Ok((config, template)),
            // What is wrong in a file that is there has a place of its own.
            Err(error) if matches!(&config, Config::File(path) if path.is_file()) => Err(error),
            Err(error) => Err(Problem::Other { origin: entry.origin, message: format!("`base`: {error}") }.into()),
        }
    }

    /// Plan keys that a table sets.
    pub fn set(&mut self, table: &str) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (key, entry) in self.table(table) {
            match entry.value.as_ref().and_then(Value::as_table) {
                Some(inner) => {
                    let inner = inner.keys().next().map_or_else(|| key.clone(), |inner| format!("{key}.{inner}"));
                    self.refuse(&entry, "a value", format!("{ONE_KEY} \"{inner}\""));
                }
                None => settings.push(Setting { key, ..entry }),
            }
        }
        settings
    }

    /// The plan key `backend`, which a study may name outside of `[set]`.
    pub fn backend(&mut self) -> Option<Setting> {
        self.take("backend")
    }

    /// How many points; a grid has them all.
    pub fn trials(&mut self, search: Search) -> usize {
        let entry = self.entries.iter().find(|entry| entry.key == "trials").cloned();
        if let (Search::Grid, Some(entry)) = (search, &entry) {
            self.take("trials");
            self.refuse(entry, "nothing: a grid has all its points", "");
            return 0;
        }
        let trials = self.count("trials", 1);
        match (search, entry) {
            (Search::Grid, Some(_)) => {}
            (Search::Grid, None) => {}
            (_, Some(entry)) if trials > Some(MOST_POINTS) => self.refuse(&entry, format!("at most {MOST_POINTS}"), ""),
            (_, Some(_)) => {}
            (_, None) => {
                let origin = Origin::Line { file: self.file.display().to_string(), line: 1 };
                let message = "`trials` is missing: how many points the search tries, such as trials = 20".into();
                self.note(Problem::Other { origin, message });
            }
        }
        trials.unwrap_or(0)
    }

    /// `seeds`, or `repeat` as many from 0 on.
    pub fn seeds(&mut self) -> Vec<Option<u64>> {
        let has_both = ["seeds", "repeat"].iter().all(|key| self.entries.iter().any(|entry| entry.key == *key));
        let expected = "different integers from 0 on, one or more";
        let seeds = self.value("seeds", expected, |value| {
            let seeds: Vec<usize> = value.as_array()?.iter().map(|seed| at_least(seed, 0)).collect::<Option<_>>()?;
            let distinct: BTreeSet<&usize> = seeds.iter().collect();
            (!seeds.is_empty() && distinct.len() == seeds.len()).then_some(seeds)
        });
        let entry = self.entries.iter().find(|entry| entry.key == "repeat").cloned();
        let repeat = self.count("repeat", 1);
        match entry {
            Some(entry) if has_both => self.refuse(&entry, "nothing: the study lists its `seeds`", ""),
            Some(entry) if repeat > Some(MOST_POINTS) => self.refuse(&entry, format!("at most {MOST_POINTS}"), ""),
            _ => {}
        }
        let repeat = repeat.map(|count| (0..count.min(MOST_POINTS)).collect::<Vec<_>>());
        seeds.or(repeat).map_or_else(|| vec![None], |all| all.into_iter().map(|seed| Some(seed as u64)).collect())
    }

    /// A time such as `2h30m`, `45m` or `90s`.
    pub fn duration(&mut self, key: &str) -> Option<Duration> {
        self.value(key, "a time such as \"1d12h\", \"2h30m\", \"45m\" or \"90s\"", |value| {
            seconds(value.as_str()?).map(Duration::from_secs)
        })
    }

    /// `prune` with its name alone, or `[prune]` with its settings, for trials of so many epochs.
    pub fn prune(&mut self, goal: Goal, epochs: usize) -> Option<Pruner> {
        let first = self.entries.iter().find(|entry| entry.key == "prune" || entry.key.starts_with("prune."));
        let origin = first?.origin.clone();
        let is_there = |key: &&str| self.entries.iter().any(|entry| entry.key == *key);
        let Some(key) = ["prune", "prune.kind"].into_iter().find(is_there) else {
            self.table("prune");
            self.note(Problem::Other { origin, message: "`prune.kind` is missing: asha or median".into() });
            return None;
        };
        if self.choice(key, &[("asha", Some(true)), ("median", Some(false))], None)? {
            let min = self.count("prune.min_epochs", 1).unwrap_or(1);
            let factor = self.count("prune.reduction_factor", 2).unwrap_or(3);
            return match Asha::new(goal, min, epochs, factor) {
                Ok(asha) => Some(Pruner::Asha(asha)),
                Err(error) => {
                    let message = format!("{error}; `training.epochs` is {epochs}");
                    self.note(Problem::Other { origin, message });
                    None
                }
            };
        }
        let warmup = self.count("prune.warmup_epochs", 0).unwrap_or(0);
        let startup = self.count("prune.startup_trials", 0).unwrap_or(5);
        Some(Pruner::Median(Median { goal, warmup, startup }))
    }

    /// `[slurm]`.
    pub fn slurm(&mut self) -> slurm::Options {
        let option = |value: &Value| slurm::option(value.as_str()?);
        let options = |value: &Value| value.as_array()?.iter().map(option).collect();
        slurm::Options {
            partition: self.value("slurm.partition", slurm::PARTITION, |value| slurm::partition(value.as_str()?)),
            time: self.value("slurm.time", slurm::TIME, |value| slurm::time(value.as_str()?)),
            more: self.value("slurm.options", slurm::OPTIONS, options).unwrap_or_default(),
        }
    }

    /// Refuses what nobody has taken.
    pub fn finish(mut self) -> Result<(), PlanError> {
        for Setting { key, origin, text, .. } in std::mem::take(&mut self.entries) {
            if key.starts_with("prune.") && KEYS.contains(&key.as_str()) {
                let message = format!(
                    "`{key}` belongs to the other pruner; asha has min_epochs and reduction_factor, median warmup_epochs and startup_trials"
                );
                self.note(Problem::Other { origin, message });
                continue;
            }
            if TABLES.contains(&key.as_str()) {
                let expected = format!("a table, [{key}] with keys below it");
                self.problems.push(Problem::Value { origin, key, found: text, expected, hint: String::new() });
                continue;
            }
            let hint = did_you_mean(&key, KEYS);
            self.note(Problem::UnknownKey { origin, key, hint });
        }
        if self.problems.is_empty() { Ok(()) } else { Err(PlanError { problems: self.problems }) }
    }
}

fn at_least(value: &Value, least: usize) -> Option<usize> {
    value.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| *n >= least)
}

/// The seconds of `2h30m`.
fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0u64;
    for (unit, seconds) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((count, after)) = rest.split_once(unit) {
            sum = sum.checked_add(count.parse::<u64>().ok()?.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && sum > 0).then_some(sum)
}
