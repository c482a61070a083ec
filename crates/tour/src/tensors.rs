//! Tensors: shape, rank, type, parts, products.

use burn::tensor::{Bool, Int, Tensor};
use chapter::{
    source,
    tensors::{
        Facts, THREES, as_rows, choose, column, facts, part, plus_one, reshaped, row, row_sums, stack, table,
        times_a_random_image, times_one_and_a_half,
    },
};
use chart::{Block, Table};
use model::AutodiffBackend;

use super::{Tour, has_digits, parts::code};

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let mut blocks = vec![
        Block::text(
            "A tensor is a block of numbers of one type with any number of axes: a row, a table, a stack of images. Its shape \
             says how many numbers lie along each axis, its rank how many axes there are. A table of two rows, parts of it, and \
             what can be made of it. Where two tensors differ in shape, the smaller is used as if it were repeated: a single \
             1 for all values, one matrix for a stack of them. This is broadcasting, and saves the loops.",
        ),
        Block::Table(snippets::<B>(tour.device)),
        code(&source::TENSORS, &["table", "row", "column", "part", "plus_one", "times_one_and_a_half"]),
        code(&source::TENSORS, &["reshaped", "row_sums", "choose"]),
    ];
    if has_digits(tour.data) {
        blocks.push(Block::text(
            "All 3s of the training images make one tensor of rank 3, of 32-bit floats from 0 to 1. As rows, it is a matrix with a \
             row of pixels for each image. A matrix product multiplies all of them by one and the same random image at once.",
        ));
        blocks.push(Block::Table(stacked(tour)));
        blocks.push(code(&source::TENSORS, &["stack", "as_rows", "times_a_random_image"]));
    }
    blocks
}

fn snippets<B: AutodiffBackend>(device: &B::Device) -> Table {
    let two_rows = table::<B>(device);
    let mask = Tensor::<B, 1, Bool>::from_data([true, false, true], device);
    let choice = choose::<B>(mask, Tensor::ones([3], device), Tensor::zeros([3], device));
    let mut rows = Table::new(["what", "values", "shape", "rank", "type"], usize::MAX);
    let mut add = |what: &str, (values, facts): (String, Facts)| {
        rows.add_row([what.into(), values, format!("{:?}", facts.shape), facts.rank.to_string(), facts.dtype.into()]);
    };
    add("table", ints(two_rows.clone()));
    add("row 1", ints(row(two_rows.clone(), 1)));
    add("column 1", ints(column(two_rows.clone(), 1)));
    add("columns 1 and 2 of row 1", ints(part(two_rows.clone())));
    add("plus 1", ints(plus_one(two_rows.clone())));
    add("times 1.5", floats(times_one_and_a_half(two_rows.clone())));
    add("in three rows", ints(reshaped(two_rows.clone())));
    add("its rows times a column of ones", floats(row_sums(two_rows)));
    add("1 where [true, false, true], else 0", floats(choice));
    rows
}

fn ints<B: AutodiffBackend, const D: usize>(tensor: Tensor<B, D, Int>) -> (String, Facts) {
    let facts = facts(&tensor);
    let values: Vec<String> = tensor.into_data().iter::<i64>().map(|value| value.to_string()).collect();
    (nested(&values, &facts.shape), facts)
}

fn floats<B: AutodiffBackend, const D: usize>(tensor: Tensor<B, D>) -> (String, Facts) {
    let facts = facts(&tensor);
    let values: Vec<String> = tensor.into_data().iter::<f32>().map(|value| format!("{value:?}")).collect();
    (nested(&values, &facts.shape), facts)
}

/// With a pair of brackets for each axis, as PyTorch prints a tensor.
fn nested(values: &[String], shape: &[usize]) -> String {
    let parts: Vec<String> = match shape {
        [] | [_] => values.to_vec(),
        [count, inner @ ..] => values.chunks((values.len() / count).max(1)).map(|part| nested(part, inner)).collect(),
    };
    format!("[{}]", parts.join(", "))
}

fn stacked<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Table {
    let threes = stack::<B>(&tour.data.train, THREES, tour.device);
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

#[cfg(test)]
mod tests {
    use super::nested;

    #[test]
    fn every_axis_has_its_brackets() {
        let values: Vec<String> = (1..=6).map(|value| value.to_string()).collect();
        assert_eq!(nested(&values, &[6]), "[1, 2, 3, 4, 5, 6]");
        assert_eq!(nested(&values, &[2, 3]), "[[1, 2, 3], [4, 5, 6]]");
        assert_eq!(nested(&values, &[3, 1, 2]), "[[[1, 2]], [[3, 4]], [[5, 6]]]");
    }
}
