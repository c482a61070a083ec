//! What runs are called beside each other: by what differs in their plans.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use plan::{Plan, decides_result};
use toml::Value;

use super::differences;
use crate::short;

/// More than so many keys are no name.
const MOST_KEYS: usize = 3;

/// A name for each plan by the keys that decide a result and for which `counts`, such as `two-layer, learning_rate=0.1`; none where
/// the plans do not differ in them, differ in too many, or two have the same name.
pub fn labels<'a>(plans: impl Iterator<Item = &'a Plan>, counts: fn(&str) -> bool) -> Option<Vec<String>> {
    labels_of(plans, counts, MOST_KEYS)
}

/// The same of no more than `most` keys.
pub fn labels_of<'a>(
    plans: impl Iterator<Item = &'a Plan>,
    counts: fn(&str) -> bool,
    most: usize,
) -> Option<Vec<String>> {
    let plans: Vec<&Plan> = plans.collect();
    let mut differing: Vec<(&str, Vec<Value>)> = differences(plans.iter().copied());
    differing.retain(|(key, _)| decides_result(key) && counts(key));
    // What was chosen comes before chance.
    differing.sort_by_key(|(key, _)| *key == "seed");
    let is_enough = |values: &[Value]| (1..values.len()).all(|place| !values[..place].contains(&values[place]));
    if differing.len() > MOST_KEYS {
        // One key may tell all apart: their names, or else such as the network. Else those that tell more of them apart than the
        // keys before.
        let names: Vec<Value> = plans.iter().map(|plan| Value::String(plan.name.clone())).collect();
        let by_name = is_enough(&names).then_some(("name", names));
        let alone = by_name.or_else(|| differing.iter().find(|(_, values)| is_enough(values)).cloned());
        differing = alone.map_or_else(|| telling(differing, most), |alone| vec![alone]);
    }
    let keys: Vec<&str> = differing.iter().map(|(key, _)| *key).collect();
    let of = |place: usize| {
        let used = differing.iter().filter(|(key, _)| plans[place].uses(key));
        let parts = used.map(|(key, values)| named(key, &values[place], &keys));
        parts.collect::<Vec<_>>().join(", ")
    };
    let labels: Vec<String> = (0..plans.len()).map(of).collect();
    let different: HashSet<&String> = labels.iter().collect();
    (different.len() == labels.len() && !labels.iter().any(String::is_empty)).then_some(labels)
}

/// Of keys with all their values those that tell more of the runs apart than the keys before them; none where these are too many.
fn telling(differing: Vec<(&str, Vec<Value>)>, most: usize) -> Vec<(&str, Vec<Value>)> {
    let mut chosen: Vec<(&str, Vec<Value>)> = Vec::new();
    let kinds = |chosen: &[(&str, Vec<Value>)], runs: usize| {
        let of = |run: usize| chosen.iter().map(|(_, values)| values[run].to_string()).collect::<Vec<_>>();
        (0..runs).map(of).collect::<HashSet<_>>().len()
    };
    for (key, values) in differing {
        let runs = values.len();
        let before = kinds(&chosen, runs);
        chosen.push((key, values));
        if kinds(&chosen, runs) == before {
            chosen.pop();
        }
    }
    if chosen.len() > most { vec![] } else { chosen }
}

/// A network is known by its name alone; of a key the last part is enough where no other ends alike.
pub fn named(key: &str, value: &Value, all: &[&str]) -> String {
    let value = plain(value);
    match key {
        "model.kind" | "name" => value,
        key => format!("{}={value}", short_key(key, all)),
    }
}

/// The last part of a key, or all of it where another of them ends alike.
pub fn short_key(key: &str, all: &[&str]) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let is_shared = all.iter().filter(|other| last(other) == last(key)).count() > 1;
    if is_shared { key.to_owned() } else { last(key) }
}

/// A value as a person reads it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "-".into(),
        Value::String(text) => text.clone(),
        Value::Float(number) => short(*number),
        value => value.to_string(),
    }
}

/// A value as a person reads it, where the plan uses the key; else a dash.
pub fn plain_of(plan: &Plan, key: &str, value: &Value) -> String {
    if plan.uses(key) { plain(value) } else { "-".into() }
}

