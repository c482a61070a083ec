//! What stands in a study file: its own keys, each with its rule, and the plan keys of `[set]` and `[space]`.

use std::{collections::BTreeSet, path::Path, time::Duration};

use plan::{Keys, Layer, Origin, PlanError, Problem, Rule, Setting, did_you_mean};
use search::{Asha, Goal, Median};
use serde::Deserialize;
use toml::Value;

use super::{MOST_POINTS, Metric, Pruner, Search, named};
use crate::slurm;

/// What the values of the keys outside of `[set]` and `[space]` must be.
static RULES: &[(&str, Rule)] = &[
    ("name", Rule::Text),
    ("base", Rule::Custom("a string, the path of a config or the name of one", Value::is_str)),
    ("search", Rule::Word(&["grid", "random", "sobol", "tpe"])),
    ("trials", Rule::Integer(1, MOST_POINTS)),
    ("metric", Rule::Text),
    ("goal", Rule::Word(&["minimise", "maximise"])),
    ("seed", Rule::AtLeast(0)),
    ("seeds", Rule::Custom("different integers from 0 on, one or more", are_seeds)),
    ("repeat", Rule::Integer(1, MOST_POINTS)),
    ("max_time", Rule::Custom("a time such as \"1d12h\", \"2h30m\", \"45m\" or \"90s\"", |value| is(value, duration))),
    ("jobs", Rule::AtLeast(1)),
    ("threads_per_trial", Rule::AtLeast(1)),
    ("processes_per_trial", Rule::AtLeast(1)),
    ("devices", Rule::Custom("a list of integers from 0 on", |value| integers(value).is_some())),
    ("retries", Rule::AtLeast(0)),
    ("fail_fast", Rule::AtLeast(1)),
    ("limit", Rule::AtLeast(1)),
    ("prune", PRUNERS),
    ("prune.kind", PRUNERS),
    ("prune.min_epochs", Rule::AtLeast(1)),
    ("prune.reduction_factor", Rule::AtLeast(2)),
    ("prune.warmup_epochs", Rule::AtLeast(0)),
    ("prune.startup_trials", Rule::AtLeast(0)),
    ("slurm.partition", Rule::Custom(slurm::PARTITION, |value| is(value, slurm::partition))),
    ("slurm.time", Rule::Custom(slurm::TIME, |value| is(value, slurm::time))),
    ("slurm.options", Rule::Custom(slurm::OPTIONS, |value| each_is(value, slurm::option))),
    ("set", Rule::Custom("a table, [set] with keys below it", |_| false)),
    ("space", Rule::Custom("a table, [space] with keys below it", |_| false)),
    ("slurm", Rule::Custom("a table, [slurm] with keys below it", |_| false)),
];

const PRUNERS: Rule = Rule::Word(&["asha", "median"]);

/// What to say of a table where TOML has made one of a dotted key.
pub const ONE_KEY: &str = "; a dotted key of a plan is one key in quotes:";

/// A study file, as it is written.
pub struct StudyFile {
    pub text: String,
    /// The plan keys that every trial sets; `backend` may stand outside of `[set]` too.
    pub set: Vec<Setting>,
    /// The keys below `[space]`.
    pub space: Vec<Setting>,
    keys: Keys,
    first_line: Origin,
}

/// The values of a study's own keys, each right by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    pub name: Option<String>,
    pub base: Option<String>,
    #[serde(default)]
    pub search: Search,
    #[serde(default)]
    pub trials: usize,
    #[serde(default)]
    metric: String,
    goal: Option<String>,
    #[serde(default)]
    pub seed: u64,
    seeds: Option<Vec<u64>>,
    repeat: Option<u64>,
    max_time: Option<String>,
    pub jobs: Option<usize>,
    pub threads_per_trial: Option<usize>,
    pub processes_per_trial: Option<usize>,
    #[serde(default)]
    pub devices: Vec<usize>,
    pub retries: Option<usize>,
    pub fail_fast: Option<usize>,
    pub limit: Option<u64>,
    prune: Option<Prune>,
    #[serde(default)]
    pub slurm: slurm::Options,
}

/// `prune` with its name alone, or `[prune]` with its settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Prune {
    Kind(String),
    Table(PruneTable),
}

#[derive(Default, Deserialize)]
struct PruneTable {
    kind: Option<String>,
    min_epochs: Option<usize>,
    reduction_factor: Option<usize>,
    warmup_epochs: Option<usize>,
    startup_trials: Option<usize>,
}

