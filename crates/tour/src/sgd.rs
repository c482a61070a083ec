//! Stochastic gradient descent by hand.

use chapter::{
    accuracy::Accuracy,
    sgd::{self, STEPS, Training, init_linear},
    source,
};
use chart::{Axis, Block, LineChart, Series, Style, Table};
use data::Order;
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{chart, code, loader},
};

/// Epochs of the chapter's own run by hand, and what it prints after some of them.
const EPOCHS: usize = 20;
const BOOK: [(usize, f64); 4] = [(1, 0.6883), (5, 0.9438), (10, 0.9618), (20, 0.9696)];

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let accuracies = train(tour);
    let intro = "Training in seven steps, a function each. There is no Learner and no optimizer here: the parameters are plain \
         tensors, and a step is `w -= lr * grad`. The images go through in batches of 256, which is what makes gradient \
         descent stochastic.";
    let steps = STEPS.iter().enumerate().flat_map(|(number, (name, function))| {
        [Block::text(format!("Step {}: {name}.", number + 1)), code(&source::SGD, &[function])]
    });
    let outcome = [
        Block::text(
            "The linear model, trained like this with a learning rate of 1. The book's loader does not shuffle, all 3s come before \
             all 7s, and its first epochs are behind those of shuffled batches, as here; where both start differs too. Burn's \
             Learner, given the same start and the same batches, ends \
             with the same bits in every parameter.",
        ),
        Block::Lines(by_epoch(&accuracies)),
        Block::Table(beside_the_book(&accuracies)),
    ];
    [Block::text(intro)].into_iter().chain(steps).chain(outcome).collect()
}

fn train<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Accuracy> {
    let &Tour { plan, data, device, .. } = tour;
    let training = Training { model: sgd::linear, learning_rate: 1.0, epochs: EPOCHS, good_enough: 2.0 };
    let start = init_linear(data.shape().len(), plan.seed, device);
    let batches = loader(&data.train, Order::Shuffled { seed: plan.seed }, device);
    sgd::train::<B>(&training, start, &batches, &loader(&data.valid, Order::Sequential, device)).accuracies
}

fn by_epoch(accuracies: &[Accuracy]) -> LineChart {
    let ours = accuracies.iter().zip(1..).map(|(accuracy, epoch)| (f64::from(epoch), f64::from(accuracy.by_sample)));
    let last = accuracies.last().map_or(f32::NAN, |accuracy| accuracy.by_sample);
    chart(
        format!("The validation accuracy by hand rises to {last:.4} in {} epochs", accuracies.len()),
        [Axis::new("epoch"), Axis::new("validation accuracy")],
        vec![
            Series::line("by hand", ours.collect()),
            Series::line("the book", BOOK.map(|(epoch, accuracy)| (epoch as f64, accuracy)).to_vec())
                .drawn(Style::Dots),
        ],
    )
}

fn beside_the_book(accuracies: &[Accuracy]) -> Table {
    let mut rows = Table::new(["epoch", "accuracy here", "the book prints"], 1);
    for (epoch, printed) in BOOK {
        rows.add_row([epoch.to_string(), format!("{:.4}", accuracies[epoch - 1].by_sample), format!("{printed:.4}")]);
    }
    rows
}
