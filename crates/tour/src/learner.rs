//! The Learner: one from scratch, and Burn's, which comes to the same.

use std::ops::ControlFlow;

use chapter::{
    accuracy::accuracy,
    book_curves::{self, BookEpoch},
    figures::is_the_books,
    learner::{DataLoaders, Epoch, Learner, Measure, Sgd, print_to},
    source,
};
use chart::{Block, Table};
use data::{DataSet, Order};
use model::{AutodiffBackend, Network, TwoLayerNet, loss};
use plan::{BuiltIn, Config, Plan, PlanError};
use report::{BESIDE_THE_BOOK, books, curves};
use run::EpochRecord;

use super::{
    Tour, Train,
    parts::{code, loader},
};

/// Why the book's linear model is behind. The numbers are those of the same loop in PyTorch.
const NOT_SHUFFLED: &str = "As by hand, the book's loader shows all 3s before all 7s in each epoch. So its first epoch ends where \
                            the model takes everything for a 7 (0.4956), and each of the others is pulled one way and then the other. \
                            In PyTorch the same loop ends at 0.9671 in this order, and at 0.9799 with shuffled batches, as here.";

/// Epochs that the Learner from scratch prints.
const PRINTED: usize = 5;

pub(super) fn blocks<B: AutodiffBackend, E: From<PlanError>>(
    tour: &Tour<'_, B>,
    train: Train<'_, E>,
) -> Result<Vec<Block>, E> {
    let plan = |config, epochs| {
        let mut plan = plan(tour.plan, config)?;
        plan.training.epochs = epochs;
        Ok::<_, PlanError>(plan)
    };
    let linear = plan(BuiltIn::Linear, book_curves::LINEAR.len())?;
    let simple_net = plan(BuiltIn::TwoLayer, book_curves::TWO_LAYER.len())?;
    let (from_scratch, printed) = from_scratch(tour, &simple_net);
    let mut blocks = vec![
        Block::text(
            "What was done by hand is what a Learner does. It holds data loaders, model, optimizer, loss, metrics and callbacks, \
             each a value that knows nothing of the others, and trains one with the others. The chapter leaves it to its reader \
             to write one: here it is. With another model, loss or metric the loop stays as it is.",
        ),
        code(&source::LEARNER, &["DataLoaders", "Measure", "Learner", "fit", "train_epoch", "validate"]),
        Block::text(
            "The optimizer takes step 5 from above, for whatever parameters the model has. A callback hears of each epoch; this \
             one prints it.",
        ),
        code(&source::LEARNER, &["Sgd", "step", "Step", "map_float", "Callback", "print_to"]),
        Block::text("The simple net, trained by this Learner:"),
        Block::Code { caption: format!("what the callback printed of the first {PRINTED} epochs"), lines: printed },
        Block::text(
            "Burn has a Learner too. This project's loop inside it also counts, saves and goes on where it was stopped. Here it \
             trains the linear model and the simple net, for as many epochs as the chapter does.",
        ),
        code(&source::SESSION, &["train_epoch"]),
    ];
    let book = books(&linear, tour.data);
    blocks.extend(outcome("The linear model, SGD with learning rate 1", &train(linear)?, &[], book));
    blocks.extend(book.map(|_| Block::text(NOT_SHUFFLED)));
    let book = books(&simple_net, tour.data);
    let burns = train(simple_net)?;
    blocks.extend(outcome("The simple net, SGD with learning rate 0.1", &burns, &from_scratch, book));
    blocks.push(Block::text(comparison(&from_scratch, &burns)));
    blocks.extend(is_the_books(tour.data).then(|| Block::text(BESIDE_THE_BOOK)));
    Ok(blocks)
}

/// Trains the simple net by the Learner from scratch: its epochs, and what it printed of the first.
fn from_scratch<B: AutodiffBackend>(tour: &Tour<'_, B>, plan: &Plan) -> (Vec<Epoch>, String) {
    let (mut epochs, mut printed) = (Vec::new(), String::new());
    let sizes = [tour.data.shape().len(), plan.model.hidden, 1];
    let net = Network::TwoLayer(TwoLayerNet::<B>::new(sizes, plan.seed, tour.device));
    let mut learner = learner(tour.data, plan, net, loss::distance_to_one, tour.device);
    learner.callbacks.push(Box::new(|epoch| {
        epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }));
    learner.callbacks.push(print_to(&mut printed));
    learner.fit(PRINTED);
    learner.callbacks.pop();
    learner.fit(plan.training.epochs.saturating_sub(PRINTED));
    drop(learner);
    (epochs, printed)
}

