//! A .npz of NumPy: arrays of images and labels, as Keras' mnist.npz and MedMNIST have them.
//!
//! The header of a .npy is read here, in the little of Python's syntax that NumPy writes (its format is fixed since 2007:
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>); the crates for it bring a parser of all literals.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use task::Shape;
use zip::ZipArchive;

use crate::{
    Error, Request, Split,
    cache::Store,
    source::{
        Index, Limits,
        arrays::{self, Arrays, Layout},
        place::split_of,
    },
};

/// Reads the arrays of a file: `x_train` and `y_train`, or `train_images` and `train_labels`, and so on.
///
/// # Errors
/// Where it is no such file, an array is missing or of another kind.
pub(crate) fn read(path: &Path, request: &Request, limits: &Limits, store: &Store) -> Result<Index, Error> {
    let place = path.display().to_string();
    let wrong = |reason: String| Error::Layout { place: place.clone(), reason };
    let file = File::open(path).map_err(|cause| Error::Read { path: path.into(), cause })?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| wrong(format!("cannot be read as a .npz: {error}")))?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let mut splits = Vec::new();
    for split in Split::ALL {
        let find = |kind: Kind| names.iter().find(|name| kind_of(name) == Some((split, kind))).cloned();
        let (images, labels) = match (find(Kind::Images), find(Kind::Labels)) {
            (Some(images), Some(labels)) => (images, labels),
            (None, None) if split != Split::Train => continue,
            _ => {
                let (name, names) = (split.name(), names.join(", "));
                return Err(wrong(format!(
                    "no images and labels of {name}, as `x_{name}` and `y_{name}` or `{name}_images` and `{name}_labels`; it has {names}"
                )));
            }
        };
        let images = Array::read(&mut archive, &images, limits).map_err(wrong)?;
        let labels = Array::read(&mut archive, &labels, limits).map_err(wrong)?;
        splits.push(images.with(labels, &place, limits).map_err(wrong)?);
    }
    if splits.len() < 2 && request.held_out.fraction == 0.0 {
        return Err(wrong(
            "it has training images alone: set `data.valid_fraction`, as 0.2, to hold out a fifth of each class".into(),
        ));
    }
    arrays::index(splits, None, request, store)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Images,
    Labels,
}

/// What an array's name says: `x_train.npy`, `val_labels.npy`.
fn kind_of(name: &str) -> Option<(Split, Kind)> {
    let name = name.strip_suffix(".npy").unwrap_or(name).to_ascii_lowercase();
    let (one, other) = name.rsplit_once(['_', '-'])?;
    let kind = |word: &str| match word {
        "x" | "images" | "image" | "imgs" | "data" => Some(Kind::Images),
        "y" | "labels" | "label" | "targets" => Some(Kind::Labels),
        _ => None,
    };
    let pair = |split: &str, word: &str| Some((split_of(split)?, kind(word)?));
    pair(other, one).or_else(|| pair(one, other))
}

