//! A data set is made once: it is looked for in the cache, else made under a lock and packed. A packed data set is one
//! memory-mapped file, written once and never changed.

mod header;
mod lock;

use std::{
    borrow::Cow,
    env,
    ffi::OsString,
    fs::{self, File},
    io::{
        self,
        ErrorKind::{NotADirectory, NotFound},
        Write,
    },
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use memmap2::Mmap;
use sha2::{Digest, Sha256};
use task::Task;

use self::header::{HEADER_BYTES, Header};
pub(crate) use self::lock::Lock;
use crate::{
    Bytes, DataSet, Digits, Error, Event, Request,
    fingerprint::{fingerprint, hex},
    retry_policy::RetryPolicy,
    source::Splits,
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

impl Loading<'_> {
    /// Tells the user, now and in the report.
    pub fn note(&mut self, text: String) {
        (self.on_event)(Event::Warning(text.clone()));
        self.notes.push(text);
    }

    /// Tells that images of this file or folder are decoded.
    pub fn decoding(&mut self, place: &Path) {
        (self.on_event)(Event::Decoding { place: place.display().to_string() });
    }

    /// Takes the data set of this identity from the cache, or makes and packs it.
    ///
    /// `make` gets the cache folder only where it may be written, under the lock. With `expected`, another fingerprint
    /// is an error.
    pub fn through_cache(
        &mut self,
        source: &str,
        identity: &str,
        expected: Option<&str>,
        make: impl FnOnce(&mut Self, Option<&Path>) -> Result<Splits, Error>,
    ) -> Result<DataSet, Error> {
        let Some(folder) = self.folder.clone() else {
            let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
            self.note(format!("the user has no cache folder ({variable} is not set): the data is only kept in memory"));
            let splits = make(self, None)?;
            return self.finish(source, splits, expected, None);
        };
        let slot = Slot::new(&folder, source, identity, self.request.classes.as_deref());
        if let Some(packed) = self.look(&slot, expected) {
            return Ok(self.data_set(source, packed, Some(slot.path)));
        }
        let lock = self.lock(&slot, &folder)?;
        // Whoever held the lock has probably made it.
        if let (true, Ok(Some(packed))) = (lock.as_ref().is_some_and(|lock| lock.waited), slot.open(expected)) {
            return Ok(self.data_set(source, packed, Some(slot.path)));
        }
        let splits = make(self, lock.as_ref().map(|_| folder.as_path()))?;
        self.finish(source, splits, expected, lock.map(|lock| (slot, lock)))
    }

    fn finish(
        &mut self,
        source: &str,
        splits: Splits,
        expected: Option<&str>,
        slot: Option<(Slot, Lock)>,
    ) -> Result<DataSet, Error> {
        let found = fingerprint(&splits.train, &splits.valid);
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(Error::Fingerprint { place: source.into(), expected: expected.into(), found });
        }
        let packed = Packed { splits, fingerprint: found };
        let path = slot.and_then(|(slot, _lock)| match slot.write(&packed) {
            Ok(()) => Some(slot.path),
            Err(error) => {
                self.note(format!("{error}; the data is only kept in memory"));
                None
            }
        });
        Ok(self.data_set(source, packed, path))
    }

    /// The packed data set, if it is there and whole; says so where it is there and not whole.
    fn look(&mut self, slot: &Slot, expected: Option<&str>) -> Option<Packed> {
        match slot.open(expected) {
            Ok(found) => found,
            Err(reason) => {
                self.note(format!("the cache file `{}` is not used and made anew: {reason}", slot.path.display()));
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
                self.note(format!(
                    "the cache folder `{folder}` is of no use: {error}; the data is only kept in memory"
                ));
                Ok(None)
            }
        }
    }

    fn data_set(&mut self, source: &str, packed: Packed, cache: Option<PathBuf>) -> DataSet {
        DataSet {
            train: packed.splits.train.into(),
            valid: packed.splits.valid.into(),
            source: source.into(),
            notes: std::mem::take(&mut self.notes),
            fingerprint: packed.fingerprint,
            cache,
        }
    }
}

/// A data set and its fingerprint.
#[derive(Debug)]
pub(crate) struct Packed {
    pub splits: Splits,
    pub fingerprint: String,
}

/// The place of one data set in a cache folder.
#[derive(Debug)]
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
        Self { path: folder.join(format!("{source}-{}.digits", hex(&key[..8]))), key }
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
        let fingerprint = hex(&header.fingerprint);
        if expected.is_some_and(|expected| expected != fingerprint) {
            return Err("it holds other data".into());
        }
        let splits = mapped(&Arc::new(map), &header).ok_or("it holds no images, or labels of no class")?;
        Ok(Some(Packed { splits, fingerprint }))
    }

    /// Writes the data set to a temporary name in the same folder, then renames. The caller holds the lock.
    pub fn write(&self, packed: &Packed) -> Result<(), Error> {
        let temporary = self.path.with_extension("tmp");
        let written = self.write_to(&temporary, packed).and_then(|()| fs::rename(&temporary, &self.path));
        written.map_err(|cause| {
            // Leaves no half file behind; that this may fail as well changes nothing.
            let _ = fs::remove_file(&temporary);
            Error::Write { path: self.path.clone(), cause }
        })
    }

    fn write_to(&self, path: &Path, packed: &Packed) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(&Header::of(packed, self.key).to_bytes())?;
        for part in parts(&packed.splits) {
            file.write_all(&part)?;
        }
        file.sync_all()
    }
}