/// The Learner from scratch, with the plan's data loaders and learning rate.
pub(super) fn learner<'a, B: AutodiffBackend>(
    data: &DataSet,
    plan: &Plan,
    model: Network<B>,
    loss: Measure<B>,
    device: &B::Device,
) -> Learner<'a, B> {
    Learner {
        loaders: DataLoaders {
            train: loader(&data.train, Order::Shuffled { seed: plan.seed }, device),
            valid: loader(&data.valid, Order::Sequential, device),
        },
        model,
        optimizer: Sgd { learning_rate: plan.optimizer.learning_rate },
        loss,
        metrics: vec![("accuracy", accuracy)],
        callbacks: vec![],
        trained_epochs: 0,
    }
}

/// How near the two Learners are to each other.
fn comparison(from_scratch: &[Epoch], burns: &[EpochRecord]) -> String {
    let pairs: Vec<_> = from_scratch.iter().map(numbers).zip(burns.iter().map(numbers_of_burns)).collect();
    let same = pairs.iter().filter(|(ours, burns)| ours.map(f64::to_bits) == burns.map(f64::to_bits)).count();
    let epochs = pairs.len();
    if same == epochs {
        return format!(
            "In all {epochs} epochs both Learners have the same training loss, validation loss and accuracy, to the last bit."
        );
    }
    let differences = pairs.iter().flat_map(|(ours, burns)| ours.iter().zip(burns).map(|(a, b)| (a - b).abs()));
    let largest = differences.fold(0.0, f64::max);
    format!(
        "In {same} of {epochs} epochs both Learners have the same losses and accuracy to the last bit; the largest difference is \
         {largest:.1e}, because this backend does not add in the same order each time."
    )
}

/// Training loss, validation loss, accuracy.
fn numbers(epoch: &Epoch) -> [f64; 3] {
    [epoch.train_loss, epoch.valid_loss, epoch.metrics.first().map_or(f64::NAN, |(_, accuracy)| *accuracy)]
}

fn numbers_of_burns(epoch: &EpochRecord) -> [f64; 3] {
    [epoch.train.loss, epoch.valid.loss, epoch.valid.accuracy]
}

fn outcome(caption: &str, epochs: &[EpochRecord], from_scratch: &[Epoch], book: Option<&[BookEpoch]>) -> Vec<Block> {
    vec![
        Block::text(format!("{caption}, {} epochs:", epochs.len())),
        Block::Beside(curves(epochs, book).into_iter().map(Block::Lines).collect()),
        Block::Table(last_epoch(epochs, from_scratch, book)),
    ]
}

fn last_epoch(epochs: &[EpochRecord], from_scratch: &[Epoch], book: Option<&[BookEpoch]>) -> Table {
    let mut rows = Table::new(["last epoch", "training loss", "validation loss", "accuracy"], 1);
    let ours = epochs.last().map(|last| ("here", numbers_of_burns(last)));
    let from_scratch = from_scratch.last().map(|last| ("here, from scratch", numbers(last)));
    let books = book.and_then(<[_]>::last);
    let books = books.map(|last| ("the book", [last.train_loss, last.valid_loss, last.accuracy]));
    for (name, numbers) in ours.into_iter().chain(from_scratch).chain(books) {
        rows.add_row([name.to_owned()].into_iter().chain(numbers.map(|number| format!("{number:.6}"))));
    }
    rows
}

/// The config's model and training with the tour's data and seed.
pub(super) fn plan(tour: &Plan, config: BuiltIn) -> Result<Plan, PlanError> {
    let plan = Plan::resolve(&Config::BuiltIn(config), &[])?;
    Ok(Plan { data: tour.data.clone(), seed: tour.seed, threads: tour.threads, ..plan })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(loss: f64) -> (Vec<Epoch>, Vec<EpochRecord>) {
        let epoch = |loss| Epoch { number: 1, train_loss: loss, valid_loss: 0.5, metrics: vec![("accuracy", 0.75)] };
        let metrics = |loss| metrics::Metrics { loss, accuracy: 0.75, ..metrics::Metrics::default() };
        let record = EpochRecord {
            epoch: 1,
            step: 1,
            learning_rate: 1.0,
            train: metrics(0.25),
            valid: metrics(0.5),
            seconds: 1.0,
            images_per_second: 1.0,
            ..EpochRecord::default()
        };
        (vec![epoch(0.25), epoch(loss)], vec![record.clone(), record])
    }

    #[test]
    fn a_bit_apart_is_not_the_same() {
        let (ours, burns) = epochs(0.25);
        assert!(comparison(&ours, &burns).starts_with("In all 2 epochs both Learners have the same"));
        let (ours, burns) = epochs(0.25 + 1e-9);
        let said = comparison(&ours, &burns);
        assert!(said.starts_with("In 1 of 2 epochs") && said.contains("difference is 1.0e-9"), "{said}");
    }
}