impl StudyFile {
    pub fn read(file: &Path) -> Result<Self, PlanError> {
        let name = file.display().to_string();
        let text = named::read(file).map_err(|cause| Problem::Unreadable { file: name.clone(), cause })?;
        let layer = Layer::parse(&name, &text)?;
        let (mut set, mut space, mut own, mut backend) = (Vec::new(), Vec::new(), Vec::new(), None);
        for entry in layer.extends.into_iter().chain(layer.entries) {
            match entry.key.split_once('.') {
                Some(("set", key)) => set.push(plan_key(key, &entry)?),
                Some(("space", key)) => space.push(Setting { key: key.to_owned(), ..entry }),
                _ if entry.key == "backend" => backend = Some(entry),
                _ => own.push(entry),
            }
        }
        set.extend(backend);
        Ok(Self { text, set, space, keys: Keys::new(own), first_line: Origin::Line { file: name, line: 1 } })
    }

    /// Where one of the file's own keys stands.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.keys.get(key).map(|entry| entry.origin.clone())
    }

    /// Where a plan key is set for all trials.
    pub fn origin_in_set(&self, key: &str) -> Option<Origin> {
        self.set.iter().rfind(|entry| entry.key == key).map(|entry| entry.origin.clone())
    }

    /// The values of the file's own keys.
    pub fn values(&mut self) -> Result<Values, PlanError> {
        let search = self.keys.get("search").and_then(|entry| entry.value.as_ref()).and_then(Value::as_str);
        if search.is_none_or(|search| search == "grid") {
            self.keys.refuse("trials", "nothing: a grid has all its points");
        } else if self.space.is_empty() {
            let missing = self.missing("`[space]` is missing: the keys that the search chooses values for");
            self.keys.note(missing);
        } else if self.keys.get("trials").is_none() {
            let missing = self.missing("`trials` is missing: how many points the search tries, such as trials = 20");
            self.keys.note(missing);
        }
        if self.keys.get("base").is_none() {
            let missing =
                self.missing("`base` is missing: the config that all trials change, such as base = \"two-layer\"");
            self.keys.note(missing);
        }
        if self.keys.get("seeds").is_some() {
            self.keys.refuse("repeat", "nothing: the study lists its `seeds`");
        }
        self.keys.check(RULES).map_err(|problems| PlanError { problems })
    }

    /// The metric of the values, by default the accuracy.
    pub fn metric(&self, values: &Values) -> Result<Metric, PlanError> {
        let Some(entry) = self.keys.get("metric") else { return Ok(Metric::ACCURACY) };
        Metric::named(&values.metric).ok_or_else(|| {
            let names: Vec<String> = Metric::all().map(|metric| metric.to_string()).collect();
            let hint = did_you_mean(&values.metric, names.iter().map(String::as_str));
            entry.refused(names.join(", "), hint).into()
        })
    }

    /// The pruner of the values, for trials of so many epochs.
    pub fn pruner(&self, values: &Values, goal: Goal, epochs: usize) -> Result<Option<Pruner>, PlanError> {
        let table = match &values.prune {
            None => return Ok(None),
            Some(Prune::Kind(kind)) => &PruneTable { kind: Some(kind.clone()), ..PruneTable::default() },
            Some(Prune::Table(table)) => table,
        };
        let refused = |message: String| {
            let key = self.keys.first_in("prune").map_or(&self.first_line, |entry| &entry.origin);
            PlanError::from(Problem::Other { origin: key.clone(), message })
        };
        let PruneTable { kind, min_epochs, reduction_factor, warmup_epochs, startup_trials } = table;
        let others = match kind.as_deref() {
            None => return Err(refused("`prune.kind` is missing: asha or median".into())),
            Some("asha") => [("warmup_epochs", warmup_epochs), ("startup_trials", startup_trials)],
            Some(_) => [("min_epochs", min_epochs), ("reduction_factor", reduction_factor)],
        };
        if let Some((key, _)) = others.into_iter().find(|(_, value)| value.is_some()) {
            return Err(refused(format!(
                "`prune.{key}` belongs to the other pruner; asha has min_epochs and reduction_factor, median warmup_epochs and startup_trials"
            )));
        }
        if kind.as_deref() == Some("median") {
            let (warmup, startup) = (warmup_epochs.unwrap_or(0), startup_trials.unwrap_or(5));
            return Ok(Some(Pruner::Median(Median { goal, warmup, startup })));
        }
        match Asha::new(goal, min_epochs.unwrap_or(1), epochs, reduction_factor.unwrap_or(3)) {
            Ok(asha) => Ok(Some(Pruner::Asha(asha))),
            Err(error) => Err(refused(format!("{error}; `training.epochs` is {epochs}"))),
        }
    }

    fn missing(&self, message: &str) -> Problem {
        Problem::Other { origin: self.first_line.clone(), message: message.into() }
    }
}

