//! Four IDX files as those of the original MNIST, plain or gzipped.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use task::Shape;

use crate::{
    Error, Request,
    cache::Store,
    source::{
        Index, Limits,
        arrays::{self, Arrays, Layout},
        gunzip::Gunzip,
        place::name_of,
        stamp::file_identity,
    },
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
    /// Finds the four files under any spelling of their names, plain before gzipped: `train-images-idx3-ubyte`, `t10k-images.idx3-ubyte`,
    /// or `emnist-balanced-test-images-idx3-ubyte`.
    ///
    /// # Errors
    /// Where one is missing, or there are several sets of files.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let unreadable = |cause| Error::Read { path: folder.into(), cause };
        let entries = fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        let mut names: Vec<String> =
            entries.iter().map(|entry| name_of(entry.file_name().as_encoded_bytes())).collect();
        names.sort_unstable();
        let find = |stems: &[&str], kind: &str| {
            let is_it = |name: &str, gzipped: bool| {
                let plain = name.strip_suffix(".gz");
                let normal = plain.unwrap_or(name).replace('.', "-");
                let is_it = stems.iter().any(|stem| normal.ends_with(&format!("{stem}-{kind}-ubyte")));
                is_it && plain.is_some() == gzipped && folder.join(name).is_file()
            };
            let of = |gzipped| names.iter().filter(|name| is_it(name, gzipped)).collect::<Vec<_>>();
            let found = [of(false), of(true)].into_iter().find(|found| !found.is_empty()).unwrap_or_default();
            let reason = match found[..] {
                [name] => return Ok(Input::File(folder.join(name))),
                [] => {
                    format!("no `{}-{kind}-ubyte` in it, plain or .gz; the four files of MNIST are expected", stems[0])
                }
                [one, other, ..] => {
                    format!("`{one}` and `{other}` are both in it; put each set of four files into a folder")
                }
            };
            Err(Error::Layout { place: folder.display().to_string(), reason })
        };
        Ok(Self([
            find(&["train-images"], "idx3")?,
            find(&["train-labels"], "idx1")?,
            find(&["t10k-images", "test-images"], "idx3")?,
            find(&["t10k-labels", "test-labels"], "idx1")?,
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

    /// Reads them; the test files are the validation split, unless a part of the training images is held out for that. A label's class
    /// is its number, or has one of these `names`.
    pub fn read(
        &self,
        names: Option<&[&str]>,
        request: &Request,
        limits: &Limits,
        store: &Store,
    ) -> Result<Index, Error> {
        let [train_images, train_labels, test_images, test_labels] = &self.0;
        let transposed = request.decoding.transposed;
        let (train, test) = rayon::join(
            || read_split(train_images, train_labels, transposed, limits),
            || read_split(test_images, test_labels, transposed, limits),
        );
        arrays::index(vec![train?, test?], names, request, store)
    }
}

fn read_split(images: &Input, labels: &Input, is_transposed: bool, limits: &Limits) -> Result<Arrays, Error> {
    let of_labels = |dims: &[usize]| within(dims[0] <= limits.entries, dims, limits);
    let (label_dims, label_bytes) = read_idx(labels, LABELS, limits, of_labels)?;
    // Checked before the pixels are read: a header of a few bytes can claim gigabytes, and a gzip stream have them.
    let (dims, pixels) = read_idx(images, IMAGES, limits, |dims| {
        within(dims[1..].iter().all(|side| (1..=limits.side).contains(side)), dims, limits)?;
        let labels = format!("{} images, but `{}` has {} labels", dims[0], labels, label_dims[0]);
        if dims[0] == label_dims[0] { Ok(()) } else { Err(labels) }
    })?;
    let [_, height, width] = dims[..] else { return Err(refuse(images, "it has not three dimensions".into())) };
    let layout = Layout { is_transposed, ..Layout::planes(Shape::grey([height, width])) };
    let labels_of_images = label_bytes.into_iter().map(u16::from).collect();
    Ok(Arrays { place: labels.to_string(), pixels, layout, labels: labels_of_images })
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
