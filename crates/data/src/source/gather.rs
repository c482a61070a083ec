//! From PNG files in any order to splits in the order of their names: decoded in parallel jobs, of which the first that fails is
//! the one that is reported.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use task::Task;

use crate::{
    Digits, Error, png,
    source::{Limits, Splits, natural::natural},
};

/// Where a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// `false`: training, `true`: validation.
    pub valid: bool,
    /// The folder that it lies in.
    pub class: Arc<str>,
    /// File name within its class.
    pub name: String,
}

/// Rows and columns that all images must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub height: usize,
    pub width: usize,
}

/// Images decoded together: pixels in the order of the places.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub places: Vec<Place>,
    pub pixels: Vec<u8>,
}

impl Place {
    /// The place of `<any root>/train|valid/<class>/<name>.png`; `None` for every other file, and for those of other classes than
    /// were asked for.
    pub fn of(path: &str, asked: Option<&[String]>) -> Option<Self> {
        let mut parts = path.rsplit('/');
        let (name, class, split) = (parts.next()?, parts.next()?, parts.next()?);
        let valid = match split {
            "train" => false,
            "valid" => true,
            _ => return None,
        };
        let is_ours = match asked {
            Some(classes) => classes.iter().any(|asked| asked == class),
            None => !class.starts_with('.'),
        };
        let is_png = name.to_ascii_lowercase().ends_with(".png") && !name.starts_with('.');
        (is_ours && is_png).then(|| Self { valid, class: class.into(), name: name.into() })
    }

    /// The name in messages, as in `train/3/10.png`.
    pub fn path(&self) -> String {
        format!("{}/{}/{}", split_name(self.valid), self.class, self.name)
    }
}

/// The classes asked for, or all of these in natural order.
pub(crate) fn task<'a>(
    asked: Option<&[String]>,
    classes: impl IntoIterator<Item = &'a str>,
    place: &str,
) -> Result<Arc<Task>, Error> {
    let found = || {
        let distinct: BTreeSet<&str> = classes.into_iter().collect();
        let mut distinct: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
        distinct.sort_by(|a, b| natural(a, b));
        distinct
    };
    let task = asked.map_or_else(found, <[String]>::to_vec);
    Task::new(task).map(Arc::new).map_err(|reason| Error::Layout {
        place: place.into(),
        reason: format!("{reason}; the layout is train/<class>/*.png and valid/<class>/*.png"),
    })
}

/// A path's or name's bytes as text; what is no UTF-8 as `\xE9`, and what looks like that as `\x5CxE9`, so that other bytes are
/// another name.
pub(crate) fn name_of(bytes: &[u8]) -> String {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    let mut name = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for (number, part) in chunk.valid().split(r"\x").enumerate() {
            let is_like_ours = part.as_bytes().first_chunk().is_some_and(|[high, low]| is_hex(*high) && is_hex(*low));
            let separator = if is_like_ours { r"\x5Cx" } else { r"\x" };
            name += if number > 0 { separator } else { "" };
            name += part;
        }
        chunk.invalid().iter().for_each(|byte| name += &format!(r"\x{byte:02X}"));
    }
    name
}

impl Size {
    /// Reads the size from the header of the first image.
    pub fn of_first(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let (height, width) = png::header_size(bytes)?;
        if height > limits.side || width > limits.side {
            let side = limits.side;
            let reason = format!("its header claims {height} x {width} pixels, the limit is {side} x {side}");
            return Err(Error::Png { reason });
        }
        Ok(Self { height, width })
    }

    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Decodes one PNG, which must have this size, into `pixels`.
    pub fn decode(self, bytes: &[u8], pixels: &mut [u8]) -> Result<(), Error> {
        let (height, width) = png::header_size(bytes)?;
        if (height, width) != (self.height, self.width) {
            let expected = format!("{} x {}", self.height, self.width);
            return Err(Error::Png {
                reason: format!("it is {height} x {width} pixels, the first image is {expected}"),
            });
        }
        pixels.copy_from_slice(&png::decode_png(bytes, height.max(width))?.pixels);
        Ok(())
    }
}

