//! `report.html`: what came of a run, and what it takes to judge and to repeat it.

use std::path::{Path, PathBuf};

use chart::{Axis, Block, Document, LineChart, Mark, Section, Series, Style, Table, html};
use data::{DataSet, Split};
use files::quoted;
use metrics::{Scores, TOP_LOSSES};
use plan::{Plan, Schedule, ScheduleKind};
use run::{
    EpochRecord, Error, RunFolder, RunRecord, folder,
    record::State::{Failed, Finished, Interrupted, Paused, Running},
};

use crate::{
    ConfusionTable, Evaluated, clock, counts,
    curves::{self, BESIDE_THE_BOOK, by_epoch},
};

/// Points of the planned learning rate.
const POINTS: usize = 200;

/// Files that were left out, of which each is named.
const SKIPPED: usize = 100;

/// A run with its model on the validation split.
#[derive(Clone, Debug)]
pub struct RunReport<'a> {
    /// Its folder, as commands name it.
    pub run: &'a Path,
    /// As the run wrote it.
    pub plan: Plan,
    /// `run.json`.
    pub record: RunRecord,
    /// Those of `metrics.jsonl`.
    pub epochs: Vec<EpochRecord>,
    /// The model of its best epoch.
    pub evaluated: Evaluated<'a>,
}