impl Values {
    /// The goal, by default the usual one of the metric.
    pub fn goal(&self, metric: Metric) -> Goal {
        match self.goal.as_deref() {
            None => metric.usual_goal(),
            Some("minimise") => Goal::Minimise,
            Some(_) => Goal::Maximise,
        }
    }

    /// `seeds`, or `repeat` as many from 0 on; one `None` where the trials have the base's own.
    pub fn seeds(&self) -> Vec<Option<u64>> {
        let repeated = self.repeat.map(|count| (0..count).collect());
        let seeds = self.seeds.clone().or(repeated);
        seeds.map_or_else(|| vec![None], |seeds| seeds.into_iter().map(Some).collect())
    }

    pub fn max_time(&self) -> Option<Duration> {
        self.max_time.as_deref().and_then(duration)
    }
}

/// An entry of `[set]` as a plan key.
fn plan_key(key: &str, entry: &Setting) -> Result<Setting, PlanError> {
    match entry.value.as_ref().and_then(Value::as_table) {
        Some(inner) => {
            let inner = inner.keys().next().map_or_else(|| key.to_owned(), |inner| format!("{key}.{inner}"));
            Err(entry.refused("a value", format!("{ONE_KEY} \"{inner}\"")).into())
        }
        None => Ok(Setting { key: key.to_owned(), ..entry.clone() }),
    }
}

fn is<T>(value: &Value, read: impl Fn(&str) -> Option<T>) -> bool {
    value.as_str().and_then(read).is_some()
}

fn each_is<T>(value: &Value, read: impl Fn(&str) -> Option<T> + Copy) -> bool {
    value.as_array().is_some_and(|values| values.iter().all(|value| is(value, read)))
}

fn integers(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(|value| value.as_integer()?.try_into().ok()).collect()
}

fn are_seeds(value: &Value) -> bool {
    integers(value).is_some_and(|seeds| !seeds.is_empty() && BTreeSet::from_iter(&seeds).len() == seeds.len())
}

/// The time of `2h30m`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0u64);
    for (unit, seconds) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((count, after)) = rest.split_once(unit) {
            sum = sum.checked_add(count.parse::<u64>().ok()?.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && sum > 0).then(|| Duration::from_secs(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a study file of these lines.
    fn values(lines: &str) -> Result<Values, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("study.toml");
        std::fs::write(&file, format!("base = \"linear\"\n{lines}\n[space]\nseed = [1]\n")).unwrap();
        StudyFile::read(&file).unwrap().values().map_err(|error| error.to_string())
    }

    #[test]
    fn whatever_a_rule_allows_fits_its_field() {
        for (key, rule) in RULES {
            let random = if *key == "trials" { "search = \"random\"\n" } else { "" };
            let written = |value: &str| format!("{random}{key} = {value}");
            match rule {
                Rule::Word(words) => {
                    for word in *words {
                        let trials = if *key == "search" && *word != "grid" { "\ntrials = 1" } else { "" };
                        values(&(written(&format!("{word:?}")) + trials)).unwrap();
                    }
                }
                Rule::Integer(..) | Rule::AtLeast(_) => {
                    values(&written("2")).unwrap();
                    assert!(values(&written("-1")).is_err(), "{key}");
                    assert!(values(&written("1.5")).is_err(), "{key}");
                }
                _ => {}
            }
        }
        let more = "seeds = [3, 0]\nmax_time = \"1d2h3m4s\"\ndevices = [1]\nmetric = \"loss\"\nname = \"x\"\nlimit = 9223372036854775807";
        let values = values(&format!("{more}\n[slurm]\npartition = \"a,b\"\ntime = \"2:30:00\"\noptions = [\"-n 1\"]"));
        let values = values.unwrap();
        assert_eq!(values.max_time(), Some(Duration::from_secs(86_400 + 2 * 3600 + 3 * 60 + 4)));
        assert_eq!((values.seeds(), values.limit), (vec![Some(3), Some(0)], Some(i64::MAX as u64)));
        assert_eq!((values.slurm.time.as_deref(), values.slurm.more), (Some("2:30:00"), vec!["-n 1".to_owned()]));
    }

    #[test]
    fn everything_that_is_wrong_comes_at_once() {
        let lines = values("extends = \"two-layer\"\nrepeat = 0\nseads = [1]\n").err().unwrap();
        let lines: Vec<&str> = lines.lines().map(|line| line.split_once("study.toml:").unwrap().1).collect();
        let expected = [
            "2: unknown key `extends`",
            "4: unknown key `seads`; did you mean `seeds`?",
            "3: `repeat` is 0, expected an integer from 1 to 65536",
        ];
        assert_eq!(lines, expected);
    }
}
