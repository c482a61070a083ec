//! `[space]`: what the trials differ in.

use std::collections::BTreeMap;

use plan::{Origin, PlanError, Problem, Setting, decides, did_you_mean};
use search::{Condition, Domain, Parameter, Point, Space, Value, random};
use toml::Value as Toml;

use super::file::ONE_KEY;

/// Where the keys of a space stand in its file.
#[derive(Clone, Debug)]
pub struct Places {
    keys: BTreeMap<String, Origin>,
    file: Origin,
}

impl Places {
    /// A point's value as a setting that knows where its key stands.
    pub fn setting(&self, key: &str, value: &Value) -> Setting {
        let value: Toml = match value {
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(value) => value.as_str().into(),
        };
        Setting::new(key, value, self.of(key))
    }

    /// A problem with a key of the space, or with all of it.
    pub fn problem(&self, key: &str, message: String) -> Problem {
        Problem::Other { origin: self.of(key), message }
    }

    fn of(&self, key: &str) -> Origin {
        self.keys.get(key).unwrap_or(&self.file).clone()
    }
}

/// The space of the entries below `[space]`.
pub fn read(entries: &[Setting]) -> Result<(Space, Places), PlanError> {
    let file = entries.first().map_or(Origin::Argument("study".into()), |entry| entry.origin.clone());
    let keys = entries.iter().map(|entry| (entry.key.clone(), entry.origin.clone())).collect();
    let places = Places { keys, file };
    let (mut parameters, mut problems) = (Vec::new(), Vec::new());
    for entry in entries {
        match parameter(entry) {
            Ok(parameter) => parameters.push(parameter),
            Err(error) => problems.extend(error.problems),
        }
    }
    if !problems.is_empty() {
        return Err(PlanError { problems });
    }
    let space = Space::new(parameters).map_err(|error| {
        // The message begins with the key; the line that it stands in is found by that.
        let text = error.to_string();
        let key = text.split('`').nth(1).unwrap_or_default().to_owned();
        places.problem(&key, text)
    })?;
    Ok((space, places))
}

/// Why a key cannot be what trials differ in.
fn refusal(key: &str) -> Option<&'static str> {
    if key.starts_with("data.") {
        return Some("the trials of a study share their data; set it for all in `[set]`");
    }
    (!decides(key)).then_some("it makes no other run of a trial; set it for all in `[set]`")
}

fn parameter(entry: &Setting) -> Result<Parameter, PlanError> {
    let Setting { key, value, origin, .. } = entry;
    if let Some(why) = refusal(key) {
        let message = format!("`{key}` cannot be in the space: {why}");
        return Err(Problem::Other { origin: origin.clone(), message }.into());
    }
    let found = value.as_ref().and_then(|value| {
        let domain = domain(value)?;
        let when = match value.get("when") {
            Some(when) => Some(condition(when)?),
            None => None,
        };
        Some(Parameter { key: key.clone(), domain, when })
    });
    found.ok_or_else(|| {
        let expected =
            "a list, or a table with choice, uniform, log_uniform or int = [low, high], and when = { key = [..] }";
        Setting { key: format!("space.{key}"), ..entry.clone() }
            .refused(expected, value.as_ref().map_or_else(String::new, hint))
            .into()
    })
}

