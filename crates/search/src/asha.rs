//! Asynchronous successive halving.

use std::cmp::Reverse;

use crate::{
    Error,
    goal::Goal,
    record::{Record, State},
};

/// Asynchronous successive halving (ASHA; Li et al. 2018, <https://arxiv.org/abs/1810.05934>, algorithm 2).
///
/// The rungs are at `min`, `min · factor`, `min · factor²` and so on below `max` epochs, and at `max`. A trial trains
/// up to a rung and waits there. It may train on to the next once it is among the best `1 / factor` of all that have
/// come to its rung so far, each by its value there: at once, or later, when others have come and are worse. No trial
/// waits for a rung to fill.
///
/// A trial that stops early by itself is whole: at each later rung it stands with its best value, so that no worse one goes on in
/// its stead.
///
/// A job trains up to [`Asha::until`] and no further. So a trial with more epochs than a rung is one that was promoted
/// from it: the records say everything, and a restart needs no other state. Which trials are promoted depends on the
/// order in which they reach their rungs, as it must without waiting; with one job that order, and so the study, is
/// the same each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Asha {
    goal: Goal,
    factor: usize,
    rungs: Vec<usize>,
}

/// A trial that waits and may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its number in the study.
    pub trial: usize,
    /// The epoch of its next rung.
    pub until: usize,
}

impl Asha {
    /// The rungs from `min` to `max` epochs.
    ///
    /// # Errors
    /// Unless 1 ≤ `min` < `max` and 2 ≤ `factor`.
    pub fn new(goal: Goal, min: usize, max: usize, factor: usize) -> Result<Self, Error> {
        if min < 1 || min >= max || factor < 2 {
            return Err(Error::Asha { min, max, factor });
        }
        let powers = std::iter::successors(Some(min), |rung| rung.checked_mul(factor));
        let rungs = powers.take_while(|rung| *rung < max).chain([max]).collect();
        Ok(Self { goal, factor, rungs })
    }

    /// The epochs after which trials are held against each other, the last being the end.
    #[must_use]
    pub fn rungs(&self) -> &[usize] {
        &self.rungs
    }

    /// Up to which epoch a trial that has done `epochs` trains next.
    pub fn until(&self, epochs: usize) -> usize {
        self.rungs.iter().copied().find(|rung| *rung > epochs).unwrap_or(epochs)
    }

    /// The trial to promote next: the best one that waits at the highest rung from which one may go on. None means that
    /// a new trial is next.
    ///
    /// A trial that waits between two rungs had its job cut short; it comes first.
    pub fn promotable(&self, records: &[Record]) -> Option<Promotion> {
        let is_waiting = |record: &&Record| record.state == State::Waiting && record.epochs() < self.max();
        let cut_short = records.iter().filter(is_waiting).filter(|record| !self.rungs.contains(&record.epochs()));
        let of_rung =
            |rung: &usize| self.best(records, *rung).find(|record| is_waiting(record) && record.epochs() == *rung);
        let record = cut_short
            .max_by_key(|record| (record.epochs(), Reverse(record.trial)))
            .or_else(|| self.rungs.iter().rev().find_map(of_rung))?;
        Some(Promotion { trial: record.trial, until: self.until(record.epochs()) })
    }

    /// The trial to go on with where no other is left to begin: the best that waits at the highest rung, unless one has come to
    /// all epochs or is on its way, or one that stopped early is no worse. So a study ends with a whole trial, however few
    /// trials it has.
    pub fn last(&self, records: &[Record]) -> Option<Promotion> {
        let is_enough = |record: &Record| record.state == State::Running || record.epochs() >= self.max();
        if records.iter().any(is_enough) {
            return None;
        }
        let (loss, record) = self.rungs.iter().rev().find_map(|rung| {
            let is_here = |record: &Record| record.state == State::Waiting && record.epochs() == *rung;
            self.ranked(records, *rung).into_iter().find(|(loss, record)| loss.is_finite() && is_here(record))
        })?;
        let is_as_good = |other: &Record| other.state == State::Finished && self.best_loss(other) <= loss;
        let goes_on = !records.iter().any(is_as_good);
        goes_on.then(|| Promotion { trial: record.trial, until: self.until(record.epochs()) })
    }

    /// How many epochs a trial comes to on average: all to the first rung, one in `factor` from each to the next.
    pub fn expected_epochs(&self) -> f64 {
        let factor = self.factor as f64;
        let steps = self.rungs.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
        let beyond: f64 = steps.enumerate().map(|(rung, epochs)| epochs / factor.powi(rung as i32 + 1)).sum();
        self.rungs[0] as f64 + beyond
    }

