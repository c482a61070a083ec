//! A gzipped tar of PNG files, decoded from the stream: this thread inflates and reads entries while the others decode.
//!
//! Nothing is unpacked to disk. Every entry is checked, also those that are not wanted.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use tar::EntryType;

use crate::{
    Error,
    source::{
        Limits, Splits,
        gather::{DecodeJob, Place, Results, Size, arrange, name_of},
        gunzip::Gunzip,
    },
};

/// Decodes the classes asked for, or all, of the archive at `path`.
pub(crate) fn read(path: &Path, classes: Option<&[String]>, limits: &Limits) -> Result<Splits, Error> {
    let file = File::open(path).map_err(|cause| Error::Read { path: path.into(), cause })?;
    decode(BufReader::with_capacity(1 << 16, file), &path.display().to_string(), classes, limits)
}

/// Decodes the classes asked for, or all, of an archive stream; `place` names it in messages.
pub(crate) fn decode(
    stream: impl BufRead,
    place: &str,
    classes: Option<&[String]>,
    limits: &Limits,
) -> Result<Splits, Error> {
    let results = Results::default();
    let read = rayon::in_place_scope(|scope| {
        let mut reading =
            Reading { place, classes, limits, entries: 0, images: 0, size: None, job: DecodeJob::default() };
        reading.run(stream, &results, |job| results.spawn(job, scope)).map(|()| reading.size)
    });
    // An entry that does not decode ended the reading, so it comes before whatever else that ran into.
    let batches = results.into_decoded(place)?;
    let size = read?.unwrap_or(Size { height: 1, width: 1 });
    arrange(&batches, size, classes, place)
}

/// The reading thread's side.
struct Reading<'a> {
    place: &'a str,
    classes: Option<&'a [String]>,
    limits: &'a Limits,
    entries: usize,
    images: usize,
    size: Option<Size>,
    job: DecodeJob,
}

impl Reading<'_> {
    fn run(&mut self, stream: impl BufRead, results: &Results, mut spawn: impl FnMut(DecodeJob)) -> Result<(), Error> {
        let inflated = Capped { inner: Gunzip::new(stream), left: self.limits.inflated, limit: self.limits.inflated };
        let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 16, inflated));
        for entry in archive.entries().map_err(|cause| self.broken(&cause))? {
            self.take(&mut entry.map_err(|cause| self.broken(&cause))?)?;
            if self.job.is_full() {
                spawn(self.next_job());
            }
            if results.failed() {
                return Ok(());
            }
        }
        spawn(self.next_job());
        // The checksum of the gzip stream stands at its end.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|cause| self.broken(&cause))?;
        Ok(())
    }

    fn next_job(&mut self) -> DecodeJob {
        let first = self.images;
        std::mem::replace(&mut self.job, DecodeJob::new(first, self.size))
    }

    fn take(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Error> {
        let name = name_of(&entry.path_bytes());
        self.check(&name)?;
        match (Place::of(&name, self.classes), entry.header().entry_type()) {
            (None, _) => Ok(()),
            (Some(place), EntryType::Regular | EntryType::Continuous) => self.add(place, &name, entry),
            (_, EntryType::Directory) => Ok(()),
            (_, EntryType::Link | EntryType::Symlink) => self.refuse(&name, "it is a link".into()),
            _ => self.refuse(&name, "it is neither a file nor a folder".into()),
        }
    }

    fn check(&mut self, name: &str) -> Result<(), Error> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return self.refuse(name, format!("the archive has more than {} entries", self.limits.entries));
        }
        let drive = name.as_bytes().get(1) == Some(&b':');
        if drive || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..") {
            return self.refuse(name, "its path leaves the archive's root".into());
        }
        Ok(())
    }

    /// Appends the entry's bytes to the job.
    fn add(&mut self, place: Place, name: &str, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Error> {
        let (length, limit) = (entry.size(), 8 * self.limits.side * self.limits.side);
        if length > limit as u64 {
            return self.refuse(name, format!("it is {length} bytes long, the limit is {limit}"));
        }
        let bytes = self.job.push(place, length as usize);
        entry.read_exact(bytes).map_err(|cause| self.broken(&cause))?;
        if self.size.is_none() {
            let size = Size::of_first(self.job.last(), self.limits);
            let size = size.or_else(|error| self.refuse(name, error.to_string()))?;
            self.size = Some(size);
            self.job.size = Some(size);
        }
        self.images += 1;
        match self.size {
            Some(size) if self.images.saturating_mul(size.pixels()) > self.limits.pixels => {
                self.refuse(name, format!("the images have more than {} pixels together", self.limits.pixels))
            }
            _ => Ok(()),
        }
    }

    fn refuse<T>(&self, entry: &str, reason: String) -> Result<T, Error> {
        Err(Error::Entry { place: self.place.into(), entry: entry.into(), reason })
    }

    fn broken(&self, cause: &io::Error) -> Error {
        let reason = format!("cannot be read as a .tgz: {cause}; fetch or make it again");
        Error::Layout { place: self.place.into(), reason }
    }
}

/// Fails after so many bytes: a small archive can inflate to any size.
struct Capped<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("it inflates to more than {} bytes, which is the limit", self.limit))
        })?;
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests;
