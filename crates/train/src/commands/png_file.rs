//! PNG files that a user names.

use std::{fs, io, io::Read as _, path::Path};

use anyhow::Context as _;
use data::{GreyImage, decode_png};

use crate::cli::UsageError;

/// Rows and columns of the largest image taken.
const MAX_SIDE: usize = 8192;

/// The image at `path`; `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<GreyImage> {
    let name = path.display();
    let bytes = bytes(path).map_err(|cause| UsageError(format!("cannot read `{name}`: {cause}")))?;
    decode_png(&bytes, MAX_SIDE).with_context(|| format!("cannot use `{name}`"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        return if bytes.is_empty() { Err(io::Error::other("standard input is empty")) } else { Ok(bytes) };
    }
    fs::read(path)
}
