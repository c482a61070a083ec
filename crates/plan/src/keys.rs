//! The keys of a file that has rules of its own, such as a study file: read and checked as those of a config are.

use serde::de::DeserializeOwned;

use super::{check, error::Problem, layer::Setting, nearest::did_you_mean, rules::Rule};

/// The keys that a file has, each once, in its order.
pub struct Keys {
    entries: Vec<Setting>,
    problems: Vec<Problem>,
}

impl Keys {
    /// Keys that are not checked yet.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = Setting>) -> Self {
        Self { entries: entries.into_iter().collect(), problems: Vec::new() }
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The entry that stands first of a key and of those below it.
    #[must_use]
    pub fn first_in(&self, section: &str) -> Option<&Setting> {
        let is_in = |key: &str| key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.entries.iter().find(|entry| is_in(&entry.key))
    }

    /// Takes a key away, and says what its value should be instead, if it is there.
    pub fn refuse(&mut self, key: &str, expected: &str) {
        let refused = self.entries.extract_if(.., |entry| entry.key == key);
        self.problems.extend(refused.map(|entry| entry.refused(expected, "")));
    }

    /// What is wrong beyond the rules.
    pub fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The fields of a struct whose values have all passed their rules; a key without rule is unknown.
    ///
    /// # Errors
    /// Everything that is wrong, at least one thing.
    pub fn check<T: DeserializeOwned>(&mut self, rules: &[(&str, Rule)]) -> Result<T, Vec<Problem>> {
        let known = || rules.iter().map(|(key, _)| *key);
        let unknown = self.entries.iter().filter(|entry| !known().any(|key| key == entry.key));
        let unknown = unknown.map(|entry| Problem::UnknownKey {
            origin: entry.origin.clone(),
            key: entry.key.clone(),
            hint: did_you_mean(&entry.key, known()),
        });
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(unknown);
        problems.extend(check::values(rules, |key| self.get(key)));
        if problems.is_empty() { Ok(check::fields(&self.entries)) } else { Err(problems) }
    }
}
