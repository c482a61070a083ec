//! Files that a command writes where it is asked to.

use std::{fs, io, path::Path};

use files::Error;

use crate::cli::UsageError;

/// Writes a file, whole or not at all; its folder must be there. What is no file, as `/dev/stdout`, is written to.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), UsageError> {
    let is_device = path.exists() && !path.is_file() && !path.is_dir();
    let bytes = bytes.as_ref();
    let written = if is_device { fs::write(path, bytes) } else { replace(path, bytes) };
    written.map_err(|cause| refused(path, &cause))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::replace(path, bytes).map_err(|error| match error {
        Error::Write { cause, .. } => cause,
        error => io::Error::other(error),
    })
}

/// Refuses a file whose folder is not there, before work is done for it.
pub fn check(path: &Path) -> Result<(), UsageError> {
    fs::metadata(files::folder_of(path)).map(drop).map_err(|cause| refused(path, &cause))
}

/// Makes a folder where there is none yet.
pub fn make_folder(path: &Path) -> Result<(), UsageError> {
    fs::create_dir_all(path).map_err(|cause| refused(path, &cause))
}

fn refused(path: &Path, cause: &io::Error) -> UsageError {
    let hint = if cause.kind() == io::ErrorKind::NotFound { "; does its folder exist?" } else { "" };
    UsageError(format!("cannot write `{}`: {cause}{hint}", path.display()))
}
