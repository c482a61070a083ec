//! A data set is made once: it is looked for in the cache, else made under a lock and packed. A packed data set is one
//! memory-mapped file, written once and never changed.

mod header;
mod lock;
mod store;

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::ErrorKind::{NotADirectory, NotFound},
    path::{Path, PathBuf},
    sync::Arc,
};

use memmap2::Mmap;
use sha2::{Digest, Sha256};
use task::Task;

use self::header::{HEADER_BYTES, Header, Lengths};
pub(crate) use self::{lock::Lock, store::Store};
use crate::{
    Bytes, DataSet, Decoding, Error, Event, Images, OriginalSize, Request,
    fingerprint::{RELEASE, fingerprint, hex},
    retry_policy::RetryPolicy,
    source::{Index, Part},
};

/// One call of [`load`](crate::load) under way.
pub(crate) struct Loading<'a> {
    pub request: &'a Request,
    pub on_event: &'a mut dyn FnMut(Event),
    /// The cache folder; `None` where the user has none.
    pub folder: Option<PathBuf>,
    pub policy: RetryPolicy,
    pub notes: Vec<String>,
}

impl<'a> Loading<'a> {
    pub fn new(request: &'a Request, on_event: &'a mut dyn FnMut(Event), policy: RetryPolicy) -> Self {
        let folder = request.cache.clone().or_else(user_folder);
        Self { request, on_event, folder, policy, notes: Vec::new() }
    }

    /// Tells the user, now and in the report: what the data is.
    pub fn note(&mut self, text: String) {
        self.notes.push(text.clone());
        self.warn(text);
    }

    /// Tells the user now: the data is the same, however it is kept.
    fn warn(&mut self, text: String) {
        (self.on_event)(Event::Warning(text));
    }

    /// Tells that images of this file or folder are decoded.
    pub fn decoding(&mut self, place: &Path) {
        (self.on_event)(Event::Decoding { place: place.display().to_string() });
    }

