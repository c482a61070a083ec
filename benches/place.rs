//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The repository's root. Cargo runs benchmarks in the folder of their package; a relative path means the one that the
/// user is in, the root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The real archive, where the user has it; says so where not.
pub fn archive() -> Option<PathBuf> {
    let archive = env::var_os("MNIST_SAMPLE_ARCHIVE").and_then(|path| root().join(path).canonicalize().ok());
    if archive.is_none() {
        println!("skipped: MNIST_SAMPLE_ARCHIVE does not name the real archive");
    }
    archive
}