/// An array as it lies in its file.
struct Array {
    name: String,
    /// NumPy's name of the type, as `|u1`.
    kind: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    fn read(archive: &mut ZipArchive<BufReader<File>>, name: &str, limits: &Limits) -> Result<Self, String> {
        let mut entry = archive.by_name(name).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
        let cut = |_| format!("`{name}` is cut off or damaged");
        let mut start = [0; 8];
        entry.read_exact(&mut start).map_err(cut)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(format!("`{name}` does not start as a .npy does"));
        }
        let wide = if start[6] == 1 { 2 } else { 4 };
        let mut length = [0; 4];
        entry.read_exact(&mut length[..wide]).map_err(cut)?;
        let mut header = Vec::new();
        entry
            .by_ref()
            .take(u64::from(u32::from_le_bytes(length)).min(1 << 16))
            .read_to_end(&mut header)
            .map_err(cut)?;
        let header = String::from_utf8_lossy(&header).into_owned();
        let (kind, shape) =
            parsed(&header).ok_or_else(|| format!("`{name}`: its header is not understood: {}", header.trim()))?;
        if header.contains("'fortran_order': True") {
            return Err(format!("`{name}` lies column by column; save it with `numpy.ascontiguousarray`"));
        }
        if !matches!(&kind[1..2], "u" | "i" | "b" | "f") {
            return Err(format!("`{name}` is of type {kind}, integers are taken"));
        }
        let size = kind[2..].parse::<usize>().ok().filter(|size| (1..=8).contains(size));
        let size = size.ok_or_else(|| format!("`{name}` is of type {kind}, integers are taken"))?;
        let claimed = shape.iter().try_fold(size, |product, side| product.checked_mul(*side));
        let claimed = claimed.filter(|claimed| *claimed as u64 <= limits.inflated);
        let claimed =
            claimed.ok_or_else(|| format!("`{name}`: its header claims {shape:?}, which is more than is taken"))?;
        let mut bytes = Vec::new();
        // No more than there is, whatever the header claims.
        entry.by_ref().take(claimed as u64 + 1).read_to_end(&mut bytes).map_err(cut)?;
        if bytes.len() != claimed {
            let more = if bytes.len() > claimed { "more".to_owned() } else { bytes.len().to_string() };
            return Err(format!("`{name}`: its header claims {claimed} bytes, but it holds {more}"));
        }
        Ok(Self { name: name.into(), kind, shape, bytes })
    }

    /// The images with these labels.
    fn with(self, labels: Self, place: &str, limits: &Limits) -> Result<Arrays, String> {
        let Self { name, kind, shape, bytes } = self;
        let odd = || {
            format!("`{name}` has the shape {shape:?}, expected are images, rows, columns and, of images in colour, 3")
        };
        if kind != "|u1" {
            return Err(format!("`{name}` is of type {kind}, images of uint8 are taken"));
        }
        let (images, of_image, is_interleaved) = match shape[..] {
            [images, height, width] => (images, Shape::grey([height, width]), false),
            [images, height, width, channels @ (1 | 3)] => (images, Shape { channels, height, width }, channels == 3),
            [images, channels @ (1 | 3), height, width] => (images, Shape { channels, height, width }, false),
            _ => return Err(odd()),
        };
        if !of_image.sides().iter().all(|side| (1..=limits.side).contains(side)) || images > limits.entries {
            return Err(odd());
        }
        let labels = labels.integers()?;
        if labels.len() != images {
            return Err(format!("`{name}` has {images} images, but there are {} labels", labels.len()));
        }
        let layout = Layout { is_interleaved, ..Layout::planes(of_image) };
        Ok(Arrays { place: place.into(), pixels: bytes, layout, labels })
    }

    /// Labels of one column.
    fn integers(&self) -> Result<Vec<u16>, String> {
        let Self { name, kind, shape, bytes } = self;
        let count = match shape[..] {
            [count] | [count, 1] => count,
            _ => return Err(format!("`{name}` has the shape {shape:?}, expected is a label for each image")),
        };
        let (is_little, sign) = (!kind.starts_with('>'), &kind[1..2]);
        if !matches!(sign, "u" | "i" | "b") {
            return Err(format!("`{name}` is of type {kind}, labels are integers"));
        }
        let size = bytes.len().checked_div(count).unwrap_or(1);
        let label = |bytes: &[u8]| {
            let mut wide = [0; 8];
            match is_little {
                true => wide[..size].copy_from_slice(bytes),
                false => wide.iter_mut().zip(bytes.iter().rev()).for_each(|(to, byte)| *to = *byte),
            }
            let is_negative = sign == "i" && wide[size - 1] >= 0x80;
            u16::try_from(u64::from_le_bytes(wide)).ok().filter(|_| !is_negative)
        };
        let labels: Option<Vec<u16>> = bytes.chunks_exact(size).map(label).collect();
        labels.ok_or_else(|| format!("`{name}` has labels that are no numbers from 0 to 65535"))
    }
}

