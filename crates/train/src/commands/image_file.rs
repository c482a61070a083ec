//! Image files that a user names.

use std::{fs::File, io, path::Path};

use anyhow::Context as _;
use data::{DecodedImage, decode_image};

use crate::cli::UsageError;

/// Rows and columns of the largest image taken.
pub const MAX_SIDE: usize = 8192;

/// Bytes of the largest file taken: an image of that size that no one has compressed.
pub const MAX_BYTES: u64 = 600_000_000;

/// The image at `path`; `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<DecodedImage> {
    let name = path.display();
    let bytes = bytes(path).map_err(|cause| UsageError(format!("cannot read `{name}`: {cause}")))?;
    decode(&name.to_string(), &bytes)
}

/// The image that stands in these bytes.
pub fn decode(name: &str, bytes: &[u8]) -> anyhow::Result<DecodedImage> {
    decode_image(bytes, MAX_SIDE).with_context(|| format!("cannot use `{name}`"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let bytes = files::read_at_most(io::stdin(), MAX_BYTES)?;
        return if bytes.is_empty() { Err(io::Error::other("standard input is empty")) } else { Ok(bytes) };
    }
    files::read_at_most(File::open(path)?, MAX_BYTES)
}
