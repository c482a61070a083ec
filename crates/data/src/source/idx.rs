//! Four IDX files as those of the original MNIST, plain or gzipped, and the labels to keep.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use task::Task;

use crate::{
    Digits, Error,
    source::{Limits, Splits, gunzip::Gunzip, stamp::file_identity},
};

const IMAGES: [u8; 4] = [0, 0, 8, 3];
const LABELS: [u8; 4] = [0, 0, 8, 1];

/// Training images and labels, test images and labels.
#[derive(Debug)]
pub(crate) struct Files([Input; 4]);

/// A file, or the bytes of one that was downloaded, with its address.
#[derive(Debug)]
pub(crate) enum Input {
    File(PathBuf),
    Bytes(String, Vec<u8>),
}

impl Files {
    /// Finds the four files under either spelling of their names, plain before gzipped.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let find = |stem: &str, kind: &str| {
            let names = ["-", "."].map(|dot| format!("{stem}{dot}{kind}-ubyte"));
            let names = names.iter().cloned().chain(names.iter().map(|name| format!("{name}.gz")));
            let found = names.map(|name| folder.join(name)).find(|path| path.is_file());
            found.map(Input::File).ok_or_else(|| Error::Layout {
                place: folder.display().to_string(),
                reason: format!("no `{stem}-{kind}-ubyte` in it, plain or .gz; the four files of MNIST are expected"),
            })
        };
        Ok(Self([
            find("train-images", "idx3")?,
            find("train-labels", "idx1")?,
            find("t10k-images", "idx3")?,
            find("t10k-labels", "idx1")?,
        ]))
    }

    /// Those that were downloaded.
    pub fn downloaded(files: [(String, Vec<u8>); 4]) -> Self {
        Self(files.map(|(url, bytes)| Input::Bytes(url, bytes)))
    }

    /// What a cache of these files is made from.
    pub fn identity(&self) -> Result<String, Error> {
        let of = |input: &Input| match input {
            Input::File(path) => file_identity(path),
            Input::Bytes(url, _) => Ok(url.clone()),
        };
        self.0.iter().map(of).collect()
    }

    /// Reads the classes asked for of both splits, or all that the training labels have, in the order of the files within a class.
    /// A label's class is its number, or has one of these `names`.
    pub fn read(&self, names: Option<&[&str]>, asked: Option<&[String]>, limits: &Limits) -> Result<Splits, Error> {
        let [train_images, train_labels, valid_images, valid_labels] = &self.0;
        let (train, valid) = rayon::join(
            || read_split(train_images, train_labels, limits),
            || read_split(valid_images, valid_labels, limits),
        );
        let (train, valid) = (train?, valid?);
        if train.sides != valid.sides {
            return Err(refuse(valid_images, "its images are of another size than the training images".into()));
        }
        let kept = match asked {
            Some(classes) => labels_of(names, classes)?,
            None => train.labels.iter().copied().collect::<BTreeSet<u8>>().into_iter().collect(),
        };
        let class = |label: &u8| {
            names
                .and_then(|names| names.get(usize::from(*label)))
                .map_or_else(|| label.to_string(), |name| (*name).into())
        };
        let task = Task::new(kept.iter().map(class)).map_err(|reason| refuse(train_labels, reason))?;
        let task = Arc::new(task);
        let (train, valid) =
            rayon::join(|| train.keep(&kept, &task, train_labels), || valid.keep(&kept, &task, valid_labels));
        Ok(Splits { train: train?, valid: valid? })
    }
}

/// The labels that the classes name.
pub(crate) fn labels_of(names: Option<&[&str]>, classes: &[String]) -> Result<Vec<u8>, Error> {
    let label = |class: &String| {
        let (label, there) = match names {
            Some(names) => (
                names.iter().position(|name| name == class).and_then(|label| label.try_into().ok()),
                format!("there are {}", names.join(", ")),
            ),
            None => (
                class.parse::<u8>().ok().filter(|label| label.to_string() == *class),
                "the classes of IDX files are numbers from 0 to 255".into(),
            ),
        };
        let reason = || format!("there is no class `{class}`; {there}");
        label.ok_or_else(|| Error::Classes { classes: classes.to_vec(), reason: reason() })
    };
    classes.iter().map(label).collect()
}

