//! Where digits come from. Each source ends in [`Splits`]: decoded, ordered and checked.

pub(crate) mod archive;
pub(crate) mod download;
pub(crate) mod folder;
mod gather;
mod gunzip;
pub(crate) mod idx;
pub(crate) mod mnist_sample;
pub(crate) mod named;
mod natural;
pub(crate) mod stamp;
pub(crate) mod synthetic;

use crate::Digits;

/// The two splits of a data set.
#[derive(Debug)]
pub(crate) struct Splits {
    pub train: Digits,
    pub valid: Digits,
}

/// What a source may ask of the machine before it is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries of an archive, files of a folder, images of an IDX file.
    pub entries: usize,
    /// Bytes of an archive or IDX file after inflating.
    pub inflated: u64,
    /// Pixels of all images together.
    pub pixels: usize,
    /// Rows or columns of one image.
    pub side: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, inflated: 2 << 30, pixels: 2 << 30, side: 1024 }
    }
}
