//! The images of a split, and the splits of a data set.

use std::{ops::Range, path::PathBuf, sync::Arc};

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use task::{Shape, Task};

/// Images of one shape with their labels: each the index of its class in the task.
///
/// Pixels are `u8` (0: black, 255: white), channel after channel, row by row. The pixels of a whole data set lie in one piece, an
/// image in each slot; a split is a list of slots.
#[derive(Clone, Debug)]
pub struct Images {
    task: Arc<Task>,
    shape: Shape,
    pixels: Bytes,
    slots: Arc<[u32]>,
    labels: Arc<[u16]>,
    names: Bytes,
}

/// Bytes that are owned or lie in a memory-mapped cache file.
#[derive(Clone, Debug)]
pub enum Bytes {
    Owned(Arc<Vec<u8>>),
    /// A range of a mapped file.
    Mapped(Arc<Mmap>, Range<usize>),
}

impl Images {
    /// Images that lie in the order of their labels, one after the other.
    ///
    /// # Panics
    /// When `pixels` is not `labels` images of this shape, or a label is of no class: sources check before they build.
    pub fn new(task: &Arc<Task>, shape: Shape, pixels: Bytes, labels: Vec<u16>) -> Self {
        assert_eq!(pixels.as_slice().len(), labels.len() * shape.len(), "pixels and labels disagree");
        let slots = (0..labels.len() as u32).collect();
        Self::of_slots(task, shape, pixels, slots, labels, Vec::new().into())
    }

    /// The images in these slots. The file names in their order are each followed by a zero byte, or there are none.
    ///
    /// # Panics
    /// When there are not as many labels as slots, a slot is beyond the pixels, or a label is of no class.
    pub(crate) fn of_slots(
        task: &Arc<Task>,
        shape: Shape,
        pixels: Bytes,
        slots: Vec<u32>,
        labels: Vec<u16>,
        names: Bytes,
    ) -> Self {
        let count = pixels.as_slice().len() / shape.len();
        assert_eq!(slots.len(), labels.len(), "slots and labels disagree");
        assert!(slots.iter().all(|slot| (*slot as usize) < count), "a slot is beyond the pixels");
        assert!(labels.iter().all(|label| usize::from(*label) < task.classes().len()), "a label is of no class");
        Self { task: task.clone(), shape, pixels, slots: slots.into(), labels: labels.into(), names }
    }

    /// The classes that the labels are of.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// The file that image `index` was; `None` where the images were no files, or there is no such image.
    pub fn file_name(&self, index: usize) -> Option<&str> {
        let name = self.names().split(|byte| *byte == 0).nth(index)?;
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// The files that the images were, in their order; none where they were no files.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.names().split(|byte| *byte == 0).map(|name| std::str::from_utf8(name).unwrap_or_default())
    }

    /// All file names, each followed by a zero byte; empty where the images were no files.
    pub(crate) fn names(&self) -> &[u8] {
        self.names.as_slice()
    }

    /// Where in the pixels of the data set each image lies.
    #[cfg(test)]
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What each image is made of.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The pixels of image `index`, channel after channel, row by row.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn image(&self, index: usize) -> &[u8] {
        let length = self.shape.len();
        &self.pixels.as_slice()[self.slots[index] as usize * length..][..length]
    }

    /// Lets go of the pixels that are in memory, where they are in a file.
    pub(crate) fn release(&self) {
        self.pixels.release();
    }

    /// The pixels of all images in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.image(index))
    }

    /// All labels.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// How many images have this label.
    pub fn count(&self, label: u16) -> usize {
        self.labels().iter().filter(|l| **l == label).count()
    }
}

impl Bytes {
    /// Lets go of what of a mapped file is in memory; it is read again when it is looked at.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Self::Mapped(map, range) = self {
            // SAFETY: the file is mapped to be read alone, so that no byte is lost. That it fails costs memory and nothing else.
            let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
        }
    }

    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map, range) => &map[range.clone()],
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(Arc::new(bytes))
    }
}

/// The splits, and where they came from.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Training images: class after class, within a class by file name, or in the order of IDX files.
    pub train: Arc<Images>,
    /// Validation images, in the same order: the best epoch is chosen by them.
    pub valid: Arc<Images>,
    /// Images that no training and no choice of an epoch sees, where the source has such.
    pub test: Option<Arc<Images>>,
    /// What it really was, as `data.source` names it: never `auto`.
    pub source: String,
    /// As people call it: the file or folder, and what kind of source it is, or the source alone where that says which data it is.
    pub name: String,
    /// What a report should say about it, for instance why it is synthetic.
    pub notes: Vec<String>,
    /// How large its images were before they got their shape, smallest height first.
    pub sizes: Vec<OriginalSize>,
    /// Files that could not be decoded and were left out, each with the reason, where that was asked for.
    pub skipped: Vec<String>,
    /// [`fingerprint`](crate::fingerprint()) of the splits, 64 hexadecimal digits.
    pub fingerprint: String,
    /// The packed file that it lies in; `None` where it is only in memory.
    pub cache: Option<PathBuf>,
}

