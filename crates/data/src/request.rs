//! What a data set is asked for with, and what is told while it is brought.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{Columns, Fit, NamedSet, Split};

/// Where the images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// MNIST_SAMPLE from the cache, [`Request::archive_override`] or the download; where none of them works,
    /// [`Request::fallback`] with a warning.
    Auto,
    /// MNIST_SAMPLE or an error.
    MnistSample,
    /// A local .tgz with `train/<class>/<image>` and `valid/<class>/<image>`, under any root folder, or with `<class>/<image>`.
    Archive { path: PathBuf },
    /// A folder with `train/<class>/<image>` and `valid/<class>/<image>`, or with `<class>/<image>`.
    Folder { path: PathBuf },
    /// A table with a row for each image, or a folder of tables `train.csv`, `valid.csv` and `test.csv`.
    Csv {
        path: PathBuf,
        /// What its paths are below; none: the folder of the table.
        images: Option<PathBuf>,
        columns: Columns,
    },
    /// Arrays of NumPy, as Keras' mnist.npz and MedMNIST.
    Npz { path: PathBuf },
    /// A data set that everybody knows, downloaded from where its authors have it.
    Named(NamedSet),
    /// A folder with the four files of the original MNIST, plain or .gz.
    Idx { path: PathBuf },
    /// Drawn digits.
    Synthetic {
        /// The same seed draws the same digits.
        seed: u64,
        train: usize,
        /// Validation images.
        valid: usize,
    },
}

/// What drawn digits are called, also where they take the place of others.
pub(crate) const SYNTHETIC: &str = "synthetic";

impl Source {
    /// As [`DataSet::source`](crate::DataSet::source) and the cache file have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::MnistSample => "mnist-sample",
            Self::Archive { .. } => "archive",
            Self::Folder { .. } => "folder",
            Self::Csv { .. } => "csv",
            Self::Npz { .. } => "npz",
            Self::Named(set) => set.name(),
            Self::Idx { .. } => "idx",
            Self::Synthetic { .. } => SYNTHETIC,
        }
    }

    /// As [`DataSet::name`](crate::DataSet::name) has it, of what it really was: a file or a folder is called by its own name.
    pub(crate) fn called(&self, source: &str) -> String {
        let path = match self {
            Self::Archive { path }
            | Self::Folder { path }
            | Self::Csv { path, .. }
            | Self::Npz { path }
            | Self::Idx { path } => {
                // `.` has no name.
                fs::canonicalize(path).ok()
            }
            Self::Auto | Self::MnistSample | Self::Named(_) | Self::Synthetic { .. } => None,
        };
        task::name_of_data(path.as_deref(), source)
    }
}

/// What [`load`](crate::load) shall bring, and what it may use.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the digits come from.
    pub source: Source,
    /// The classes to take, in the order of their labels; `None`: all that the source has, in natural order (2 before 10).
    pub classes: Option<Vec<String>>,
    /// What files become.
    pub decoding: Decoding,
    /// What is held out where the source has no validation split.
    pub held_out: HeldOut,
    /// A model is to be judged by the images of this split of files: nothing learns from them, so that other splits, and images of
    /// each class, may be missing. Files without splits are all taken. They stand as all splits of the data set.
    pub judged: Option<Split>,
    /// Folder of packed data sets; `None`: `mnist-train` in the user's cache folder.
    pub cache: Option<PathBuf>,
    /// What [`Source::Auto`] draws where the real data cannot be had: seed, training and validation images.
    pub fallback: (u64, usize, usize),
    /// A local copy of MNIST_SAMPLE that saves the download: what `MNIST_SAMPLE_ARCHIVE` names.
    pub archive_override: Option<PathBuf>,
    /// Where MNIST_SAMPLE is fetched from.
    pub remote: Remote,
    /// Set from another thread, it ends a download, a wait or the drawing of digits with [`Error::Cancelled`](crate::Error::Cancelled).
    pub cancel: Option<Arc<AtomicBool>>,
}

/// How files become images of one shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoding {
    /// 1: grey; 3: colour; none: colour where any image is.
    pub channels: Option<usize>,
    /// Rows and columns; none: those of the first image, which all must have.
    pub size: Option<[usize; 2]>,
    /// How images of another size become of this one.
    pub fit: Fit,
    pub on_broken: OnBroken,
    /// Whether the IDX files have column before row, as EMNIST's.
    pub transposed: bool,
}

/// What a file that cannot be decoded does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBroken {
    /// It stops the load.
    #[default]
    Stop,
    /// It is left out, and listed in [`DataSet::skipped`](crate::DataSet::skipped).
    Skip,
}

/// The part of each class that becomes the validation split of a source that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// From 0, which holds nothing out, to below 1.
    pub fraction: f64,
    /// Which images: the same seed and files, the same ones.
    pub seed: u64,
}

/// An archive on a server, with what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// http or https.
    pub url: String,
    pub size: u64,
    /// MD5, 32 lower-case hexadecimal digits.
    pub md5: String,
}

/// What [`load`](crate::load) tells while it works. The library itself prints nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Bytes of the download that are there.
    Downloading {
        /// Bytes so far, resumed ones included.
        done: u64,
        /// All bytes.
        total: u64,
    },
    /// An attempt to download failed; another follows.
    Retrying {
        /// Why it failed.
        reason: String,
        /// How long it waits before it tries again.
        wait: Duration,
    },
    /// Another process prepares the same data set.
    Waiting {
        /// The lock file that it holds.
        lock: PathBuf,
    },
    /// Images are decoded, which of many takes a while.
    Decoding {
        /// The archive, folder or file.
        place: String,
    },
    /// Something that the user should see; also among [`DataSet::notes`](crate::DataSet::notes).
    Warning(String),
}

impl Default for Request {
    fn default() -> Self {
        Self {
            source: Source::Auto,
            classes: Some(vec!["3".into(), "7".into()]),
            decoding: Decoding::default(),
            held_out: HeldOut::default(),
            judged: None,
            cache: None,
            fallback: (0, 12396, 2038),
            archive_override: None,
            remote: Remote::default(),
            cancel: None,
        }
    }
}

/// MD5 of the official archive.
pub(crate) const MNIST_SAMPLE_MD5: &str = "2dbc7ec6f9259b583af0072c55816a88";

impl Default for Remote {
    /// The official MNIST_SAMPLE of fast.ai.
    fn default() -> Self {
        Self {
            url: "https://s3.amazonaws.com/fast-ai-sample/mnist_sample.tgz".into(),
            size: 3_214_948,
            md5: MNIST_SAMPLE_MD5.into(),
        }
    }
}

impl Request {
    /// What is made of images, decoded so, and of splits, where it is not what the source has: part of what a cache file is known by.
    pub(crate) fn changes(&self, decoding: Decoding) -> String {
        let judged = self.judged.map_or_else(String::new, |split| format!("\0judged {}", split.name()));
        match (decoding == Decoding::default(), self.held_out == HeldOut::default()) {
            (true, true) => judged,
            _ => format!("\0{decoding:?} {:?}{judged}", self.held_out),
        }
    }

    /// Whether images and splits are taken as the source has them.
    pub(crate) fn is_as_it_is(&self) -> bool {
        let Decoding { channels, size, .. } = self.decoding;
        channels != Some(3) && size.is_none() && self.held_out.fraction == 0.0 && self.judged.is_none()
    }

    /// Whether [`cancel`](Self::cancel) is set.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.load(Relaxed))
    }
}