fn domain(value: &Toml) -> Option<Domain> {
    if let Some(list) = value.as_array() {
        return list_of(list);
    }
    let table = value.as_table()?;
    let mut kinds = KINDS.into_iter().filter(|kind| table.contains_key(*kind));
    let (kind, None) = (kinds.next()?, kinds.next()) else { return None };
    let may_have = |key: &str| key == kind || key == "when" || kind == "int" && ["step", "log"].contains(&key);
    if !table.keys().all(|key| may_have(key)) || table.contains_key("step") && table.contains_key("log") {
        return None;
    }
    let range = |name: &str| {
        table
            .get(name)?
            .as_array()?
            .as_slice()
            .try_into()
            .ok()
            .map(|[low, high]: &[Toml; 2]| (low.clone(), high.clone()))
    };
    if let Some(list) = table.get("choice") {
        return list_of(list.as_array()?);
    }
    if let Some((low, high)) = range("uniform") {
        return Some(Domain::Uniform { low: number(&low)?, high: number(&high)? });
    }
    if let Some((low, high)) = range("log_uniform") {
        return Some(Domain::LogUniform { low: number(&low)?, high: number(&high)? });
    }
    let (low, high) = range("int")?;
    let (low, high) = (low.as_integer()?, high.as_integer()?);
    match table.get("log").map_or(Some(false), Toml::as_bool)? {
        true => Some(Domain::LogInt { low, high }),
        false => Some(Domain::Int { low, high, step: table.get("step").map_or(Some(1), Toml::as_integer)? }),
    }
}

const KINDS: [&str; 4] = ["choice", "uniform", "log_uniform", "int"];

/// What is probably wrong with a table.
fn hint(value: &Toml) -> String {
    let Some(table) = value.as_table() else { return String::new() };
    let known = || KINDS.into_iter().chain(["step", "log", "when"]);
    if let Some(key) = table.keys().find(|key| !known().any(|known| known == key.as_str())) {
        let nested = || format!("{ONE_KEY} \"optimizer.learning_rate\"");
        let near = did_you_mean(key, known());
        return format!("; it has `{key}`{}", if near.is_empty() { nested() } else { near });
    }
    if table.get("when").is_some_and(|when| condition(when).is_none()) {
        return "; `when` names one key of the space and its values: when = { \"optimizer.kind\" = [\"sgd\"] }".into();
    }
    let together = "; one kind of range, `step` and `log` go with `int` alone and not with each other";
    together.to_owned()
}

fn list_of(list: &[Toml]) -> Option<Domain> {
    list.iter().map(plain).collect::<Option<Vec<_>>>().map(Domain::Choice)
}

fn condition(when: &Toml) -> Option<Condition> {
    let table = when.as_table().filter(|table| table.len() == 1)?;
    let (key, values) = table.iter().next()?;
    let values = match values.as_array() {
        Some(values) => values.iter().map(plain).collect::<Option<Vec<_>>>()?,
        None => vec![plain(values)?],
    };
    Some(Condition { key: key.clone(), values })
}

fn plain(value: &Toml) -> Option<Value> {
    match value {
        Toml::Boolean(value) => Some(Value::Bool(*value)),
        Toml::Integer(value) => Some(Value::Integer(*value)),
        Toml::Float(value) => Some(Value::Float(*value)),
        Toml::String(value) => Some(Value::Text(value.clone())),
        _ => None,
    }
}

fn number(value: &Toml) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// Points with each end of each range and each value of each list, the other keys as some random point has them.
pub fn ends(space: &Space, seed: u64) -> Vec<Point> {
    let mut points = Vec::new();
    for parameter in space.parameters() {
        for value in extremes(&parameter.domain) {
            // Where the key is not active in this point, another one shows it.
            let shown =
                (0..64).map(|index| random(space, seed, index)).find(|point| point.contains_key(&parameter.key));
            points.extend(
                shown
                    .map(|mut point| {
                        point.insert(parameter.key.clone(), value);
                        point
                    })
                    .filter(|point| space.check(point).is_ok()),
            );
        }
    }
    points
}

fn extremes(domain: &Domain) -> Vec<Value> {
    match domain {
        Domain::Choice(values) => values.clone(),
        Domain::Uniform { low, high } | Domain::LogUniform { low, high } => {
            vec![Value::Float(*low), Value::Float(*high)]
        }
        Domain::Int { low, high, step } => vec![Value::Integer(*low), Value::Integer(low + (high - low) / step * step)],
        Domain::LogInt { low, high } => vec![Value::Integer(*low), Value::Integer(*high)],
    }
}