/// Images of a size in their files or arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalSize {
    /// Rows and columns.
    pub sides: [usize; 2],
    pub images: usize,
}

impl DataSet {
    /// Two splits in memory, of which nothing else is known.
    #[must_use]
    pub fn in_memory(source: &str, train: Arc<Images>, valid: Arc<Images>) -> Self {
        Self {
            train,
            valid,
            test: None,
            source: source.into(),
            name: source.into(),
            notes: vec![],
            sizes: vec![],
            skipped: vec![],
            fingerprint: "0".into(),
            cache: None,
        }
    }

    pub fn class(&self, label: u16) -> &str {
        self.task().class(label)
    }

    /// The classes of all splits.
    pub fn task(&self) -> &Arc<Task> {
        self.train.task()
    }

    /// What the images of all splits are made of.
    pub fn shape(&self) -> Shape {
        self.train.shape()
    }

    /// The images of a split; none where the data has no such split.
    pub fn split(&self, split: Split) -> Option<&Arc<Images>> {
        match split {
            Split::Train => Some(&self.train),
            Split::Valid => Some(&self.valid),
            Split::Test => self.test.as_ref(),
        }
    }

    /// The splits that there are.
    pub fn splits(&self) -> impl Iterator<Item = (Split, &Arc<Images>)> {
        Split::ALL.into_iter().filter_map(|split| Some((split, self.split(split)?)))
    }

    /// An image's name as `train show` takes it: split, class, and the file that it was; where it was none, its number within the two.
    pub fn image_name(&self, split: Split, index: usize) -> String {
        let images = self.split(split).expect("an image of this split");
        let labels = images.labels();
        let number = || labels[..index].iter().filter(|label| **label == labels[index]).count().to_string();
        let last = images.file_name(index).map_or_else(number, str::to_owned);
        format!("{}/{}/{last}", split.name(), self.class(labels[index]))
    }

    /// The image of a split and a class that an [`image_name`](Self::image_name) ends with: the one that was this file, else that with
    /// this number within the two.
    pub fn image_named(&self, split: Split, label: u16, last: &str) -> Option<usize> {
        let images = self.split(split)?;
        let is_of_class = |index: &usize| images.labels()[*index] == label;
        let file = images.file_names().zip(images.labels()).position(|(file, of)| file == last && *of == label);
        file.or_else(|| (0..images.len()).filter(is_of_class).nth(last.parse().ok()?))
    }
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// What it learns from.
    Train,
    /// What it does not learn from, by which the best epoch is chosen.
    Valid,
    /// What nothing is chosen by.
    Test,
}

impl Split {
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digits, threes_and_sevens};

    #[test]
    fn an_image_knows_the_file_it_was() {
        let drawn = digits([1, 1], &[1, 2], &[0, 1]);
        assert_eq!(drawn.file_name(0), None, "drawn");
        let names = Bytes::from(b"7.png\x0010.png\0".to_vec());
        let (task, pixels) = (threes_and_sevens(), Bytes::from(vec![5, 6, 7]));
        let files = Images::of_slots(&task, Shape::grey([1, 1]), pixels, vec![2, 0], vec![0, 1], names);
        assert_eq!([0, 1, 2].map(|index| files.file_name(index)), [Some("7.png"), Some("10.png"), None]);
        assert_eq!(files.iter().collect::<Vec<_>>(), [[7], [5]]);
    }

    #[test]
    fn an_image_is_found_by_its_name() {
        let names = Bytes::from(b"7.png\x0010.png\x001\0".to_vec());
        let (task, pixels) = (threes_and_sevens(), Bytes::from(vec![5, 6, 7]));
        let images = Images::of_slots(&task, Shape::grey([1, 1]), pixels, vec![0, 1, 2], vec![0, 1, 1], names);
        let data = DataSet::in_memory("files", images.clone().into(), images.into());
        for index in 0..3 {
            let name = data.image_name(Split::Valid, index);
            let last = name.rsplit('/').next().unwrap();
            assert_eq!(data.image_named(Split::Valid, u16::from(index > 0), last), Some(index), "{name}");
        }
        let find = |last: &str| data.image_named(Split::Train, 1, last);
        assert_eq!(
            [find("0"), find("1"), find("7.png"), find("2")],
            [Some(1), Some(2), None, None],
            "a file goes first"
        );
    }
}
