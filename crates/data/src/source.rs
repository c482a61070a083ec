//! Where images come from. Each source ends in an [`Index`]: decoded, ordered and checked.

pub(crate) mod archive;
mod arrange;
pub(crate) mod arrays;
pub(crate) mod cifar;
pub(crate) mod csv;
pub(crate) mod download;
pub(crate) mod folder;
mod gather;
mod gunzip;
pub(crate) mod idx;
pub(crate) mod listing;
pub(crate) mod mnist_sample;
pub(crate) mod named;
pub(crate) mod natural;
pub(crate) mod npz;
mod place;
pub(crate) mod stamp;
pub(crate) mod synthetic;

use std::sync::Arc;

use task::{Shape, Task};

use crate::{Bytes, Images, OriginalSize};

/// What a source has made of its images, whose pixels are in the [`Store`](crate::cache::Store).
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub task: Arc<Task>,
    pub shape: Shape,
    /// How many images have a place in the store.
    pub slots: usize,
    /// Training, validation and, where there is one, test.
    pub parts: Vec<Part>,
    /// How large the images of all parts were before they got their shape.
    pub sizes: Vec<OriginalSize>,
    /// Files that were left out, each with the reason.
    pub skipped: Vec<String>,
}

/// The images of a split, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// Where their pixels are.
    pub slots: Vec<u32>,
    pub labels: Vec<u16>,
    /// File names, each followed by a zero byte, or nothing.
    pub names: Vec<u8>,
}

impl Index {
    /// The images of each split, with the pixels of all slots.
    pub fn images(&self, pixels: &Bytes) -> Vec<Images> {
        let of = |Part { slots, labels, names }: &Part| {
            let (slots, labels, names) = (slots.clone(), labels.clone(), names.clone().into());
            Images::of_slots(&self.task, self.shape, pixels.clone(), slots, labels, names)
        };
        self.parts.iter().map(of).collect()
    }
}

/// What a source may ask of the machine before it is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries of an archive, files of a folder, images of an IDX file.
    pub entries: usize,
    /// Bytes of an archive or IDX file after inflating.
    pub inflated: u64,
    /// Values of all images together.
    pub pixels: usize,
    /// Rows or columns of the images as they are kept.
    pub side: usize,
    /// Rows or columns of an image in its file.
    pub file_side: usize,
    /// Bytes of the file of an image.
    pub file: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 4_000_000, inflated: 64 << 30, pixels: 256 << 30, side: 1024, file_side: 8192, file: 256 << 20 }
    }
}
