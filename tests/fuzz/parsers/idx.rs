//! IDX files: images and labels, plain and gzipped, with odd counts.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use data::{Request, Source};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::{
    Parser,
    archive::{gzip, use_all},
};
use crate::strategies::{edited, edits, few, odd_u32};

pub struct Idx {
    folder: PathBuf,
    cache: PathBuf,
}

impl Idx {
    pub fn new(folder: &Path) -> Self {
        let cache = folder.join("no-folder");
        fs::write(&cache, "").unwrap();
        let folder = folder.join("idx");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("t10k-images-idx3-ubyte"), images([2, 2, 2], &[1; 8])).unwrap();
        fs::write(folder.join("t10k-labels-idx1-ubyte"), labels(2, &[3, 7])).unwrap();
        Self { folder, cache }
    }
}

impl Parser for Idx {
    /// Whether it is gzipped, the length of the images file, images file, labels file.
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        // Mostly the sides of the other split.
        let side = || prop_oneof![4 => Just(2usize), 1 => 1usize..4];
        let whole = (0usize..6, side(), side(), few(60)).prop_map(|(count, height, width, data)| {
            let pixels: Vec<u8> = data.iter().copied().chain([1]).cycle().take(count * height * width).collect();
            let classes: Vec<u8> = [3, 7, 5].into_iter().cycle().take(count).collect();
            (images([count, height, width].map(|side| side as u32), &pixels), labels(count as u32, &classes))
        });
        let odd = ([odd_u32(), odd_u32(), odd_u32()], few(40), odd_u32(), few(8));
        let odd = odd.prop_map(|(sides, pixels, count, classes)| (images(sides, &pixels), labels(count, &classes)));
        let files =
            (prop_oneof![whole, odd], edits(&[b"\0\0\x08\x03", b"\0\0\x08\x01", b"\xff\xff\xff\xff"], 2), 0u8..3);
        let files = files.prop_map(|((images, labels), edits, rare)| {
            (if rare == 0 { edited(images, &edits) } else { images }, labels)
        });
        (files, any::<bool>(), edits(&[b"\x1f\x8b"], 2), 0u16..2000)
            .prop_map(|((images, labels), is_packed, edits, rare)| {
                let (mut images, mut labels) = (images, labels);
                if is_packed {
                    (images, labels) = (gzip(&images), gzip(&labels));
                    match rare {
                        // What is left of a file after its header says that it ends can be of any length.
                        0 => images.extend(ZEROS.iter()),
                        1..500 => images = edited(images, &edits),
                        _ => {}
                    }
                }
                [&[u8::from(is_packed)][..], &(images.len() as u32).to_le_bytes(), &images, &labels].concat()
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        let (head, rest) = bytes.split_at(5);
        let end = if head[0] == 1 { ".gz" } else { "" };
        let (images, labels) = rest.split_at(u32::from_le_bytes(head[1..].try_into().unwrap()) as usize);
        let files = [("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)].map(|(name, bytes)| {
            let file = self.folder.join(format!("{name}{end}"));
            fs::write(&file, bytes).unwrap();
            file
        });
        let source = Source::Idx { path: self.folder.clone() };
        let is_accepted = use_all(&Request { source, cache: Some(self.cache.clone()), ..Request::default() });
        files.iter().for_each(|file| fs::remove_file(file).unwrap());
        is_accepted
    }
}

/// 300 MB of zeros.
static ZEROS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    (0..300).for_each(|_| encoder.write_all(&[0; 1_000_000]).unwrap());
    encoder.finish().unwrap()
});

fn images(sides: [u32; 3], pixels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 3][..], &sides.map(u32::to_be_bytes).concat(), pixels].concat()
}

fn labels(count: u32, classes: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1][..], &count.to_be_bytes(), classes].concat()
}