/// Joins what was decoded into splits: class after class, each by file name as strings.
pub(crate) fn arrange(decoded: &[Decoded], size: Size, asked: Option<&[String]>, place: &str) -> Result<Splits, Error> {
    let task = task(asked, decoded.iter().flat_map(|decoded| &decoded.places).map(|place| &*place.class), place)?;
    let labels: HashMap<&str, u16> = task.classes().iter().map(String::as_str).zip(task.labels()).collect();
    let images =
        decoded.iter().flat_map(|decoded| decoded.places.iter().zip(decoded.pixels.chunks_exact(size.pixels())));
    let mut images: Vec<Labelled<'_>> = images.map(|(image, pixels)| (image, labels[&*image.class], pixels)).collect();
    images.sort_unstable_by_key(|(image, label, _)| (image.valid, *label, &image.name));
    if let Some(twice) = images.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let reason = "it is there twice".into();
        return Err(Error::Entry { place: place.into(), entry: twice[0].0.path(), reason });
    }
    let middle = images.partition_point(|(image, ..)| !image.valid);
    let (train, valid) = images.split_at(middle);
    for (split, images) in [(false, train), (true, valid)] {
        check_classes(split, images, &task, place)?;
    }
    Ok(Splits { train: join(&task, train, size), valid: join(&task, valid, size) })
}

/// An image with its label and pixels.
type Labelled<'a> = (&'a Place, u16, &'a [u8]);

