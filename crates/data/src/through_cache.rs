//! Making a data set once: look into the cache, else make it under a lock and pack it.

use std::path::{Path, PathBuf};

use crate::{
    DataSet, Error, Event, Request,
    cache::{Lock, Packed, Slot},
    fingerprint::fingerprint,
    retry_policy::RetryPolicy,
    source::Splits,
};

/// One call of [`load`](crate::load) under way.
pub(crate) struct Loading<'a> {
    pub request: &'a Request,
    pub on_event: &'a mut dyn FnMut(Event),
    /// The cache folder; `None` where the user has none.
    pub folder: Option<PathBuf>,
    pub policy: RetryPolicy,
    pub notes: Vec<String>,
}

impl Loading<'_> {
    /// Tells the user, now and in the report.
    pub fn note(&mut self, text: String) {
        (self.on_event)(Event::Warning(text.clone()));
        self.notes.push(text);
    }

    /// Tells that images of this file or folder are decoded.
    pub fn decoding(&mut self, place: &Path) {
        (self.on_event)(Event::Decoding { place: place.display().to_string() });
    }

    /// Takes the data set of this identity from the cache, or makes and packs it.
    ///
    /// `make` gets the cache folder only where it may be written, under the lock. With `expected`, another fingerprint
    /// is an error.
    pub fn through_cache(
        &mut self,
        source: &str,
        identity: &str,
        expected: Option<&str>,
        make: impl FnOnce(&mut Self, Option<&Path>) -> Result<Splits, Error>,
    ) -> Result<DataSet, Error> {
        let Some(folder) = self.folder.clone() else {
            self.note("the user has no cache folder (HOME is not set): the data is only kept in memory".into());
            let splits = make(self, None)?;
            return self.finish(source, splits, expected, None);
        };
        let slot = Slot::new(&folder, source, identity, &self.request.classes);
        if let Some(packed) = self.look(&slot, expected) {
            return Ok(self.data_set(source, packed, Some(slot.path)));
        }
        let lock = self.lock(&slot, &folder)?;
        // Whoever held the lock has probably made it.
        if let (true, Ok(Some(packed))) = (lock.as_ref().is_some_and(|lock| lock.waited), slot.open(expected)) {
            return Ok(self.data_set(source, packed, Some(slot.path)));
        }
        let splits = make(self, lock.as_ref().map(|_| folder.as_path()))?;
        self.finish(source, splits, expected, lock.map(|lock| (slot, lock)))
    }

    fn finish(
        &mut self,
        source: &str,
        splits: Splits,
        expected: Option<&str>,
        slot: Option<(Slot, Lock)>,
    ) -> Result<DataSet, Error> {
        let found = fingerprint(&splits.train, &splits.valid);
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(Error::Fingerprint { place: source.into(), expected: expected.into(), found });
        }
        let packed = Packed { splits, fingerprint: found };
        let path = slot.and_then(|(slot, _lock)| match slot.write(&packed) {
            Ok(()) => Some(slot.path),
            Err(error) => {
                self.note(format!("{error}; the data is only kept in memory"));
                None
            }
        });
        Ok(self.data_set(source, packed, path))
    }

    /// The packed data set, if it is there and whole; says so where it is there and not whole.
    fn look(&mut self, slot: &Slot, expected: Option<&str>) -> Option<Packed> {
        match slot.open(expected) {
            Ok(found) => found,
            Err(reason) => {
                self.note(format!("the cache file `{}` is not used and made anew: {reason}", slot.path.display()));
                None
            }
        }
    }

    fn lock(&mut self, slot: &Slot, folder: &Path) -> Result<Option<Lock>, Error> {
        match Lock::take(slot, self.policy.lock, self.request, self.on_event) {
            Ok(lock) => Ok(Some(lock)),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => {
                let folder = folder.display();
                self.note(format!(
                    "the cache folder `{folder}` is of no use: {error}; the data is only kept in memory"
                ));
                Ok(None)
            }
        }
    }

    fn data_set(&mut self, source: &str, packed: Packed, cache: Option<PathBuf>) -> DataSet {
        DataSet {
            train: packed.splits.train.into(),
            valid: packed.splits.valid.into(),
            classes: self.request.classes.clone(),
            source: source.into(),
            notes: std::mem::take(&mut self.notes),
            fingerprint: packed.fingerprint,
            cache,
        }
    }
}
