//! A forest of regression trees over the unit cube, and what its values vary with.

use crate::stream::Stream;

const TREES: u64 = 64;
/// A leaf has at least so many trials, and a tree about so many leaves at most: of two leaves each is held against each.
const FEWEST_OF_LEAF: usize = 2;
const MOST_LEAVES: usize = 64;

/// By the variance of the trees, in the mean of them.
pub(super) struct Shares {
    /// Of each column what would be gone if it were fixed.
    pub total: Vec<f64>,
    /// Of each column the variance of its marginal.
    pub alone: Vec<f64>,
    /// The total of a column of random values.
    pub chance: f64,
}

/// Where a tree has one value: from `low` to `high` in each column.
struct Leaf {
    low: Vec<f64>,
    high: Vec<f64>,
    value: f64,
}

/// The shares of columns, each with a place from 0 to 1 for each of the values.
pub(super) fn shares(columns: &[Vec<f64>], values: &[f64]) -> Shares {
    let keys = columns.len();
    let (mut total, mut alone) = (vec![0.0; keys + 1], vec![0.0; keys + 1]);
    for tree in 0..TREES {
        let mut stream = Stream::new(0, "importance", tree, "");
        let random: Vec<f64> = values.iter().map(|_| stream.uniform()).collect();
        // With what stands for no key at all.
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).chain([random.as_slice()]).collect();
        let drawn = |_| (stream.uniform() * values.len() as f64) as usize;
        let mut rows: Vec<usize> = (0..values.len()).map(drawn).collect();
        let mut leaves = Vec::new();
        let whole = Leaf { low: vec![0.0; keys + 1], high: vec![1.0; keys + 1], value: 0.0 };
        let fewest = FEWEST_OF_LEAF.max(values.len() / MOST_LEAVES);
        grow(&columns, values, &mut rows, whole, fewest, &mut leaves);
        let variance = variance(&leaves);
        if variance > 0.0 {
            for key in 0..=keys {
                total[key] += total_effect(&leaves, key) / variance / TREES as f64;
                alone[key] += main_effect(&leaves, key) / variance / TREES as f64;
            }
        }
    }
    let chance = total.pop().unwrap_or_default();
    Shares { total, alone, chance }
}

/// Splits a box where that makes the squared errors least, and its halves, as long as each side has trials enough.
fn grow(columns: &[&[f64]], values: &[f64], rows: &mut [usize], mut of: Leaf, fewest: usize, leaves: &mut Vec<Leaf>) {
    let Some((column, place)) = best_split(columns, values, rows, fewest) else {
        of.value = rows.iter().map(|row| values[*row]).sum::<f64>() / rows.len() as f64;
        leaves.push(of);
        return;
    };
    rows.sort_by(|a, b| columns[column][*a].total_cmp(&columns[column][*b]));
    let (below, above) = rows.split_at_mut(rows.partition_point(|row| columns[column][*row] < place));
    let mut left = Leaf { low: of.low.clone(), high: of.high.clone(), value: 0.0 };
    left.high[column] = place;
    of.low[column] = place;
    grow(columns, values, below, left, fewest, leaves);
    grow(columns, values, above, of, fewest, leaves);
}

/// The column and the place, half way between two trials; none where no split makes the errors less.
fn best_split(columns: &[&[f64]], values: &[f64], rows: &[usize], fewest: usize) -> Option<(usize, f64)> {
    let count = rows.len() as f64;
    let sum: f64 = rows.iter().map(|row| values[*row]).sum();
    // By how much the squared errors fall; a little is rounding.
    let mut best = (1e-9 * rows.iter().map(|row| values[*row].powi(2)).sum::<f64>().max(1e-300), None);
    let mut sorted = rows.to_vec();
    for (number, column) in columns.iter().enumerate() {
        sorted.sort_by(|a, b| column[*a].total_cmp(&column[*b]).then(a.cmp(b)));
        let mut below = 0.0;
        for (index, pair) in sorted.windows(2).enumerate() {
            below += values[pair[0]];
            let left = index + 1;
            let [low, high] = [pair[0], pair[1]].map(|row| column[row]);
            if low == high || left < fewest || rows.len() - left < fewest {
                continue;
            }
            let (left, right) = (left as f64, count - left as f64);
            let gain = below * below / left + (sum - below) * (sum - below) / right - sum * sum / count;
            if gain > best.0 {
                best = (gain, Some((number, f64::midpoint(low, high))));
            }
        }
    }
    best.1
}

impl Leaf {
    fn width(&self, key: usize) -> f64 {
        self.high[key] - self.low[key]
    }

    fn volume(&self) -> f64 {
        (0..self.low.len()).map(|key| self.width(key)).product()
    }
}

fn mean(leaves: &[Leaf]) -> f64 {
    leaves.iter().map(|leaf| leaf.volume() * leaf.value).sum()
}

fn variance(leaves: &[Leaf]) -> f64 {
    let mean = mean(leaves);
    leaves.iter().map(|leaf| leaf.volume() * (leaf.value - mean).powi(2)).sum()
}

/// The variance of the mean over all other keys, along this one.
fn main_effect(leaves: &[Leaf], key: usize) -> f64 {
    let mean = mean(leaves);
    let mut ends: Vec<f64> = leaves.iter().flat_map(|leaf| [leaf.low[key], leaf.high[key]]).collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let of_part = |part: &[f64]| {
        let has_part = |leaf: &&Leaf| leaf.low[key] <= part[0] && leaf.high[key] >= part[1];
        let marginal: f64 =
            leaves.iter().filter(has_part).map(|leaf| leaf.value * leaf.volume() / leaf.width(key)).sum();
        (part[1] - part[0]) * (marginal - mean).powi(2)
    };
    ends.windows(2).map(of_part).sum()
}

/// Half of the mean squared difference of the values at two places that differ in this key alone (Jansen 1999,
/// <https://doi.org/10.1016/S0010-4655(98)00154-4>).
fn total_effect(leaves: &[Leaf], key: usize) -> f64 {
    let mut sum = 0.0;
    for (number, a) in leaves.iter().enumerate() {
        for b in &leaves[number + 1..] {
            let common = |other: usize| (a.high[other].min(b.high[other]) - a.low[other].max(b.low[other])).max(0.0);
            let others: f64 = (0..a.low.len()).filter(|other| *other != key).map(common).product();
            sum += (a.value - b.value).powi(2) * others * a.width(key) * b.width(key);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_two_leaves_and_of_a_chessboard_are_those_by_hand() {
        let leaf = |x: [f64; 2], y: [f64; 2], value| Leaf { low: vec![x[0], y[0]], high: vec![x[1], y[1]], value };
        // 1 on the right quarter: a variance of 3 / 16, all of it that of x alone.
        let step = [leaf([0.0, 0.75], [0.0, 1.0], 0.0), leaf([0.75, 1.0], [0.0, 1.0], 1.0)];
        assert_eq!([variance(&step), main_effect(&step, 0), total_effect(&step, 0)], [0.1875; 3]);
        assert_eq!([main_effect(&step, 1), total_effect(&step, 1)], [0.0; 2]);
        // 1 on two corners of four: a variance of 1 / 4, which neither has alone and which is gone without either.
        let (low, high) = ([0.0, 0.5], [0.5, 1.0]);
        let board = [leaf(low, low, 1.0), leaf(low, high, 0.0), leaf(high, low, 0.0), leaf(high, high, 1.0)];
        for key in [0, 1] {
            assert_eq!((main_effect(&board, key), total_effect(&board, key)), (0.0, 0.25));
        }
        assert_eq!(variance(&board), 0.25);
    }
}