fn check_classes(valid: bool, images: &[Labelled<'_>], task: &Task, place: &str) -> Result<(), Error> {
    // They lie class after class.
    let present: BTreeSet<u16> = images.iter().map(|(_, label, _)| *label).collect();
    match task.labels().find(|label| !present.contains(label)) {
        None => Ok(()),
        Some(label) => {
            let missing = format!("{}/{}", split_name(valid), task.class(label));
            let reason =
                format!("no `{missing}/*.png` in it; the layout is train/<class>/*.png and valid/<class>/*.png");
            Err(Error::Layout { place: place.into(), reason })
        }
    }
}

fn join(task: &Arc<Task>, images: &[Labelled<'_>], size: Size) -> Digits {
    let mut pixels = Vec::with_capacity(images.len() * size.pixels());
    images.iter().for_each(|(.., image)| pixels.extend_from_slice(image));
    let labels: Vec<u16> = images.iter().map(|(_, label, _)| *label).collect();
    // A zero byte ends a name; none is in a name that a file system takes, but in an archive it may be.
    let names = images.iter().map(|(image, ..)| image.name.replace('\0', "?") + "\0").collect::<String>();
    Digits::new(task, [size.height, size.width], pixels.into(), labels).named(names.into_bytes().into())
}

fn split_name(valid: bool) -> &'static str {
    if valid { "valid" } else { "train" }
}

/// Files that one job decodes.
pub(crate) const FILES_PER_JOB: usize = 256;
/// Bytes of files, and of pixels, from which on a job has enough.
const BYTES_PER_JOB: usize = 4 << 20;
/// Tasks that may wait: whoever reads faster than the others decode helps them.
const WAITING_JOBS: usize = 8;

/// PNG files that are decoded together.
#[derive(Debug, Default)]
pub(crate) struct DecodeJob {
    first: usize,
    places: Vec<Place>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
    pub size: Option<Size>,
}

/// What the jobs leave.
#[derive(Default)]
pub(crate) struct Results {
    batches: Mutex<Vec<(usize, Decoded)>>,
    failure: Mutex<Option<Failure>>,
    failed: AtomicBool,
    waiting: AtomicUsize,
}

struct Failure {
    index: usize,
    place: Place,
    error: Error,
}

impl DecodeJob {
    /// An empty job whose first file is the `first` of all, for images of `size`.
    pub fn new(first: usize, size: Option<Size>) -> Self {
        Self { first, size, ..Self::default() }
    }

    /// Whether it is to be decoded before more is added.
    pub fn is_full(&self) -> bool {
        let pixels = self.len() * self.size.map_or(0, Size::pixels);
        self.len() == FILES_PER_JOB || self.bytes.len().max(pixels) >= BYTES_PER_JOB
    }

    /// Number of files.
    fn len(&self) -> usize {
        self.places.len()
    }

    /// Makes room for a file of `length` bytes.
    pub fn push(&mut self, place: Place, length: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        self.places.push(place);
        self.ends.push(start + length);
        &mut self.bytes[start..]
    }

    /// The bytes of the file pushed last.
    pub fn last(&self) -> &[u8] {
        self.file(self.len() - 1)
    }

    fn file(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    fn decode(self) -> Result<Decoded, Box<Failure>> {
        let Some(size) = self.size else { return Ok(Decoded::default()) };
        let mut pixels = vec![0; self.len() * size.pixels()];
        for (index, pixels) in pixels.chunks_exact_mut(size.pixels()).enumerate() {
            size.decode(self.file(index), pixels).map_err(|error| {
                let place = self.places[index].clone();
                Box::new(Failure { index: self.first + index, place, error })
            })?;
        }
        Ok(Decoded { places: self.places, pixels })
    }
}

impl Results {
    /// Lets another thread of the scope decode the job, or this one where too many wait.
    pub fn spawn<'scope>(&'scope self, job: DecodeJob, scope: &rayon::Scope<'scope>) {
        if self.waiting.fetch_add(1, Relaxed) >= WAITING_JOBS {
            self.decode(job);
            self.waiting.fetch_sub(1, Relaxed);
            return;
        }
        scope.spawn(|_| {
            self.decode(job);
            self.waiting.fetch_sub(1, Relaxed);
        });
    }

    pub fn decode(&self, job: DecodeJob) {
        let first = job.first;
        match job.decode() {
            Ok(batch) => lock(&self.batches).push((first, batch)),
            Err(failure) => self.fail(*failure),
        }
    }

    /// Whether a job has failed, so that going on is of no use.
    pub fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// What was decoded, in the order of the jobs.
    ///
    /// # Errors
    /// [`Error::Entry`] with the first file that did not decode.
    pub fn into_decoded(self, place: &str) -> Result<Vec<Decoded>, Error> {
        if let Some(failure) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let (entry, reason) = (failure.place.path(), failure.error.to_string());
            return Err(Error::Entry { place: place.into(), entry, reason });
        }
        let mut batches = self.batches.into_inner().unwrap_or_else(PoisonError::into_inner);
        batches.sort_unstable_by_key(|(first, _)| *first);
        Ok(batches.into_iter().map(|(_, batch)| batch).collect())
    }

    fn fail(&self, failure: Failure) {
        self.failed.store(true, Relaxed);
        let mut first = lock(&self.failure);
        if first.as_ref().is_none_or(|first| failure.index < first.index) {
            *first = Some(failure);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    fn classes() -> Option<&'static [String]> {
        static CLASSES: OnceLock<[String; 2]> = OnceLock::new();
        Some(CLASSES.get_or_init(classes_3_and_7))
    }

    fn classes_3_and_7() -> [String; 2] {
        ["3".into(), "7".into()]
    }

    fn decoded(paths: &[(&str, u8)]) -> Decoded {
        let places = paths.iter().map(|(path, _)| Place::of(path, None).unwrap()).collect();
        Decoded { places, pixels: paths.iter().map(|(_, pixel)| *pixel).collect() }
    }

    const ONE: Size = Size { height: 1, width: 1 };

    #[test]
    fn only_pngs_of_the_two_classes_in_the_two_splits_have_a_place() {
        for path in ["r/train/3/1.png", "train/7/1.PNG", "a/b/valid/3/x.png"] {
            assert!(Place::of(path, classes()).is_some(), "{path}");
        }
        for path in ["r/labels.csv", "train/5/1.png", "test/3/1.png", "train/3/1.txt", "train/3/._1.png", "3/1.png"] {
            assert!(Place::of(path, classes()).is_none(), "{path}");
        }
    }

    #[test]
    fn names_that_are_no_utf_8_stay_apart() {
        assert_eq!(name_of(b"train/3/caf\xe9.png"), r"train/3/caf\xE9.png");
        assert_eq!(name_of(br"train/3/caf\xE9.png"), r"train/3/caf\x5CxE9.png");
        assert_eq!(name_of(br"C:\train\x.png"), r"C:\train\x.png");
        assert_eq!(name_of("café.png".as_bytes()), "café.png");
    }

    #[test]
    fn images_lie_by_class_and_then_by_name_as_strings() {
        let one = decoded(&[("train/7/2.png", 1), ("train/3/9.png", 2), ("valid/3/1.png", 3)]);
        let two = decoded(&[("train/3/10.png", 4), ("valid/7/1.png", 5), ("train/7/10.png", 6)]);
        let splits = arrange(&[one, two], ONE, classes(), "x").unwrap();
        assert_eq!(splits.train.pixels(), [4, 2, 6, 1]);
        assert_eq!(splits.train.labels(), [0, 0, 1, 1]);
        assert_eq!(splits.valid.pixels(), [3, 5]);
        let names = [0, 1, 2].map(|index| splits.train.file_name(index));
        assert_eq!(names, [Some("10.png"), Some("9.png"), Some("10.png")]);
    }

    #[test]
    fn without_names_all_folders_are_classes_in_natural_order() {
        let all =
            ["train/10/a.png", "train/2/a.png", "train/x/a.png", "valid/x/a.png", "valid/2/a.png", "valid/10/a.png"];
        let splits = arrange(&[decoded(&all.map(|path| (path, 0)))], ONE, None, "x").unwrap();
        assert_eq!(splits.train.task().classes(), ["2", "10", "x"]);
        assert_eq!(splits.valid.labels(), [0, 1, 2]);
        let lone = arrange(&[decoded(&[("train/3/1.png", 0), ("valid/3/1.png", 0)])], ONE, None, "x").unwrap_err();
        assert!(lone.to_string().contains("`3` is the only class"), "{lone}");
        let missing = arrange(&[decoded(&all[..5].iter().map(|path| (*path, 0)).collect::<Vec<_>>())], ONE, None, "x");
        assert!(missing.unwrap_err().to_string().contains("no `valid/10/*.png` in it"));
    }

    #[test]
    fn a_missing_class_and_a_name_that_repeats_are_named() {
        let message = |paths: &[(&str, u8)]| arrange(&[decoded(paths)], ONE, classes(), "x").unwrap_err().to_string();
        let all = [("train/3/1.png", 0), ("train/7/1.png", 0), ("valid/3/1.png", 0), ("valid/7/1.png", 0)];
        assert!(message(&all[..3]).contains("`valid/7/*.png`"));
        assert!(message(&[&all[..], &all[..1]].concat()).contains("`train/3/1.png`"));
    }
}

#[cfg(test)]
mod tests_of_jobs {
    use super::*;

    /// How many files of so many bytes a job takes, for images of so many pixels.
    fn files_until_full(bytes: usize, side: usize) -> usize {
        let mut job = DecodeJob::new(0, Some(Size { height: side, width: side }));
        while !job.is_full() {
            job.push(Place { valid: false, class: "3".into(), name: String::new() }, bytes);
        }
        job.len()
    }

    #[test]
    fn neither_long_files_nor_large_pictures_make_a_job_large() {
        assert_eq!(files_until_full(300, 28), 256);
        assert_eq!(files_until_full(1 << 20, 28), 4);
        assert_eq!(files_until_full(70, 1024), 4, "a header of 70 bytes may claim a million pixels");
    }
}
