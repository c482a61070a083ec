//! Where decoded pixels go as they come: into the cache file that is being made, or into memory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memmap2::Mmap;

use super::header::HEADER_BYTES;
use crate::{Bytes, Error};

/// Takes the pixels of images in any order, from any thread; each has a place of its own.
#[derive(Debug)]
pub(crate) struct Store(Target);

#[derive(Debug)]
enum Target {
    /// A file that is removed unless it is [completed](Store::complete).
    File {
        file: Mutex<File>,
        temporary: Temporary,
    },
    Memory(Mutex<Arc<Vec<u8>>>),
}

impl Store {
    /// In a new file, which leaves room for a header.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn file(path: &Path) -> Result<Self, Error> {
        // Read too, because it is mapped.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let file = Mutex::new(file.map_err(|cause| Error::Write { path: path.into(), cause })?);
        Ok(Self(Target::File { file, temporary: Temporary(path.into()) }))
    }

    pub fn memory() -> Self {
        Self(Target::Memory(Mutex::default()))
    }

    /// Keeps pixels from this byte of all pixels on.
    ///
    /// # Errors
    /// [`Error::Write`], as where the disk is full.
    pub fn put(&self, at: usize, pixels: &[u8]) -> Result<(), Error> {
        match &self.0 {
            Target::File { file, temporary } => {
                let mut file = lock(file);
                let start = SeekFrom::Start((HEADER_BYTES + at) as u64);
                file.seek(start).and_then(|_| file.write_all(pixels)).map_err(|cause| temporary.failed(cause))
            }
            Target::Memory(bytes) => {
                let mut bytes = lock(bytes);
                let bytes = Arc::make_mut(&mut bytes);
                if bytes.len() < at + pixels.len() {
                    bytes.resize(at + pixels.len(), 0);
                }
                bytes[at..at + pixels.len()].copy_from_slice(pixels);
                Ok(())
            }
        }
    }

    /// The first `length` bytes of all pixels; what nobody has put is 0.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn pixels(&self, length: usize) -> Result<Bytes, Error> {
        match &self.0 {
            Target::File { file, temporary } => {
                let file = lock(file);
                file.set_len((HEADER_BYTES + length) as u64).map_err(|cause| temporary.failed(cause))?;
                // SAFETY: the file is this process's alone while it holds the lock of its slot, and it only grows from now on, but where
                // what was put is given up with all that was mapped of it.
                let map = unsafe { Mmap::map(&*file) }.map_err(|cause| temporary.failed(cause))?;
                Ok(Bytes::Mapped(Arc::new(map), HEADER_BYTES..HEADER_BYTES + length))
            }
            Target::Memory(bytes) => {
                let mut bytes = lock(bytes);
                if bytes.len() != length {
                    Arc::make_mut(&mut bytes).resize(length, 0);
                }
                Ok(Bytes::Owned(bytes.clone()))
            }
        }
    }

    /// Writes what stands before and after the pixels and gives the file its name. It is not flushed to the disk: a file whose
    /// checksum does not hold, as after a power cut, is made anew.
    ///
    /// # Errors
    /// [`Error::Write`]; the pixels that were taken stay what they are.
    pub fn complete(self, header: &[u8; HEADER_BYTES], after: &[u8], path: &Path) -> Result<(), Error> {
        let Target::File { file, temporary } = self.0 else { return Ok(()) };
        let mut file = file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let written = file
            .seek(SeekFrom::End(0))
            .and_then(|_| file.write_all(after))
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(header));
        written.and_then(|()| fs::rename(&temporary.0, path)).map_err(|cause| Error::Write { path: path.into(), cause })
    }
}

/// A file under a name that is not its last.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Temporary {
    fn failed(&self, cause: io::Error) -> Error {
        Error::Write { path: self.0.clone(), cause }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is gone where it has got its name; that no half file can be removed changes nothing.
        let _ = fs::remove_file(&self.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_in_any_order_and_what_is_missing_is_black() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tmp");
        for store in [Store::memory(), Store::file(&path).unwrap()] {
            store.put(4, &[5, 6]).unwrap();
            store.put(0, &[1, 2]).unwrap();
            assert_eq!(store.pixels(8).unwrap().as_slice(), [1, 2, 0, 0, 5, 6, 0, 0]);
        }
        assert!(!path.exists(), "no half file stays");
    }

    #[test]
    fn a_completed_file_has_its_name_and_the_pixels_that_were_taken_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (path, last) = (folder.path().join("x.tmp"), folder.path().join("x"));
        let store = Store::file(&path).unwrap();
        store.put(0, &[1, 2]).unwrap();
        let pixels = store.pixels(2).unwrap();
        store.complete(&[9; HEADER_BYTES], &[3], &last).unwrap();
        assert_eq!(fs::read(&last).unwrap(), [&[9; HEADER_BYTES][..], &[1, 2, 3]].concat());
        assert_eq!(pixels.as_slice(), [1, 2]);
        assert!(!path.exists());
    }
}
