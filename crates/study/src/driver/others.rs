//! What a driver hears of others that share its study.

use super::{Driver, Entry};
use crate::{Error, Lease, Trial, status::State, study_folder};

impl Driver<'_> {
    /// Reads what other drivers have done since this one chose last. Alone it has nothing to read.
    pub(super) fn hear_of_others(&mut self) -> Result<(), Error> {
        let has_others = self.folder.has_others();
        let came_or_went = self.folder.last_change();
        // Once more after the last one has gone, for what that did in between; and where one has come and gone since.
        let is_unchanged = std::mem::replace(&mut self.came_or_went, came_or_went) == came_or_went;
        if !std::mem::replace(&mut self.had_others, has_others) && !has_others && is_unchanged {
            return Ok(());
        }
        self.refresh_all(|state| matches!(state, State::Waiting | State::Running))?;
        self.take_over_proposals()
    }

    /// Reads how far the trials are that other drivers run.
    pub(super) fn look_at_others(&mut self) -> Result<(), Error> {
        self.refresh_all(|state| *state == State::Running)
    }

    /// How many trials run whose driver has died: they save and end, and until then each takes the place of a job. What is
    /// chosen after them is chosen with what they come to.
    pub(super) fn orphans(&self) -> usize {
        let is_orphan = |place: &usize| {
            let Entry { trial, status, .. } = &self.entries[*place];
            let lives = |lease: Lease| study_folder::is_at_work(&trial.path, &lease.driver);
            status.state == State::Running
                && !self.running.contains_key(place)
                && !Lease::read(&trial.path).is_some_and(lives)
        };
        (0..self.entries.len()).filter(is_orphan).count()
    }

    /// Whether a trial runs that is not this driver's.
    pub(super) fn others_run(&self) -> bool {
        let runs = |place: &usize| self.entries[*place].status.state == State::Running;
        (0..self.entries.len()).filter(runs).any(|place| !self.running.contains_key(&place))
    }

    fn refresh_all(&mut self, is_of: impl Fn(&State) -> bool) -> Result<(), Error> {
        let is_others = |place: &usize| is_of(&self.entries[*place].status.state) && !self.running.contains_key(place);
        let places: Vec<usize> = (0..self.entries.len()).filter(is_others).collect();
        places.into_iter().try_for_each(|place| self.refresh(place).map(drop))
    }

    /// The points that the search has proposed to others.
    fn take_over_proposals(&mut self) -> Result<(), Error> {
        if self.study.tpe().is_none() {
            return Ok(());
        }
        for (point, seed) in self.study.known()?.into_iter().skip(self.entries.len()) {
            let number = self.entries.len();
            self.add(Trial::new(self.study, number, point, seed, self.fingerprint)?)?;
        }
        Ok(())
    }
}
