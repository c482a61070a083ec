//! What tells a file from every other, without reading it: a cache made from it is used as long as this stays the same.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::UNIX_EPOCH,
};

use crate::Error;

/// Canonical path and [`stamp`] of a file.
pub(crate) fn file_identity(path: &Path) -> Result<String, Error> {
    let unreadable = |cause| Error::Read { path: path.into(), cause };
    let about = fs::metadata(path).map_err(unreadable)?;
    let full = fs::canonicalize(path).map_err(unreadable)?;
    Ok(format!("{}\0{}\0", full.display(), stamp(&about)))
}

/// Size, time of change, and what the system alone sets: other bytes under the same name, size and time have another one.
pub(crate) fn stamp(about: &Metadata) -> String {
    let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{}\0{}\0{}", about.len(), modified.map_or(0, |time| time.as_nanos()), of_the_system(about))
}

/// Device, inode and the time at which the inode changed, which no program can set back.
#[cfg(unix)]
fn of_the_system(about: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    format!("{}\0{}\0{}\0{}", about.dev(), about.ino(), about.ctime(), about.ctime_nsec())
}

/// The time at which the file was made.
#[cfg(not(unix))]
fn of_the_system(about: &Metadata) -> String {
    let created = about.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    created.map_or(0, |time| time.as_nanos()).to_string()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Does something to the file and sets its time back.
    fn keeping_time(path: &Path, change: impl FnOnce()) {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        // The clock of a file system ticks every few milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(20));
        change();
        File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
    }

    #[test]
    fn other_bytes_of_the_same_size_and_time_have_another_identity() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&path, "old").unwrap();
        let before = file_identity(&path).unwrap();
        assert_eq!(file_identity(&path).unwrap(), before);
        keeping_time(&path, || fs::write(&path, "new").unwrap());
        let written_over = file_identity(&path).unwrap();
        assert_ne!(written_over, before);
        keeping_time(&path, || {
            fs::write(&other, "two").unwrap();
            fs::rename(&other, &path).unwrap();
        });
        assert_ne!(file_identity(&path).unwrap(), written_over);
    }
}
