//! tar.gz: entries with right checksums and odd names, kinds and sizes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use data::{Request, Source};
use proptest::{collection::vec, prelude::*};

use super::{Parser, png};
use crate::strategies::{edited, edits, few};

pub struct Archive {
    file: PathBuf,
    cache: PathBuf,
}

impl Archive {
    pub fn new(folder: &Path) -> Self {
        let cache = folder.join("no-folder");
        // A file in its place: what is read here is packed nowhere.
        fs::write(&cache, "").unwrap();
        Self { file: folder.join("x.tgz"), cache }
    }
}

impl Parser for Archive {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let tar = (Just(()), vec(entry(), 0..7), prop_oneof![4 => Just(1024usize), 1 => 0usize..3000]);
        let tar = tar.prop_map(|((), entries, zeros)| [good(), entries.concat(), vec![0; zeros]].concat());
        let tar = (tar, edits(WORDS, 2), 0u8..8)
            .prop_map(|(tar, edits, rare)| if rare == 0 { edited(tar, &edits) } else { tar });
        let after = prop_oneof![6 => Just(Vec::new()), 1 => few(40), 1 => Just(vec![0; 600]), 1 => few(20).prop_map(|bytes| gzip(&bytes))];
        (tar, edits(&[b"\x1f\x8b"], 2), after, 0u8..8)
            .prop_map(|(tar, edits, after, rare)| {
                let packed = [gzip(&tar), after].concat();
                if rare == 0 { edited(packed, &edits) } else { packed }
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, bytes).unwrap();
        let source = Source::Archive { path: self.file.clone() };
        use_all(&Request { source, cache: Some(self.cache.clone()), ..Request::default() })
    }
}

/// Loads a data set and looks at all of it.
pub fn use_all(request: &Request) -> bool {
    let loaded = data::load(request, &mut |_| {});
    let Ok(set) = loaded.map_err(|error| error.to_string()) else { return false };
    for (_, images) in set.splits() {
        let sum: usize = (0..images.len())
            .map(|index| usize::from(images.image(index)[0]) + images.file_name(index).map_or(0, str::len))
            .sum();
        assert!(sum < usize::MAX && images.labels().iter().all(|label| *label < 2) && !images.is_empty());
    }
    true
}

const WORDS: &[&[u8]] = &[b"ustar\0", b"ustar  \0", b"/", b"\0", b"0777777", b"\x80\0\0\0"];

/// An archive of two classes without its end.
pub fn good() -> Vec<u8> {
    let one = |name: &str| tar_entry(name.as_bytes(), b'0', None, &png::small(), false);
    ["train/3/a.png", "train/7/a.png", "valid/3/a.png", "valid/7/a.png"].map(one).concat()
}

fn entry() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "train/3/b.png",
        "r/train/7/c.png",
        "valid/3/b.png",
        "valid/7/\u{1b}[31m.png",
        "../x.png",
        "/x",
        "train/3/",
        "train/5/a.png",
        "labels.csv",
        "",
    ];
    let name =
        prop_oneof![8 => prop::sample::select(names.to_vec()).prop_map(|name| name.as_bytes().to_vec()), 1 => few(110)];
    let kind =
        prop_oneof![6 => Just(b'0'), 3 => prop::sample::select(b"\x001234567gxLKSDMNV".to_vec()), 1 => any::<u8>()];
    let size = prop_oneof![8 => Just(None), 1 => prop::sample::select(vec![0u64, 1, 511, 513, 1 << 20, 8 << 30, u64::MAX >> 1, u64::MAX]).prop_map(Some)];
    let pax = prop::sample::select(vec![
        "30 path=train/3/d.png\n",
        "19 size=99999999999\n",
        "12 size=-1\n",
        "9999 path=x\n",
        "x",
        "11 path=\u{fffd}\n",
        "30 GNU.sparse.major=1\n",
    ]);
    let data = prop_oneof![5 => Just(png::small()), 2 => png::inputs(), 1 => few(30), 1 => pax.prop_map(|text| text.as_bytes().to_vec())];
    (name, kind, size, data, 0u8..20)
        .prop_map(|(name, kind, size, data, rare)| tar_entry(&name, kind, size, &data, rare == 0))
}

/// An entry with its header and padding.
fn tar_entry(name: &[u8], kind: u8, size: Option<u64>, data: &[u8], is_wrong: bool) -> Vec<u8> {
    let mut header = [0u8; 512];
    let name = &name[..name.len().min(100)];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    let size = size.unwrap_or(data.len() as u64);
    match size < 1 << 33 {
        true => header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes()),
        // The binary form of sizes that octal digits cannot hold.
        false => {
            header[124] = 0x80;
            header[128..136].copy_from_slice(&size.to_be_bytes());
        }
    }
    header[136..148].copy_from_slice(b"00000000000\0");
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + u32::from(is_wrong);
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&header[..], data, &vec![0; data.len().next_multiple_of(512) - data.len()]].concat()
}

/// A gzip stream of stored blocks.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let (sum, length) = (crc32fast::hash(bytes).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], &png::stored(bytes), &sum, &length].concat()
}