/// Images and labels as they lie in their files.
struct Unsorted {
    sides: [usize; 2],
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Unsorted {
    /// The images with one of these labels, class after class.
    fn keep(self, kept: &[u8], task: &Arc<Task>, file: &Input) -> Result<Digits, Error> {
        let image = self.sides[0] * self.sides[1];
        let mut by_label = vec![Vec::new(); 256];
        self.labels.iter().enumerate().for_each(|(index, label)| by_label[usize::from(*label)].push(index));
        let count = kept.iter().map(|label| by_label[usize::from(*label)].len()).sum::<usize>();
        let (mut pixels, mut labels) = (Vec::with_capacity(count * image), Vec::with_capacity(count));
        for (class, label) in task.labels().zip(kept) {
            let indices = &by_label[usize::from(*label)];
            if indices.is_empty() {
                return Err(refuse(file, format!("no image of the class {label}")));
            }
            for index in indices {
                pixels.extend_from_slice(&self.pixels[index * image..][..image]);
                labels.push(class);
            }
        }
        Ok(Digits::new(task, self.sides, pixels.into(), labels))
    }
}

fn read_split(images: &Input, labels: &Input, limits: &Limits) -> Result<Unsorted, Error> {
    let of_labels = |dims: &[usize]| within(dims[0] <= limits.entries, dims, limits);
    let (label_dims, label_bytes) = read_idx(labels, LABELS, limits, of_labels)?;
    // Checked before the pixels are read: a header of a few bytes can claim gigabytes, and a gzip stream have them.
    let (dims, pixels) = read_idx(images, IMAGES, limits, |dims| {
        within(dims[1..].iter().all(|side| (1..=limits.side).contains(side)), dims, limits)?;
        let labels = format!("{} images, but `{}` has {} labels", dims[0], labels, label_dims[0]);
        if dims[0] == label_dims[0] { Ok(()) } else { Err(labels) }
    })?;
    let [_, height, width] = dims[..] else { return Err(refuse(images, "it has not three dimensions".into())) };
    Ok(Unsorted { sides: [height, width], pixels, labels: label_bytes })
}

fn within(is_within: bool, dims: &[usize], Limits { entries, side, .. }: &Limits) -> Result<(), String> {
    let limits =
        format!("its header claims {dims:?} bytes; the limits are {entries} images of 1 to {side} pixels a side");
    if is_within { Ok(()) } else { Err(limits) }
}

/// Dimensions and bytes of one file, of which no more is read than its header claims, and nothing where `check` says that
/// these dimensions cannot be.
fn read_idx(
    path: &Input,
    magic: [u8; 4],
    limits: &Limits,
    check: impl Fn(&[usize]) -> Result<(), String>,
) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let unreadable = |cause: io::Error| Error::Read { path: path.to_string().into(), cause };
    let mut file = open(path).map_err(unreadable)?;
    let mut read = |most: u64| {
        let mut bytes = Vec::new();
        file.by_ref().take(most).read_to_end(&mut bytes).map_err(unreadable).map(|_| bytes)
    };
    let head = read(4 + 4 * u64::from(magic[3]))?;
    if head.len() < 4 + 4 * usize::from(magic[3]) || head[..4] != magic {
        let reason = format!("it does not start as an IDX file of {} dimensions of bytes", magic[3]);
        return Err(refuse(path, reason));
    }
    let dims = head[4..].chunks_exact(4).map(|d| u32::from_be_bytes([d[0], d[1], d[2], d[3]]) as usize);
    let dims: Vec<usize> = dims.collect();
    check(&dims).map_err(|reason| refuse(path, reason))?;
    let claimed = dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim)).map(|claimed| claimed as u64);
    let body = read(claimed.unwrap_or(u64::MAX).min(limits.inflated) + 1)?;
    let found = match body.len() as u64 {
        found if Some(found) == claimed && found <= limits.inflated => return Ok((dims, body)),
        found if found > limits.inflated => {
            return Err(refuse(path, format!("it holds more than {} bytes, which is the limit", limits.inflated)));
        }
        found if claimed.is_some_and(|claimed| found > claimed) => "more".to_owned(),
        found => found.to_string(),
    };
    Err(refuse(path, format!("its header claims {dims:?} bytes, but it holds {found}; it is cut off or damaged")))
}

/// The file's bytes, inflated where they are gzipped; not by its name: a browser that inflates what it fetches keeps the `.gz`.
fn open(input: &Input) -> io::Result<Box<dyn Read + '_>> {
    let mut file: Box<dyn BufRead> = match input {
        Input::File(path) => Box::new(BufReader::new(File::open(path)?)),
        Input::Bytes(_, bytes) => Box::new(&bytes[..]),
    };
    Ok(match file.fill_buf()?.starts_with(b"\x1f\x8b") {
        true => Box::new(Gunzip::new(file)),
        false => Box::new(file),
    })
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Bytes(url, _) => f.write_str(url),
        }
    }
}

fn refuse(file: &Input, reason: String) -> Error {
    Error::Layout { place: file.to_string(), reason }
}

#[cfg(test)]
mod tests;
