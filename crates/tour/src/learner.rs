//! The Learner on both of the chapter's models.

use chapter::{
    book_curves::{self, BookEpoch},
    figures::is_the_books,
    source,
};
use chart::{Block, Table};
use model::AutodiffBackend;
use plan::{BuiltIn, Config, Plan, PlanError};
use report::{BESIDE_THE_BOOK, books, curves};
use run::EpochRecord;

use super::{Tour, Train, parts::code};

pub(super) fn blocks<B: AutodiffBackend, E: From<PlanError>>(
    tour: &Tour<'_, B>,
    train: Train<'_, E>,
) -> Result<Vec<Block>, E> {
    let mut blocks = vec![
        Block::text(
            "What was done by hand is what a Learner does: it holds model, loss, optimizer and data, and trains one with the \
             others. This project's loop inside Burn's Learner also counts, validates and saves. Here it trains the linear model \
             and the simple net, for as many epochs as the chapter does.",
        ),
        code(&source::FIT, &["train_epoch"]),
    ];
    let runs = [
        ("The linear model, SGD with learning rate 1", BuiltIn::Linear, book_curves::LINEAR.len()),
        ("The simple net, SGD with learning rate 0.1", BuiltIn::TwoLayer, book_curves::TWO_LAYER.len()),
    ];
    for (caption, config, epochs) in runs {
        let mut plan = plan(tour.plan, config)?;
        plan.training.epochs = epochs;
        let book = books(&plan, tour.data);
        blocks.extend(outcome(caption, &train(plan)?, book));
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

/// The config's model and training with the tour's data and seed.
pub(super) fn plan(tour: &Plan, config: BuiltIn) -> Result<Plan, PlanError> {
    let plan = Plan::resolve(&Config::BuiltIn(config), &[])?;
    Ok(Plan { data: tour.data.clone(), seed: tour.seed, threads: tour.threads, ..plan })
}
