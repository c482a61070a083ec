use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::Images;

fn idx(magic: [u8; 4], dims: &[u32], body: &[u8]) -> Vec<u8> {
    let dims = dims.iter().flat_map(|dim| dim.to_be_bytes());
    magic.into_iter().chain(dims).chain(body.iter().copied()).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Five training images of 1 x 2 pixels with the labels 7 3 5 3 7, and two test images with the labels 3 7.
fn four_files(separator: &str, pack: impl Fn(&[u8]) -> Vec<u8>, suffix: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |stem: &str, kind: &str, bytes: Vec<u8>| {
        fs::write(folder.path().join(format!("{stem}{separator}{kind}-ubyte{suffix}")), pack(&bytes)).unwrap();
    };
    write("train-images", "idx3", idx(IMAGES, &[5, 1, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    write("train-labels", "idx1", idx(LABELS, &[5], &[7, 3, 5, 3, 7]));
    write("t10k-images", "idx3", idx(IMAGES, &[2, 1, 2], &[20, 21, 22, 23]));
    write("t10k-labels", "idx1", idx(LABELS, &[2], &[3, 7]));
    folder
}

fn read(folder: &Path, classes: [&str; 2]) -> Result<Vec<Images>, Error> {
    read_as(folder, &Request { classes: Some(classes.map(String::from).to_vec()), ..Request::default() })
}

fn read_as(folder: &Path, request: &Request) -> Result<Vec<Images>, Error> {
    let limits = Limits { entries: 100, inflated: 1000, pixels: 1000, side: 64, ..Limits::default() };
    let store = Store::memory();
    let index = Files::find(folder)?.read(None, request, &limits, &store)?;
    Ok(index.images(&store.pixels(index.slots * index.shape.len())?))
}

fn pixels(images: &Images) -> Vec<u8> {
    images.iter().flatten().copied().collect()
}

#[test]
fn two_digits_are_kept_plain_or_gzipped_whatever_the_files_are_called() {
    let padded = |bytes: &[u8]| [gz(bytes), vec![0; 1000]].concat();
    let folders = [
        four_files("-", <[u8]>::to_vec, ""),
        four_files(".", <[u8]>::to_vec, ""),
        four_files("-", gz, ".gz"),
        four_files("-", padded, ".gz"),
        four_files("-", <[u8]>::to_vec, ".gz"),
        four_files("-", gz, ""),
    ];
    for folder in folders {
        let splits = read(folder.path(), ["3", "7"]).unwrap();
        assert_eq!(pixels(&splits[0]), [2, 3, 6, 7, 0, 1, 8, 9]);
        assert_eq!(splits[0].labels(), [0, 0, 1, 1]);
        assert_eq!(pixels(&splits[1]), [20, 21, 22, 23]);
        let swapped = read(folder.path(), ["7", "3"]).unwrap();
        assert_eq!(pixels(&swapped[1]), [22, 23, 20, 21]);
    }
}

#[test]
fn without_names_all_labels_are_classes_in_their_order() {
    let folder = four_files("-", <[u8]>::to_vec, "");
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), idx(LABELS, &[3], &[3, 7, 5])).unwrap();
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), idx(IMAGES, &[3, 1, 2], &[20, 21, 22, 23, 24, 25]))
        .unwrap();
    let splits = read_as(folder.path(), &Request { classes: None, ..Request::default() }).unwrap();
    assert_eq!(splits[0].task().classes(), ["3", "5", "7"]);
    assert_eq!(pixels(&splits[0]), [2, 3, 6, 7, 4, 5, 0, 1, 8, 9]);
    assert_eq!(splits[0].labels(), [0, 0, 1, 2, 2]);
    assert_eq!(pixels(&splits[1]), [20, 21, 24, 25, 22, 23]);
}

