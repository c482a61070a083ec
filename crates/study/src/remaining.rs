//! How much longer a study takes.

use std::collections::BTreeMap;

use plan::ModelKind;

use crate::{
    Entry, Status,
    status::State,
    study::{Pruner, Study},
    within,
};

/// How much of the difference between what is shown and what is estimated anew shows at once.
const TRUST: f64 = 0.3;

/// What a trial has done and has before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Whose pace is like its own: those with the same kind of model.
    kind: &'static str,
    /// Those of its plan.
    epochs: usize,
    /// Epochs, with the part of the one that is under way.
    done: f64,
    left: f64,
    is_running: bool,
    /// It was finished or pruned.
    has_ended: bool,
}

/// What all of them have before them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Epochs by all trials together, with those that have not begun.
    epochs: f64,
    /// The part of its epochs that the longest trial is expected to do: no number of jobs is faster than that.
    share: f64,
}

/// The time that a study has left: the epochs to do, each trial's at its own pace, or at that of those like it. It is estimated
/// anew when an epoch goes on and counted down in between.
#[derive(Clone, Debug, Default)]
pub struct Remaining {
    /// The running trials by their places: when each was seen first, and with how many epochs done.
    since: BTreeMap<usize, (f64, f64)>,
    /// Seconds of an epoch by kind of model and trial.
    paces: BTreeMap<(&'static str, usize), f64>,
    /// Epochs done as of the last estimate.
    done: f64,
    /// When it was looked at last.
    at: f64,
    left: Option<f64>,
}

impl Remaining {
    /// The seconds left, `now` seconds after the beginning, by so many jobs. None while the pace of a trial that runs is unknown.
    pub fn seconds(&mut self, now: f64, trials: &[Work], expected: Expected, jobs: usize) -> Option<f64> {
        let passed = now - self.at;
        self.at = now;
        trials.iter().enumerate().for_each(|(place, work)| self.see(now, place, work));
        let Some(estimate) = self.estimate(trials, expected, jobs) else {
            self.left = None;
            return None;
        };
        let done = trials.iter().map(|work| work.done).sum();
        let is_new = self.done != done;
        self.done = done;
        self.left = match self.left.map(|left| (left - passed).max(0.0)) {
            None => Some(estimate),
            Some(left) if is_new => Some(left + TRUST * (estimate - left)),
            counted => counted,
        };
        self.left
    }

    /// Takes the pace of a trial.
    fn see(&mut self, now: f64, place: usize, work: &Work) {
        if work.is_running {
            self.since.entry(place).or_insert((now, work.done));
        }
        let Some((began, before)) = self.since.get(&place).copied() else { return };
        if work.done > before {
            self.paces.insert((work.kind, place), (now - began) / (work.done - before));
        }
        if !work.is_running {
            self.since.remove(&place);
        }
    }

    fn estimate(&self, trials: &[Work], expected: Expected, jobs: usize) -> Option<f64> {
        let (mut epochs, mut seconds, mut longest) = (0.0, 0.0, 0.0_f64);
        for (place, work) in trials.iter().enumerate().filter(|(_, work)| work.left > 0.0) {
            let pace = self.pace(place, work)?;
            epochs += work.left;
            seconds += work.left * pace;
            longest = longest.max(work.left * pace * expected.share);
        }
        let each = if epochs > 0.0 { seconds / epochs } else { mean(self.paces.values())? };
        Some((each * expected.epochs / jobs.max(1) as f64).max(longest))
    }