/// Type and shape of a header, as `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`.
fn parsed(header: &str) -> Option<(String, Vec<usize>)> {
    let value = |key: &str| Some(header.split_once(&format!("'{key}':"))?.1.trim_start());
    let kind = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0;
    let shape = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let sides = sides.map(|side| side.parse().ok()).collect::<Option<Vec<usize>>>()?;
    (kind.len() > 2 && kind.is_ascii()).then(|| (kind.into(), sides))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::{HeldOut, Images};

    fn npy(kind: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), bytes].concat()
    }

    fn npz(arrays: &[(&str, Vec<u8>)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = ZipWriter::new(file.reopen().unwrap());
        for (name, bytes) in arrays {
            writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    fn read(arrays: &[(&str, Vec<u8>)], fraction: f64) -> Result<Vec<Images>, String> {
        let (file, store) = (npz(arrays), Store::memory());
        let request = Request { classes: None, held_out: HeldOut { fraction, seed: 0 }, ..Request::default() };
        let index =
            super::read(file.path(), &request, &Limits::default(), &store).map_err(|error| error.to_string())?;
        Ok(index.images(&store.pixels(index.slots * index.shape.len()).unwrap()))
    }

    #[test]
    fn keras_and_medmnist_are_read() {
        let keras = [
            ("x_test", npy("|u1", "(2, 1, 2)", &[1, 2, 3, 4])),
            ("x_train", npy("|u1", "(3, 1, 2)", &[5, 6, 7, 8, 9, 10])),
            ("y_train", npy("|u1", "(3,)", &[7, 3, 7])),
            ("y_test", npy("|u1", "(2,)", &[3, 7])),
        ];
        let splits = read(&keras, 0.0).unwrap();
        assert_eq!(splits[0].task().classes(), ["3", "7"]);
        assert_eq!(splits[0].iter().collect::<Vec<_>>(), [[7, 8], [5, 6], [9, 10]]);
        assert_eq!(splits[1].iter().collect::<Vec<_>>(), [[1, 2], [3, 4]]);
        let colour: Vec<u8> = (0..12).collect();
        let medmnist: Vec<(&str, Vec<u8>)> = ["train", "val", "test"]
            .into_iter()
            .flat_map(|split| {
                let name = |kind: &str| -> &str { Box::leak(format!("{split}_{kind}").into_boxed_str()) };
                [
                    (name("images"), npy("|u1", "(2, 1, 2, 3)", &colour)),
                    (name("labels"), npy(">i2", "(2, 1)", &[0, 0, 0, 1])),
                ]
            })
            .collect();
        let splits = read(&medmnist, 0.0).unwrap();
        assert_eq!((splits.len(), splits[0].shape().channels, splits[2].labels()), (3, 3, &[0, 1][..]));
        assert_eq!(splits[1].image(0), [0, 3, 1, 4, 2, 5]);
        assert!(read(&medmnist, 0.5).unwrap_err().contains("it has a validation split of its own"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let images = || ("x_train", npy("|u1", "(2, 1, 1)", &[1, 2]));
        let labels = || ("y_train", npy("<i8", "(2,)", &[[0; 16]].concat()));
        for (arrays, reason) in [
            (vec![images()], "no images and labels of train, as `x_train` and `y_train`"),
            (vec![images(), labels()], "it has training images alone: set `data.valid_fraction`"),
            (
                vec![("x_train", npy("<f4", "(2, 1, 1)", &[0; 8])), labels()],
                "is of type <f4, images of uint8 are taken",
            ),
            (vec![images(), ("y_train", npy("<i8", "(1,)", &[0; 8]))], "has 2 images, but there are 1 labels"),
            (vec![images(), ("y_train", npy("|i1", "(2,)", &[0, 0xff]))], "labels"),
            (vec![("x_train", npy("|u1", "(2, 1, 1)", &[1])), labels()], "its header claims 2 bytes, but it holds 1"),
            (vec![("x_train", npy("|u1", "(9000000000, 9000000000, 1)", &[])), labels()], "more than is taken"),
            (vec![images(), ("y_train", npy("<U3", "(2,)", &[0; 24]))], "is of type <U3, integers are taken"),
            (vec![("x_train", npy("|u1", "(2, 1)", &[1, 2])), labels()], "has the shape [2, 1]"),
            (vec![("x_train", b"no array".to_vec()), labels()], "does not start as a .npy does"),
        ] {
            let message = read(&arrays, 0.0).unwrap_err();
            assert!(message.contains(reason) && !message.contains('\n'), "{message}");
        }
    }
}
