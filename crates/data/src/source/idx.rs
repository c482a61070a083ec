//! The four IDX files of the original MNIST, plain or gzipped, and the two digits to keep.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::{
    Digits, Error,
    source::{Limits, Splits, gunzip::Gunzip, stamp::file_identity},
};

const IMAGES: [u8; 4] = [0, 0, 8, 3];
const LABELS: [u8; 4] = [0, 0, 8, 1];

/// The files found in a folder: training images and labels, test images and labels.
#[derive(Debug)]
pub(crate) struct Files([PathBuf; 4]);

impl Files {
    /// Finds the four files under either spelling of their names, plain before gzipped.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let find = |stem: &str, kind: &str| {
            let names = ["-", "."].map(|dot| format!("{stem}{dot}{kind}-ubyte"));
            let names = names.iter().cloned().chain(names.iter().map(|name| format!("{name}.gz")));
            names.map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| Error::Layout {
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

    /// What a cache of these files is made from.
    pub fn identity(&self) -> Result<String, Error> {
        self.0.iter().map(|path| file_identity(path)).collect()
    }

    /// Reads the two digits of both splits, in the order of the files within a class.
    pub fn read(&self, classes: &[String; 2], limits: &Limits) -> Result<Splits, Error> {
        let digits = check_classes(classes)?;
        let [train_images, train_labels, valid_images, valid_labels] = &self.0;
        let (train, valid) = rayon::join(
            || read_split(train_images, train_labels, digits, limits),
            || read_split(valid_images, valid_labels, digits, limits),
        );
        let (train, valid) = (train?, valid?);
        match (train.height(), train.width()) == (valid.height(), valid.width()) {
            true => Ok(Splits { train, valid }),
            false => Err(refuse(valid_images, "its images are of another size than the training images".into())),
        }
    }
}

/// The two digits that the classes name.
pub(crate) fn check_classes(classes: &[String; 2]) -> Result<[u8; 2], Error> {
    Ok([digit(&classes[0], classes)?, digit(&classes[1], classes)?])
}

fn digit(class: &str, classes: &[String; 2]) -> Result<u8, Error> {
    class.parse().ok().filter(|_| class.len() == 1).ok_or_else(|| {
        let reason = format!("`{class}` is no digit; the classes of IDX files are two of 0 to 9");
        Error::Classes { classes: classes.clone(), reason }
    })
}

fn read_split(images: &Path, labels: &Path, digits: [u8; 2], limits: &Limits) -> Result<Digits, Error> {
    let of_labels = |dims: &[usize]| within(dims[0] <= limits.entries, dims, limits);
    let (label_dims, label_bytes) = read_idx(labels, LABELS, limits, of_labels)?;
    // Checked before the pixels are read: a header of a few bytes can claim gigabytes, and a gzip stream have them.
    let (dims, pixels) = read_idx(images, IMAGES, limits, |dims| {
        within(dims[1..].iter().all(|side| (1..=limits.side).contains(side)), dims, limits)?;
        let labels = format!("{} images, but `{}` has {} labels", dims[0], labels.display(), label_dims[0]);
        if dims[0] == label_dims[0] { Ok(()) } else { Err(labels) }
    })?;
    let [_, height, width] = dims[..] else { return Err(refuse(images, "it has not three dimensions".into())) };
    let mut kept = (Vec::new(), Vec::new());
    for (target, digit) in [(1, digits[0]), (0, digits[1])] {
        for (image, _) in pixels.chunks_exact(height * width).zip(&label_bytes).filter(|(_, label)| **label == digit) {
            kept.0.extend_from_slice(image);
            kept.1.push(target);
        }
        if kept.1.last() != Some(&target) {
            return Err(refuse(labels, format!("no image of the digit {digit}")));
        }
    }
    Ok(Digits::new(height, width, kept.0.into(), kept.1.into()))
}

fn within(is_within: bool, dims: &[usize], Limits { entries, side, .. }: &Limits) -> Result<(), String> {
    let limits =
        format!("its header claims {dims:?} bytes; the limits are {entries} images of 1 to {side} pixels a side");
    if is_within { Ok(()) } else { Err(limits) }
}

/// Dimensions and bytes of one file, of which no more is read than its header claims, and nothing where `check` says that
/// these dimensions cannot be.
fn read_idx(
    path: &Path,
    magic: [u8; 4],
    limits: &Limits,
    check: impl Fn(&[usize]) -> Result<(), String>,
) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let unreadable = |cause: io::Error| Error::Read { path: path.into(), cause };
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
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::new(File::open(path)?);
    Ok(match file.fill_buf()?.starts_with(b"\x1f\x8b") {
        true => Box::new(Gunzip::new(file)),
        false => Box::new(file),
    })
}

fn refuse(path: &Path, reason: String) -> Error {
    Error::Layout { place: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests;