    /// Seconds of an epoch of a trial: its own, else that of its kind; of one that waits, else that of all.
    fn pace(&self, place: usize, work: &Work) -> Option<f64> {
        let own = self.paces.get(&(work.kind, place)).copied();
        let alike = || mean(self.paces.range((work.kind, 0)..=(work.kind, usize::MAX)).map(|(_, pace)| pace));
        let any = || mean(self.paces.values()).filter(|_| !work.is_running);
        own.or_else(alike).or_else(any)
    }
}

fn mean<'a>(values: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The seconds that a study at work has left as its folders alone tell, each trial at the pace of its record; none before the first
/// epoch of all, or of a trial that runs and has none like it.
pub fn seconds_left(study: &Study, trials: &[Status]) -> Option<f64> {
    let begun: Vec<_> = trials.iter().filter_map(|status| Some((status, status.record.as_ref()?))).collect();
    let mut remaining = Remaining::default();
    let mut works = Vec::new();
    for (place, (status, record)) in begun.into_iter().enumerate() {
        let kind = ModelKind::named(&record.model.kind)?;
        let part = if status.state == State::Running { within::read(&status.run, record.epochs_done) } else { 0.0 };
        works.push(Work::new(kind, record.epochs, record.epochs_done as f64 + part, &status.state));
        if record.epochs_done > 0 {
            remaining.paces.insert((kind.name(), place), record.seconds / record.epochs_done as f64);
        }
    }
    // So many drivers as there are do so many at a time.
    let jobs = works.iter().filter(|work| work.is_running).count();
    remaining.estimate(&works, Expected::of(study, &works), jobs)
}

impl Work {
    pub fn of(entry: &Entry) -> Self {
        let plan = &entry.trial.plan;
        let done = entry.values.len() as f64 + entry.part;
        Self::new(plan.model.kind, plan.training.epochs, done, &entry.status.state)
    }

    fn new(kind: ModelKind, epochs: usize, done: f64, state: &State) -> Self {
        let left = match state {
            State::Running | State::Waiting => (epochs as f64 - done).max(0.0),
            _ => 0.0,
        };
        let has_ended = matches!(state, State::Finished | State::Pruned);
        Self { kind: kind.name(), epochs, done, left, is_running: *state == State::Running, has_ended }
    }

    /// Whole epochs.
    fn epochs_done(&self) -> usize {
        self.done as usize
    }
}

impl Expected {
    /// The part of all epochs that is done, 0 to 1.
    pub fn part(&self, trials: &[Work]) -> f64 {
        let done: f64 = trials.iter().map(|work| work.done).sum();
        done / (done + self.epochs).max(1.0)
    }

