//! Which trial a driver begins next.

use std::collections::{BTreeMap, BTreeSet};

use run::{RunRecord, record};
use search::{Observation, Point, Promotion, Tpe};

use super::{Driver, Entry};
use crate::{Error, Lease, Trial, process::Job, status::State, trial_record};

impl Driver<'_> {
    /// What to do next: a job that was cut short, else a promotion, else the first trial that waits, else a new proposal, else
    /// what is left for a whole trial.
    pub(super) fn next(&mut self) -> Result<Option<Job>, Error> {
        if let Some(job) = self.cut_short() {
            return Ok(Some(job));
        }
        let first_until = self.study.asha().map(|asha| asha.until(0));
        if let Some(Promotion { trial, until }) = self.study.asha().and_then(|asha| asha.promotable(&self.records())) {
            return Ok(Some(self.job(trial, Some(until))));
        }
        let waits =
            |entry: &Entry| entry.status.state == State::Waiting && (first_until.is_none() || entry.values.is_empty());
        let place = match self.entries.iter().position(waits) {
            Some(place) => Some(place),
            None => self.propose()?,
        };
        if let Some(place) = place {
            return Ok(Some(self.job(place, first_until)));
        }
        let last = self.study.asha().and_then(|asha| asha.last(&self.records()));
        Ok(last.map(|Promotion { trial, until }| self.job(trial, Some(until))))
    }

    /// A job whose process was killed or stopped, once more to where it was to come. It goes before all else, so that what is
    /// chosen after it is chosen as if nothing had been.
    fn cut_short(&self) -> Option<Job> {
        let is_open = |record: &RunRecord| matches!(record.state, record::State::Running | record::State::Interrupted);
        // One whose record a power cut took has values all the same, if it came that far.
        let has_begun = |entry: &Entry| entry.status.record.as_ref().map_or(!entry.values.is_empty(), is_open);
        let waits = |entry: &Entry| entry.status.state == State::Waiting && has_begun(entry);
        let place = self.entries.iter().position(waits)?;
        let Entry { trial, status, .. } = &self.entries[place];
        let epochs = status.epochs();
        let leased = Lease::read(&trial.path).map(|lease| lease.until).filter(|until| *until >= epochs);
        // Without the lease the rung that it has come to, or the next.
        let until = self.study.asha().map(|asha| leased.unwrap_or_else(|| asha.until(epochs.saturating_sub(1))));
        Some(self.job(place, until))
    }

    /// On the device with the fewest trials.
    fn job(&self, trial: usize, until: Option<usize>) -> Job {
        let load = |device: &usize| self.running.values().filter(|running| running.device == Some(*device)).count();
        Job { trial, until, device: self.study.devices.iter().copied().min_by_key(load) }
    }

    /// The next point that the study's search proposes, once for each seed; the place of the first trial that is new. `None`
    /// where the search has proposed all. A driver that was killed between two seeds of a point goes on with that.
    fn propose(&mut self) -> Result<Option<usize>, Error> {
        let Some((tpe, trials)) = self.study.tpe() else { return Ok(None) };
        let Some((point, missing)) = self.begun_or_new(&tpe, trials) else { return Ok(None) };
        let place = self.entries.len();
        for seed in missing {
            let trial = Trial::new(self.study, self.entries.len(), point.clone(), seed, self.fingerprint)?;
            self.add(trial)?;
            self.entries.last_mut().map_or(Ok(()), Entry::prepare)?;
        }
        Ok(Some(place))
    }

    /// A point and the seeds that it has no trial of: the first that lacks some, else a new one, if the search has one.
    fn begun_or_new(&self, tpe: &Tpe, trials: usize) -> Option<(Point, Vec<Option<u64>>)> {
        let key = |point: &Point| trial_record::table(point).to_string();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut points: Vec<(&Point, BTreeSet<Option<u64>>)> = Vec::new();
        for Entry { trial, .. } in &self.entries {
            let place = *places.entry(key(&trial.point)).or_insert(points.len());
            if place == points.len() {
                points.push((&trial.point, BTreeSet::new()));
            }
            points[place].1.insert(trial.seed);
        }
        let seeds = self.study.seeds();
        if let Some((point, has)) = points.iter().find(|(_, has)| !seeds.iter().all(|seed| has.contains(seed))) {
            return Some(((*point).clone(), seeds.iter().copied().filter(|seed| !has.contains(seed)).collect()));
        }
        let point = (points.len() < trials).then(|| self.proposed(tpe, points.len()))?;
        // Where all points of a small space are tried, the search has only old ones.
        (!places.contains_key(&key(&point))).then(|| (point, seeds.to_vec()))
    }

    fn proposed(&self, tpe: &Tpe, index: usize) -> Point {
        let value = |entry: &Entry| match entry.status.state {
            State::Waiting | State::Finished | State::Pruned => entry.status.value,
            State::Running | State::Failed(_) => None,
        };
        let observe = |entry: &Entry| Observation { point: entry.trial.point.clone(), value: value(entry) };
        let observations: Vec<Observation> = self.entries.iter().map(observe).collect();
        tpe.propose(&self.study.space, self.study.seed, index as u64, &observations)
    }
}
