//! Samples that tell something of a classifier: those it was most wrong about, as fastai's `plot_top_losses`, those it takes for
//! another class, and some of each class.

use std::{cmp::Reverse, collections::BTreeMap, num::NonZeroUsize};

use crate::Evaluation;

/// As many as fastai shows: 3 x 3.
pub const TOP_LOSSES: NonZeroUsize = NonZeroUsize::new(9).expect("9 is not 0");

/// A sample with what a classifier says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredSample {
    /// Its number within the split, from 0.
    pub index: usize,
    pub label: u16,
    pub predicted: u16,
    /// By the loss that the model was trained with.
    pub loss: f32,
    /// Of the predicted class.
    pub probability: f32,
}

/// Samples of one class that are taken for another.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusedPair {
    pub label: u16,
    pub predicted: u16,
    /// The highest loss first.
    pub samples: Vec<ScoredSample>,
}

impl Evaluation {
    /// All samples, the one with the highest of `losses` first; of equal ones the first comes first.
    pub fn by_loss(&self, losses: &[f32]) -> Vec<ScoredSample> {
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]));
        let (predictions, probabilities) = (self.predictions(), self.probabilities());
        let classes = self.task.classes().len();
        let sample = |index: usize| {
            let predicted = predictions[index];
            let probability = probabilities[index * classes + usize::from(predicted)];
            ScoredSample { index, label: self.labels[index], predicted, loss: losses[index], probability }
        };
        order.into_iter().map(sample).collect()
    }

    /// The pairs of classes that are taken for each other, the most frequent first; of equally frequent ones the first.
    pub fn confused_pairs(&self, losses: &[f32]) -> Vec<ConfusedPair> {
        let mut pairs: BTreeMap<(u16, u16), Vec<ScoredSample>> = BTreeMap::new();
        for sample in self.by_loss(losses).into_iter().filter(|sample| sample.label != sample.predicted) {
            pairs.entry((sample.label, sample.predicted)).or_default().push(sample);
        }
        let pair = |((label, predicted), samples)| ConfusedPair { label, predicted, samples };
        let mut pairs: Vec<ConfusedPair> = pairs.into_iter().map(pair).collect();
        pairs.sort_by_key(|pair| Reverse(pair.samples.len()));
        pairs
    }

    /// Of each class the sample with the least loss, the one in the middle, and the one with the highest; fewer of a class that has
    /// fewer.
    pub fn of_each_class(&self, losses: &[f32]) -> Vec<Vec<ScoredSample>> {
        let mut classes = vec![Vec::new(); self.task.classes().len()];
        self.by_loss(losses).into_iter().rev().for_each(|sample| classes[usize::from(sample.label)].push(sample));
        let few = |samples: Vec<ScoredSample>| {
            let mut places = vec![0, samples.len() / 2, samples.len().saturating_sub(1)];
            places.dedup();
            places.into_iter().filter_map(|place| samples.get(place).copied()).collect()
        };
        classes.into_iter().map(few).collect()
    }
}

#[cfg(test)]
mod tests {
    use task::Task;

    use super::*;

    fn evaluation(logits: &[f32], labels: &[u16]) -> Evaluation {
        let mut evaluation = Evaluation::new(&Task::new(["3", "7"]).unwrap());
        evaluation.add(0.0, logits, labels);
        evaluation
    }

    #[test]
    fn the_highest_losses_come_first_and_equal_ones_in_order() {
        let evaluation = evaluation(&[0.0, 3.0, -2.0, 0.0], &[0, 1, 0, 1]);
        let top = evaluation.by_loss(&[0.5, 0.95, 0.9, 0.5]);
        assert_eq!(top.iter().map(|top| top.index).collect::<Vec<_>>(), [1, 2, 0, 3]);
        assert_eq!(top[2], ScoredSample { index: 0, label: 0, predicted: 1, loss: 0.5, probability: 0.5 });
        assert_eq!((top[0].predicted, top[0].label, top[1].predicted), (0, 1, 1));
        assert!((top[0].probability - 0.952_574).abs() < 1e-6 && (top[1].probability - 0.880_797).abs() < 1e-6);
    }

    #[test]
    fn pairs_and_classes_have_the_samples_that_tell_most() {
        let mut evaluation = Evaluation::new(&Task::new(["a", "b", "c"]).unwrap());
        let row = |class: usize| (0..3).map(move |other| if other == class { 2.0 } else { 0.0 });
        let (labels, predicted) = ([0, 0, 0, 0, 1, 1, 2], [1, 1, 0, 2, 2, 1, 1]);
        evaluation.add(0.0, &predicted.into_iter().flat_map(row).collect::<Vec<f32>>(), &labels);
        let losses = [0.8, 0.9, 0.1, 0.7, 0.6, 0.2, 0.5];
        let indices = |samples: &[ScoredSample]| samples.iter().map(|sample| sample.index).collect::<Vec<_>>();
        let pairs = evaluation.confused_pairs(&losses);
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.label, pair.predicted, indices(&pair.samples))).collect();
        assert_eq!(pairs, [(0, 1, vec![1, 0]), (0, 2, vec![3]), (1, 2, vec![4]), (2, 1, vec![6])]);
        let classes: Vec<_> = evaluation.of_each_class(&losses).iter().map(|few| indices(few)).collect();
        assert_eq!(classes, [vec![2, 0, 1], vec![5, 4], vec![6]]);
    }
}
