//! `--filter accuracy>0.98` and `--sort accuracy`: what a row is asked by.

use std::{borrow::Borrow, cmp::Ordering, str::FromStr};

use metrics::Metric;
use plan::{BuiltIn, Config, Plan, did_you_mean};

use super::row::Row;
use crate::cli::UsageError;

/// Names that are no metric and no key of a plan.
const OTHERS: [&str; 11] =
    ["run", "path", "highest", "epoch", "epochs", "time", "began", "state", "data", "tag", "study"];

/// Those of them whose values are numbers.
const NUMBERS: [&str; 5] = ["highest", "epoch", "epochs", "time", "began"];

/// A condition on a value of a run, or a word that its name, its model, its data, its tags or its note have.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Empty where it is a word.
    key: String,
    operator: &'static str,
    value: String,
}

/// What a word stands for.
const HAS: &str = "";

/// Longer ones first: `>=` begins as `>` does.
const OPERATORS: [&str; 6] = [">=", "<=", "!=", "=", ">", "<"];

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // As a shell wants it, typed where there is none.
        let text = text.trim().trim_matches(['"', '\'']);
        let place = text.find(['<', '>', '=', '!']).unwrap_or(text.len());
        if place == text.len() && !text.is_empty() {
            return Ok(Self { key: String::new(), operator: HAS, value: text.to_lowercase() });
        }
        let (key, rest) = text.split_at(place);
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
        let parts = operator.map(|operator| (key.trim(), operator, rest[operator.len()..].trim()));
        match parts {
            Some((key, operator, value)) if !key.is_empty() && !value.is_empty() => {
                Ok(Self { key: key.to_owned(), operator, value: value.to_owned() })
            }
            _ => Err("expected a word, or a key, one of > >= < <= = != and a value, such as accuracy>0.98".into()),
        }
    }
}

impl Condition {
    /// Refuses a key that no run has, and of one whose values are numbers what is none.
    pub fn check(&self) -> Result<(), UsageError> {
        let Self { key, operator, value } = self;
        if *operator == HAS {
            return Ok(());
        }
        let asked = format!("--filter {key}{operator}{value}");
        known(&asked, key)?;
        match is_number(key) && value.parse::<f64>().is_err() {
            true => Err(UsageError(format!("{asked}: `{value}` is no number, as `{key}` is"))),
            false => Ok(()),
        }
    }

    /// Whether a row is so; what has no such value is not.
    pub fn holds(&self, row: &Row) -> bool {
        if self.operator == HAS {
            let of_keys = ["path", "model", "data", "tag"].into_iter().flat_map(|key| values(row, key));
            return of_keys.chain(row.about.note.clone()).any(|text| text.to_lowercase().contains(&self.value));
        }
        values(row, &self.key).iter().any(|found| {
            let order = match (found.parse::<f64>(), self.value.parse::<f64>()) {
                (Ok(found), Ok(value)) => found.partial_cmp(&value),
                _ => Some(found.as_str().cmp(&self.value)),
            };
            order.is_some_and(|order| match self.operator {
                ">=" => order != Ordering::Less,
                "<=" => order != Ordering::Greater,
                "!=" => order != Ordering::Equal,
                "=" => order == Ordering::Equal,
                ">" => order == Ordering::Greater,
                _ => order == Ordering::Less,
            })
        })
    }
}

/// The order of a value, what is better or greater first; with a `-` before its key the other way round.
pub struct Sort<'a> {
    key: &'a str,
    is_turned: bool,
}

impl<'a> Sort<'a> {
    /// Refuses a key that no run has.
    pub fn by(asked: &'a str) -> Result<Self, UsageError> {
        let turned = asked.strip_prefix('-');
        let key = turned.unwrap_or(asked);
        known(&format!("--sort {asked}"), key)?;
        Ok(Self { key, is_turned: turned.is_some() })
    }

    /// Of equals the newer first, or the other way round; what has no such value comes last.
    pub fn apply<R: Borrow<Row>>(&self, rows: &mut [R]) {
        rows.reverse();
        let less_is_better = metric(self.key).is_some_and(Metric::is_of_error);
        let mut known = 0;
        rows.sort_by_cached_key(|row| {
            let value = values(row.borrow(), self.key).into_iter().next();
            known += usize::from(value.is_some());
            let number = value.as_ref().and_then(|value| value.parse::<f64>().ok());
            let rank = number.map(|number| Total(if less_is_better { number } else { -number }));
            (value.is_none(), rank, value)
        });
        if self.is_turned {
            rows[..known].reverse();
        }
    }
}

/// A number with a place among all others.
#[derive(Clone, Copy, PartialEq)]
struct Total(f64);

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn metric(key: &str) -> Option<Metric> {
    let key = key.strip_prefix("valid.").or(key.strip_prefix("valid_")).unwrap_or(key);
    Metric::ALL.into_iter().find(|metric| metric.name() == key)
}

