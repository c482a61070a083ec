//! The median stopping rule.

use crate::{goal::Goal, record::Record};

/// Stops a trial whose best value so far is worse than the median of the others after as many epochs (Golovin et al.
/// 2017, <https://doi.org/10.1145/3097983.3098043>, section 3.2.2; as Optuna's `MedianPruner`).
///
/// All others that came so far are counted, whatever became of them; Optuna counts only those that finished. What stops a
/// trial is a list of limits, so that whoever trains it can see by itself, after each epoch, whether to go on: with one job
/// at a time a study is the same each time.
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
    /// The limits of a trial after each of so many epochs, as the others stand now: losses that its best must not be above;
    /// NaN where nothing stops it.
    pub fn limits(&self, records: &[Record], trial: usize, epochs: usize) -> Vec<f64> {
        let others = || records.iter().filter(|other| other.trial != trial);
        let limit = |epoch| {
            let mut losses: Vec<f64> =
                others().filter_map(|other| other.after(epoch)).map(|v| self.goal.loss(v)).collect();
            let is_free = epoch <= self.warmup || losses.len() < self.startup.max(1);
            if is_free { f64::NAN } else { median(&mut losses) }
        };
        (1..=epochs).map(limit).collect()
    }

    /// Whether a trial with these values after its epochs so far is to stop, by its limits.
    pub fn stops(goal: Goal, values: &[f64], limits: &[f64]) -> bool {
        let limit = values.len().checked_sub(1).and_then(|last| limits.get(last));
        let best = values.iter().map(|value| goal.loss(*value)).min_by(f64::total_cmp);
        best.zip(limit).is_some_and(|(best, limit)| best > *limit)
    }
}

/// The middle one, or the mean of the two in the middle; of one or more.
pub fn median(values: &mut [f64]) -> f64 {
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

    fn stops(median: Median, records: &[Record], trial: usize) -> bool {
        let limits = median.limits(records, trial, 3);
        Median::stops(median.goal, &records[trial].values, &limits)
    }

    #[test]
    fn of_an_even_number_it_is_the_mean_of_the_two_in_the_middle() {
        assert_eq!((median(&mut [4.0, 1.0, 3.0]), median(&mut [10.0, 1.0, 3.0, 2.0])), (3.0, 2.5));
    }

    #[test]
    fn stops_what_is_worse_than_the_median_at_its_epoch() {
        // At epoch 2 the others have 4, 5, 6 and 7: the median is 5.5.
        let table = |values| records(&[values, &[9.0, 4.0], &[9.0, 5.0, 1.0], &[9.0, 6.0, 1.0], &[9.0, 7.0]]);
        assert!(stops(MEDIAN, &table(&[9.0, 5.6]), 0));
        assert!(!stops(MEDIAN, &table(&[9.0, 5.5]), 0));
        assert!(!stops(MEDIAN, &table(&[5.4, 8.0]), 0), "its best counts, not its last");
        assert!(stops(MEDIAN, &table(&[f64::NAN, f64::NAN]), 0));
    }

    #[test]
    fn waits_for_the_warmup_and_for_enough_others() {
        let table = |values| records(&[values, &[1.0, 1.0, 1.0], &[1.0, 1.0], &[1.0, 1.0]]);
        assert!(!stops(MEDIAN, &table(&[9.0]), 0), "warm-up");
        assert!(stops(MEDIAN, &table(&[9.0, 9.0]), 0));
        assert!(!stops(MEDIAN, &table(&[9.0, 9.0, 9.0]), 0), "one other has come so far");
        assert!(!stops(MEDIAN, &table(&[]), 0));
    }

    #[test]
    fn the_higher_is_better_for_the_other_goal() {
        let table = records(&[&[0.0, 0.5], &[0.0, 0.6], &[0.0, 0.7], &[0.0, 0.8]]);
        let maximise = Median { goal: Goal::Maximise, ..MEDIAN };
        assert_eq!([0, 1, 2, 3].map(|trial| stops(maximise, &table, trial)), [true, true, false, false]);
    }
}
