//! A run while it trains: a line for each epoch, and on a terminal how far it is below them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use chart::{
    decimals,
    terminal::{self, Colours},
};
use report::{clock, fraction, grouped, rate};
use run::EpochRecord;
use train::{
    Error,
    observer::{EpochProgress, Observer},
};

use super::{Screen, colours, is_live, room, say, tell};

/// What is live is drawn anew at most once in this time.
const DRAWN_EVERY: Duration = Duration::from_millis(66);

/// Epochs up to which a terminal shows a line of each.
const SHORT: usize = 20;
/// Of a longer run every so many.
const EVERY: usize = 10;
/// And the last so many.
const LAST: usize = 4;

/// The observer that suits where the output goes.
pub fn observer(quiet: bool) -> Box<dyn Observer> {
    if quiet {
        return Box::new(Quiet);
    }
    let mut lines = Lines::default();
    lines.table = EpochTable::new(room().unwrap_or(usize::MAX), colours());
    lines.screen = is_live().then(Screen::new);
    Box::new(lines)
}

struct Quiet;

impl Observer for Quiet {
    fn batches(&mut self, _: &EpochProgress) {}
    fn epoch(&mut self, _: &EpochRecord, _: usize, _: bool) {}

    fn warning(&mut self, warning: &Error) {
        tell(&format!("warning: {warning}"));
    }
}

/// A line for each epoch. On a terminal those of a long run are folded: every tenth stays, and the last ones are shown above a bar.
#[derive(Default)]
struct Lines {
    table: EpochTable,
    screen: Option<Screen>,
    is_begun: bool,
    /// Lines of the last epochs that are not to stay.
    last: VecDeque<String>,
    pace: Pace,
    bar: Option<String>,
    drawn: Option<Instant>,
}

impl Observer for Lines {
    fn batches(&mut self, progress: &EpochProgress) {
        let left = self.pace.left(progress);
        if let Some(screen) = &self.screen {
            let [columns, _] = screen.size();
            self.bar = Some(bar(progress, left, columns, self.table.colours));
            if self.drawn.is_none_or(|drawn| drawn.elapsed() >= DRAWN_EVERY) {
                self.draw();
            }
        }
    }

    fn epoch(&mut self, record: &EpochRecord, epochs: usize, is_best: bool) {
        if !self.is_begun {
            self.is_begun = true;
            self.say(&self.table.header(epochs));
        }
        let line = self.table.row(record, epochs, is_best);
        let stays = epochs <= SHORT || record.epoch == 1 || record.epoch.is_multiple_of(EVERY);
        if self.screen.is_none() {
            return say(&line);
        }
        let ends = record.epoch == epochs;
        if stays || ends {
            // The last epochs stay too.
            let last = std::mem::take(&mut self.last);
            last.iter().filter(|_| ends).for_each(|line| self.say(line));
            self.say(&line);
        } else {
            self.last.push_back(line);
            if self.last.len() > LAST {
                self.last.pop_front();
            }
        }
        self.draw();
    }

    fn warning(&mut self, warning: &Error) {
        let line = format!("warning: {warning}");
        match &mut self.screen {
            Some(screen) => screen.say(&line),
            None => tell(&line),
        }
    }
}

impl Lines {
    fn say(&mut self, line: &str) {
        match &mut self.screen {
            Some(screen) => screen.say(line),
            None => say(line),
        }
    }

    fn draw(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.show(self.last.iter().chain(&self.bar).cloned().collect());
            self.drawn = Some(Instant::now());
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // The last epochs of a folded run stay.
        if let Some(screen) = &mut self.screen {
            screen.show(Vec::new());
            self.last.iter().for_each(|line| screen.say(line));
        }
    }
}

/// How fast images are trained, with all that comes between.
#[derive(Debug, Default)]
struct Pace {
    /// When this process was first heard of, and how many images had been trained before.
    began: Option<(Instant, usize)>,
}

impl Pace {
    /// The seconds left; none where there is nothing yet to tell it from.
    fn left(&mut self, progress: &EpochProgress) -> Option<f64> {
        let all = progress.epochs * progress.images_total;
        let done = (progress.epoch - 1) * progress.images_total + progress.images;
        let (began, before) = *self.began.get_or_insert((Instant::now(), done));
        let rate = (done - before) as f64 / began.elapsed().as_secs_f64();
        (done > before).then(|| (all - done) as f64 / rate)
    }
}

/// How far a run is, in as many columns as there are: what counts less is left out first.
fn bar(progress: &EpochProgress, left: Option<f64>, columns: usize, colours: Colours) -> String {
    let EpochProgress { epoch, epochs, images, images_total, step, steps, .. } = *progress;
    let part = ((epoch - 1) * images_total + images) as f64 / (epochs * images_total).max(1) as f64;
    let pieces = [
        format!("epoch {epoch}/{epochs}"),
        format!("{} left", left.map_or_else(|| "-".into(), clock)),
        format!("step {} of {}", grouped(step), grouped(steps)),
        format!("train: loss {}, accuracy {:.4}", decimals(progress.loss, 4), progress.accuracy),
        format!("{} images/s", rate(progress.images_per_second)),
    ];
    let bar_columns = if columns < 60 { 8 } else { 16 };
    let mut line = String::new();
    for piece in pieces {
        if bar_columns + line.chars().count() + 2 + piece.chars().count() > columns {
            break;
        }
        line += &format!("  {piece}");
    }
    terminal::progress(part, bar_columns, colours) + &line
}

/// What is shown of epochs, by the columns there are.
#[derive(Clone, Copy, Debug, Default)]
struct EpochTable {
    columns: &'static [Column],
    /// What stands behind the best so far.
    best: &'static str,
    colours: Colours,
}

