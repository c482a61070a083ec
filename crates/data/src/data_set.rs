//! A data set: both splits, and where they came from.

use std::{path::PathBuf, sync::Arc};

use task::Task;

use crate::Digits;

/// Both splits, and where they came from.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Training images: class after class, within a class by file name, or in the order of IDX files.
    pub train: Arc<Digits>,
    /// Validation images, in the same order.
    pub valid: Arc<Digits>,
    /// What it really was, as `data.source` names it: never `auto`.
    pub source: String,
    /// What a report should say about it, for instance why it is synthetic.
    pub notes: Vec<String>,
    /// [`fingerprint`](crate::fingerprint()) of both splits, 64 hexadecimal digits.
    pub fingerprint: String,
    /// The packed file that it lies in; `None` where it is only in memory.
    pub cache: Option<PathBuf>,
}

impl DataSet {
    pub fn class(&self, label: u16) -> &str {
        self.task().class(label)
    }

    /// The classes of both splits.
    pub fn task(&self) -> &Arc<Task> {
        self.train.task()
    }

    /// An image's name as `train show` takes it: split, class, and number within the two.
    pub fn image_name(&self, split: Split, index: usize) -> String {
        let labels = split.of(self).labels();
        let number = labels[..index].iter().filter(|label| **label == labels[index]).count();
        format!("{}/{}/{number}", split.name(), self.class(labels[index]))
    }
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What it learns from.
    Train,
    /// What it has never seen.
    Valid,
}

impl Split {
    pub const ALL: [Self; 2] = [Self::Train, Self::Valid];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
        }
    }

    pub fn of(self, data: &DataSet) -> &Arc<Digits> {
        match self {
            Self::Train => &data.train,
            Self::Valid => &data.valid,
        }
    }
}
