//! Files that are either whole or not there, files that grow, and locks; it knows nothing of what stands in them.
//!
//! In: paths and bytes; out: files, and [`Error`]s that say path, cause and what to do. Start at [`replace`].

mod error;
mod log;
mod shell;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write as _},
    path::Path,
    thread,
    time::Duration,
};

pub use error::Error;
pub use log::Log;
pub use shell::{for_shell, quoted};

/// Reads a file of a folder of ours.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    with_end(path).and_then(|()| fs::read(path)).map_err(|cause| Error::Read { path: path.into(), cause })
}

/// Reads a text file of a folder of ours.
pub fn read_text(path: &Path) -> Result<String, Error> {
    with_end(path).and_then(|()| fs::read_to_string(path)).map_err(|cause| Error::Read { path: path.into(), cause })
}

/// Refuses what may have no end: a pipe, or a link to `/dev/zero`.
fn with_end(path: &Path) -> io::Result<()> {
    let is_file = fs::metadata(path)?.is_file();
    if is_file { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file")) }
}

/// Bytes that no text of a person's comes to.
const MOST_WRITTEN: u64 = 16_000_000;

/// Reads a text that a person has written.
pub fn read_written(path: &Path) -> io::Result<String> {
    let bytes = read_at_most(File::open(path)?, MOST_WRITTEN)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is no text in UTF-8"))
}

/// Reads all there is, which is to be no more than so many bytes: a file that somebody names can be one without an end, as
/// `/dev/zero` is.
///
/// # Errors
/// Where it cannot be read, or goes on beyond that.
pub fn read_at_most(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {}", size(most))));
    }
    Ok(bytes)
}

/// Bytes as a person reads them.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    let number = format!("{:.1}", bytes as f64 / unit);
    format!("{} {name}", number.trim_end_matches(".0"))
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|cause| Error::Write { path: path.into(), cause })
}

/// Writes a file of a folder that nobody knows yet, and flushes it to the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|cause| Error::Write { path: path.into(), cause })
}

/// Makes the files that have come into a folder last through a power cut, where the system can.
pub fn flush_folder(path: &Path) -> Result<(), Error> {
    sync_folder(path).map_err(|cause| Error::Write { path: path.into(), cause })
}

/// Replaces a file at once: temporary name in the same folder, flushed to the disk, renamed. A kill or a full disk at any
/// moment leaves the old file or the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    through_temporary(path, |temporary| {
        let mut file = File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(temporary, path)?;
        sync_folder(folder_of(path))
    })
}

/// The same, but for a power cut: that may leave anything.
pub fn replace_unflushed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    through_temporary(path, |temporary| {
        fs::write(temporary, bytes)?;
        fs::rename(temporary, path)
    })
}

fn through_temporary(path: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), Error> {
    let temporary = path.with_added_extension("part");
    write(&temporary).map_err(|cause| {
        // The temporary file is of no use to anybody; the error that matters is the first.
        let _ = fs::remove_file(&temporary);
        Error::Write { path: path.into(), cause }
    })
}

/// Locks a file, which the system lets go of when this process dies, however it dies; `None` where another has it. Waits a
/// moment for a process that only looks.
pub fn lock(path: &Path) -> Result<Option<File>, Error> {
    let failed = |cause| Error::Write { path: path.into(), cause };
    let file = to_lock(path)?;
    for _ in 0..10 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
    }
    Ok(None)
}

/// Locks a file, however long others have it.
pub fn wait_for_lock(path: &Path) -> Result<File, Error> {
    let file = to_lock(path)?;
    file.lock().map_err(|cause| Error::Write { path: path.into(), cause })?;
    Ok(file)
}

fn to_lock(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    file.map_err(|cause| Error::Write { path: path.into(), cause })
}

/// Whether a process has locked the file.
pub fn is_locked(path: &Path) -> bool {
    // A shared lock on a handle to read: it stands in nobody's way for longer than this line.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Bytes that may still be written where `path` is or is to be; `None` where the system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let mut existing = path.ancestors().filter(|folder| folder.is_dir()).chain([Path::new(".")]);
    free_in(existing.next()?)
}

#[cfg(unix)]
fn free_in(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_in(_: &Path) -> Option<u64> {
    None
}

/// The folder that a file is in; of a bare name the current one.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn bytes_are_in_the_largest_unit_with_a_decimal_where_it_says_something() {
        let sizes = [0, 999, 94_300, 20_000_000, 999_999_999, 1_234_000_000].map(size);
        assert_eq!(sizes, ["0 kB", "1 kB", "94.3 kB", "20 MB", "1000 MB", "1.2 GB"]);
    }

    #[test]
    fn a_bare_name_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("page.html")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/page.html")), Path::new("a"));
        sync_folder(folder_of(Path::new("page.html"))).unwrap();
    }

    #[test]
    fn a_failed_replacement_keeps_what_was_there_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("a.json");
        let message = replace(&path, b"new").unwrap_err().to_string();
        assert!(message.starts_with(&format!("cannot write `{}`: ", path.display())), "{message}");
    }
}