/// The bytes after the header, in their order: of each split pixels, labels of two bytes, and names; then the classes.
fn parts(splits: &Splits) -> [Cow<'_, [u8]>; 7] {
    let of = |digits: &'_ Digits| {
        let labels = digits.labels().iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>();
        Cow::<[u8]>::Owned(labels)
    };
    let Splits { train, valid } = splits;
    let classes = train.task().classes().iter().flat_map(|class| [class, "\0"]).collect::<String>();
    [
        train.pixels().into(),
        of(train),
        train.names().into(),
        valid.pixels().into(),
        of(valid),
        valid.names().into(),
        Cow::Owned(classes.into_bytes()),
    ]
}

/// The splits of a file whose header holds; none where no source can have made them.
fn mapped(map: &Arc<Mmap>, header: &Header) -> Option<Splits> {
    let mut start = HEADER_BYTES;
    let mut next = |length: usize| -> Range<usize> {
        start += length;
        start - length..start
    };
    let image = header.height * header.width;
    let ranges = [(header.train, header.names[0]), (header.valid, header.names[1])]
        .map(|(images, names)| [next(images * image), next(2 * images), next(names)]);
    let classes = std::str::from_utf8(&map[next(header.classes)]).ok()?;
    let task = Arc::new(Task::new(classes.split_terminator('\0')).ok()?);
    let split = |[pixels, labels, names]: [Range<usize>; 3]| {
        let labels: Vec<u16> = map[labels].chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
        let is_possible = !labels.is_empty() && labels.iter().all(|label| usize::from(*label) < task.classes().len());
        let bytes = |range| Bytes::Mapped(map.clone(), range);
        is_possible
            .then(|| Digits::new(&task, [header.height, header.width], bytes(pixels), labels).named(bytes(names)))
    };
    let [train, valid] = ranges;
    Some(Splits { train: split(train)?, valid: split(valid)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digits, threes_and_sevens};

    fn packed() -> Packed {
        let train = digits([2, 3], &(0..18).collect::<Vec<u8>>(), &[0, 1, 1]);
        let valid = digits([2, 3], &(50..62).collect::<Vec<u8>>(), &[0, 1]);
        let train = train.named(b"a\0b\0c\0".to_vec().into());
        let fingerprint = fingerprint(&train, &valid);
        Packed { splits: Splits { train, valid }, fingerprint }
    }

    fn slot(folder: &Path) -> Slot {
        Slot::new(folder, "archive", "x", Some(&["3".into(), "7".into()]))
    }

    #[test]
    fn what_was_packed_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        assert!(slot.open(None).unwrap().is_none(), "nothing there yet");
        slot.write(&packed()).unwrap();
        let back = slot.open(None).unwrap().unwrap();
        assert_eq!(parts(&back.splits), parts(&packed().splits));
        assert_eq!((back.splits.train.height(), back.splits.train.width()), (2, 3));
        assert_eq!(back.fingerprint, packed().fingerprint);
        assert!(!slot.path.with_extension("tmp").exists());
    }

    #[test]
    fn every_altered_byte_and_every_truncation_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        slot.write(&packed()).unwrap();
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
        let of = |labels: &[u16]| digits([1, 1], &vec![9; labels.len()], labels);
        let none = Digits::new(&threes_and_sevens(), [1, 1], vec![].into(), vec![]);
        let three = Arc::new(Task::new(["a", "b", "c"]).unwrap());
        let beyond = Digits::new(&three, [1, 1], vec![9].into(), vec![2]);
        for (train, valid) in [(none.clone(), of(&[0])), (of(&[1]), none), (of(&[0, 1]), beyond)] {
            slot.write(&Packed { splits: Splits { train, valid }, fingerprint: "00".repeat(32) }).unwrap();
            assert_eq!(slot.open(None).unwrap_err(), "it holds no images, or labels of no class");
        }
    }

    #[test]
    fn the_expected_fingerprint_and_the_identity_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path());
        slot.write(&packed()).unwrap();
        assert!(slot.open(Some(&packed().fingerprint)).unwrap().is_some());
        assert_eq!(slot.open(Some("00")).unwrap_err(), "it holds other data");
        let other = Slot::new(folder.path(), "archive", "y", Some(&["3".into(), "7".into()]));
        fs::rename(&slot.path, &other.path).unwrap();
        assert_eq!(other.open(None).unwrap_err(), "it was made from another source");
    }
}
