//! The epochs of a run: how well they went and how long they took.

use chart::{Axis, Block, LineChart, Mark, Section, Series, Style, Table};
use plan::{Schedule, ScheduleKind};
use run::EpochRecord;

use super::{RunReport, seconds};
use crate::curves::{self, BESIDE_THE_BOOK, by_epoch};

/// Points of the planned learning rate.
const POINTS: usize = 200;

impl RunReport<'_> {
    /// Loss and accuracy, with the best epoch marked, and the learning rate where it varies.
    pub(super) fn curves(&self) -> Section {
        let book = curves::books(&self.plan, self.evaluated.data);
        let [mut loss, mut accuracy] = curves::curves(&self.epochs, book);
        if let Some(best) = &self.record.best {
            let mark =
                |value| Mark { name: format!("the model, epoch {}", best.epoch), at: (best.epoch as f64, value) };
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
            x: Axis::new("epoch"),
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

    pub(super) fn timings(&self) -> Section {
        let record = &self.record;
        let moment = |text: &str| {
            let seconds = text.split(['.', 'Z']).next().unwrap_or(text);
            format!("{} UTC", seconds.replace('T', " "))
        };
        let whole = Table::of_names([
            ("total", format!("{} of training and validation", seconds(record.seconds))),
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
}
