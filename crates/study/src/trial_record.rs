//! `trial.toml`: what a study has to know of a trial beside its run's own files.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use files::Error;
use search::Point;
use serde::{Deserialize, Serialize};

use crate::Trial;

/// The content of `trial.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    pub number: usize,
    /// What it has in common with the study's other trials, hashed: of an earlier form of the study it is another.
    #[serde(default)]
    pub common: String,
    /// Its seed, where the study has seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How often it failed.
    pub failures: usize,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The epoch after which it was pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned: Option<usize>,
    /// Its values of the space's keys.
    pub point: toml::Table,
}

impl TrialRecord {
    /// Of a trial that has not begun.
    pub fn new(trial: &Trial) -> Self {
        let point = table(&trial.point);
        let Trial { number, seed, ref common, .. } = *trial;
        Self { number, common: common.clone(), seed, failures: 0, reason: None, pruned: None, point }
    }

    /// The record of the trial in `run`; `None` where there is nothing.
    ///
    /// # Errors
    /// Where the file is not what it should be.
    pub fn read(run: &Path) -> Result<Option<Self>, Error> {
        let path = path(run);
        let text = match files::read_text(&path) {
            Err(Error::Read { cause, .. }) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let remedy = "without its folder the trial runs again";
        let reason = |error: toml::de::Error| format!("{}; {remedy}", error.message().replace('\n', " "));
        toml::from_str(&text).map(Some).map_err(|error| Error::Damaged { path, reason: reason(error) })
    }

    pub fn write(&self, run: &Path) -> Result<(), Error> {
        files::replace(&path(run), self.to_toml().as_bytes())
    }

    /// As it stands in the file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a trial's record is plain data")
    }

    /// Its point, bit for bit.
    pub fn point(&self) -> Point {
        self.point.iter().filter_map(|(key, value)| Some((key.clone(), from_toml(value)?))).collect()
    }
}

/// Its name in the run folder.
pub(super) const NAME: &str = "trial.toml";

/// Whether a run folder is a trial of a study, and no run that a person began.
pub fn is_trial(run: &Path) -> bool {
    path(run).is_file()
}

fn path(run: &Path) -> PathBuf {
    run.join(NAME)
}

pub fn table(point: &Point) -> toml::Table {
    point.iter().map(|(key, value)| (key.clone(), to_toml(value))).collect()
}

fn to_toml(value: &search::Value) -> toml::Value {
    match value {
        search::Value::Bool(value) => (*value).into(),
        search::Value::Integer(value) => (*value).into(),
        search::Value::Float(value) => (*value).into(),
        search::Value::Text(value) => value.as_str().into(),
    }
}

/// `None` for what no space has: tables, lists and dates.
fn from_toml(value: &toml::Value) -> Option<search::Value> {
    match value {
        toml::Value::Boolean(value) => Some(search::Value::Bool(*value)),
        toml::Value::Integer(value) => Some(search::Value::Integer(*value)),
        toml::Value::Float(value) => Some(search::Value::Float(*value)),
        toml::Value::String(value) => Some(search::Value::Text(value.clone())),
        _ => None,
    }
}
