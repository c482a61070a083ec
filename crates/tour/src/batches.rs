//! Data sets and loaders: of letters, and of digits.

use burn::data::dataloader::DataLoader as _;
use chapter::{letters, source};
use chart::{Block, Table};
use data::Order;
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{code, loader},
};

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let digits = loader::<B>(&tour.data.train, Order::Sequential, tour.device);
    let shapes = digits.iter().next().map(|batch| (batch.images.dims(), batch.targets.dims()));
    let (images, targets) = shapes.expect("the data has images");
    let are = match tour.data.task().classes() {
        [first, second] => format!("1 for {first}, 0 for {second}"),
        classes => format!("a row of zeros with a 1 in the place of the class, of {}", classes.len()),
    };
    vec![
        Block::text(
            "A data set gives an item for an index. A data loader visits all items in an order that a seed decides, some at a \
             time. Neither cares what an item is. Here are the letters of the alphabet with their indices, six at a time, in \
             two epochs:",
        ),
        Block::Table(epochs(tour.plan.seed)),
        code(&source::LETTERS, &["letters", "loader", "batches"]),
        Block::text(format!(
            "The digits come from the same loader. Their batcher makes one tensor of images, here {images:?}, a row of pixels \
             per image, and one of targets, {targets:?}: {are}.",
        )),
        code(&source::DATASET, &["ImageBatch", "of"]),
    ]
}

fn epochs(seed: u64) -> Table {
    let mut rows = Table::new(["epoch", "batch", "items", "letters"], usize::MAX);
    for epoch in 0..2 {
        for (number, batch) in letters::batches(seed, epoch).iter().enumerate() {
            let pairs: Vec<String> = batch.iter().map(|(index, letter)| format!("({index}, {letter})")).collect();
            rows.add_row([(epoch + 1).to_string(), (number + 1).to_string(), batch.len().to_string(), pairs.join(" ")]);
        }
    }
    rows
}
