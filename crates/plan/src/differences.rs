//! A plan key by key, and what two plans do not have in common.

use std::fmt;

use toml::{Table, Value};

use super::{Plan, rules::RULES};

/// A key that two plans disagree on; shows as ``` `training.epochs`: 40 -> 50 ```.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub key: &'static str,
    /// Its value in the plan asked.
    pub this: Value,
    pub other: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} -> {}", self.key, shown(&self.this), shown(&self.other))
    }
}

impl Plan {
    /// The keys on which `other` differs, in the order of `base.toml`.
    #[must_use]
    pub fn differences(&self, other: &Plan) -> Vec<Difference> {
        let pairs = self.entries().into_iter().zip(other.entries());
        pairs
            .filter(|((_, this), (_, other))| this != other)
            .map(|((key, this), (_, other))| Difference { key, this, other })
            .collect()
    }

    /// Every dotted key with its value, in the order of `base.toml`.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, Value)> {
        let table = Table::try_from(self).expect("a plan holds only what TOML can hold");
        RULES.iter().map(|(key, _)| (*key, value(&table, key))).collect()
    }
}

/// A value as TOML has it, with an exponent where it would have many zeros.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) if *number != 0.0 && !(1e-4..1e6).contains(&number.abs()) => format!("{number:e}"),
        value => value.to_string(),
    }
}

fn value(table: &Table, key: &str) -> Value {
    let found = match key.split_once('.') {
        None => table.get(key),
        Some((section, key)) => table.get(section).and_then(|section| section.get(key)),
    };
    found.cloned().expect("every rule is for a field of the plan: a test compares both")
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::shown;
    use crate::{BuiltIn, Config, Plan, Setting};

    #[test]
    fn a_value_with_many_zeros_has_an_exponent() {
        let texts = [1e30, 1e6, 250_000.0, 0.1, 1e-5, 0.0].map(|number| shown(&Value::Float(number)));
        assert_eq!(texts, ["1e30", "1e6", "250000.0", "0.1", "1e-5", "0.0"]);
        assert_eq!(shown(&Value::from("adam")), "\"adam\"");
    }

    fn plan(settings: &[&str]) -> Plan {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &settings).unwrap()
    }

    #[test]
    fn a_plan_does_not_differ_from_itself() {
        assert_eq!(plan(&[]).differences(&plan(&[])), []);
    }

    #[test]
    fn names_each_key_that_changed() {
        let changed = plan(&["optimizer.kind=adam", "seed=1", "schedule.momentums=[0.9, 0.8, 0.9]"]);
        let shown: Vec<String> = plan(&[]).differences(&changed).iter().map(ToString::to_string).collect();
        let expected = [
            "`seed`: 0 -> 1",
            "`optimizer.kind`: \"sgd\" -> \"adam\"",
            "`schedule.momentums`: [0.95, 0.85, 0.95] -> [0.9, 0.8, 0.9]",
        ];
        assert_eq!(shown, expected);
    }
}
