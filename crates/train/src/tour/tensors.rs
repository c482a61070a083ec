//! Tensors: shape, rank, type, parts, products.

use burn::tensor::{Bool, Int, Tensor};
use chapter::tensors::{
    Facts, as_rows, choose, column, facts, part, row, stack, table, times_a_random_image, times_one_and_a_half,
};
use chart::{Block, Table};
use model::AutodiffBackend;

use super::{Tour, has_digits, parts::code};

const FILE: &str = "crates/chapter/src/tensors.rs";

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let mut blocks = vec![
        Block::text(
            "A tensor is a block of numbers of one type with any number of axes: a row, a table, a stack of images. Its shape \
             says how many numbers lie along each axis, its rank how many axes there are. A table of two rows, and parts of it:",
        ),
        Block::Table(snippets::<B>(tour.device)),
        code(FILE, &["table", "row", "column", "part", "times_one_and_a_half", "choose"]),
    ];
    if has_digits(tour.data) {
        blocks.push(Block::text(
            "All 3s of the training images make one tensor of rank 3. Burn keeps 32-bit floats from 0 to 1 in it. To multiply \
             each of them with one and the same matrix no loop is needed: where two tensors differ in shape, the smaller is \
             used as if it were repeated. This is broadcasting.",
        ));
        blocks.push(Block::Table(stacked(tour)));
        blocks.push(code(FILE, &["stack", "as_rows", "times_a_random_image"]));
    }
    blocks
}

fn snippets<B: AutodiffBackend>(device: &B::Device) -> Table {
    let two_rows = table::<B>(device);
    let floats = times_one_and_a_half(two_rows.clone());
    let mask = Tensor::<B, 1, Bool>::from_data([true, false, true], device);
    let choice = choose::<B>(mask, Tensor::ones([3], device), Tensor::zeros([3], device));
    let mut rows = Table::new(["what", "values", "shape", "rank", "type"], usize::MAX);
    let mut add = |what: &str, values: String, facts: Facts| {
        rows.add_row([what.into(), values, format!("{:?}", facts.shape), facts.rank.to_string(), facts.dtype.into()]);
    };
    add("table", ints(two_rows.clone()), facts(&two_rows));
    for (what, part) in [
        ("row 1", row(two_rows.clone(), 1)),
        ("column 1", column(two_rows.clone(), 1)),
        ("columns 1 and 2 of row 1", part(two_rows)),
    ] {
        add(what, ints(part.clone()), facts(&part));
    }
    add("times 1.5", floats_of(floats.clone()), facts(&floats));
    add("1 where a mask [true, false, true] is true, else 0", floats_of(choice.clone()), facts(&choice));
    rows
}

fn ints<B: AutodiffBackend, const D: usize>(tensor: Tensor<B, D, Int>) -> String {
    format!("{:?}", tensor.into_data().iter::<i64>().collect::<Vec<_>>())
}

fn floats_of<B: AutodiffBackend, const D: usize>(tensor: Tensor<B, D>) -> String {
    format!("{:?}", tensor.into_data().iter::<f32>().collect::<Vec<_>>())
}

fn stacked<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Table {
    let threes = stack::<B>(&tour.data.train, 1, tour.device);
    let all = [
        ("the stacked 3s", facts(&threes)),
        ("as rows", facts(&as_rows(threes.clone()))),
        ("times one random image", facts(&times_a_random_image(threes))),
    ];
    let mut rows = Table::new(["what", "shape", "rank", "type"], usize::MAX);
    for (what, Facts { shape, rank, dtype }) in all {
        rows.add_row([what.to_owned(), format!("{shape:?}"), rank.to_string(), dtype.to_owned()]);
    }
    rows
}
