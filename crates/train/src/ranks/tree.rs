//! One binary tree over the shards of a batch: whoever adds what, the sums come in its order.

use std::{borrow::Cow, ops::Range};

/// The halves of a node: the left one has the largest power of two below the node's number of shards, so that the tree over eight is
/// the full one, and a process that has half of them, or a quarter, has one node of it.
fn halves(node: &Range<usize>) -> [Range<usize>; 2] {
    let middle = node.start + node.len().next_power_of_two() / 2;
    [node.start..middle, middle..node.end]
}

/// The fewest nodes of the tree over so many shards that make up a part of them, in order.
pub fn nodes(shards: usize, part: &Range<usize>) -> Vec<Range<usize>> {
    fn below(node: Range<usize>, part: &Range<usize>) -> Vec<Range<usize>> {
        if node.end <= part.start || part.end <= node.start || part.is_empty() {
            Vec::new()
        } else if part.start <= node.start && node.end <= part.end {
            vec![node]
        } else {
            halves(&node).into_iter().flat_map(|half| below(half, part)).collect()
        }
    }
    below(0..shards, part)
}

/// The sum below a node, of which `known` knows some, the single shards at the latest: what it says of one without images is no
/// values. It is asked from left to right, and few sums are held at a time.
pub fn sum<'a>(
    node: Range<usize>,
    known: &mut impl FnMut(&Range<usize>) -> Option<Option<Cow<'a, [f32]>>>,
) -> Option<Cow<'a, [f32]>> {
    if let Some(sum) = known(&node) {
        return sum;
    }
    let [left, right] = halves(&node).map(|half| sum(half, known));
    match (left, right) {
        (Some(left), Some(right)) => {
            let mut sum = left.into_owned();
            sum.iter_mut().zip(&*right).for_each(|(sum, value)| *sum += value);
            Some(sum.into())
        }
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one node is meant")]
    fn a_part_is_made_up_of_whole_nodes() {
        assert_eq!(nodes(8, &(0..8)), vec![0..8]);
        assert_eq!(nodes(8, &(4..8)), vec![4..8]);
        assert_eq!(nodes(8, &(2..5)), [2..4, 4..5]);
        assert_eq!(nodes(7, &(2..7)), [2..4, 4..7]);
        assert_eq!(nodes(5, &(0..5)), vec![0..5]);
        assert!(nodes(6, &(3..3)).is_empty());
    }

    #[test]
    fn the_order_of_the_sum_is_that_of_the_tree() {
        // (1e8 + 1) + (-1e8 + 1): in f32 each 1 is lost; from left to right the last would not be.
        let values = [1e8, 1.0, -1e8, 1.0];
        let mut leaf = |node: &Range<usize>| (node.len() == 1).then(|| Some(vec![values[node.start]].into()));
        assert_eq!(sum(0..4, &mut leaf).as_deref(), Some(&[0.0][..]));
        assert_eq!(values.iter().sum::<f32>(), 1.0);
    }

    #[test]
    fn shards_without_images_add_nothing() {
        let mut leaf = |node: &Range<usize>| (node.len() == 1).then(|| (node.start == 2).then(|| vec![7.0].into()));
        assert_eq!(sum(0..5, &mut leaf).as_deref(), Some(&[7.0][..]));
        assert_eq!(sum(0..2, &mut leaf), None);
    }
}
