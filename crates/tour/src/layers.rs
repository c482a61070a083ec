//! Layers in a row, and why there is something between them.

use burn::{module::Module as _, tensor::Tensor};
use chapter::{
    layers::{Row, Sequential},
    non_linearity::of_the_simple_net,
    source,
};
use chart::{Block, Table};
use model::AutodiffBackend;

use super::{Tour, parts::code};

/// The chapter's simple net: pixels, hidden units, one logit.
const SIZES: [usize; 3] = [784, 30, 1];

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let net = Sequential::<B>::new(&SIZES, tour.plan.seed, tour.device);
    let rows = net.table(Tensor::zeros([256, SIZES[0]], tour.device));
    let differences = of_the_simple_net::<B>(tour.plan.seed, tour.device);
    vec![
        Block::text(
            "A neural network is layers in a row: each takes what the one before it gives. The chapter's simple net has a linear \
             layer of 30 units, a ReLU that sets everything below 0 to 0, and a linear layer that adds up to one number. With a \
             batch of 256 images:",
        ),
        Block::Table(table(&rows, net.num_params())),
        code(&source::LAYERS, &["Layer", "Sequential", "new", "forward"]),
        Block::text(format!(
            "Why the ReLU? Weighted sums of weighted sums are weighted sums: without something between them, two linear layers \
             are one. Here are the two layers of the simple net, and the one layer they collapse to, on 100 rows of random \
             numbers. Without a ReLU the outputs differ by no more than {:.1e}, a rounding error. With it they differ by up to \
             {:.2}: the net can do what no single layer can.",
            differences.without_relu, differences.with_relu,
        )),
        code(&source::NON_LINEARITY, &["collapse", "differences"]),
    ]
}

fn table(rows: &[Row], parameters: usize) -> Table {
    let mut table = Table::new(["layer", "gives", "parameter tensors", "parameters"], 3);
    for Row { layer, output, parameters } in rows {
        let count: usize = parameters.iter().map(|shape| shape.iter().product::<usize>()).sum();
        let shapes: Vec<String> = parameters.iter().map(|shape| format!("{shape:?}")).collect();
        table.add_row([(*layer).to_owned(), format!("{output:?}"), shapes.join(" "), count.to_string()]);
    }
    table.add_row(["all".to_owned(), String::new(), String::new(), parameters.to_string()]);
    table
}
