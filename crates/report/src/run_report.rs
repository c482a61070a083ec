//! `report.html`: what came of a run, and what it takes to judge and to repeat it.

mod circumstances;
mod training;

use std::path::{Path, PathBuf};

use chart::{Block, Document, Section, Table, html};
use data::{DataSet, Split};
use metrics::{Scores, TOP_LOSSES};
use plan::Plan;
use run::{
    EpochRecord, Error, RunFolder, RunRecord, folder,
    record::State::{Failed, Finished, Interrupted, Paused, Running},
};

use crate::{Evaluated, clock};

/// A run with its model on the validation split.
#[derive(Clone, Debug)]
pub struct RunReport<'a> {
    /// Its folder, as commands name it.
    pub run: &'a Path,
    /// Its plan.
    pub plan: Plan,
    /// How it stands.
    pub record: RunRecord,
    /// Its epochs.
    pub epochs: Vec<EpochRecord>,
    /// The model of its best epoch.
    pub evaluated: Evaluated<'a>,
}

/// Writes the report of a run into its folder, at once or not at all; returns its path. `scores` are those of its model on the
/// validation split of `data`.
///
/// # Errors
/// As [`RunReport::read`], and where the file cannot be written.
pub fn write(folder: &RunFolder, data: &DataSet, scores: Scores) -> Result<PathBuf, Error> {
    let report = RunReport::read(folder.path(), data, scores)?;
    let path = folder::report(folder.path());
    files::replace(&path, html::page(&report.document()).as_bytes())?;
    Ok(path)
}

impl<'a> RunReport<'a> {
    /// Reads the run in `run`; `scores` are those of its model on the validation split of `data`.
    ///
    /// # Errors
    /// Where a file of it cannot be read.
    pub fn read(run: &'a Path, data: &'a DataSet, scores: Scores) -> Result<Self, Error> {
        let (plan, record) = (folder::read_plan(run)?, RunRecord::read(run)?);
        let epochs = folder::read_epochs(run)?;
        let evaluated = Evaluated::new(&plan, data, Split::Valid, scores);
        Ok(Self { run, plan, record, epochs, evaluated })
    }

    /// The whole report, the outcome first.
    pub fn document(&self) -> Document {
        let id = self.run.file_name().unwrap_or_default().to_string_lossy();
        let top_losses = self.evaluated.top_losses_as_pictures(TOP_LOSSES);
        let results = [self.curves(), self.confusion(), top_losses, self.probabilities()];
        let circumstances = [self.data(), self.settings(), self.timings(), self.environment(), self.commands()];
        let sections = results.into_iter().chain(self.evaluated.pixel_weights()).chain(circumstances);
        Document {
            title: format!("Run {}/{id}", self.plan.name),
            lead: vec![Block::Table(self.outcome())],
            sections: sections.collect(),
        }
    }

    fn outcome(&self) -> Table {
        let Evaluated { data, evaluation, .. } = &self.evaluated;
        let (metrics, counts) = (evaluation.metrics(), evaluation.confusion());
        let right = counts.true_positive + counts.true_negative;
        let of = format!("{right} of {} validation images of {}", counts.total(), data.source);
        let model = &self.record.model;
        Table::of_names([
            ("state", self.state()),
            ("accuracy", format!("{:.4}: {of}", metrics.accuracy)),
            ("loss", format!("{:.6}, {}", metrics.loss, self.plan.training.loss)),
            ("best epoch", self.best_epoch()),
            ("time", format!("{} of training and validation", seconds(self.record.seconds))),
            ("model", format!("{}, {} parameters", model.kind, model.parameters)),
        ])
    }

    fn state(&self) -> String {
        // Who writes a report holds the folder's lock: nobody trains in it.
        let state = match self.record.state {
            Finished => "finished",
            Interrupted => "interrupted",
            Paused => "paused",
            Failed => "failed",
            Running => "killed",
        };
        self.record.reason.as_ref().map_or_else(|| state.into(), |reason| format!("{state}: {reason}"))
    }

    /// Which epoch the model is of, by what, and how many there are.
    fn best_epoch(&self) -> String {
        let best = self.record.best.as_ref().map_or_else(|| "-".into(), |best| best.epoch.to_string());
        let (done, planned) = (self.epochs.len(), self.plan.training.epochs);
        let of = if done == planned { format!("{done}") } else { format!("{done} done, {planned} planned") };
        format!("{best} of {of}, by {}", self.plan.training.monitor)
    }

    /// The matrix with all metrics.
    fn confusion(&self) -> Section {
        let Section { heading, blocks } = self.evaluated.confusion();
        let metrics = Block::Table(Table::of_names(self.evaluated.metrics()));
        let beside = Block::Beside(blocks.into_iter().chain([metrics]).collect());
        Section::new(heading, [beside, Block::Table(self.evaluated.by_class())])
    }

    /// ROC curve and calibration.
    fn probabilities(&self) -> Section {
        let (roc, calibration) = (self.evaluated.roc(), self.evaluated.calibration());
        let heading = format!("{}, and {}", roc.heading, calibration.heading.replace("Calibration", "calibration"));
        let (charts, texts): (Vec<_>, Vec<_>) =
            [roc.blocks, calibration.blocks].concat().into_iter().partition(|block| matches!(block, Block::Lines(_)));
        Section::new(heading, [Block::Beside(charts)].into_iter().chain(texts))
    }
}

fn seconds(seconds: f64) -> String {
    clock(seconds)
}
