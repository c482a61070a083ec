//! `about.toml`: what a run was begun with, and what a person has written to it since. Training never touches it, so that a note
//! can be taken while a run trains.

use std::path::{Path, PathBuf};

use files::Error;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The content of `about.toml`; runs of earlier versions have none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The config that it was begun with, as a command takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Each once, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The keys that differ from the config, with their values.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub changed: Table,
}

impl About {
    /// What is known of the run in `run`.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read(run: &Path) -> Result<Self, Error> {
        let path = path(run);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = files::read_text(&path)?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let reason = error.message().replace('\n', " ");
            Error::Damaged { path, reason: format!("{reason}; without the file its run has no note and no tags") }
        })
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).expect("strings and values of TOML");
        files::replace(&path(run), text.as_bytes())
    }

    /// The config that the run was begun with, and the keys that differ from it; none where it is not known.
    pub fn begun_with(&self) -> Option<String> {
        let (config, changes) = (self.config.as_ref()?, self.changes());
        Some(if changes.is_empty() { config.clone() } else { format!("{config} with {}", changes.join(" ")) })
    }

    /// The command that begins it again; none where its config is not known.
    pub fn command(&self) -> Option<String> {
        let config = files::for_shell(self.config.as_ref()?);
        let settings = self.changes().into_iter().map(|setting| format!(" --set {}", files::for_shell(&setting)));
        Some(format!("train {config}{}", settings.collect::<String>()))
    }

    /// The keys that differ from the config, each as `--set` takes it.
    pub fn changes(&self) -> Vec<String> {
        self.changed.iter().map(|(key, value)| format!("{key}={}", shown(value))).collect()
    }
}

/// A value as one types it: a word without its quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        value => plan::shown(value),
    }
}

fn path(run: &Path) -> PathBuf {
    run.join("about.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_file_is_no_note() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(About::read(run.path()).unwrap(), About::default());
        let changed = Table::from_iter([
            ("training.epochs".to_owned(), Value::from(2)),
            ("optimizer.kind".to_owned(), Value::from("adam")),
            ("optimizer.learning_rate".to_owned(), Value::from(1e38)),
        ]);
        let about = About {
            config: Some("linear".into()),
            note: Some("a \"first\" try\nof two lines".into()),
            tags: vec!["baseline".into()],
            changed,
        };
        about.write(run.path()).unwrap();
        let read = About::read(run.path()).unwrap();
        assert_eq!(read, about);
        let command =
            "train linear --set optimizer.kind=adam --set optimizer.learning_rate=1e38 --set training.epochs=2";
        assert_eq!(read.command().as_deref(), Some(command));
        let mut changes = read.changes();
        changes.sort();
        assert_eq!(changes, ["optimizer.kind=adam", "optimizer.learning_rate=1e38", "training.epochs=2"]);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let run = tempfile::tempdir().unwrap();
        std::fs::write(path(run.path()), "tags = 3").unwrap();
        let message = About::read(run.path()).unwrap_err().to_string();
        assert!(message.contains("about.toml` is damaged"), "{message}");
    }
}
