use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

use super::*;
use crate::{
    Decoding, Images,
    decode::tests::{ODD_PALETTE, claiming, encode, grey},
};

pub(crate) fn classes() -> [String; 2] {
    ["3".into(), "7".into()]
}

/// A .tgz of these entries, in this order; the names are written as they are, also bad ones.
pub(crate) fn tgz(entries: &[(&str, EntryType, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// A small but whole archive of 2 x 2 images, in no order: four of `3` and two of `7` in each split.
pub(crate) fn small() -> Vec<(&'static str, EntryType, Vec<u8>)> {
    let names = [
        "r/train/7/2.png",
        "r/train/3/9.png",
        "r/train/3/10.png",
        "r/labels.csv",
        "r/train/7/10.png",
        "r/train/3/1.png",
        "r/valid/3/2.png",
        "r/valid/7/1.png",
        "r/train/5/1.png",
        "r/valid/7/0.png",
        "r/valid/3/1.png",
        "r/train/3/2.png",
    ];
    names
        .iter()
        .enumerate()
        .map(|(value, name)| (*name, EntryType::Regular, grey(2, 2, &[value as u8, 1, 2, 3])))
        .collect()
}

fn read_small_with(name: &'static str, kind: EntryType, bytes: Vec<u8>) -> Result<Vec<Images>, Error> {
    let mut entries = small();
    entries.insert(4, (name, kind, bytes));
    read(&tgz(&entries), &tight())
}

fn tight() -> Limits {
    Limits { entries: 16, inflated: 64 << 10, pixels: 64, side: 16, file_side: 16, file: 2048 }
}

fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Images>, Error> {
    read_as(bytes, limits, &Request { classes: Some(classes().to_vec()), ..Request::default() })
}

fn read_as(bytes: &[u8], limits: &Limits, request: &Request) -> Result<Vec<Images>, Error> {
    let store = Store::memory();
    let index = decode(|| Ok(bytes), "a.tgz", request, limits, &store)?;
    Ok(index.images(&store.pixels(index.slots * index.shape.len())?))
}

fn first_pixels(images: &Images) -> Vec<u8> {
    images.iter().map(|image| image[0]).collect()
}

#[test]
fn folder_names_and_file_names_decide_class_and_order() {
    let splits = read(&tgz(&small()), &tight()).unwrap();
    assert_eq!(first_pixels(&splits[0]), [5, 2, 11, 1, 4, 0], "3/1 3/10 3/2 3/9 7/10 7/2");
    assert_eq!(splits[0].labels(), [0, 0, 0, 0, 1, 1]);
    assert_eq!(first_pixels(&splits[1]), [10, 6, 9, 7]);
    let swapped = Request { classes: Some(vec!["7".into(), "3".into()]), ..Request::default() };
    let swapped = read_as(&tgz(&small()), &tight(), &swapped).unwrap();
    assert_eq!(first_pixels(&swapped[0]), [4, 0, 5, 2, 11, 1]);
}

#[test]
fn every_bad_entry_is_refused_by_name() {
    use EntryType::*;
    let png = || grey(2, 2, &[9; 4]);
    let huge = claiming(&png(), 1 << 30);
    let mut broken = png();
    broken[45] ^= 1;
    let cut = png()[..50].to_vec();
    let cases: [(&'static str, EntryType, Vec<u8>, &str); 14] = [
        ("r/../../train/3/x.png", Regular, png(), "leaves the archive's root"),
        ("../labels.csv", Regular, vec![], "leaves the archive's root"),
        ("/etc/passwd", Regular, vec![], "leaves the archive's root"),
        ("C:\\train\\x.png", Regular, vec![], "leaves the archive's root"),
        ("r/train/3/x.png", Symlink, vec![], "it is a link"),
        ("r/valid/7/x.png", Link, vec![], "it is a link"),
        ("r/train/3/x.png", Char, vec![], "neither a file nor a folder"),
        ("r/train/3/x.png", Block, vec![], "neither a file nor a folder"),
        ("r/train/3/x.png", Fifo, vec![], "neither a file nor a folder"),
        ("r/train/3/x.png", Regular, huge, "its header claims 1073741824 x 1073741824 pixels"),
        ("r/train/3/x.png", Regular, grey(3, 2, &[0; 6]), "it is 2 x 3 pixels, the first image is 2 x 2"),
        ("r/train/3/x.png", Regular, broken, "not a usable image"),
        ("r/train/3/x.png", Regular, cut, "not a usable image"),
        ("r/train/3/x.png", Regular, vec![0; 3000], "it is 3000 bytes long, the limit is 2048"),
    ];
    for (name, kind, bytes, reason) in cases {
        let message = read_small_with(name, kind, bytes).unwrap_err().to_string();
        let named = message.starts_with("`a.tgz`: entry `") && message.contains(name.trim_start_matches("r/"));
        assert!(named && message.contains(reason), "{name}: {message}");
        assert!(!message.contains('\n'));
    }
}

#[test]
fn what_is_not_wanted_may_be_anything() {
    use EntryType::*;
    for kind in [Symlink, Link, Char, Block, Fifo] {
        let splits = read_small_with("r/train/5/x.png", kind, vec![]).unwrap();
        assert_eq!(splits[0].len(), 6, "{kind:?}");
    }
}

#[test]
fn a_panic_of_the_decoder_names_the_file() {
    // Its size is that of the others' first: what comes after the header panics.
    let odd = ODD_PALETTE;
    let entries = ["train/3/1.png", "train/7/1.png", "valid/3/1.png", "valid/7/1.png"].map(|name| {
        let bytes = if name == "train/7/1.png" { odd.to_vec() } else { grey(1, 1, &[7]) };
        (name, EntryType::Regular, bytes)
    });
    let message = read(&tgz(&entries), &tight()).unwrap_err().to_string();
    assert!(
        message.starts_with("`a.tgz`: entry `train/7/1.png` is refused: not a usable image: the decoder"),
        "{message}"
    );
}

#[test]
fn a_huge_first_image_is_refused_before_it_is_allocated() {
    let mut entries = small();
    entries[0].2 = claiming(&entries[0].2, 1 << 30);
    let message = read(&tgz(&entries), &tight()).unwrap_err().to_string();
    assert!(message.contains("`train/7/2.png`") && message.contains("the limit is 16 x 16"), "{message}");
}

#[test]
fn more_entries_bytes_or_pixels_than_the_limit_are_refused() {
    let message = |limits: Limits| read(&tgz(&small()), &limits).unwrap_err().to_string();
    assert!(
        message(Limits { entries: 11, ..tight() })
            .contains("`r/train/3/2.png` is refused: the archive has more than 11")
    );
    assert!(message(Limits { pixels: 39, ..tight() }).contains("more than 39 values"));
    assert!(message(Limits { inflated: 4096, ..tight() }).contains("inflates to more than 4096 bytes"));
    // Also after the last entry, where a reader of tar no longer looks.
    let mut bomb = tgz(&small());
    let mut tail = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut tail, &vec![0; 1 << 20]).unwrap();
    bomb.extend(tail.finish().unwrap());
    let message = read(&bomb, &tight()).unwrap_err().to_string();
    assert!(message.contains("inflates to more than 65536 bytes"), "{message}");
}

#[test]
fn a_truncated_or_altered_archive_is_no_data_set() {
    let good = tgz(&small());
    for cut in [0, 5, good.len() / 2, good.len() - 1] {
        assert!(read(&good[..cut], &tight()).is_err(), "cut at {cut}");
    }
    for at in [0, 200, good.len() - 6] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        assert!(read(&bytes, &tight()).is_err(), "flipped at {at}");
    }
}

#[test]
fn one_image_in_colour_makes_all_colour_and_sixteen_bits_become_eight() {
    use png::{BitDepth, ColorType};
    let rgb = encode(2, 2, ColorType::Rgb, BitDepth::Eight, &[1, 2, 3].repeat(4));
    let limits = Limits { pixels: 200, ..tight() };
    let mut entries = small();
    entries.insert(4, ("r/train/3/0.png", EntryType::Regular, rgb));
    let splits = read(&tgz(&entries), &limits).unwrap();
    assert_eq!(splits[0].image(0), [[1; 4], [2; 4], [3; 4]].concat());
    assert_eq!(splits[1].image(0), [10, 1, 2, 3].repeat(3));
    let grey = Decoding { channels: Some(1), ..Decoding::default() };
    let grey = Request { classes: Some(classes().to_vec()), decoding: grey, ..Request::default() };
    assert_eq!(read_as(&tgz(&entries), &limits, &grey).unwrap()[0].image(0), [2; 4]);
    let deep = encode(2, 2, ColorType::Grayscale, BitDepth::Sixteen, &[0x80, 0x12, 0, 0, 0xff, 0xff, 7, 0]);
    let splits = read_small_with("r/train/3/0.png", EntryType::Regular, deep).unwrap();
    assert_eq!(splits[0].image(0), [128, 0, 255, 7]);
}

#[test]
fn a_missing_class_is_named() {
    let entries: Vec<_> = small().into_iter().filter(|(name, ..)| !name.contains("valid/7")).collect();
    let message = read(&tgz(&entries), &tight()).unwrap_err().to_string();
    assert!(message.contains("no image of the class `7` in valid"), "{message}");
    let message = read(&tgz(&[]), &tight()).unwrap_err().to_string();
    assert!(message.contains("no image of the classes `3`, `7` in it"), "{message}");
}

#[test]
fn an_archive_of_another_kind_is_told_as_that() {
    let tar = [&[b'x'; 257][..], b"ustar\0", &[0; 500]].concat();
    for (bytes, what) in [(&b"PK\x03\x04 and more"[..], "it is a zip,"), (&tar, "it is a tar that is not compressed,")]
    {
        let message = read(bytes, &tight()).unwrap_err().to_string();
        assert!(message.contains(what) && message.contains("unpack it"), "{message}");
    }
}
