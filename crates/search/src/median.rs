//! The median stopping rule.

use crate::{goal::Goal, record::Record};

/// Stops a trial whose best value so far is worse than the median of the others after as many epochs (Golovin et al.
/// 2017, <https://doi.org/10.1145/3097983.3098043>, section 3.2.2; as Optuna's `MedianPruner`).
///
/// All others that came so far are counted, whatever became of them, so parallel trials judge each other; Optuna counts
/// only those that finished. A decision depends on the others at its moment: whoever carries it out records that the
/// trial has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// Which values are better.
    pub goal: Goal,
    /// In its first epochs, so many, no trial is stopped.
    pub warmup: usize,
    /// No trial is stopped while fewer others have come as far: Optuna has 5.
    pub startup: usize,
}

impl Median {
    /// Whether to stop this trial where it is now; not where it is unknown or has no value yet.
    pub fn stops(&self, records: &[Record], trial: usize) -> bool {
        let Some(record) = records.iter().find(|record| record.trial == trial) else { return false };
        let epoch = record.epochs();
        let others = records.iter().filter(|other| other.trial != trial).filter_map(|other| other.after(epoch));
        let mut others: Vec<f64> = others.map(|value| self.goal.loss(value)).collect();
        let best = record.values.iter().map(|value| self.goal.loss(*value)).min_by(f64::total_cmp);
        match best {
            Some(best) if epoch > self.warmup && others.len() >= self.startup.max(1) => best > median(&mut others),
            _ => false,
        }
    }
}

/// The middle one, or the mean of the two in the middle; of one or more.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() % 2 {
        1 => values[half],
        _ => (values[half - 1] + values[half]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::State;

    const MEDIAN: Median = Median { goal: Goal::Minimise, warmup: 1, startup: 3 };

    fn records(table: &[&[f64]]) -> Vec<Record> {
        let record =
            |(trial, values): (usize, &&[f64])| Record { trial, values: values.to_vec(), state: State::Running };
        table.iter().enumerate().map(record).collect()
    }

    #[test]
    fn stops_what_is_worse_than_the_median_at_its_epoch() {
        // At epoch 2 the others have 4, 5, 6 and 7: the median is 5.5.
        let table = |values| records(&[values, &[9.0, 4.0], &[9.0, 5.0, 1.0], &[9.0, 6.0, 1.0], &[9.0, 7.0]]);
        assert!(MEDIAN.stops(&table(&[9.0, 5.6]), 0));
        assert!(!MEDIAN.stops(&table(&[9.0, 5.5]), 0));
        assert!(!MEDIAN.stops(&table(&[5.4, 8.0]), 0), "its best counts, not its last");
        assert!(MEDIAN.stops(&table(&[f64::NAN, f64::NAN]), 0));
    }

    #[test]
    fn waits_for_the_warmup_and_for_enough_others() {
        let table = |values| records(&[values, &[1.0, 1.0, 1.0], &[1.0, 1.0], &[1.0, 1.0]]);
        assert!(!MEDIAN.stops(&table(&[9.0]), 0), "warm-up");
        assert!(MEDIAN.stops(&table(&[9.0, 9.0]), 0));
        assert!(!MEDIAN.stops(&table(&[9.0, 9.0, 9.0]), 0), "one other has come so far");
        assert!(!MEDIAN.stops(&table(&[]), 0));
        assert!(!MEDIAN.stops(&table(&[9.0, 9.0]), 7), "no such trial");
    }

    #[test]
    fn the_higher_is_better_for_the_other_goal() {
        let table = records(&[&[0.0, 0.5], &[0.0, 0.6], &[0.0, 0.7], &[0.0, 0.8]]);
        let maximise = Median { goal: Goal::Maximise, ..MEDIAN };
        assert_eq!([0, 1, 2, 3].map(|trial| maximise.stops(&table, trial)), [true, true, false, false]);
    }
}
