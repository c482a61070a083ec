//! A file that grows at its end while a run is under way.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::Error;

/// A file that is appended to. What is appended outlives a kill of the process; a power cut only what is flushed.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens a file to append to; makes it where it does not exist.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::opened(path, OpenOptions::new().create(true).append(true))
    }

    /// Begins a file with this content, whatever was there.
    pub fn begin(path: &Path, content: &[u8]) -> Result<Self, Error> {
        let mut log = Self::opened(path, OpenOptions::new().create(true).write(true).truncate(true))?;
        log.append(content).map(|()| log)
    }

    fn opened(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let file = options.open(path).map_err(|cause| Error::Write { path: path.into(), cause })?;
        Ok(Self { path: path.into(), file })
    }

    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|cause| self.failed(cause))
    }

    pub fn flush(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|cause| self.failed(cause))
    }

    /// A second handle, to flush it with from another thread.
    pub fn handle(&self) -> Result<Self, Error> {
        let file = self.file.try_clone().map_err(|cause| self.failed(cause))?;
        Ok(Self { path: self.path.clone(), file })
    }

    fn failed(&self, cause: io::Error) -> Error {
        Error::Write { path: self.path.clone(), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_begun_replaces_and_what_is_opened_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "something longer").unwrap();
        Log::begin(&path, b"one\n").unwrap().append(b"two\n").unwrap();
        Log::open(&path).unwrap().append(b"three\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_with_the_path_and_what_to_do() {
        let message = Log::open(Path::new("/dev/full")).unwrap().append(b"x").unwrap_err().to_string();
        assert!(message.starts_with("cannot write `/dev/full`: ") && message.ends_with("free some space"), "{message}");
    }
}