type Column = (&'static str, fn(&EpochRecord) -> String);

const TRAIN_LOSS: Column = ("train loss", |record| decimals(record.train.loss, 6));
const TRAIN_ACCURACY: Column = ("train accuracy", |record| format!("{:.4}", record.train.accuracy));
const VALID_LOSS: Column = ("valid loss", |record| decimals(record.valid.loss, 6));
const VALID_ACCURACY: Column = ("valid accuracy", |record| format!("{:.4}", record.valid.accuracy));
const F1: Column = ("valid f1", |record| fraction(record.valid.f1));
const ROC_AUC: Column = ("valid roc auc", |record| fraction(record.valid.roc_auc));
const RATE: Column = ("images/s", |record| rate(record.images_per_second));
const TIME: Column = ("    time", |record| clock(record.seconds));

/// From the widest to the narrowest.
const TABLES: [&[Column]; 3] = [
    &[TRAIN_LOSS, TRAIN_ACCURACY, VALID_LOSS, VALID_ACCURACY, F1, ROC_AUC, RATE, TIME],
    &[TRAIN_LOSS, VALID_LOSS, VALID_ACCURACY, RATE, TIME],
    &[
        ("loss: train", |record| decimals(record.train.loss, 4)),
        (" valid", |record| decimals(record.valid.loss, 4)),
        ("valid acc", |record| format!("{:.4}", record.valid.accuracy)),
    ],
];

/// Columns between two.
const GAP: usize = 2;
/// What stands behind the best so far, and where there is no room for it.
const BEST: [&str; 2] = [" best", " *"];

impl EpochTable {
    /// With as much of an epoch as fits into so many columns.
    fn new(width: usize, colours: Colours) -> Self {
        let fits = |columns: &[Column]| {
            let names: usize = columns.iter().map(|(name, _)| GAP + name.len()).sum();
            "epoch".len() + names + BEST[0].len() < width
        };
        match TABLES.into_iter().find(|columns| fits(columns)) {
            Some(columns) => Self { columns, best: BEST[0], colours },
            None => Self { columns: TABLES[TABLES.len() - 1], best: BEST[1], colours },
        }
    }

    /// Columns of the epoch's number.
    fn first(epochs: usize) -> usize {
        "epoch".len().max(epochs.to_string().len())
    }

    fn header(&self, epochs: usize) -> String {
        let names = self.columns.iter().map(|(name, _)| format!("{:GAP$}{name}", ""));
        let line: String = [format!("{:>1$}", "epoch", Self::first(epochs))].into_iter().chain(names).collect();
        let legend = if self.best == BEST[1] { "* the best so far\n" } else { "" };
        self.colours.dim(&format!("{legend}{line}"))
    }

    fn row(&self, record: &EpochRecord, epochs: usize, is_best: bool) -> String {
        let values = self.columns.iter().map(|(name, value)| format!("{:GAP$}{:>2$}", "", value(record), name.len()));
        let epoch = format!("{:>1$}", record.epoch, Self::first(epochs));
        let line: String = [epoch].into_iter().chain(values).collect();
        line + &if is_best { self.colours.best(self.best) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use metrics::Metrics;

    use super::*;

    fn progress() -> EpochProgress {
        EpochProgress {
            epoch: 2,
            epochs: 4,
            images: 50,
            images_total: 100,
            step: 1200,
            steps: 3200,
            loss: 0.25,
            accuracy: 0.9,
            images_per_second: 1.25e6,
        }
    }

    fn record() -> EpochRecord {
        let metrics = |loss, accuracy| Metrics { loss, accuracy, ..Metrics::default() };
        EpochRecord {
            epoch: 7,
            step: 1,
            learning_rate: 0.1,
            train: metrics(0.25, 0.9),
            valid: metrics(0.5, 0.8),
            seconds: 0.25,
            images_per_second: 5900.0,
            ..EpochRecord::default()
        }
    }

    #[test]
    fn a_bar_says_as_much_as_fits() {
        let bar = |columns| bar(&progress(), Some(75.0), columns, Colours::Plain);
        let wide = "━━━━━━──────────  epoch 2/4  1:15 min left  step 1,200 of 3,200  train: loss 0.2500, \
                    accuracy 0.9000  1.2 M images/s";
        assert_eq!(bar(120), wide);
        assert_eq!(bar(79), "━━━━━━──────────  epoch 2/4  1:15 min left  step 1,200 of 3,200");
        assert_eq!(bar(39), "━━━─────  epoch 2/4  1:15 min left");
        let unknown = super::bar(&progress(), None, 39, Colours::Plain);
        assert_eq!(unknown, "━━━─────  epoch 2/4  - left");
    }

    #[test]
    fn the_table_suits_the_width() {
        let lines = |width| {
            let table = EpochTable::new(width, Colours::Plain);
            [table.header(40), table.row(&record(), 40, true), table.row(&record(), 40, false)]
        };
        let expected = [
            "epoch  train loss  valid loss  valid accuracy  images/s      time",
            "    7    0.250000    0.500000          0.8000     5.9 k    250 ms best",
            "    7    0.250000    0.500000          0.8000     5.9 k    250 ms",
        ];
        assert_eq!(lines(80), expected);
        let expected = [
            "* the best so far\nepoch  loss: train   valid  valid acc",
            "    7       0.2500  0.5000     0.8000 *",
            "    7       0.2500  0.5000     0.8000",
        ];
        assert_eq!(lines(40), expected);
        let [header, row, _] = lines(120);
        assert!(header.ends_with("valid f1  valid roc auc  images/s      time"), "{header}");
        assert!(row.ends_with("         -              -     5.9 k    250 ms best"), "{row}");
    }
}