    /// The epochs of a whole trial.
    fn max(&self) -> usize {
        self.rungs[self.rungs.len() - 1]
    }

    /// The best `1 / factor` of a rung, rounded down; no one whose value is no number.
    fn best<'a>(&self, records: &'a [Record], rung: usize) -> impl Iterator<Item = &'a Record> + use<'a> {
        let ranked = self.ranked(records, rung);
        let count = ranked.len() / self.factor;
        ranked.into_iter().take(count).filter(|(loss, _)| loss.is_finite()).map(|(_, record)| record)
    }

    /// The trials that came to a rung with their losses, the best first, of equals the one with the lower number.
    fn ranked<'a>(&self, records: &'a [Record], rung: usize) -> Vec<(f64, &'a Record)> {
        let loss = |record: &Record| match record.after(rung) {
            None if record.state == State::Finished => Some(self.best_loss(record)),
            value => value.map(|value| self.goal.loss(value)),
        };
        let mut ranked: Vec<_> = records.iter().filter_map(|record| Some((loss(record)?, record))).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.trial.cmp(&b.1.trial)));
        ranked
    }

    fn best_loss(&self, record: &Record) -> f64 {
        record.values.iter().map(|value| self.goal.loss(*value)).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rungs at 1, 2, 4 and 5 epochs; the best half goes on.
    fn asha() -> Asha {
        Asha::new(Goal::Minimise, 1, 5, 2).unwrap()
    }

    fn waiting(table: &[&[f64]]) -> Vec<Record> {
        let record =
            |(trial, values): (usize, &&[f64])| Record { trial, values: values.to_vec(), state: State::Waiting };
        table.iter().enumerate().map(record).collect()
    }

    #[test]
    fn where_no_other_begins_the_best_of_the_highest_rung_goes_on_until_one_is_whole() {
        let table: [&[f64]; 3] = [&[0.3], &[0.2, 0.5], &[0.1, f64::NAN]];
        assert_eq!(asha().last(&waiting(&table)), promotion(1, 4));
        let mut running = waiting(&table);
        running[0].state = State::Running;
        assert_eq!(asha().last(&running), None);
        assert_eq!(asha().last(&waiting(&[&[0.3], &[0.2; 5]])), None);
    }

    #[test]
    fn who_stopped_early_is_whole_and_nobody_worse_goes_on_in_its_stead() {
        // Rungs at 1, 2, 4 and 5. The best one had no more patience after 3 epochs.
        let mut records = waiting(&[&[0.5, 0.4, 0.45], &[0.6, 0.6], &[0.7, 0.65], &[0.9, 0.9]]);
        records[0].state = State::Finished;
        assert_eq!(
            asha().promotable(&records),
            promotion(1, 4),
            "two of four go on from rung 2, the first is one of them"
        );
        records[1].values.extend([0.5, 0.5]);
        assert_eq!(asha().promotable(&records), None, "at rung 4 the first stands with 0.4, the better of two");
        assert_eq!(asha().last(&records), None, "the first is whole");
        records[0].state = State::Ended;
        assert_eq!(asha().last(&records), promotion(1, 5), "one that failed is not");
        records[0] = Record { values: vec![0.95], state: State::Finished, trial: 0 };
        assert_eq!(asha().last(&records), promotion(1, 5), "one that stopped early and is worse does not do");
    }

    fn promotion(trial: usize, until: usize) -> Option<Promotion> {
        Some(Promotion { trial, until })
    }

    /// One job at a time, in a driver that is killed after every `chunk` epochs and knows nothing but the records: it
    /// promotes, or starts the next trial, until nothing is left. Gives the jobs in their order.
    fn study(
        asha: &Asha,
        trials: usize,
        chunk: usize,
        value: fn(usize, usize) -> f64,
    ) -> (Vec<Promotion>, Vec<Record>) {
        let (mut records, mut jobs): (Vec<Record>, Vec<Promotion>) = (vec![], vec![]);
        loop {
            let new = Promotion { trial: records.len(), until: asha.until(0) };
            let Some(job) = asha.promotable(&records).or(Some(new).filter(|new| new.trial < trials)) else {
                return (jobs, records);
            };
            if job.trial == records.len() {
                records.push(Record { trial: job.trial, values: vec![], state: State::Waiting });
            }
            let values = &mut records[job.trial].values;
            let epochs = values.len() + 1..=job.until.min(values.len() + chunk);
            values.extend(epochs.map(|epoch| value(job.trial, epoch)));
            jobs.push(job);
            jobs.dedup();
        }
    }

    #[test]
    fn rungs_are_powers_below_the_maximum_and_the_maximum() {
        assert_eq!(asha().rungs, [1, 2, 4, 5]);
        assert_eq!(Asha::new(Goal::Minimise, 2, 54, 3).unwrap().rungs, [2, 6, 18, 54]);
        assert_eq!([0, 1, 3, 4, 5].map(|epochs| asha().until(epochs)), [1, 2, 4, 5, 5]);
        for (min, max, factor) in [(0, 5, 2), (5, 5, 2), (1, 5, 1)] {
            assert!(Asha::new(Goal::Minimise, min, max, factor).is_err());
        }
    }

    #[test]
    fn of_each_rung_the_best_part_goes_on_to_the_next() {
        // Of 8 trials 8 · 1 epochs, then 4 · 1, 2 · 2, 1 · 1.
        assert_eq!(asha().expected_epochs(), (8.0 + 4.0 + 4.0 + 1.0) / 8.0);
    }

    #[test]
    fn a_table_is_judged_as_by_hand() {
        // At rung 1: 0.2, 0.3, 0.5, 0.7, 0.9; two of five may go on. At rung 2 there is one, so none may.
        let records = waiting(&[&[0.5], &[0.2, 0.1], &[0.9], &[0.3], &[0.7]]);
        assert_eq!(asha().promotable(&records), promotion(3, 2));
        // The third comes to rung 2: the better of the two there goes on before anyone at rung 1.
        let records = waiting(&[&[0.5], &[0.2, 0.1], &[0.9], &[0.3, 0.4], &[0.7], &[0.1]]);
        assert_eq!(asha().promotable(&records), promotion(1, 4));
    }

    #[test]
    fn a_paused_trial_goes_on_when_worse_ones_have_come() {
        assert_eq!(asha().promotable(&waiting(&[&[0.5]])), None);
        assert_eq!(asha().promotable(&waiting(&[&[0.5], &[0.4, 0.4]])), None);
        assert_eq!(asha().promotable(&waiting(&[&[0.5], &[0.4, 0.4], &[0.6], &[0.7]])), promotion(0, 2));
    }

    #[test]
    fn who_runs_ended_or_has_no_number_is_not_promoted() {
        let mut records = waiting(&[&[0.1], &[0.2], &[f64::NAN], &[f64::NAN], &[f64::NAN], &[f64::NAN]]);
        records[0].state = State::Running;
        assert_eq!(asha().promotable(&records), promotion(1, 2));
        records[1].state = State::Ended;
        assert_eq!(asha().promotable(&records), None, "the third of the best three is no number");
        assert_eq!(asha().promotable(&waiting(&[&[1.0; 5]])), None);
    }

    #[test]
    fn a_job_that_was_cut_short_comes_first() {
        assert_eq!(asha().promotable(&waiting(&[&[0.1], &[0.2], &[0.9, 0.9, 0.9], &[]])), promotion(2, 4));
        assert_eq!(asha().promotable(&waiting(&[&[]])), promotion(0, 1));
    }

    #[test]
    fn the_order_of_the_records_does_not_matter() {
        let mut records = waiting(&[&[0.5], &[0.2, 0.1], &[0.2], &[0.3, 0.4], &[0.2], &[0.1]]);
        let next = asha().promotable(&records);
        for _ in 0..6 {
            records.rotate_left(1);
            assert_eq!(asha().promotable(&records), next);
        }
    }

    #[test]
    fn a_study_that_is_killed_after_any_epochs_makes_the_same_jobs() {
        let value = |trial: usize, epoch: usize| ((trial * 7) % 13) as f64 / epoch as f64;
        let (jobs, records) = study(&asha(), 13, 5, value);
        for chunk in 1..5 {
            assert_eq!(study(&asha(), 13, chunk, value), (jobs.clone(), records.clone()));
        }
        let count = |until| jobs.iter().filter(|job| job.until == until).count();
        assert_eq!(count(1), 13);
        assert!((6..=9).contains(&count(2)) && (3..=5).contains(&count(4)), "{jobs:?}");
        assert_eq!(records[0].epochs(), 5, "the best one is trained to the end");
    }
}
