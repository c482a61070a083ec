//! The layers in one: each known key with its last value and where that was given.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Plan, error::Problem, known::Known, layer::Layer, setting::Setting};

/// Every key of the base with the value that won.
pub(super) struct Merged(BTreeMap<String, Setting>);

impl Merged {
    /// `base` under `layers` under `settings`, and what they hold that `base` does not know.
    pub fn new(base: &Layer, layers: &[Layer], settings: &[Setting]) -> (Merged, Vec<Problem>) {
        let known = Known(base);
        let mut problems: Vec<Problem> = layers.iter().flat_map(|layer| known.section_problems(layer)).collect();
        let mut merged: BTreeMap<_, _> = base.entries.iter().map(|entry| (entry.key.clone(), entry.clone())).collect();
        let written = layers.iter().flat_map(|layer| known.entries_in_known_sections(layer));
        for entry in written.cloned().chain(settings.iter().cloned()) {
            match merged.get_mut(&entry.key) {
                Some(value) => *value = entry,
                None => problems.push(known.key_problem(&entry)),
            }
        }
        (Merged(merged), problems)
    }

    /// The value that won; none for a key the base does not have.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// The plan; every value has passed its rule.
    pub fn plan(&self) -> Plan {
        fields(self.0.values())
    }
}

/// A struct whose fields are keys, of values that have passed their rules.
pub(super) fn fields<'a, T: DeserializeOwned>(entries: impl IntoIterator<Item = &'a Setting>) -> T {
    let mut root = Table::new();
    for Setting { key, value, .. } in entries {
        let value = value.clone().expect("a value that passed its rule is one that TOML holds");
        match key.split_once('.') {
            None => root.insert(key.clone(), value),
            Some((section, key)) => section_of(&mut root, section).insert(key.to_string(), value),
        };
    }
    T::deserialize(root).expect("values that passed their rules fit the fields: tests hold the two together")
}

fn section_of<'a>(root: &'a mut Table, section: &str) -> &'a mut Table {
    let value = root.entry(section).or_insert_with(|| Value::Table(Table::new()));
    value.as_table_mut().expect("the base has no key with the name of a section")
}
