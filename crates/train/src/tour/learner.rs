//! The Learner on both of the chapter's models.

use std::sync::{Arc, Mutex};

use chapter::{
    book_curves::{self, BookEpoch},
    figures::is_the_books,
};
use chart::{Block, Table};
use model::AutodiffBackend;

use super::{Tour, parts::code};
use crate::{
    Error,
    fit::{self, Job},
    observer::{EpochProgress, EpochRecord, Observer},
    plan::{BuiltIn, Config, Plan},
    report::{BESIDE_THE_BOOK, books, curves},
    run::RunFolder,
};

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Result<Vec<Block>, Error> {
    let mut blocks = vec![
        Block::text(
            "What was done by hand is what a Learner does: it holds model, loss, optimizer and data, and trains one with the \
             others. This project's loop inside Burn's Learner also counts, validates and saves. Here it trains the linear model \
             and the simple net, for as many epochs as the chapter does.",
        ),
        code("crates/train/src/fit/session.rs", &["train_epoch"]),
    ];
    let runs = [
        ("The linear model, SGD with learning rate 1", BuiltIn::Linear, book_curves::LINEAR.len()),
        ("The simple net, SGD with learning rate 0.1", BuiltIn::TwoLayer, book_curves::TWO_LAYER.len()),
    ];
    for (caption, config, epochs) in runs {
        let mut plan = plan(tour.plan, config)?;
        plan.training.epochs = epochs;
        let book = books(&plan, tour.data);
        blocks.extend(outcome(caption, &train(tour, plan)?, book));
    }
    let explained = is_the_books(tour.data).then(|| Block::text(BESIDE_THE_BOOK));
    Ok(blocks.into_iter().chain(explained).collect())
}

fn outcome(caption: &str, epochs: &[EpochRecord], book: Option<&[BookEpoch]>) -> Vec<Block> {
    vec![
        Block::text(format!("{caption}, {} epochs:", epochs.len())),
        Block::Beside(curves(epochs, book).into_iter().map(Block::Lines).collect()),
        Block::Table(last_epoch(epochs, book)),
    ]
}

fn last_epoch(epochs: &[EpochRecord], book: Option<&[BookEpoch]>) -> Table {
    let mut rows = Table::new(["last epoch", "training loss", "validation loss", "accuracy"], 1);
    let mut add = |name: &str, losses: [f64; 2], accuracy: f64| {
        let [train, valid] = losses.map(|loss| format!("{loss:.6}"));
        rows.add_row([name.to_owned(), train, valid, format!("{accuracy:.6}")]);
    };
    if let Some(last) = epochs.last() {
        add("here", [last.train.loss, last.valid.loss], last.valid.accuracy);
    }
    if let Some(last) = book.and_then(<[_]>::last) {
        add("the book", [last.train_loss, last.valid_loss], last.accuracy);
    }
    rows
}

/// Trains on the tour's data in a folder that is gone afterwards.
pub(super) fn train<B: AutodiffBackend>(tour: &Tour<'_, B>, plan: Plan) -> Result<Vec<EpochRecord>, Error> {
    let temporary = tempfile::tempdir().map_err(|cause| Error::Write { path: std::env::temp_dir(), cause })?;
    let folder = RunFolder::create(&Plan { runs: temporary.path().into(), ..plan.clone() })?;
    let heard = Heard::default();
    let job = Job {
        plan: Arc::new(plan),
        data: tour.data,
        folder: &folder,
        resume: None,
        device_names: tour.device_names.clone(),
        observer: Box::new(heard.clone()),
        interrupter: tour.interrupter.clone(),
        until: None,
        lags: None,
        tui: false,
    };
    fit::fit::<B>(job, tour.device)?;
    Ok(std::mem::take(&mut *heard.0.lock().expect("nobody panics with it")))
}

/// The config's model and training with the tour's data and seed.
pub(super) fn plan(tour: &Plan, config: BuiltIn) -> Result<Plan, Error> {
    let plan = Plan::resolve(&Config::BuiltIn(config), &[])?;
    Ok(Plan { data: tour.data.clone(), seed: tour.seed, threads: tour.threads, ..plan })
}

/// Remembers the epochs.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<EpochRecord>>>);

impl Observer for Heard {
    fn batches(&mut self, _: &EpochProgress) {}

    fn epoch(&mut self, record: &EpochRecord, _: usize) {
        self.0.lock().expect("nobody panics with it").push(record.clone());
    }

    fn warning(&mut self, _: &Error) {}
}