    /// Takes the data set of this identity from the cache, or makes and packs it.
    ///
    /// `make` puts pixels into a store and says what they are. It gets the cache folder only where it may be written, under the lock;
    /// it begins once more with a store in memory where the cache folder's disk is full. With `expected`, another fingerprint is an
    /// error.
    pub fn through_cache(
        &mut self,
        source: &str,
        identity: &str,
        expected: Option<&str>,
        make: impl Fn(&mut Self, Option<&Path>, &Store) -> Result<Index, Error>,
    ) -> Result<DataSet, Error> {
        let Some(folder) = self.folder.clone() else {
            let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
            self.warn(format!("the user has no cache folder ({variable} is not set): the data is only kept in memory"));
            let store = Store::memory();
            let index = make(self, None, &store)?;
            return self.finish(source, &index, store, expected, None);
        };
        if let Some(found) = self.cached(source, identity, expected) {
            return Ok(found);
        }
        let slot = self.slot(&folder, source, identity, self.request.decoding);
        let lock = self.lock(&slot, &folder)?;
        // Another process may have made it since it was looked for, whether this one had to wait for the lock or not.
        if let (true, Ok(Some(packed))) = (lock.is_some(), slot.open(expected)) {
            return Ok(self.data_set(source, packed, Some(slot.path)));
        }
        let folder = lock.as_ref().map(|_| folder.as_path());
        let packed = match folder {
            Some(_) => {
                Store::file(&slot.temporary()).and_then(|store| make(self, folder, &store).map(|index| (index, store)))
            }
            None => return self.in_memory(source, folder, expected, make),
        };
        match packed {
            Ok((index, store)) => self.finish(source, &index, store, expected, Some(&slot)),
            Err(error @ Error::Write { .. }) => {
                self.warn(format!("{error}; the data is only kept in memory"));
                self.in_memory(source, folder, expected, make)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the data set of this identity from the cache, if it is there and whole.
    pub fn cached(&mut self, source: &str, identity: &str, expected: Option<&str>) -> Option<DataSet> {
        let (folder, decoding) = (self.folder.clone()?, self.request.decoding);
        let slot = self.slot(&folder, source, identity, decoding);
        // A run's plan has what `auto` came to in its place: that is the same data. Where it is of no use, nobody misses it.
        let auto = Decoding { channels: None, ..decoding };
        let auto = decoding.channels.is_some().then(|| self.slot(&folder, source, identity, auto));
        let is_ours = |packed: &Packed| decoding.channels.is_none_or(|it| packed.images[0].shape().channels == it);
        let of_auto = auto.and_then(|auto| Some((auto.open(expected).ok()??, auto.path)));
        let found = of_auto.filter(|(packed, _)| is_ours(packed));
        let (packed, path) = found.or_else(|| Some((self.look(&slot, expected)?, slot.path)))?;
        Some(self.data_set(source, packed, Some(path)))
    }

    /// Where the data set of this identity lies, made by this decoding.
    fn slot(&self, folder: &Path, source: &str, identity: &str, decoding: Decoding) -> Slot {
        let identity = format!("{identity}{}", self.request.changes(decoding));
        Slot::new(folder, source, &identity, self.request.classes.as_deref())
    }

    fn in_memory(
        &mut self,
        source: &str,
        folder: Option<&Path>,
        expected: Option<&str>,
        make: impl Fn(&mut Self, Option<&Path>, &Store) -> Result<Index, Error>,
    ) -> Result<DataSet, Error> {
        let store = Store::memory();
        let index = make(self, folder, &store)?;
        self.finish(source, &index, store, expected, None)
    }

    /// The data set of what is in the store; packed, where it has a slot.
    pub fn finish(
        &mut self,
        source: &str,
        index: &Index,
        store: Store,
        expected: Option<&str>,
        slot: Option<&Slot>,
    ) -> Result<DataSet, Error> {
        let pixels = store.pixels(index.slots * index.shape.len())?;
        let images = index.images(&pixels);
        // One thread for each: of many images they take longer than to decode them.
        let (found, crc) = rayon::join(|| fingerprint(&images), || checksum(&pixels));
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(Error::Fingerprint { place: source.into(), expected: expected.into(), found });
        }
        let path = slot.and_then(|slot| match slot.complete(index, &found, &crc, store) {
            Ok(()) => Some(slot.path.clone()),
            Err(error) => {
                self.warn(format!("{error}; the data is only kept in memory"));
                None
            }
        });
        let packed = Packed { images, sizes: index.sizes.clone(), skipped: index.skipped.clone(), fingerprint: found };
        Ok(self.data_set(source, packed, path))
    }

    /// The packed data set, if it is there and whole; says so where it is there and not whole.
    fn look(&mut self, slot: &Slot, expected: Option<&str>) -> Option<Packed> {
        match slot.open(expected) {
            Ok(found) => found,
            Err(reason) => {
                self.warn(format!("the cache file `{}` is not used and made anew: {reason}", slot.path.display()));
                None
            }
        }
    }

    fn lock(&mut self, slot: &Slot, folder: &Path) -> Result<Option<Lock>, Error> {
        match Lock::take(slot, self.policy.lock, self.request, self.on_event) {
            Ok(lock) => Ok(Some(lock)),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => {
                let folder = folder.display();
                self.warn(format!(
                    "the cache folder `{folder}` is of no use: {error}; the data is only kept in memory"
                ));
                Ok(None)
            }
        }
    }

    fn data_set(&mut self, source: &str, packed: Packed, cache: Option<PathBuf>) -> DataSet {
        let Packed { images, sizes, skipped, fingerprint } = packed;
        let mut splits = images.into_iter().map(Arc::new);
        let mut next = || splits.next().expect("a training and a validation split");
        DataSet {
            train: next(),
            valid: next(),
            test: splits.next(),
            source: source.into(),
            name: self.request.source.called(source),
            notes: std::mem::take(&mut self.notes),
            sizes,
            skipped,
            fingerprint,
            cache,
        }
    }
}

/// What a cache file has.
#[derive(Debug)]
pub(crate) struct Packed {
    /// Training, validation and, where there is one, test.
    pub images: Vec<Images>,
    pub sizes: Vec<OriginalSize>,
    pub skipped: Vec<String>,
    pub fingerprint: String,
}

/// The place of one data set in a cache folder.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub path: PathBuf,
    key: [u8; 32],
}

/// `mnist-train` in the user's cache folder; `None` where the user has none.
pub fn user_folder() -> Option<PathBuf> {
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let folder = if cfg!(windows) {
        env::var_os("LOCALAPPDATA").and_then(absolute)
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        env::var_os("XDG_CACHE_HOME").and_then(absolute).or_else(|| Some(home()?.join(".cache")))
    };
    Some(folder?.join("mnist-train"))
}

impl Slot {
    /// The slot of a source, what identifies its content, and the classes taken from it.
    pub fn new(folder: &Path, source: &str, identity: &str, classes: Option<&[String]>) -> Self {
        let asked = classes.into_iter().flatten().map(String::as_str);
        let key: [u8; 32] =
            Sha256::digest([source, identity].into_iter().chain(asked).collect::<Vec<_>>().join("\0\0")).into();
        Self { path: folder.join(format!("{source}-{}.images", hex(&key[..8]))), key }
    }

