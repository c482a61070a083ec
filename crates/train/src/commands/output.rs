//! Files that a command writes where it is asked to.

use std::{fs, io, path::Path};

use crate::cli::UsageError;

/// Writes a file; its folder must be there.
pub fn write(path: &Path, text: &str) -> Result<(), UsageError> {
    fs::write(path, text).map_err(|cause| refused(path, &cause))
}

/// Makes a folder where there is none yet.
pub fn make_folder(path: &Path) -> Result<(), UsageError> {
    fs::create_dir_all(path).map_err(|cause| refused(path, &cause))
}

fn refused(path: &Path, cause: &io::Error) -> UsageError {
    let hint = if cause.kind() == io::ErrorKind::NotFound { "; does its folder exist?" } else { "" };
    UsageError(format!("cannot write `{}`: {cause}{hint}", path.display()))
}
