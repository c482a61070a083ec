//! Decoding in parallel: a task is a run of files, and the first one that fails is the one that is reported.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::{
    Error,
    png::Plain,
    source::gather::{Batch, Place, Size},
};

/// PNG files that are decoded together.
#[derive(Debug, Default)]
pub(crate) struct Task {
    first: usize,
    places: Vec<Place>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
    pub size: Option<Size>,
}

/// What the tasks leave.
#[derive(Default)]
pub(crate) struct Results {
    batches: Mutex<Vec<(usize, Batch)>>,
    failure: Mutex<Option<Failure>>,
    failed: AtomicBool,
}

struct Failure {
    index: usize,
    place: Place,
    error: Error,
}

impl Task {
    /// An empty task whose first file is the `first` of all, for images of `size`.
    pub fn new(first: usize, size: Option<Size>) -> Self {
        Self { first, size, ..Self::default() }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Makes room for a file of `length` bytes.
    pub fn push(&mut self, place: Place, length: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        self.places.push(place);
        self.ends.push(start + length);
        &mut self.bytes[start..]
    }

    /// The bytes of the file pushed last.
    pub fn last(&self) -> &[u8] {
        self.file(self.len() - 1)
    }

    fn file(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    fn decode(self) -> Result<Batch, Failure> {
        let Some(size) = self.size else { return Ok(Batch::default()) };
        let mut plain = Plain::new();
        let mut pixels = vec![0; self.len() * size.pixels()];
        for (index, pixels) in pixels.chunks_exact_mut(size.pixels()).enumerate() {
            size.decode(self.file(index), &mut plain, pixels).map_err(|error| Failure {
                index: self.first + index,
                place: self.places[index].clone(),
                error,
            })?;
        }
        Ok(Batch { places: self.places, pixels })
    }
}

impl Results {
    /// Decodes a task, unless an earlier one has failed.
    pub fn decode(&self, task: Task) {
        let first = task.first;
        match task.decode() {
            Ok(batch) => lock(&self.batches).push((first, batch)),
            Err(failure) => self.fail(failure),
        }
    }

    /// Whether a task has failed, so that going on is of no use.
    pub fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// The batches in the order of their tasks.
    ///
    /// # Errors
    /// [`Error::Entry`] with the first file that did not decode.
    pub fn into_batches(self, place: &str, classes: &[String; 2]) -> Result<Vec<Batch>, Error> {
        if let Some(failure) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let (entry, reason) = (failure.place.path(classes), failure.error.to_string());
            return Err(Error::Entry { place: place.into(), entry, reason });
        }
        let mut batches = self.batches.into_inner().unwrap_or_else(PoisonError::into_inner);
        batches.sort_unstable_by_key(|(first, _)| *first);
        Ok(batches.into_iter().map(|(_, batch)| batch).collect())
    }

    fn fail(&self, failure: Failure) {
        self.failed.store(true, Relaxed);
        let mut first = lock(&self.failure);
        if first.as_ref().is_none_or(|first| failure.index < first.index) {
            *first = Some(failure);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
