//! The samples a classifier was most wrong about, as fastai's `plot_top_losses`.

use std::num::NonZeroUsize;

use crate::Evaluation;

/// As many as fastai shows: 3 x 3.
pub const TOP_LOSSES: NonZeroUsize = NonZeroUsize::new(9).expect("9 is not 0");

/// A sample with a high loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopLoss {
    /// Its number within the split, from 0.
    pub index: usize,
    pub label: u16,
    pub predicted: u16,
    /// By the loss that the model was trained with.
    pub loss: f32,
    /// Of the predicted class.
    pub probability: f32,
}

impl Evaluation {
    /// The `count` samples with the highest of `losses`, the highest first; of equal ones the first comes first.
    pub fn top_losses(&self, losses: &[f32], count: usize) -> Vec<TopLoss> {
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]));
        let (predictions, probabilities) = (self.predictions(), self.probabilities());
        let classes = self.task.classes().len();
        let top = |index: usize| {
            let predicted = predictions[index];
            let probability = probabilities[index * classes + usize::from(predicted)];
            TopLoss { index, label: self.labels[index], predicted, loss: losses[index], probability }
        };
        order.into_iter().take(count).map(top).collect()
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
        let top = evaluation.top_losses(&[0.5, 0.95, 0.9, 0.5], 3);
        assert_eq!(top.iter().map(|top| top.index).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(top[2], TopLoss { index: 0, label: 0, predicted: 1, loss: 0.5, probability: 0.5 });
        assert_eq!((top[0].predicted, top[0].label, top[1].predicted), (0, 1, 1));
        assert!((top[0].probability - 0.952_574).abs() < 1e-6 && (top[1].probability - 0.880_797).abs() < 1e-6);
    }

    #[test]
    fn there_are_no_more_than_there_are_samples() {
        assert_eq!(evaluation(&[1.0], &[0]).top_losses(&[0.3], 9).len(), 1);
    }
}
