//! The packed cache: files with right checksums and odd content.

use std::{
    fs,
    path::{Path, PathBuf},
};

use data::{Request, Source};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    Parser,
    archive::{self, use_all},
};
use crate::strategies::{edited, edits, odd_u32};

/// Bytes before the first pixel; `crates/data/src/cache/header.rs` says what they are.
const HEADER: usize = 192;

pub struct Cache {
    request: Request,
    slot: PathBuf,
    /// What the program itself has packed.
    good: Vec<u8>,
}

impl Cache {
    pub fn new(folder: &Path) -> Self {
        let (path, cache) = (folder.join("x.tgz"), folder.join("cache"));
        fs::write(&path, archive::gzip(&[archive::good(), vec![0; 1024]].concat())).unwrap();
        let request = Request { source: Source::Archive { path }, cache: Some(cache), ..Request::default() };
        let slot = data::load(&request, &mut |_| {}).unwrap().cache.unwrap();
        let good = fs::read(&slot).unwrap();
        Self { request, slot, good }
    }
}

impl Parser for Cache {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let good = self.good.clone();
        // Counts and lengths in the header, another body, and now and then a checksum that does not hold.
        let field = (
            0usize..13,
            prop_oneof![4 => (0u32..12).prop_map(u64::from), 1 => odd_u32().prop_map(u64::from), 1 => any::<u64>()],
        );
        (
            vec(field, 0..4),
            edits(&[b"\0", b"\xff", b"\x02", b"a\0"], 3),
            prop::option::weighted(0.3, any::<Index>()),
            0u8..12,
        )
            .prop_map(move |(fields, edits, swap, rare)| {
                let mut header = good[..HEADER].to_vec();
                let body = edited(good[HEADER..].to_vec(), &edits);
                for (field, value) in fields {
                    header[80 + 8 * field..][..8].copy_from_slice(&value.to_le_bytes());
                }
                if let Some(swap) = swap {
                    // Numbers that change places keep the length of the whole.
                    let (a, b) = (80 + 8 * swap.index(13), 80 + 8 * swap.index(12));
                    (0..8).for_each(|byte| header.swap(a + byte, b + byte));
                }
                header[184..188].copy_from_slice(&crc32fast::hash(&body).to_le_bytes());
                header[12..16].fill(0);
                let sum = crc32fast::hash(&header).wrapping_add(u32::from(rare == 0));
                header[12..16].copy_from_slice(&sum.to_le_bytes());
                [header, body].concat()
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.slot, bytes).unwrap();
        assert!(use_all(&self.request), "the archive is there to make it anew");
        // A cache that was refused has been made anew.
        fs::read(&self.slot).unwrap() == bytes
    }
}