/// Writes the report of a run into its folder, at once or not at all, and what its model confuses; returns the report's path. `scores` are those of its model on the
/// validation split of `data`.
///
/// # Errors
/// As [`RunReport::read`], and where the file cannot be written.
pub fn write(folder: &RunFolder, data: &DataSet, scores: Scores) -> Result<PathBuf, Error> {
    let report = RunReport::read(folder.path(), data, scores)?;
    ConfusionTable::of(&report.evaluated.evaluation).write(folder.path())?;
    let path = folder::report_path(folder.path());
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
        let confusion = [self.curves(), self.confusion()].into_iter().chain(self.evaluated.confused());
        let results = confusion.chain([top_losses, self.evaluated.classes(), self.probabilities()]);
        let circumstances = [self.data(), self.settings(), self.timings(), self.environment(), self.commands()];
        let sections = results.chain(self.evaluated.pixel_weights()).chain(circumstances);
        Document {
            title: format!("Run {}/{id}", self.plan.name),
            lead: vec![Block::Table(self.outcome())],
            sections: sections.collect(),
        }
    }

    fn outcome(&self) -> Table {
        let Evaluated { data, evaluation, .. } = &self.evaluated;
        let (metrics, counts) = (evaluation.metrics(), &evaluation.sums.counts);
        let of = format!("{} of {} validation images of {}", counts.right(), counts.total(), data.source);
        let model = &self.record.model;
        Table::of_names([
            ("state", self.state()),
            ("accuracy", format!("{:.4}: {of}", metrics.accuracy)),
            ("loss", format!("{:.6}, {}", metrics.loss, self.evaluated.loss)),
            ("best epoch", self.best_epoch()),
            ("time", format!("{} of training and validation", clock(self.record.seconds))),
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
        let mut blocks = blocks.into_iter();
        let beside = Block::Beside(blocks.next().into_iter().chain([metrics]).collect());
        Section::new(heading, [beside, Block::Table(self.evaluated.by_class())].into_iter().chain(blocks))
    }

    /// ROC curve and calibration.
    fn probabilities(&self) -> Section {
        let (Some(roc), calibration) = (self.evaluated.roc(), self.evaluated.calibration()) else {
            return self.evaluated.calibration();
        };
        let heading = format!("{}, and {}", roc.heading, calibration.heading.replace("Calibration", "calibration"));
        let (charts, texts): (Vec<_>, Vec<_>) =
            [roc.blocks, calibration.blocks].concat().into_iter().partition(|block| matches!(block, Block::Lines(_)));
        Section::new(heading, [Block::Beside(charts)].into_iter().chain(texts))
    }

    /// Loss and accuracy, with the best epoch marked, and the learning rate where it varies.
    fn curves(&self) -> Section {
        let book = curves::books(&self.plan, self.evaluated.data);
        let [mut loss, mut accuracy] = curves::curves(&self.epochs, book);
        if let Some(best) = &self.record.best {
            let name = format!("the model, epoch {}", best.epoch);
            let mark = |value| Mark::new(&name, (best.epoch as f64, value)).coloured(curves::BEST);
            loss.marks.push(mark(best.metrics.loss));
            accuracy.marks.push(mark(best.metrics.accuracy));
        }
        let beside = book.map(|_| Block::text(BESIDE_THE_BOOK));
        let rate = self.learning_rate().map(Block::Lines);
        let measured = Block::Beside(vec![Block::Lines(loss), Block::Lines(accuracy)]);
        Section::new("Curves", [measured].into_iter().chain(beside).chain(rate))
    }

    /// The schedule as planned, and what each epoch ended with; `None` where it is constant.
    fn learning_rate(&self) -> Option<LineChart> {
        let last = self.epochs.last().filter(|_| self.plan.schedule.kind != ScheduleKind::Constant)?;
        let per_epoch = last.step.div_ceil(last.epoch.max(1)).max(1);
        let ends = by_epoch(&self.epochs, |record| {
            (record.step.saturating_sub(1) as f64 / per_epoch as f64, record.learning_rate)
        });
        let (kind, peak) = (self.plan.schedule.kind, self.plan.optimizer.learning_rate);
        Some(LineChart {
            alt: format!("Learning rate by epoch: {kind} with a peak of {peak}, {:.1e} at last", last.learning_rate),
            x: Axis::of_epochs(),
            y: Axis::new("learning rate"),
            series: vec![
                Series::line(format!("planned, {kind}"), self.planned_rate(per_epoch)),
                Series::line("last step of an epoch", ends).drawn(Style::Dots),
            ],
            ..LineChart::default()
        })
    }

    /// The learning rate from the first step to the last one planned, by epoch.
    fn planned_rate(&self, per_epoch: usize) -> Vec<(f64, f64)> {
        let epochs = self.plan.training.epochs;
        let schedule = Schedule::new(&self.plan, per_epoch.saturating_mul(epochs));
        let last = (epochs as f64) - 1.0 / per_epoch as f64;
        let places = (0..=POINTS).map(|point| last * point as f64 / POINTS as f64);
        places.map(|epoch| (epoch, schedule.learning_rate((epoch * per_epoch as f64).round() as usize))).collect()
    }

    fn timings(&self) -> Section {
        let record = &self.record;
        let moment = |text: &str| {
            let seconds = text.split(['.', 'Z']).next().unwrap_or(text);
            format!("{} UTC", seconds.replace('T', " "))
        };
        let whole = Table::of_names([
            ("total", format!("{} of training and validation", clock(record.seconds))),
            ("optimizer steps", self.epochs.last().map_or(0, |epoch| epoch.step).to_string()),
            ("started", moment(&record.started)),
            ("ended", record.ended.as_deref().map_or_else(|| "-".into(), moment)),
        ]);
        let mut each = Table::new(["an epoch", "least", "median", "most"], 1);
        let name = "milliseconds, with validation";
        each.rows.extend(self.spread(name, 1, |epoch| epoch.seconds * 1e3));
        each.rows.extend(self.spread("training images a second", 0, |epoch| epoch.images_per_second));
        Section::new("Timings", [Block::Table(whole), Block::Table(each)])
    }

    /// Least, median and most of a number that each epoch has; none without an epoch.
    fn spread(&self, name: &str, decimals: usize, value: fn(&EpochRecord) -> f64) -> Option<Vec<String>> {
        let mut values: Vec<f64> = self.epochs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (values.first()?, values.last()?);
        let numbers = [*least, values[values.len() / 2], *most].map(|value| format!("{value:.decimals$}"));
        Some([name.to_owned()].into_iter().chain(numbers).collect())
    }

    fn data(&self) -> Section {
        let data = self.evaluated.data;
        let recorded = &self.record.data;
        let classes = data.task().classes();
        let about = match classes {
            [positive, negative] => format!("{positive} (target 1) against {negative} (target 0)"),
            classes => format!("{}: {}", classes.len(), classes.join(", ")),
        };
        let notes = recorded.notes.iter().map(|note| ("note", note.clone()));
        let facts = [("source", recorded.source.clone())].into_iter().chain(notes).chain([
            ("classes", about),
            ("images", data.shape().to_string()),
            ("fingerprint", recorded.fingerprint.clone()),
        ]);
        let blocks = [Block::Table(Table::of_names(facts)), Block::Table(counts(data))];
        Section::new("Data", blocks.into_iter().chain(self.skipped()))
    }

    /// The files that were left out.
    fn skipped(&self) -> Option<Block> {
        let skipped = &self.evaluated.data.skipped;
        let caption = match skipped.len() {
            0 => return None,
            1 => "One file could not be decoded and was left out".to_owned(),
            count => format!("{count} files could not be decoded and were left out"),
        };
        let more = skipped.len().saturating_sub(SKIPPED);
        let mut lines: String = skipped.iter().take(SKIPPED).flat_map(|line| [line, "\n"]).collect();
        lines += &if more > 0 { format!("and {more} more\n") } else { String::new() };
        Some(Block::Code { caption, lines })
    }

    fn settings(&self) -> Section {
        let caption = folder::config_path(self.run).display().to_string();
        Section::new("Plan", [Block::Code { caption, lines: self.plan.to_toml() }])
    }

    fn environment(&self) -> Section {
        let record = &self.record;
        let mut facts = vec![
            ("program", format!("train {}", record.versions.train)),
            ("Burn", record.versions.burn.clone()),
            ("backend", record.backend.clone()),
            ("device", record.device.clone()),
        ];
        if let Some(machine) = &record.machine {
            let threads = if self.plan.threads == 0 { "all cores".into() } else { self.plan.threads.to_string() };
            facts.push(("system", format!("{}, {}", machine.os, machine.architecture)));
            facts.push(("cores", machine.cores.to_string()));
            facts.push(("CPU threads", threads));
        }
        Section::new("Environment", [Block::Table(Table::of_names(facts))])
    }

    fn commands(&self) -> Section {
        let run = quoted(self.run);
        let config = quoted(&folder::config_path(self.run));
        let mut lines = format!("train {config}\n");
        lines += &format!("train evaluate {run} --charts --top-losses {TOP_LOSSES}\n");
        lines += &format!("train predict {run} image.png\n");
        lines += &self.resume().map_or_else(String::new, |more| format!("train --resume {run}{more}\n"));
        let repeats =
            Block::text("The first command repeats the run; on `flex` and `ndarray` it ends with the same bits.");
        Section::new(
            "Commands",
            [repeats, Block::Code { caption: "Repeat it, evaluate it, use it, go on with it".into(), lines }],
        )
    }

    /// What `--resume` needs besides the run; `None` for a run that ended because its patience did.
    fn resume(&self) -> Option<String> {
        match (&self.record.state, &self.record.reason) {
            (Finished, Some(_)) => None,
            (Finished, None) => Some(format!(" --set training.epochs={}", 2 * self.plan.training.epochs)),
            _ => Some(String::new()),
        }
    }
}
