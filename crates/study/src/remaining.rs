//! How much longer a study takes.

use crate::{
    Entry,
    status::State,
    study::{Pruner, Study},
};

/// How much of the difference between what is shown and what is estimated anew shows at once.
const TRUST: f64 = 0.3;

/// Epochs that are still to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// By all trials together.
    pub epochs: f64,
    /// By the trial that has most of them before it: no number of jobs is faster than that.
    pub longest: f64,
}

/// The time that a study has left: the epochs to do, at the pace of the epochs done since this driver began. It is
/// estimated anew when an epoch ends and counted down in between, so that it does not grow while a long epoch lasts.
#[derive(Clone, Debug, Default)]
pub struct Remaining {
    /// Epochs that were done before this driver began.
    before: Option<usize>,
    /// Epochs done since.
    done: usize,
    /// When it was looked at last.
    at: f64,
    /// Seconds that trials ran, added up.
    busy: f64,
    left: Option<f64>,
}

impl Remaining {
    /// The seconds left, `now` seconds after the beginning, with so many trials running, epochs `done` by all trials and
    /// `work` to do by so many jobs. None before the first epoch.
    pub fn seconds(&mut self, now: f64, running: usize, done: usize, work: Work, jobs: usize) -> Option<f64> {
        let passed = now - self.at;
        self.at = now;
        self.busy += passed * running as f64;
        self.left = self.left.map(|left| (left - passed).max(0.0));
        let since = done.saturating_sub(*self.before.get_or_insert(done));
        if since > self.done {
            let each = self.busy / since as f64;
            let estimate = each * (work.epochs / jobs.max(1) as f64).max(work.longest);
            self.left = Some(self.left.map_or(estimate, |left| left + TRUST * (estimate - left)));
        }
        self.done = since;
        self.left
    }
}

impl Work {
    /// What the trials of a study still have to do. Where some are stopped before their last epoch, as many are expected
    /// to be among those to come.
    pub fn of(study: &Study, entries: &[Entry]) -> Self {
        match &study.prune {
            Some(Pruner::Asha(asha)) => {
                let done: usize = entries.iter().map(|entry| entry.values.len()).sum();
                let running = entries.iter().filter(|entry| entry.status.state == State::Running);
                let begun: usize = running.map(|e| asha.until(e.values.len()) - e.values.len()).sum();
                let expected = asha.expected_epochs() * study.total() as f64 - done as f64;
                Self { epochs: expected.max(begun as f64), longest: 0.0 }
            }
            Some(Pruner::Median(_)) => Self::of_all(study, entries, share(entries)),
            None => Self::of_all(study, entries, 1.0),
        }
    }

    /// A `share` of the epochs that the plans have before them.
    fn of_all(study: &Study, entries: &[Entry], share: f64) -> Self {
        let left: Vec<usize> = entries.iter().map(left).collect();
        let to_come = study.total().saturating_sub(entries.len() as u64) as f64 * mean(entries);
        let longest = left.iter().max().copied().unwrap_or(0) as f64;
        Self { epochs: (left.iter().sum::<usize>() as f64 + to_come) * share, longest: longest * share }
    }
}

/// Epochs that a trial's plan has before it.
fn left(entry: &Entry) -> usize {
    match entry.status.state {
        State::Waiting | State::Running => entry.trial.plan.training.epochs.saturating_sub(entry.values.len()),
        State::Finished | State::Pruned | State::Failed(_) => 0,
    }
}

/// Epochs of a trial's plan, on average.
fn mean(entries: &[Entry]) -> f64 {
    let epochs: usize = entries.iter().map(|entry| entry.trial.plan.training.epochs).sum();
    epochs as f64 / entries.len().max(1) as f64
}

/// The part of their plans' epochs that the trials that have ended did.
fn share(entries: &[Entry]) -> f64 {
    let has_ended = |entry: &&Entry| matches!(entry.status.state, State::Finished | State::Pruned);
    let (done, planned) = entries
        .iter()
        .filter(has_ended)
        .fold((0, 0), |(done, planned), entry| (done + entry.values.len(), planned + entry.trial.plan.training.epochs));
    if planned == 0 { 1.0 } else { done as f64 / planned as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(epochs: f64) -> Work {
        Work { epochs, longest: 0.0 }
    }

    #[test]
    fn the_epochs_to_do_go_at_the_pace_of_those_done_whatever_was_done_before() {
        let mut remaining = Remaining::default();
        assert_eq!(remaining.seconds(0.0, 2, 50, work(16.0), 2), None);
        // Two trials of an epoch in 10 s each.
        assert_eq!(remaining.seconds(10.0, 2, 52, work(14.0), 2), Some(70.0));
    }

    #[test]
    fn no_number_of_jobs_is_faster_than_the_longest_trial() {
        let mut remaining = Remaining::default();
        remaining.seconds(0.0, 2, 0, work(6.0), 2);
        assert_eq!(remaining.seconds(10.0, 2, 2, Work { epochs: 4.0, longest: 4.0 }, 2), Some(40.0));
    }

    #[test]
    fn during_an_epoch_it_is_counted_down_and_after_it_moves_a_part_of_the_way() {
        let mut remaining = Remaining::default();
        remaining.seconds(0.0, 1, 0, work(11.0), 1);
        assert_eq!(remaining.seconds(10.0, 1, 1, work(10.0), 1), Some(100.0));
        assert_eq!(remaining.seconds(25.0, 1, 1, work(10.0), 1), Some(85.0));
        // Two epochs in 30 s: 9 more are 135 s, the count is at 80 s.
        assert_eq!(remaining.seconds(30.0, 1, 2, work(9.0), 1), Some(80.0 + 0.3 * 55.0));
        assert_eq!(remaining.seconds(1000.0, 1, 2, work(9.0), 1), Some(0.0));
    }

    #[test]
    fn a_study_of_equal_epochs_ends_when_it_said() {
        let mut remaining = Remaining::default();
        for second in 0..=1000_usize {
            let done = second / 10;
            let left = remaining.seconds(second as f64, 1, done, work(100.0 - done as f64), 1);
            let is_off = left.is_some_and(|left| (left - (1000.0 - second as f64)).abs() > 1e-6);
            assert!(!is_off, "{second}: {left:?}");
        }
    }
}