    /// Maps the data set if it is there.
    ///
    /// # Errors
    /// The reason why the file that is there is of no use: truncated, altered, older, or not the `expected` data.
    pub fn open(&self, expected: Option<&str>) -> Result<Option<Packed>, String> {
        let file = match File::open(&self.path) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            opened => opened.map_err(|error| error.to_string())?,
        };
        // SAFETY: a cache file is never changed in place, only replaced by renaming, so the mapped bytes stay.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| error.to_string())?;
        let header = Header::check(&map, &self.key)?;
        let (end, map) = (map.len(), Arc::new(map));
        if checksum(&Bytes::Mapped(map.clone(), HEADER_BYTES..end)).finalize() != header.body_crc {
            return Err("its checksum does not hold".into());
        }
        let fingerprint = hex(&header.fingerprint);
        if expected.is_some_and(|expected| expected != fingerprint) {
            return Err("it holds other data".into());
        }
        let (index, pixels) = unpacked(map, &header.lengths).ok_or("it holds no images, or labels of no class")?;
        Ok(Some(Packed { images: index.images(&pixels), sizes: index.sizes, skipped: index.skipped, fingerprint }))
    }

    /// Where it is made.
    fn temporary(&self) -> PathBuf {
        self.path.with_extension("tmp")
    }

    /// Makes a cache file of pixels that are in the store. The caller holds the lock.
    fn complete(&self, index: &Index, fingerprint: &str, crc: &crc32fast::Hasher, store: Store) -> Result<(), Error> {
        let after = packed(index);
        let mut crc = crc.clone();
        crc.update(&after);
        let of = |count: fn(&Part) -> usize| std::array::from_fn(|split| index.parts.get(split).map_or(0, count));
        let lengths = Lengths {
            slots: index.slots,
            channels: index.shape.channels,
            height: index.shape.height,
            width: index.shape.width,
            images: of(|part| part.labels.len()),
            names: of(|part| part.names.len()),
            classes: text(index.task.classes()).len(),
            skipped: text(&index.skipped).len(),
            sizes: index.sizes.len(),
        };
        let header = Header { key: self.key, fingerprint: from_hex(fingerprint), lengths, body_crc: crc.finalize() };
        store.complete(&header.to_bytes(), &after, &self.path)
    }
}

/// CRC-32 of bytes, to be gone on with; no more of them is held in memory than it takes.
fn checksum(bytes: &Bytes) -> crc32fast::Hasher {
    let mut crc = crc32fast::Hasher::new();
    for part in bytes.as_slice().chunks(RELEASE) {
        crc.update(part);
        if part.len() == RELEASE {
            bytes.release();
        }
    }
    crc
}

/// What stands after the pixels.
fn packed(index: &Index) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Part { slots, labels, names } in &index.parts {
        bytes.extend(slots.iter().flat_map(|slot| slot.to_le_bytes()));
        bytes.extend(labels.iter().flat_map(|label| label.to_le_bytes()));
        bytes.extend(names);
    }
    bytes.extend(text(index.task.classes()).into_bytes());
    bytes.extend(text(&index.skipped).into_bytes());
    for OriginalSize { sides: [height, width], images } in &index.sizes {
        bytes.extend([*height, *width, *images].into_iter().flat_map(|number| (number as u32).to_le_bytes()));
    }
    bytes
}

/// Lines, each with a zero byte after it.
fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\0"]).collect()
}

/// Index and pixels of a file whose header holds; none where no source can have made them.
fn unpacked(map: Arc<Mmap>, lengths: &Lengths) -> Option<(Index, Bytes)> {
    let shape = lengths.shape();
    let pixels = HEADER_BYTES..HEADER_BYTES + lengths.slots * shape.len();
    let mut rest = &map[pixels.end..];
    let mut take = |length: usize| -> Option<&[u8]> { rest.split_off(..length) };
    let mut parts = Vec::new();
    for (images, names) in lengths.images.into_iter().zip(lengths.names) {
        let slots = take(4 * images)?.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let labels = take(2 * images)?.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        parts.push(Part { slots, labels, names: take(names)?.to_vec() });
    }
    // Only the last split may be none.
    parts.pop_if(|test| *test == Part::default());
    let mut lines = |length| std::str::from_utf8(take(length)?).ok().map(|text| text.split_terminator('\0'));
    let task = Arc::new(Task::new(lines(lengths.classes)?).ok()?);
    let skipped = lines(lengths.skipped)?.map(str::to_owned).collect();
    let size = |bytes: &[u8]| {
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        OriginalSize { sides: [number(0), number(4)], images: number(8) }
    };
    let sizes = take(12 * lengths.sizes)?.chunks_exact(12).map(size).collect();
    let is_possible = |Part { slots, labels, .. }: &Part| {
        !labels.is_empty()
            && slots.iter().all(|slot| (*slot as usize) < lengths.slots)
            && labels.iter().all(|label| usize::from(*label) < task.classes().len())
    };
    let is_possible = parts.iter().all(is_possible);
    let index = Index { task, shape, slots: lengths.slots, parts, sizes, skipped };
    is_possible.then_some((index, Bytes::Mapped(map, pixels)))
}

