//! `report.html` of a run that trains, or that ended before it had a model.

use std::path::{Path, PathBuf};

use chart::{Block, Document, Section, Tile, decimals, html};
use data::DataSet;
use files::quoted;
use plan::Plan;
use run::{
    EpochRecord, Error, RunRecord, folder, list,
    record::{State, now},
};

use crate::{
    course::Course,
    grouped, moment, name,
    run_report::{settings, setup},
    spent,
};

/// Seconds after which the page of a run that trains comes anew, at least and at most.
const RELOAD: [u64; 2] = [2, 60];

/// Writes what is known of the run in `run` so far into its folder, at once or not at all; returns the page's path. Of one that
/// trains, the page comes anew.
///
/// # Errors
/// Where a file of the run cannot be read, or the page not be written.
pub fn write(run: &Path, data: &DataSet, trains: bool) -> Result<PathBuf, Error> {
    let plan = folder::read_plan(run)?;
    // Before the first epoch there may be neither.
    let (epochs, mut record) = (folder::read_epochs(run).unwrap_or_default(), RunRecord::read(run).ok());
    record
        .iter_mut()
        .filter(|record| trains || record.state == State::Running)
        .for_each(|record| list::catch_up(record, run));
    let so_far = SoFar { run, plan: &plan, data, record: record.as_ref(), epochs: &epochs, trains };
    let page = if trains {
        let each = epochs.last().map_or(0, |epoch| epoch.seconds.ceil() as u64).clamp(RELOAD[0], RELOAD[1]);
        html::live_page(&so_far.document(), each)
    } else {
        html::page(&so_far.document())
    };
    let path = folder::report_path(run);
    files::replace_unflushed(&path, page.as_bytes())?;
    Ok(path)
}

struct SoFar<'a> {
    run: &'a Path,
    plan: &'a Plan,
    data: &'a DataSet,
    record: Option<&'a RunRecord>,
    epochs: &'a [EpochRecord],
    trains: bool,
}

impl SoFar<'_> {
    fn document(&self) -> Document {
        let id = self.run.file_name().unwrap_or_default().to_string_lossy();
        let best = self.record.and_then(|record| record.best.as_ref());
        let course = Course { plan: self.plan, data: self.data, best, epochs: self.epochs };
        let curves = (!self.epochs.is_empty()).then(|| course.section());
        let reason = self.record.and_then(|record| record.reason.clone()).map(Block::Text);
        let parameters = self.record.map(|record| record.model.parameters);
        let setup = setup(self.plan, self.data, parameters);
        let lead =
            [Block::Tiles(self.tiles()), Block::Text(setup), Block::Text(self.what_comes())].into_iter().chain(reason);
        Document {
            title: format!("Run {}/{id}", self.plan.name),
            lead: lead.collect(),
            sections: curves.into_iter().chain([Section::new("Plan", settings(self.run, self.plan))]).collect(),
        }
    }

    fn what_comes(&self) -> String {
        match self.trains {
            true => format!(
                "As of {}, the run trains. While it does, this page is written again after its epochs, and whole at its end.",
                moment(&now())
            ),
            false => format!("The run has no model yet. It goes on by `train --resume {}`.", quoted(self.run)),
        }
    }

    /// Epochs, and of a run that has ended the steps.
    fn done(&self, epochs: usize) -> String {
        let steps = self.record.filter(|_| !self.trains).and_then(|record| record.steps_done);
        let steps = steps.map_or_else(String::new, |steps| format!(", {} steps", grouped(steps)));
        format!("epoch {} of {epochs} done{steps}", self.epochs.len())
    }

    fn tiles(&self) -> Vec<Tile> {
        let epochs = self.plan.training.epochs;
        let last = |of: fn(&EpochRecord) -> String| self.epochs.last().map_or_else(|| "-".into(), of);
        let best = self.record.and_then(|record| record.best.as_ref());
        let state = match (self.trains, self.record.map(|record| record.state)) {
            (true, _) => "trains",
            // No process works in its folder.
            (false, Some(State::Running) | None) => "killed",
            (false, Some(State::Failed)) => "failed",
            (false, Some(State::Interrupted)) => "interrupted",
            (false, _) => "stopped",
        };
        let as_of = if self.trains { format!("{}: ", moment(&now())) } else { String::new() };
        let mut tiles = vec![
            Tile::new("state", state, as_of + &self.done(epochs)),
            Tile::new("accuracy", last(|epoch| format!("{:.4}", epoch.valid.accuracy)), "of the last epoch"),
            Tile::new("loss", last(|epoch| decimals(epoch.valid.loss, 6)), self.plan.training.loss.to_string()),
        ];
        if let Some(best) = best {
            let accuracy = format!("accuracy {:.4}, by {}", best.metrics.accuracy, name(self.plan.training.monitor));
            tiles.push(Tile::new("best epoch", best.epoch.to_string(), accuracy));
        }
        if let Some(record) = self.record {
            tiles.extend([
                Tile::new("time", spent(record.seconds), "of training and validation"),
                Tile::new("backend", &record.backend, format!("on {}", record.device)),
            ]);
        }
        tiles
    }
}
