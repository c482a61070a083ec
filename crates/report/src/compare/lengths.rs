//! Two runs of which one has had far more epochs, while the other was not at its end.

use std::cmp::Ordering;

use files::quoted;
use plan::ScheduleKind;
use run::folder;

use super::{ComparedRun, is_chance};
use crate::grouped;

/// How many times as many epochs are clearly more.
const FAR: usize = 2;

/// Two runs on the same images, the shorter of which was still getting better when it ended.
pub(super) struct Lengths<'a> {
    pub shorter: &'a ComparedRun,
    pub longer: &'a ComparedRun,
}

impl<'a> Lengths<'a> {
    /// Of these two; none where they have had about as many epochs, or the shorter one had passed its best.
    pub fn of(one: &'a ComparedRun, other: &'a ComparedRun) -> Option<Self> {
        let (shorter, longer) = if one.done() < other.done() { (one, other) } else { (other, one) };
        let is_far = longer.done() >= FAR * shorter.done();
        (is_far && shorter.best.epoch == shorter.done()).then_some(Self { shorter, longer })
    }

    /// That the shorter one was not at its end, and how both stood there.
    pub fn sentence(&self, called: impl Fn(&ComparedRun) -> String) -> String {
        let Self { shorter, longer } = self;
        let epoch = shorter.done();
        let epochs = if epoch == 1 { "its only epoch".to_owned() } else { format!("its {epoch} epochs") };
        let ended = format!("At the end of {epochs} {} was still getting better", called(shorter));
        let then = longer.epochs.iter().find(|record| record.epoch == epoch);
        let Some((ours, theirs)) = shorter.wrong().zip(then.and_then(|then| longer.wrong_at(then.valid.accuracy)))
        else {
            return format!("{ended}.");
        };
        let by = grouped(ours.abs_diff(theirs) as usize);
        let images = if by == "1" { "image" } else { "images" };
        let chance = if is_chance(ours, theirs) { ", within chance" } else { "" };
        match ours.cmp(&theirs) {
            Ordering::Less => format!("{ended}; at epoch {epoch} it leads by {by} {images}{chance}."),
            Ordering::Equal => format!("{ended}; at epoch {epoch} both have {ours} wrong."),
            Ordering::Greater => {
                format!("{ended}; {} leads at epoch {epoch} too, by {by} {images}{chance}.", called(longer))
            }
        }
    }

    /// What trains the shorter one for as many epochs as the longer one has had.
    pub fn command(&self) -> String {
        let (Self { shorter, .. }, plan) = (self, &self.shorter.plan);
        let setting = self.setting();
        // A schedule that has come to its end is better begun anew.
        if shorter.done() < plan.training.epochs || plan.schedule.kind == ScheduleKind::Constant {
            return format!("train --resume {}{setting}\n", quoted(&shorter.path));
        }
        format!("train {}{setting}\n", quoted(&folder::config_path(&shorter.path)))
    }

    /// What makes the shorter one's plan as long; empty where it is.
    pub fn setting(&self) -> String {
        let epochs = self.longer.done();
        if self.shorter.plan.training.epochs < epochs {
            format!(" --set training.epochs={epochs}")
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics::Metrics;
    use run::{EpochRecord, best::Best, record::DataRecord};

    use super::*;
    use crate::compare::groups::tests::{data, run};

    /// A run with these accuracies by epoch on 100 images, of which the epoch `best` is the best.
    fn of(settings: &[&str], accuracies: &[f64], best: usize) -> ComparedRun {
        let epochs: Vec<_> = (1..).zip(accuracies).map(|(epoch, accuracy)| record(epoch, *accuracy)).collect();
        let metrics = Metrics { accuracy: accuracies[best - 1], ..Metrics::default() };
        let data = DataRecord { valid: 100, ..data() };
        let run = run(settings, 0.0);
        ComparedRun {
            epochs,
            best: Best { epoch: best, metrics, ..run.best },
            data: Some(data),
            path: "r".into(),
            ..run
        }
    }

    fn record(epoch: usize, accuracy: f64) -> EpochRecord {
        EpochRecord { epoch, valid: Metrics { accuracy, ..Metrics::default() }, ..EpochRecord::default() }
    }

    #[test]
    fn a_run_that_was_still_getting_better_is_held_against_the_same_epoch_of_the_longer_one() {
        let long = of(&["training.epochs=4"], &[0.2, 0.5, 0.6, 0.9], 4);
        let said = |accuracies: &[f64], best| {
            let short = of(&["training.epochs=2"], accuracies, best);
            Lengths::of(&long, &short).map(|lengths| lengths.sentence(|run| format!("run {}", run.done())))
        };
        let ended = "At the end of its 2 epochs run 2 was still getting better; ";
        assert_eq!(said(&[0.3, 0.8], 2).unwrap(), format!("{ended}at epoch 2 it leads by 30 images."));
        assert_eq!(said(&[0.3, 0.51], 2).unwrap(), format!("{ended}at epoch 2 it leads by 1 image, within chance."));
        assert_eq!(said(&[0.3, 0.5], 2).unwrap(), format!("{ended}at epoch 2 both have 50 wrong."));
        assert_eq!(said(&[0.3, 0.2], 2).unwrap(), format!("{ended}run 4 leads at epoch 2 too, by 30 images."));
        assert_eq!(said(&[0.8, 0.3], 1), None, "it was past its best");
        assert_eq!(said(&[0.3, 0.4, 0.5], 3), None, "about as long");
    }

    #[test]
    fn it_goes_on_where_its_schedule_has_not_ended_and_else_is_begun_anew() {
        let long = of(&["training.epochs=9"], &[0.5; 8], 8);
        let command = |settings: &[&str]| Lengths::of(&of(settings, &[0.4, 0.5], 2), &long).unwrap().command();
        assert_eq!(command(&["training.epochs=2"]), "train --resume r --set training.epochs=8\n");
        let cosine = "schedule.kind=cosine";
        assert_eq!(command(&["training.epochs=2", cosine]), "train r/config.toml --set training.epochs=8\n");
        assert_eq!(command(&["training.epochs=8", cosine]), "train --resume r\n", "it was stopped");
    }
}
