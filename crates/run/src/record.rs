//! `run.json`: what a run is and how it stands.

use std::{
    env::consts,
    fs::{self, File},
    io::Read as _,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    thread,
};

use files::Error;
use metrics::Metrics;
use serde::{Deserialize, Serialize};
use task::Shape;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{best::Best, folder};

/// Rows and columns that an image may have.
const SIDES: RangeInclusive<usize> = 1..=1024;

/// Epochs that a plan may have.
const MOST_EPOCHS: usize = 1_000_000;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It trains; or it was killed, where no process holds the folder.
    Running,
    /// All epochs are done, or its patience ran out.
    Finished,
    /// It was asked to stop and can be resumed.
    Interrupted,
    /// It came as far as it was to come for now, and waits to go on, or never will.
    Paused,
    /// It ended with an error.
    Failed,
}

/// The content of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// As of the last time that its process wrote it.
    pub state: State,
    /// Why it ended as it did, where that needs saying.
    pub reason: Option<String>,
    /// As `--backend` takes it.
    pub backend: String,
    /// As the driver names it.
    pub device: String,
    /// Its kind and size.
    pub model: ModelRecord,
    /// What it is trained on, with its fingerprint.
    pub data: DataRecord,
    /// Versions of this program and of Burn.
    pub versions: Versions,
    /// What it computes on; runs of older versions do not say.
    pub machine: Option<Machine>,
    /// When it started, RFC 3339 in UTC, with microseconds; earlier versions wrote whole seconds.
    pub started: String,
    /// When its process last ended in order; none while it trains, or after a kill.
    pub ended: Option<String>,
    /// Epochs the plan asks for.
    pub epochs: usize,
    pub epochs_done: usize,
    /// Optimizer steps, at the end of its process; none while it trains, and in runs of earlier versions.
    #[serde(default)]
    pub steps_done: Option<usize>,
    /// Seconds of training and validation, over all resumes.
    pub seconds: f64,
    /// The best epoch: `model.safetensors` is its model.
    pub best: Option<Best>,
    /// Validation metrics at the end of the last epoch.
    pub last: Option<Metrics>,
}

/// The network of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its name in configs.
    pub kind: String,
    pub parameters: usize,
    /// Channels of the images it takes; earlier versions knew grey ones alone.
    #[serde(default = "one")]
    pub channels: usize,
    /// Rows of the images it takes.
    pub height: usize,
    /// Columns of the images it takes.
    pub width: usize,
}

fn one() -> usize {
    1
}

impl ModelRecord {
    /// What the images are made of that it takes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape { channels: self.channels, height: self.height, width: self.width }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// What the source really was.
    pub source: String,
    /// As people call it; where an older run's file has none, it is read as the plan has it.
    #[serde(default)]
    pub name: Option<String>,
    /// Why, where that needs saying.
    pub notes: Vec<String>,
    /// SHA-256 over pixels and labels.
    pub fingerprint: String,
    /// In the order of their labels; of two the positive one first.
    pub classes: Vec<String>,
    pub train: usize,
    /// Validation images.
    pub valid: usize,
    /// Test images; none where the data has no such split.
    #[serde(default)]
    pub test: Option<usize>,
    /// Files that could not be decoded and were left out, each with the reason.
    #[serde(default)]
    pub skipped: Vec<String>,
}

impl DataRecord {
    /// As people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.source)
    }
}

/// Versions that a result depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    pub train: String,
    pub burn: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its operating system, as `linux`.
    pub os: String,
    /// Its processor's architecture, as `x86_64`.
    pub architecture: String,
    /// Its processor as the system calls it; none where that does not say, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Cores that the program may use.
    pub cores: usize,
}

/// The file of the run in `run`.
pub fn path(run: &Path) -> PathBuf {
    run.join("run.json")
}

impl RunRecord {
    /// The record of the run in `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = self::path(path);
        let text = files::read_text(&file)?;
        let damaged = |reason: String| Error::Damaged { path: file.clone(), reason };
        let unlike = |error: serde_json::Error| {
            format!("line {}, column {}: it is not as a run writes it", error.line(), error.column())
        };
        let mut record: Self = serde_json::from_str(&text).map_err(|error| damaged(unlike(error)))?;
        record.data.name = record.data.name.or_else(|| name_by_plan(path, &record.data.source));
        let (sides, channels) = (record.model.shape().sides(), record.model.channels);
        let epochs = [record.epochs, record.epochs_done];
        if !matches!(channels, 1 | 3) {
            Err(damaged(format!("images of {channels} channels")))
        } else if !sides.iter().all(|side| SIDES.contains(side)) {
            Err(damaged(format!("images of {sides:?}")))
        } else if epochs.into_iter().any(|epochs| epochs > MOST_EPOCHS) {
            Err(damaged(format!("{} of {} epochs", record.epochs_done, record.epochs)))
        } else {
            Ok(record)
        }
    }

    /// When it started; none where that is no time.
    pub fn began(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(&self.started, &Rfc3339).ok()
    }

    /// When it ended; none where it has not, or that is no time.
    pub fn ended(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(self.ended.as_ref()?, &Rfc3339).ok()
    }

    /// Where and why it failed, in words that follow its name; none of a run that did not.
    pub fn failure(&self) -> Option<String> {
        let (epoch, epochs) = (self.epochs.min(self.epochs_done + 1), self.epochs);
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        (self.state == State::Failed).then(|| format!("failed in epoch {epoch} of {epochs}{reason}"))
    }

    /// The same of a run that has a model all the same, and which that is.
    pub fn failure_with_model(&self) -> Option<String> {
        let (failure, best) = (self.failure()?, self.best.as_ref()?);
        Some(format!("{failure}; its model is of epoch {}, the best before that", best.epoch))
    }

    /// The file's content.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("a record is plain data");
        json.push(b'\n');
        json
    }
}

/// As the data of the run in a folder is called by its plan; none where it reads no path.
fn name_by_plan(run: &Path, source: &str) -> Option<String> {
    let data = folder::read_plan(run).ok()?.data;
    data.source.reads()?;
    // `.` has no name; what has gone since has that of its path.
    Some(task::name_of_data(Some(&fs::canonicalize(&data.path).unwrap_or(data.path)), source))
}

impl Default for Versions {
    fn default() -> Self {
        Self { train: env!("CARGO_PKG_VERSION").into(), burn: "0.21.0".into() }
    }
}

impl Machine {
    pub fn this() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // The first core says it; Linux writes the text of each when it is read, which takes long of many.
        let mut first = String::new();
        let read = File::open("/proc/cpuinfo").and_then(|file| file.take(1024).read_to_string(&mut first));
        let processor = read.ok().and_then(|_| processor(&first));
        Self { os: consts::OS.into(), architecture: consts::ARCH.into(), processor, cores }
    }
}

/// What Linux says of the first core.
fn processor(cpuinfo: &str) -> Option<String> {
    let named = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let name = named.and_then(|rest| Some(rest.split_once(':')?.1.trim().to_owned()));
    name.filter(|name| !name.is_empty())
}

/// The time now, RFC 3339 in UTC, with microseconds.
pub fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_microsecond(now.microsecond())
        .unwrap_or(now)
        .format(&Rfc3339)
        .expect("a date of this era has a form in RFC 3339")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_called_as_linux_calls_it() {
        let of = |text| processor(text);
        let name = of("processor\t: 0\nmodel name\t: EPYC 7B13: 64 cores\nmodel name\t: other\n");
        assert_eq!(name.as_deref(), Some("EPYC 7B13: 64 cores"));
        assert_eq!([of("processor\t: 0\n"), of("model name\t:\n")], [None, None]);
    }
}
