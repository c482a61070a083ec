//! What is to be said of how a run went, in plain words, where there is something to be said.

use chart::decimals;
use metrics::{Counts, interval};
use run::EpochRecord;

use crate::grouped;

/// Epochs before which nothing is said of how they went.
const EPOCHS: usize = 3;
/// A change of the training loss, as a share of it, that is none.
const FLAT: f64 = 1e-3;
/// How much a validation loss rises above its least before it counts.
const RISEN: f64 = 1.1;
/// A share of all predictions that is nearly all of them.
const NEARLY_ALL: f64 = 0.99;

/// What a fault asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is learnt: another learning rate.
    LearningRate,
    Overfits,
}

/// Faults that the epochs show, and those of what the model says of the validation split; `classes` are their names.
pub fn diagnosis(epochs: &[EpochRecord], counts: &Counts, classes: &[String]) -> Vec<(String, Fault)> {
    let nothing_learnt = [of_training(epochs), of_predictions(counts, classes)].into_iter().flatten();
    let nothing_learnt = nothing_learnt.map(|said| (said, Fault::LearningRate));
    nothing_learnt.chain(overfits(epochs).map(|said| (said, Fault::Overfits))).collect()
}

fn of_training(epochs: &[EpochRecord]) -> Option<String> {
    let [first, .., last] = epochs else { return None };
    if epochs.len() < EPOCHS {
        return None;
    }
    let same = |metric: fn(&EpochRecord) -> f64| epochs.iter().skip(1).all(|epoch| metric(epoch) == metric(&epochs[1]));
    if same(|epoch| epoch.valid.loss) && same(|epoch| epoch.valid.accuracy) {
        let of = format!("from epoch 2 to epoch {}", last.epoch);
        return Some(format!(
            "The parameters do not move: the validation loss is the same, to the last digit, {of}. A learning rate far too high leaves \
             outputs so extreme that they have no gradient, and one of nearly 0 changes nothing."
        ));
    }
    let losses = || epochs.iter().map(|epoch| epoch.train.loss).filter(|loss| loss.is_finite());
    let (least, most) = (losses().fold(f64::INFINITY, f64::min), losses().fold(f64::NEG_INFINITY, f64::max));
    let is_flat = most - least <= FLAT * most.abs();
    // A run that began at the end of another has little left to learn.
    let has_learnt = last.train.accuracy > NEARLY_ALL;
    (is_flat && !has_learnt).then(|| {
        format!(
            "The training loss is flat from the start: {} in epoch {}, {} in epoch {}. The learning rate may be too low or far \
             too high.",
            loss(first.train.loss), first.epoch, loss(last.train.loss), last.epoch
        )
    })
}

fn of_predictions(counts: &Counts, classes: &[String]) -> Option<String> {
    let (right, total, by_class) = (counts.right(), counts.total(), counts.by_class());
    let of_all = |count: u64| count as f64 / total.max(1) as f64;
    let place = (0..by_class.len()).rev().max_by_key(|class| by_class[*class].actual)?;
    let (largest, share) = (&classes[place], of_all(by_class[place].actual));
    let said = (0..by_class.len()).find(|class| of_all(by_class[*class].predicted) >= NEARLY_ALL);
    if let Some(said) = said.filter(|_| share < NEARLY_ALL && total > 0) {
        return Some(format!(
            "It takes {1} of the {2} validation images for {0}, whatever they show: it has learnt to tell nothing apart.",
            classes[said],
            grouped(by_class[said].predicted),
            grouped(total)
        ));
    }
    let [low, _] = interval(right, total);
    (total > 0 && low <= share).then(|| {
        format!(
            "Its accuracy of {:.4} is not above the share of the largest class, {largest}, by more than chance: always saying \
             {largest} has {share:.4}.",
            of_all(right)
        )
    })
}

fn overfits(epochs: &[EpochRecord]) -> Option<String> {
    let best = epochs.iter().min_by(|a, b| a.valid.loss.total_cmp(&b.valid.loss))?;
    let last = epochs.last()?;
    let has_risen = last.valid.loss > RISEN * best.valid.loss && last.train.loss < best.train.loss;
    (has_risen && last.epoch >= best.epoch + 2).then(|| {
        format!(
            "It overfits from epoch {} on: there the validation loss is least, {}, and rises to {}, while the training loss \
             falls from {} to {}. The model is that of the best epoch.",
            best.epoch, loss(best.valid.loss), loss(last.valid.loss), loss(best.train.loss), loss(last.train.loss)
        )
    })
}

fn loss(value: f64) -> String {
    decimals(value, 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Metrics;

    fn epochs(losses: &[(f64, f64)]) -> Vec<EpochRecord> {
        let metrics = |loss: f64| Metrics { loss, accuracy: 0.9, ..Metrics::default() };
        let record = |(index, (train, valid)): (usize, &(f64, f64))| EpochRecord {
            epoch: index + 1,
            step: index + 1,
            learning_rate: 1.0,
            train: metrics(*train),
            valid: metrics(*valid),
            seconds: 1.0,
            images_per_second: 1.0,
            ..EpochRecord::default()
        };
        losses.iter().enumerate().map(record).collect()
    }

    /// Predictions of a hundred images, half of each class.
    fn said(epochs: &[EpochRecord], predictions: &[u16]) -> Vec<String> {
        let labels: Vec<u16> = (0..100).map(|index| index % 2).collect();
        let predictions: Vec<u16> = (0..100).map(|index| predictions[index % predictions.len()]).collect();
        let faults = diagnosis(epochs, &Counts::of(2, &predictions, &labels), &["3".into(), "7".into()]);
        faults.into_iter().map(|(said, _)| said).collect()
    }

    #[track_caller]
    fn check(found: &[String], expected: &[&str]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected)), "{found:?}");
    }

    const GOOD: [u16; 2] = [0, 1];

    #[test]
    fn of_a_run_that_went_well_there_is_nothing_to_say() {
        check(&said(&epochs(&[(0.5, 0.4), (0.3, 0.3), (0.2, 0.25), (0.1, 0.26)]), &GOOD), &[]);
        check(&said(&epochs(&[(0.5, 0.4)]), &GOOD), &[]);
        check(&said(&[], &GOOD), &[]);
    }

    #[test]
    fn parameters_that_do_not_move_and_a_flat_loss_are_told() {
        let stuck = epochs(&[(0.4, 0.5), (0.5, 0.5), (0.5, 0.5)]);
        check(&said(&stuck, &GOOD), &["The parameters do not move"]);
        let flat = epochs(&[(0.5001, 0.5), (0.5, 0.49), (0.4999, 0.5)]);
        check(&said(&flat, &GOOD), &["The training loss is flat from the start: 0.500100 in epoch 1"]);
    }

    #[test]
    fn overfitting_is_told_with_its_epoch() {
        let overfit = epochs(&[(0.5, 0.4), (0.3, 0.3), (0.2, 0.32), (0.1, 0.4)]);
        check(&said(&overfit, &GOOD), &["It overfits from epoch 2 on"]);
    }

    #[test]
    fn one_class_for_all_and_an_accuracy_of_chance_are_told() {
        let fine = epochs(&[(0.5, 0.4)]);
        check(&said(&fine, &[0]), &["It takes 100 of the 100 validation images for 3"]);
        check(&said(&fine, &[0, 1, 1, 0]), &["Its accuracy of 0.5000 is not above the share of the largest class, 3"]);
    }
}
