//! Decoding in parallel: a job is a run of files, and the first one that fails is the one that is reported.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use crate::{
    Error,
    source::gather::{Decoded, Place, Size},
};

/// Files that one job decodes.
pub(crate) const FILES_PER_JOB: usize = 256;
/// Bytes of files, and of pixels, from which on a job has enough.
const BYTES_PER_JOB: usize = 4 << 20;
/// Tasks that may wait: whoever reads faster than the others decode helps them.
const WAITING_JOBS: usize = 8;

/// PNG files that are decoded together.
#[derive(Debug, Default)]
pub(crate) struct DecodeJob {
    first: usize,
    places: Vec<Place>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
    pub size: Option<Size>,
}

/// What the jobs leave.
#[derive(Default)]
pub(crate) struct Results {
    batches: Mutex<Vec<(usize, Decoded)>>,
    failure: Mutex<Option<Failure>>,
    failed: AtomicBool,
    waiting: AtomicUsize,
}

struct Failure {
    index: usize,
    place: Place,
    error: Error,
}

impl DecodeJob {
    /// An empty job whose first file is the `first` of all, for images of `size`.
    pub fn new(first: usize, size: Option<Size>) -> Self {
        Self { first, size, ..Self::default() }
    }

    /// Whether it is to be decoded before more is added.
    pub fn is_full(&self) -> bool {
        let pixels = self.len() * self.size.map_or(0, Size::pixels);
        self.len() == FILES_PER_JOB || self.bytes.len().max(pixels) >= BYTES_PER_JOB
    }

    /// Number of files.
    fn len(&self) -> usize {
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

    fn decode(self) -> Result<Decoded, Box<Failure>> {
        let Some(size) = self.size else { return Ok(Decoded::default()) };
        let mut pixels = vec![0; self.len() * size.pixels()];
        for (index, pixels) in pixels.chunks_exact_mut(size.pixels()).enumerate() {
            size.decode(self.file(index), pixels).map_err(|error| {
                let place = self.places[index].clone();
                Box::new(Failure { index: self.first + index, place, error })
            })?;
        }
        Ok(Decoded { places: self.places, pixels })
    }
}

impl Results {
    /// Lets another thread of the scope decode the job, or this one where too many wait.
    pub fn spawn<'scope>(&'scope self, job: DecodeJob, scope: &rayon::Scope<'scope>) {
        if self.waiting.fetch_add(1, Relaxed) >= WAITING_JOBS {
            self.decode(job);
            self.waiting.fetch_sub(1, Relaxed);
            return;
        }
        scope.spawn(|_| {
            self.decode(job);
            self.waiting.fetch_sub(1, Relaxed);
        });
    }

    pub fn decode(&self, job: DecodeJob) {
        let first = job.first;
        match job.decode() {
            Ok(batch) => lock(&self.batches).push((first, batch)),
            Err(failure) => self.fail(*failure),
        }
    }

    /// Whether a job has failed, so that going on is of no use.
    pub fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// What was decoded, in the order of the jobs.
    ///
    /// # Errors
    /// [`Error::Entry`] with the first file that did not decode.
    pub fn into_decoded(self, place: &str) -> Result<Vec<Decoded>, Error> {
        if let Some(failure) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let (entry, reason) = (failure.place.path(), failure.error.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How many files of so many bytes a job takes, for images of so many pixels.
    fn files_until_full(bytes: usize, side: usize) -> usize {
        let mut job = DecodeJob::new(0, Some(Size { height: side, width: side }));
        while !job.is_full() {
            job.push(Place { valid: false, class: "3".into(), name: String::new() }, bytes);
        }
        job.len()
    }

    #[test]
    fn neither_long_files_nor_large_pictures_make_a_job_large() {
        assert_eq!(files_until_full(300, 28), 256);
        assert_eq!(files_until_full(1 << 20, 28), 4);
        assert_eq!(files_until_full(70, 1024), 4, "a header of 70 bytes may claim a million pixels");
    }
}