/// Whether a run can have such a value.
fn known(asked: &str, key: &str) -> Result<(), UsageError> {
    let keys: Vec<&str> = base().map_or_else(Vec::new, |plan| plan.entries().into_iter().map(|(key, _)| key).collect());
    if metric(key).is_some() || OTHERS.contains(&key) || keys.iter().any(|known| is_meant(key, known)) {
        return Ok(());
    }
    let names: Vec<&str> =
        Metric::ALL.map(Metric::name).into_iter().chain(OTHERS).chain(ALIASES.map(|(a, _)| a)).collect();
    let hint = match did_you_mean(key, names.iter().copied().chain(keys)) {
        hint if hint.is_empty() => format!("; there are {} and all keys of a plan", names.join(", ")),
        hint => hint,
    };
    Err(UsageError(format!("{asked}: runs have no `{key}`{hint}")))
}

/// Whether all values of a key are numbers.
fn is_number(key: &str) -> bool {
    let is_number = |value: &toml::Value| value.is_integer() || value.is_float();
    let of_plan = || -> Vec<bool> {
        let base = base();
        let meant = base.iter().flat_map(Plan::entries).filter(|(name, _)| is_meant(key, name));
        meant.map(|(_, value)| is_number(&value)).collect()
    };
    let are_numbers = |of_plan: Vec<bool>| !of_plan.is_empty() && of_plan.into_iter().all(|is_number| is_number);
    metric(key).is_some() || NUMBERS.contains(&key) || are_numbers(of_plan())
}

fn base() -> Option<Plan> {
    Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]).ok()
}

/// Short names of plan keys.
const ALIASES: [(&str, &str); 3] =
    [("model", "model.kind"), ("lr", "optimizer.learning_rate"), ("optimizer", "optimizer.kind")];

fn alias(key: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, key)| key)
}

/// Whether a key of a plan is meant: by its name, a short one, or its last part, as the list of runs shows it.
fn is_meant(asked: &str, key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    key == alias(asked) || last == asked
}

/// The values of this name that a row has: of tags many, of a run without an epoch no metric.
fn values(row: &Row, key: &str) -> Vec<String> {
    if let Some(metric) = metric(key) {
        let value = row.best().and_then(|best| best.metrics.get(metric));
        return value.map(|value| value.to_string()).into_iter().collect();
    }
    let record = row.record.as_ref();
    let one = match key {
        "path" => Some(row.path.to_string_lossy().into_owned()),
        "run" => return row.path.iter().map(|part| part.to_string_lossy().into_owned()).collect(),
        "highest" => row.highest_accuracy().map(|(_, accuracy)| accuracy.to_string()),
        "epoch" => row.best().map(|best| best.epoch.to_string()),
        "epochs" => record.map(|record| record.epochs_done.to_string()),
        "time" => (row.seconds > 0.0).then(|| row.seconds.to_string()),
        "began" => row.began_at().map(|began| began.unix_timestamp().to_string()),
        "state" => Some(row.state.clone()),
        "data" => {
            let both = |data: &run::record::DataRecord| vec![data.name().to_owned(), data.source.clone()];
            return record.map(|record| both(&record.data)).unwrap_or_default();
        }
        "study" => row.study.clone(),
        "tag" => return row.about.tags.clone(),
        key => {
            // What it does not use it has by default alone.
            let of_plan = |plan: &Plan| -> Vec<String> {
                let meant = plan.entries().into_iter().filter(|(name, _)| is_meant(key, name) && plan.uses(name));
                meant.map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
            };
            return row.plan().map(|plan| of_plan(&plan)).unwrap_or_default();
        }
    };
    one.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_by_its_last_part_too() {
        let check = |text: &str| text.parse::<Condition>().unwrap().check();
        for known in ["channels=16", "model.channels=16", "hidden>50", "fit=squish", "lr=0.1", "momentum<0.9"] {
            assert!(check(known).is_ok(), "{known}: {:?}", check(known));
        }
        assert!(check("hidden>many").is_err() && check("blocks_of=3").is_err());
        assert!(is_meant("channels", "model.channels") && !is_meant("channels", "model.channels_of"));
        assert!(is_meant("lr", "optimizer.learning_rate") && is_meant("learning_rate", "optimizer.learning_rate"));
    }

    #[test]
    fn a_condition_is_a_key_an_operator_and_a_value() {
        let parsed = |text: &str| text.parse::<Condition>().map(|c| (c.key, c.operator, c.value));
        let is = |key: &str, operator, value: &str| Ok((key.to_owned(), operator, value.to_owned()));
        assert_eq!(parsed("accuracy>0.98"), is("accuracy", ">", "0.98"));
        assert_eq!(parsed("accuracy >= 0.98"), is("accuracy", ">=", "0.98"));
        assert_eq!(parsed("data.path!=a=b"), is("data.path", "!=", "a=b"));
        assert_eq!(parsed("\"accuracy>0.98\""), is("accuracy", ">", "0.98"), "in quotes that no shell has taken");
        assert_eq!(parsed("Two-Layer"), is("", HAS, "two-layer"), "a word");
        for wrong in ["accuracy>", ">0.98", ""] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
