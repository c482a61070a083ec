//! A gzipped tar of image files, decoded from the stream: this thread inflates and reads entries while the others decode.
//!
//! Nothing is unpacked to disk. Every entry is checked, also those that are not wanted.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use tar::EntryType;

use crate::{
    Error, Request,
    cache::Store,
    source::{
        Index, Limits,
        arrange::{LAYOUT, arrange},
        gather::{DecodeJob, Gathering, gather},
        gunzip::Gunzip,
        place::{Place, Root, name_of},
    },
};

/// Decodes the classes asked for, or all, of the archive at `path`.
pub(crate) fn read(path: &Path, request: &Request, limits: &Limits, store: &Store) -> Result<Index, Error> {
    let stream = || {
        let file = File::open(path).map_err(|cause| Error::Read { path: path.into(), cause })?;
        Ok(BufReader::with_capacity(1 << 16, file))
    };
    decode(stream, &path.display().to_string(), request, limits, store)
}

/// Decodes the classes asked for, or all, of an archive stream, which may be asked for twice; `place` names it in messages.
pub(crate) fn decode<R: BufRead>(
    stream: impl Fn() -> Result<R, Error>,
    place: &str,
    request: &Request,
    limits: &Limits,
    store: &Store,
) -> Result<Index, Error> {
    let gathered = gather(request, limits, store, place, |gathering| {
        let stream = stream()?;
        rayon::in_place_scope(|scope| {
            let classes = request.classes.as_deref();
            let mut reading = Reading { place, classes, limits, gathering, entries: 0, job: DecodeJob::default() };
            reading.run(stream, |job| gathering.spawn(job, scope))
        })
    })?;
    arrange(gathered, request, place, LAYOUT)
}

/// The reading thread's side.
struct Reading<'a, 'b> {
    place: &'a str,
    classes: Option<&'a [String]>,
    limits: &'a Limits,
    gathering: &'a Gathering<'b>,
    entries: usize,
    job: DecodeJob,
}

impl Reading<'_, '_> {
    fn run(&mut self, mut stream: impl BufRead, mut spawn: impl FnMut(DecodeJob)) -> Result<(), Error> {
        let start = stream.fill_buf().map_err(|cause| self.broken(&cause))?;
        if let Some(other) = other_archive(start) {
            let reason =
                format!("it is {other}, no .tgz; unpack it, and take its folder by `data.source` = \"folder\"");
            return Err(Error::Layout { place: self.place.into(), reason });
        }
        let inflated = Capped { inner: Gunzip::new(stream), left: self.limits.inflated, limit: self.limits.inflated };
        let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 16, inflated));
        for entry in archive.entries().map_err(|cause| self.broken(&cause))? {
            self.take(&mut entry.map_err(|cause| self.broken(&cause))?)?;
            if self.gathering.is_full(&self.job) {
                spawn(self.next_job());
            }
            if self.gathering.is_over(self.job.end()) {
                return Ok(());
            }
        }
        spawn(self.next_job());
        // The checksum of the gzip stream stands at its end.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|cause| self.broken(&cause))?;
        Ok(())
    }

    fn next_job(&mut self) -> DecodeJob {
        let next = DecodeJob::new(self.job.end());
        std::mem::replace(&mut self.job, next)
    }

    fn take(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Error> {
        let name = name_of(&entry.path_bytes());
        self.check(&name)?;
        match (Place::of(&name, Root::Anywhere, self.classes), entry.header().entry_type()) {
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
        let (length, limit) = (entry.size(), self.limits.file);
        if length > limit as u64 {
            return self.refuse(name, format!("it is {length} bytes long, the limit is {limit}"));
        }
        let bytes = self.job.push(place.clone(), length as usize);
        entry.read_exact(bytes).map_err(|cause| self.broken(&cause))?;
        self.gathering.learn_shape(&place, self.job.last())?;
        let values = self.gathering.shape().map_or(0, |shape| (self.job.end() as usize).saturating_mul(shape.len()));
        if values > self.limits.pixels {
            return self.refuse(name, format!("the images have more than {} values together", self.limits.pixels));
        }
        Ok(())
    }

    fn refuse<T>(&self, entry: &str, reason: String) -> Result<T, Error> {
        Err(Error::Entry { place: self.place.into(), entry: entry.into(), reason })
    }

    fn broken(&self, cause: &io::Error) -> Error {
        let reason = format!("cannot be read as a .tgz: {cause}; fetch or make it again");
        Error::Layout { place: self.place.into(), reason }
    }
}

/// What an archive of another kind is.
fn other_archive(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"PK") {
        Some("a zip")
    } else if start.get(257..262) == Some(b"ustar") {
        Some("a tar that is not compressed")
    } else {
        None
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