/// Whether such names tell all that differs in the plans.
pub fn tell_all<'a>(differing: impl Iterator<Item = &'a str>) -> bool {
    let differing: Vec<&str> = differing.filter(|key| *key != "name").collect();
    differing.len() <= MOST_KEYS && differing.iter().all(|key| decides_result(key))
}

/// The paths without the folders that all of them lie in.
pub fn names(paths: &[PathBuf]) -> Vec<String> {
    let whole: Vec<PathBuf> = paths.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    let mut shared = whole.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
    while !whole.iter().all(|path| path.parent().is_some_and(|parent| parent.starts_with(shared))) {
        let Some(above) = shared.parent() else { break };
        shared = above;
    }
    whole.iter().map(|path| path.strip_prefix(shared).unwrap_or(path).display().to_string()).collect()
}

/// What a run is called in a narrow table: `A`, `B`, after `Z` the number.
pub fn letter(place: usize) -> String {
    ('A'..='Z').nth(place).map_or_else(|| (place + 1).to_string(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::{BuiltIn, Config, Setting};

    fn named(plans: &[&[&str]]) -> Option<Vec<String>> {
        let plan = |settings: &&[&str]| {
            let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
            Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &settings).unwrap()
        };
        labels(plans.iter().map(plan).collect::<Vec<_>>().iter(), |_| true)
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
    fn a_run_is_named_by_what_differs() {
        let plans: &[&[&str]] =
            &[&["optimizer.learning_rate=0.1", "name=a"], &["optimizer.learning_rate=1.0", "threads=1"]];
        assert_eq!(named(plans), Some(vec!["learning_rate=0.1".into(), "learning_rate=1.0".into()]));
        assert_eq!(
            named(&[&["model.kind=linear"], &["seed=1"]]),
            Some(vec!["linear, seed=0".into(), "two-layer, seed=1".into()])
        );
    }

    #[test]
    fn what_does_not_differ_or_in_too_much_has_no_such_name() {
        assert_eq!(named(&[&["name=a"], &["name=b"]]), None);
        assert_eq!(named(&[&["seed=1"], &["seed=1"], &["seed=2"]]), None);
        let much: &[&str] = &["seed=1", "model.hidden=9", "training.epochs=9", "training.batch_size=9"];
        assert_eq!(named(&[&[], much]), Some(vec!["hidden=30".into(), "hidden=9".into()]));
        assert_eq!(named(&[&[], much, much]), None);
        let linear: &[&str] = &["model.kind=linear", "model.hidden=9"];
        assert_eq!(named(&[&[], linear]), Some(vec!["two-layer, hidden=30".into(), "linear".into()]));
        assert_eq!(named(&[&["optimizer.beta_2=0.9"], &["optimizer.beta_2=0.8"]]), None, "nothing of them is used");
        // The learning rate goes with the network.
        let [linear, two_layer] = [
            ["model.kind=linear", "optimizer.learning_rate=1.0"],
            ["model.kind=two-layer", "optimizer.learning_rate=0.1"],
        ];
        let of = |base: [&'static str; 2], epochs: &'static str, seed: &'static str| [base[0], base[1], epochs, seed];
        let four = [
            of(linear, "training.epochs=4", "seed=1"),
            of(linear, "training.epochs=5", "seed=1"),
            of(linear, "training.epochs=5", "seed=2"),
            of(two_layer, "training.epochs=5", "seed=2"),
        ];
        let four: Vec<&[&str]> = four.iter().map(|settings| &settings[..]).collect();
        let names = [
            "linear, epochs=4, seed=1",
            "linear, epochs=5, seed=1",
            "linear, epochs=5, seed=2",
            "two-layer, epochs=5, seed=2",
        ];
        assert_eq!(named(&four), Some(names.map(String::from).to_vec()));
        let of_a_name: Vec<&str> = much.iter().copied().chain(["name=wide"]).collect();
        assert_eq!(named(&[&["name=narrow"], &of_a_name]), Some(vec!["narrow".into(), "wide".into()]));
    }
}
