//! A run of a comparison, as its folder tells.

use std::path::{Path, PathBuf};

use plan::Plan;
use run::{
    EpochRecord, Error, RunRecord,
    best::{Best, BestTracker},
    folder,
    record::DataRecord,
};

use crate::{ConfusionTable, clock, fraction, grouped};

/// A run as a trial of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedTrial {
    /// By which the study's page knows it, from 1.
    pub number: usize,
    /// Its epochs, and what ended them early.
    pub epochs: String,
}

/// What a comparison needs of a run.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// As it was named, or found below a study.
    pub path: PathBuf,
    /// Its folder's path from where those of the other runs part.
    pub name: String,
    /// What sets it apart from the others, or its name.
    pub label: String,
    /// The same in a table's head: a trial's number; where that has no room for a label, a letter.
    pub key: String,
    /// What it is in a study, where all runs are trials of one.
    pub trial: Option<ComparedTrial>,
    /// As the run wrote it.
    pub plan: Plan,
    /// Its data; none where its record cannot be read.
    pub data: Option<DataRecord>,
    /// Its epochs, at least one.
    pub epochs: Vec<EpochRecord>,
    /// Seconds it took by its record, or those of its epochs where it trains still or was killed.
    pub seconds: f64,
    /// The best of them by its plan's monitor.
    pub best: Best,
    /// What the model of its best epoch takes for what; none of a run that has not come to its end, or of an earlier version.
    pub confusion: Option<ConfusionTable>,
}

/// Something of a run, with its name.
pub(super) type Fact = (&'static str, fn(&ComparedRun) -> String);

impl ComparedRun {
    pub(super) fn read(path: &Path, name: String) -> Result<Self, Error> {
        let plan = folder::read_plan(path)?;
        let epochs = if folder::metrics_path(path).is_file() { folder::read_epochs(path)? } else { Vec::new() };
        let record = RunRecord::read(path).ok();
        let done = record.as_ref().map_or(0, |record| record.epochs_done);
        let none = || Error::NoMetrics { path: path.into(), epochs: done };
        let best = BestTracker::of(&plan, &epochs).best.ok_or_else(none)?;
        let of_epochs = epochs.iter().map(|epoch| epoch.seconds).sum::<f64>();
        let seconds = record.as_ref().map_or(0.0, |record| record.seconds).max(of_epochs);
        let (data, confusion) = (record.map(|record| record.data), ConfusionTable::read(path));
        Ok(Self {
            path: path.into(),
            key: name.clone(),
            label: name.clone(),
            trial: None,
            name,
            plan,
            data,
            epochs,
            seconds,
            best,
            confusion,
        })
    }

    /// Fingerprint of its data.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&String> {
        self.data.as_ref().map(|data| &data.fingerprint)
    }

    /// The classes of its data; none where these are not known.
    pub(super) fn classes(&self) -> &[String] {
        self.data.as_ref().map_or(&[], |data| &data.classes)
    }

    /// Its label, behind its letter or number where it has one.
    pub(super) fn named(&self) -> String {
        if self.key == self.label || self.trial.is_some() && self.label == self.name {
            self.key.clone()
        } else {
            format!("{}: {}", self.key, self.label)
        }
    }

    /// What there is to know of a run beside others on other data.
    pub(super) const FACTS: [Fact; 4] = [
        ("data", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| data.name().to_owned())),
        ("classes", |run| run.classes().len().to_string()),
        ("validation images", |run| run.data.as_ref().map_or_else(|| "-".into(), |data| grouped(data.valid))),
        ("model", |run| run.plan.model.kind.to_string()),
    ];
    pub(super) const LOSS: Fact = ("loss function", |run| run.plan.training.loss.to_string());

    /// Its data, with the number of classes where they are not the two of a choice.
    pub(super) fn data_name(&self) -> String {
        let Some(data) = &self.data else { return "unknown data".into() };
        match data.classes.len() {
            0 | 2 => data.name().to_owned(),
            classes => format!("{}, {classes} classes", data.name()),
        }
    }

    /// How many validation images it has wrong at its best epoch; none where their number is not known.
    pub(super) fn wrong(&self) -> Option<u64> {
        self.wrong_at(self.best.metrics.accuracy)
    }

    /// The same at an accuracy.
    pub(super) fn wrong_at(&self, accuracy: f64) -> Option<u64> {
        Some(((1.0 - accuracy) * self.data.as_ref()?.valid as f64).round() as u64)
    }

    /// Its last epoch.
    pub(super) fn done(&self) -> usize {
        self.epochs.last().map_or(0, |record| record.epoch)
    }

    /// What it came to, as a row of a page ends.
    pub(super) fn results(&self) -> [String; 6] {
        let [_, accuracy, loss, best, epochs, time, _] = self.row();
        [accuracy, self.wrong().map_or_else(|| "-".into(), |wrong| grouped(wrong as usize)), loss, best, epochs, time]
    }

    pub(super) fn row(&self) -> [String; 7] {
        let [accuracy, loss] = [self.best.metrics.accuracy, self.best.metrics.loss].map(|value| fraction(Some(value)));
        let best = self.best.epoch.to_string();
        let epochs = self.trial.as_ref().map_or_else(|| self.epochs.len().to_string(), |trial| trial.epochs.clone());
        [self.named(), accuracy, loss, best, epochs, clock(self.seconds), self.name.clone()]
    }

    /// Its page as seen from a page in that folder; empty where it has none.
    pub(super) fn page_from(&self, folder: &Path) -> String {
        way(&folder::report_path(&self.path), folder)
    }
}

/// The way to a page from a page in a folder; empty where it is not there.
pub(super) fn way(page: &Path, folder: &Path) -> String {
    // What is below the folder by its name is found so, also where a folder between is a link.
    let way = || match page.starts_with(folder) {
        true => relative(page, folder),
        false => relative(&page.canonicalize().ok()?, &folder.canonicalize().ok()?),
    };
    if page.is_file() { way().unwrap_or_default() } else { String::new() }
}

/// The way to a file from a folder, both whole, as a page of that folder links to it.
fn relative(file: &Path, folder: &Path) -> Option<String> {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| "..");
    let down = file.components().skip(shared).map(|part| part.as_os_str().to_str());
    let way: Vec<&str> = up.map(Some).chain(down).collect::<Option<_>>()?;
    Some(way.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_from_the_folder_of_another() {
        let way = |file: &str, folder: &str| relative(Path::new(file), Path::new(folder)).unwrap();
        assert_eq!(way("/r/a/report.html", "/r"), "a/report.html");
        assert_eq!(way("/r/a/report.html", "/s/pages"), "../../r/a/report.html");
    }
}