fn from_hex(text: &str) -> [u8; 32] {
    let digit = |index: usize| text.get(2 * index..2 * index + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    std::array::from_fn(|index| digit(index).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use task::Shape;

    use super::*;
    use crate::testing::threes_and_sevens;

    /// Three and two images of 2 x 3, the first split with names.
    fn index() -> Index {
        Index {
            task: threes_and_sevens(),
            shape: Shape::grey([2, 3]),
            slots: 5,
            parts: vec![
                Part { slots: vec![4, 0, 1], labels: vec![0, 1, 1], names: b"a\0b\0c\0".to_vec() },
                Part { slots: vec![2, 3], labels: vec![0, 1], names: vec![] },
            ],
            sizes: vec![OriginalSize { sides: [300, 20], images: 5 }],
            skipped: vec!["x.png: it is broken".into()],
        }
    }

    fn slot(folder: &Path) -> Slot {
        Slot::new(folder, "archive", "x", Some(&["3".into(), "7".into()]))
    }

    /// Packs images whose pixels are 0, 1, 2 and so on; returns the fingerprint.
    fn write(slot: &Slot, index: &Index) -> String {
        let store = Store::file(&slot.temporary()).unwrap();
        let length = index.slots * index.shape.len();
        store.put(0, &(0..length as u8).collect::<Vec<u8>>()).unwrap();
        let pixels = store.pixels(length).unwrap();
        let fingerprint = fingerprint(&index.images(&pixels));
        slot.complete(index, &fingerprint, &checksum(&pixels), store).unwrap();
        fingerprint
    }

    #[test]
    fn what_was_packed_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        assert!(slot.open(None).unwrap().is_none(), "nothing there yet");
        for with_test in [false, true] {
            let mut index = index();
            index.parts.extend(with_test.then(|| index.parts[1].clone()));
            let fingerprint = write(&slot, &index);
            let back = slot.open(None).unwrap().unwrap();
            assert_eq!((back.fingerprint, &back.skipped, &back.sizes), (fingerprint, &index.skipped, &index.sizes));
            assert_eq!(back.images.len(), index.parts.len());
            for (images, part) in back.images.iter().zip(&index.parts) {
                assert_eq!(
                    (images.slots(), images.labels(), images.names()),
                    (&part.slots[..], &part.labels[..], &part.names[..])
                );
                assert_eq!(images.shape(), index.shape);
            }
            assert_eq!(back.images[0].image(1), [0, 1, 2, 3, 4, 5]);
            assert!(!slot.temporary().exists());
        }
    }

    #[test]
    fn every_altered_byte_and_every_truncation_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        write(&slot, &index());
        let good = fs::read(&slot.path).unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0x10;
            fs::write(&slot.path, &bytes).unwrap();
            assert!(slot.open(None).is_err(), "flipped at {at}");
            fs::write(&slot.path, &good[..at]).unwrap();
            assert!(slot.open(None).is_err(), "cut at {at}");
        }
        fs::write(&slot.path, [&good[..], &[0]].concat()).unwrap();
        assert!(slot.open(None).is_err(), "longer");
    }

    #[test]
    fn what_no_source_makes_is_refused_though_its_checksums_hold() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        let none = Part::default();
        let (a_class_beyond, a_slot_beyond) = (
            Part { slots: vec![0], labels: vec![2], names: vec![] },
            Part { slots: vec![5], labels: vec![0], names: vec![] },
        );
        for odd in [none, a_class_beyond, a_slot_beyond] {
            for split in [0, 1] {
                let mut index = index();
                index.parts[split] = odd.clone();
                // It is not asked for images, which are made of what is possible alone.
                let store = Store::file(&slot.temporary()).unwrap();
                let pixels = store.pixels(index.slots * index.shape.len()).unwrap();
                slot.complete(&index, &"00".repeat(32), &checksum(&pixels), store).unwrap();
                assert_eq!(slot.open(None).unwrap_err(), "it holds no images, or labels of no class");
            }
        }
    }

    #[test]
    fn the_expected_fingerprint_and_the_identity_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        let fingerprint = write(&slot, &index());
        assert!(slot.open(Some(&fingerprint)).unwrap().is_some());
        assert_eq!(slot.open(Some("00")).unwrap_err(), "it holds other data");
        let other = Slot::new(folder.path(), "archive", "y", Some(&["3".into(), "7".into()]));
        fs::rename(&slot.path, &other.path).unwrap();
        assert_eq!(other.open(None).unwrap_err(), "it was made from another source");
    }
}
