//! How a run went, epoch by epoch.

use chart::{Axis, Block, LineChart, Mark, Section, Series, Style};
use data::DataSet;
use plan::{Plan, Schedule, ScheduleKind};
use run::{EpochRecord, best::Best};

use crate::{
    curves::{self, BESIDE_THE_BOOK, by_epoch},
    short,
};

/// What the charts of steps show.
const STEPS: &str = "Of each epoch's last step: the norm of the gradient before it is clipped, all parameters as one vector; and how far     the step moves the weights, as a part of their norm. Around 0.001 is usual; 0.1 and more tears at what has been learnt, and with     0.00001 hardly anything changes.";

/// The colour of what is measured of steps: another than those of training and validation.
const STEP: usize = 2;

/// Points of the planned learning rate.
const POINTS: usize = 200;

/// The epochs of a run so far.
pub struct Course<'a> {
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    pub best: Option<&'a Best>,
    pub epochs: &'a [EpochRecord],
}

impl Course<'_> {
    /// Loss and accuracy, with the best epoch marked, the learning rate where it varies, and how large the steps are.
    pub fn section(&self) -> Section {
        let book = curves::books(self.plan, self.data);
        let [mut loss, mut accuracy] = curves::curves(self.epochs, book);
        if let Some(best) = self.best {
            let name = format!("the model, epoch {}", best.epoch);
            let mark = |value| Mark::new(&name, (best.epoch as f64, value)).coloured(curves::BEST);
            loss.marks.push(mark(best.metrics.loss));
            accuracy.marks.push(mark(best.metrics.accuracy));
        }
        // Below the losses within epochs the learning rate has the same axis.
        let is_short = self.epochs.iter().any(|epoch| !epoch.train_losses.is_empty());
        let rate = self.learning_rate().filter(|_| is_short);
        let count = self.epochs.len() as f64;
        let below = rate.map(|mut rate| {
            (loss.x, rate.x) = (loss.x.clone().range(0.0, count), rate.x.clone().range(0.0, count));
            Block::Lines(rate)
        });
        let measured = Block::Beside([loss, accuracy].map(Block::Lines).into());
        let notes = book.map(|_| BESIDE_THE_BOOK.to_owned()).into_iter().chain(self.looks_worse(is_short));
        let words = notes.map(Block::Text).chain(self.steps());
        let rest = match below {
            Some(rate) => vec![Block::Beside(vec![rate, Block::Together(words.collect())])],
            None => words.collect(),
        };
        Section::new("Curves", [measured].into_iter().chain(rest))
    }

    /// Why training looks worse than validation, where it does.
    fn looks_worse(&self, has_parts: bool) -> Option<String> {
        let is_worse = |epoch: &EpochRecord| match has_parts {
            true => epoch.train.accuracy < epoch.valid.accuracy,
            false => epoch.train.loss > epoch.valid.loss,
        };
        let changed = if self.plan.augmentation.in_words().is_some() { ", and of augmented images" } else { "" };
        let [what, better] = if has_parts { ["accuracy", "higher"] } else { ["loss", "lower"] };
        self.epochs.iter().any(is_worse).then(|| {
            format!(
                "The {what} of training is the mean over an epoch, while the parameters still change{changed}; that of validation is \
                 measured after it: so it can be the {better} one."
            )
        })
    }

    /// The learning rate where it varies; gradient norm and update ratio of each epoch's last step, where the run has measured them more
    /// than once.
    fn steps(&self) -> Option<Block> {
        let chart = |what: &str, value: fn(&EpochRecord) -> Option<f64>| {
            let measured = self.epochs.iter().filter_map(|record| Some((record.epoch as f64, value(record)?)));
            let points: Vec<_> = measured.collect();
            let series = Series::line("last step of an epoch", by_epoch(&points, |point| *point)).coloured(STEP);
            let axis = Axis::new(what.to_lowercase()).log();
            (points.len() > 1).then(|| Block::Lines(curves::chart(what, axis, [series])))
        };
        let measured: Vec<Block> = [
            chart("Gradient norm", |record| record.gradient_norm),
            chart("Update ratio", |record| record.update_ratio),
        ]
        .into_iter()
        .flatten()
        .collect();
        let explained = (!measured.is_empty()).then(|| Block::text(STEPS));
        let is_short = self.epochs.iter().any(|epoch| !epoch.train_losses.is_empty());
        let rate = self.learning_rate().filter(|_| !is_short).map(Block::Lines);
        let charts: Vec<Block> = rate.into_iter().chain(measured).collect();
        let summary =
            if is_short { "How large the steps are" } else { "Learning rate, and how large the steps are" }.into();
        let is_any = !charts.is_empty();
        let blocks = explained.into_iter().chain([Block::Beside(charts)]).collect();
        is_any.then_some(Block::Fold { summary, blocks })
    }

    /// The schedule as planned, and what each epoch ended with; `None` where it is constant.
    fn learning_rate(&self) -> Option<LineChart> {
        let last = self.epochs.last().filter(|_| self.plan.schedule.kind != ScheduleKind::Constant)?;
        let per_epoch = last.step.div_ceil(last.epoch.max(1)).max(1);
        let ends = by_epoch(self.epochs, |record| {
            (record.step.saturating_sub(1) as f64 / per_epoch as f64, record.learning_rate)
        });
        let (kind, peak) = (self.plan.schedule.kind, short(self.plan.optimizer.learning_rate));
        Some(LineChart {
            alt: format!("Learning rate by epoch: {kind} with a peak of {peak}, {:.1e} at last", last.learning_rate),
            x: Axis::of_epochs(),
            y: Axis::new("learning rate"),
            series: vec![
                Series::line(format!("planned, {kind}"), self.planned_rate(per_epoch)).coloured(STEP),
                Series::line("last step of an epoch", ends).drawn(Style::Dots).coloured(STEP),
            ],
            ..LineChart::default()
        })
    }

    /// The learning rate from the first step to the last one planned, by epoch.
    fn planned_rate(&self, per_epoch: usize) -> Vec<(f64, f64)> {
        let epochs = self.plan.training.epochs;
        let schedule = Schedule::new(self.plan, per_epoch.saturating_mul(epochs));
        let last = (epochs as f64) - 1.0 / per_epoch as f64;
        let places = (0..=POINTS).map(|point| last * point as f64 / POINTS as f64);
        let steps = places.map(|epoch| (epoch * per_epoch as f64).round() as usize);
        steps.map(|step| (step as f64 / per_epoch as f64, schedule.learning_rate(step))).collect()
    }
}