#[test]
fn missing_cut_off_or_mismatching_files_are_refused_by_name() {
    let change = |name: &str, bytes: &[u8]| {
        let folder = four_files("-", <[u8]>::to_vec, "");
        fs::write(folder.path().join(name), bytes).unwrap();
        read(folder.path(), ["3", "7"]).unwrap_err().to_string()
    };
    let images = "train-images-idx3-ubyte";
    let cases = [
        (images, idx(IMAGES, &[5, 1, 2], &[0; 9]), "it is cut off or damaged"),
        (images, idx(IMAGES, &[u32::MAX; 3], &[0; 9]), "the limits are "),
        (images, idx(IMAGES, &[5, 1, 2], &[0; 11]), "but it holds more; it is cut off or damaged"),
        (images, idx(LABELS, &[10], &[0; 10]), "does not start as an IDX file of 3 dimensions"),
        (images, vec![0, 0], "does not start as an IDX file"),
        (images, idx(IMAGES, &[4, 1, 2], &[0; 8]), "4 images, but"),
        (images, idx(IMAGES, &[5, 0, 2], &[]), "its header claims [5, 0, 2] bytes; the limits are "),
        (images, idx(IMAGES, &[5, 64, 64], &[0; 5 * 64 * 64]), "more than 1000 bytes"),
        (images, idx(IMAGES, &[5, 2, 2], &[0; 20]), "its images are 1 x 2, grey, the training images 2 x 2, grey"),
        (images, idx(IMAGES, &[5, 1, 65], &[0; 325]), "its header claims [5, 1, 65] bytes; the limits are "),
        (images, idx(IMAGES, &[5, 1, 2000], &[0; 10_000]), "the limits are "),
        ("t10k-labels-idx1-ubyte", idx(LABELS, &[2], &[3, 3]), "no image of the class 7"),
    ];
    for (name, bytes, reason) in cases {
        let message = change(name, &bytes);
        assert!(message.contains(reason), "{message}");
    }
    let folder = four_files("-", <[u8]>::to_vec, "");
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let message = read(folder.path(), ["3", "7"]).unwrap_err().to_string();
    assert!(message.contains("no `t10k-labels-idx1-ubyte` in it"), "{message}");
}

#[test]
fn classes_are_labels() {
    let folder = four_files("-", <[u8]>::to_vec, "");
    for classes in [["3", "x"], ["65536", "3"], ["+3", "7"], ["03", "7"]] {
        assert!(matches!(read(folder.path(), classes), Err(Error::Classes { .. })), "{classes:?}");
    }
}

#[test]
fn no_more_is_read_than_a_header_claims() {
    let folder = four_files("-", gz, ".gz");
    let path = folder.path().join("train-images-idx3-ubyte.gz");
    // Whoever read to the end would meet the limit, and what is no gzip.
    let more = [idx(IMAGES, &[5, 1, 2], &[0; 10]), vec![0; 100_000]].concat();
    fs::write(path, [gz(&more), b"no gzip".to_vec()].concat()).unwrap();
    let message = read(folder.path(), ["3", "7"]).unwrap_err().to_string();
    assert!(message.contains("but it holds more"), "{message}");
}

#[test]
fn emnist_has_names_and_images_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), gz(&bytes)).unwrap();
    for part in ["train", "test"] {
        write(
            &format!("emnist-letters-{part}-images-idx3-ubyte.gz"),
            idx(IMAGES, &[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]),
        );
        write(&format!("emnist-letters-{part}-labels-idx1-ubyte.gz"), idx(LABELS, &[2], &[1, 26]));
    }
    let decoding = crate::Decoding { transposed: true, ..Default::default() };
    let splits = read_as(folder.path(), &Request { classes: None, decoding, ..Request::default() }).unwrap();
    assert_eq!(splits[0].task().classes(), ["1", "26"]);
    assert_eq!(pixels(&splits[0]), [1, 3, 2, 4, 5, 7, 6, 8]);
    write("train-images-idx3-ubyte.gz", vec![]);
    let message = read_as(folder.path(), &Request::default()).unwrap_err().to_string();
    assert!(
        message.contains("`emnist-letters-train-images-idx3-ubyte.gz` and `train-images-idx3-ubyte.gz`"),
        "{message}"
    );
}
