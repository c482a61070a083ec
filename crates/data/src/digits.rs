//! The digits of one split: their pixels and labels in one contiguous block, and Burn's `Dataset` over them.

use std::{ops::Range, sync::Arc};

use burn::data::dataset::Dataset;
use memmap2::Mmap;

/// Grey images of one size with their labels: label 1 is the positive class, 0 the negative one.
///
/// Pixels are `u8` (0 white background to 255 full stroke), row by row, image after image: `[images, height, width]`.
#[derive(Clone, Debug)]
pub struct Digits {
    height: usize,
    width: usize,
    pixels: Bytes,
    labels: Bytes,
    names: Bytes,
}

/// Bytes that are owned or lie in a memory-mapped cache file.
#[derive(Clone, Debug)]
pub enum Bytes {
    Owned(Arc<[u8]>),
    /// A range of a mapped file.
    Mapped(Arc<Mmap>, Range<usize>),
}

impl Digits {
    /// Joins pixels and labels.
    ///
    /// # Panics
    /// When `pixels` is not `labels` times `height` times `width` long: sources check before they build.
    pub fn new(height: usize, width: usize, pixels: Bytes, labels: Bytes) -> Self {
        assert_eq!(pixels.as_slice().len(), labels.as_slice().len() * height * width, "pixels and labels disagree");
        Self { height, width, pixels, labels, names: Vec::new().into() }
    }

    /// The same with the file names of the images in their order, each followed by a zero byte.
    pub(crate) fn named(self, names: Bytes) -> Self {
        Self { names, ..self }
    }

    /// The file that image `index` was, without its folders; `None` where the images were no files, or there is no such
    /// image.
    pub fn file_name(&self, index: usize) -> Option<&str> {
        let name = self.names().split(|byte| *byte == 0).nth(index)?;
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// All file names, each followed by a zero byte; empty where the images were no files.
    pub(crate) fn names(&self) -> &[u8] {
        self.names.as_slice()
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.as_slice().len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of one image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of one image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows and columns of one image.
    pub fn sides(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Pixels of one image, `height * width`.
    pub fn image_len(&self) -> usize {
        self.height * self.width
    }

    /// The pixels of image `index`, row by row.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels()[index * self.image_len()..][..self.image_len()]
    }

    /// All pixels, `[images, height, width]`.
    pub fn pixels(&self) -> &[u8] {
        self.pixels.as_slice()
    }

    /// All labels, 1 (positive class) or 0.
    pub fn labels(&self) -> &[u8] {
        self.labels.as_slice()
    }

    /// How many images have this label.
    pub fn count(&self, label: u8) -> usize {
        self.labels().iter().filter(|l| **l == label).count()
    }
}

impl Bytes {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map, range) => &map[range.clone()],
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

/// One image with its label: light, because it only points into its split.
#[derive(Clone, Debug)]
pub struct Digit {
    digits: Arc<Digits>,
    index: usize,
}

/// The digits of one split, in order.
#[derive(Clone, Debug)]
pub struct DigitDataset(Arc<Digits>);

impl DigitDataset {
    /// A data set over these digits.
    pub fn new(digits: Arc<Digits>) -> Self {
        Self(digits)
    }
}

impl Dataset<Digit> for DigitDataset {
    fn get(&self, index: usize) -> Option<Digit> {
        (index < self.0.len()).then(|| Digit { digits: self.0.clone(), index })
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Digit {
    /// Where it stands in its split.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Rows and columns.
    pub fn sides(&self) -> [usize; 2] {
        self.digits.sides()
    }

    /// Pixels 0 to 255, row by row.
    pub fn pixels(&self) -> &[u8] {
        self.digits.image(self.index)
    }

    /// 1 for the positive class, 0 for the negative one.
    pub fn label(&self) -> u8 {
        self.digits.labels()[self.index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_knows_the_file_it_was() {
        let digits = Digits::new(1, 1, vec![1, 2].into(), vec![1, 0].into());
        assert_eq!(digits.file_name(0), None, "drawn");
        let digits = digits.named(b"7.png\x0010.png\0".to_vec().into());
        assert_eq!([0, 1, 2].map(|index| digits.file_name(index)), [Some("7.png"), Some("10.png"), None]);
    }

    #[test]
    fn an_item_points_to_its_pixels_and_label() {
        let digits = Digits::new(1, 2, vec![1, 2, 3, 4].into(), vec![1, 0].into());
        let dataset = DigitDataset::new(Arc::new(digits));
        let digit = dataset.get(1).unwrap();
        assert_eq!((digit.index(), digit.pixels(), digit.label()), (1, &[3, 4][..], 0));
    }

    #[test]
    fn there_is_nothing_beyond_the_end() {
        let digits = Digits::new(1, 1, vec![1].into(), vec![1].into());
        assert!(DigitDataset::new(Arc::new(digits)).get(1).is_none());
    }
}