    /// Where some trials are stopped before their last epoch, as many are expected to be among those to come.
    pub fn of(study: &Study, trials: &[Work]) -> Self {
        if let Some(Pruner::Asha(asha)) = &study.prune {
            let done: f64 = trials.iter().map(|work| work.done).sum();
            let running = trials.iter().filter(|work| work.is_running).map(Work::epochs_done);
            let begun: usize = running.map(|done| asha.until(done) - done).sum();
            let expected = asha.expected_epochs() * study.total() as f64 - done;
            return Self { epochs: expected.max(begun as f64), share: 0.0 };
        }
        let share = if study.prune.is_some() { share(trials) } else { 1.0 };
        let to_come = study.total().saturating_sub(trials.len() as u64) as f64 * mean_epochs(trials);
        Self { epochs: (trials.iter().map(|work| work.left).sum::<f64>() + to_come) * share, share }
    }
}

/// Epochs of a trial's plan, on average.
fn mean_epochs(trials: &[Work]) -> f64 {
    let epochs: usize = trials.iter().map(|work| work.epochs).sum();
    epochs as f64 / trials.len().max(1) as f64
}

/// The part of their plans' epochs that the trials that have ended did.
fn share(trials: &[Work]) -> f64 {
    let ended = trials.iter().filter(|work| work.has_ended);
    let (done, planned) =
        ended.fold((0, 0), |(done, planned), work| (done + work.epochs_done(), planned + work.epochs));
    if planned == 0 { 1.0 } else { done as f64 / planned as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(kind: &'static str, done: f64, left: f64, is_running: bool) -> Work {
        Work { kind, epochs: (done + left) as usize, done, left, is_running, has_ended: left == 0.0 }
    }

    fn all(trials: &[Work]) -> Expected {
        Expected { epochs: trials.iter().map(|work| work.left).sum(), share: 1.0 }
    }

    fn seconds(remaining: &mut Remaining, now: f64, trials: &[Work], jobs: usize) -> Option<f64> {
        remaining.seconds(now, trials, all(trials), jobs)
    }

    #[test]
    fn each_trial_goes_on_at_its_own_pace_whatever_was_done_before() {
        let mut remaining = Remaining::default();
        let trials = |a, b| [work("linear", a, 54.0 - a, true), work("linear", b, 10.0 - b, true)];
        assert_eq!(seconds(&mut remaining, 0.0, &trials(50.0, 0.0), 2), None);
        // An epoch in 10 s, and two: 3 x 10 s beside 8 x 5 s.
        assert_eq!(seconds(&mut remaining, 10.0, &trials(51.0, 2.0), 2), Some(40.0));
    }

    #[test]
    fn fast_trials_say_nothing_of_a_slow_one_that_runs() {
        let mut remaining = Remaining::default();
        let trials = |fast: f64, slow: f64| {
            [work("linear", fast, 10.0 - fast, fast < 10.0), work("resnet", slow, 4.0 - slow, fast == 10.0)]
        };
        seconds(&mut remaining, 0.0, &trials(0.0, 0.0), 1);
        assert_eq!(seconds(&mut remaining, 0.5, &trials(5.0, 0.0), 1), Some(0.9), "one that waits: as those known");
        assert_eq!(seconds(&mut remaining, 1.0, &trials(10.0, 0.0), 1), None);
        assert_eq!(seconds(&mut remaining, 3.0, &trials(10.0, 0.0), 1), None, "nothing is known of it yet");
        assert_eq!(seconds(&mut remaining, 4.0, &trials(10.0, 0.5), 1), Some(6.0 * 3.5));
    }

    #[test]
    fn a_new_trial_takes_as_long_as_those_of_its_kind() {
        let mut remaining = Remaining::default();
        let trials = |a: f64, b: f64| [work("linear", a, 2.0 - a, a < 2.0), work("linear", b, 2.0 - b, a == 2.0)];
        seconds(&mut remaining, 0.0, &trials(0.0, 0.0), 1);
        seconds(&mut remaining, 6.0, &trials(2.0, 0.0), 1);
        let left = seconds(&mut remaining, 6.0, &trials(2.0, 0.0), 1);
        assert_eq!(left, Some(6.0));
    }

    #[test]
    fn no_number_of_jobs_is_faster_than_the_longest_trial() {
        let mut remaining = Remaining::default();
        let trials = |done| [work("linear", done, 5.0 - done, true), work("linear", 1.0, 0.0, false)];
        seconds(&mut remaining, 0.0, &trials(0.0), 2);
        assert_eq!(seconds(&mut remaining, 10.0, &trials(1.0), 2), Some(40.0));
    }

    #[test]
    fn while_nothing_comes_it_is_counted_down_and_then_moves_a_part_of_the_way() {
        let mut remaining = Remaining::default();
        let trials = |done| [work("linear", done, 11.0 - done, true)];
        seconds(&mut remaining, 0.0, &trials(0.0), 1);
        assert_eq!(seconds(&mut remaining, 10.0, &trials(1.0), 1), Some(100.0));
        assert_eq!(seconds(&mut remaining, 25.0, &trials(1.0), 1), Some(85.0));
        // Two epochs in 30 s: 9 more are 135 s, the count is at 80 s.
        assert_eq!(seconds(&mut remaining, 30.0, &trials(2.0), 1), Some(80.0 + 0.3 * 55.0));
        assert_eq!(seconds(&mut remaining, 1000.0, &trials(2.0), 1), Some(0.0));
    }

    #[test]
    fn a_study_of_equal_epochs_ends_when_it_said() {
        let mut remaining = Remaining::default();
        for second in 0..=1000_usize {
            let done = (second / 10) as f64;
            let left = seconds(&mut remaining, second as f64, &[work("linear", done, 100.0 - done, true)], 1);
            let is_off = left.is_some_and(|left| (left - (1000.0 - second as f64)).abs() > 1e-6);
            assert!(!is_off, "{second}: {left:?}");
        }
    }
}
