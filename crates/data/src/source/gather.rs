//! From image files in any order to pixels in the store: decoded in parallel jobs, of which the first file that fails is the one that
//! is reported.

use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed},
};

use task::Shape;

use crate::{
    Error, OnBroken, Request,
    cache::Store,
    decode::{decode_image, shape_of},
    source::{Limits, place::Place},
};

/// An image that has its place in the store.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub place: Place,
    pub slot: u32,
    /// Rows and columns in its file.
    pub sides: [usize; 2],
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub found: Vec<Found>,
    pub shape: Shape,
    /// Files that were left out, each with the reason.
    pub skipped: Vec<(Place, String)>,
}

/// Files that are decoded by any number of threads.
pub(crate) struct Gathering<'a> {
    request: &'a Request,
    limits: &'a Limits,
    store: &'a Store,
    /// The folder or archive, in messages.
    place: &'a str,
    /// Of the request, or of the first image.
    shape: OnceLock<Shape>,
    /// A colour image came after the first one, which was grey: all are to be in colour.
    is_too_grey: AtomicBool,
    channels: Option<usize>,
    done: Mutex<Done>,
    /// The number of the first file that cannot be used: those before it are still looked at.
    failed: AtomicU32,
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Done {
    found: Vec<Found>,
    skipped: Vec<(u32, (Place, String))>,
    /// The error of the first file that has one.
    failure: Option<(u32, Error)>,
}

/// Lets `read` hand over files, and once more where they turn out to be in colour after a first one that is not.
///
/// # Errors
/// That of the first file that cannot be used, else that of `read`, and [`Error::Cancelled`].
pub(crate) fn gather(
    request: &Request,
    limits: &Limits,
    store: &Store,
    place: &str,
    read: impl Fn(&Gathering<'_>) -> Result<(), Error>,
) -> Result<Gathered, Error> {
    let with = |channels: Option<usize>| {
        let gathering = Gathering {
            request,
            limits,
            store,
            place,
            shape: OnceLock::new(),
            is_too_grey: AtomicBool::new(false),
            channels,
            done: Mutex::default(),
            failed: AtomicU32::new(u32::MAX),
            waiting: AtomicUsize::new(0),
        };
        if let (Some(channels), Some([height, width])) = (channels, request.decoding.size) {
            let _ = gathering.shape.set(Shape { channels, height, width });
        }
        let read = read(&gathering);
        (gathering, read)
    };
    let (gathering, read) = match with(request.decoding.channels) {
        (gathering, _) if gathering.is_too_grey.load(Relaxed) => with(Some(3)),
        done => done,
    };
    if request.cancelled() {
        return Err(Error::Cancelled);
    }
    let Done { found, mut skipped, failure } = gathering.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A file that cannot be used ended the reading, so it comes before whatever else that ran into.
    if let Some((_, error)) = failure {
        return Err(error);
    }
    read?;
    skipped.sort_unstable_by_key(|(slot, _)| *slot);
    let skipped = skipped.into_iter().map(|(_, reason)| reason).collect();
    Ok(Gathered { found, shape: gathering.shape.into_inner().unwrap_or(Shape::grey([1, 1])), skipped })
}

/// Files that one job decodes.
pub(crate) const FILES_PER_JOB: usize = 256;
/// Bytes of files, and of pixels, from which on a job has enough.
const BYTES_PER_JOB: usize = 4 << 20;
/// Jobs that may wait: whoever reads faster than the others decode helps them.
const WAITING_JOBS: usize = 8;

/// Files that are decoded together.
#[derive(Debug, Default)]
pub(crate) struct DecodeJob {
    first: u32,
    places: Vec<Place>,
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl DecodeJob {
    /// An empty job whose first file is the `first` of all.
    pub fn new(first: u32) -> Self {
        Self { first, ..Self::default() }
    }

    /// Number of files.
    fn len(&self) -> usize {
        self.places.len()
    }

    /// The number that the next file has among all.
    pub fn end(&self) -> u32 {
        self.first + self.len() as u32
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
}

impl Gathering<'_> {
    /// The shape of all images, once it is known.
    pub fn shape(&self) -> Option<Shape> {
        self.shape.get().copied()
    }

    /// Whether nothing is to be read from this file on.
    pub fn is_over(&self, slot: u32) -> bool {
        self.failed.load(Relaxed) < slot || self.is_too_grey.load(Relaxed) || self.request.cancelled()
    }

    /// Takes the shape of all images from this file, if it is the first that can be used; what is wrong with it is told when it is
    /// decoded.
    ///
    /// # Errors
    /// [`Error::Entry`] where images of its size cannot be taken.
    pub fn learn_shape(&self, place: &Place, bytes: &[u8]) -> Result<(), Error> {
        if self.shape.get().is_some() {
            return Ok(());
        }
        let Ok(of_file) = shape_of(bytes, self.limits.file_side) else { return Ok(()) };
        let [height, width] = self.request.decoding.size.unwrap_or(of_file.sides());
        let (side, is_asked) = (self.limits.side, self.request.decoding.size.is_some());
        if !is_asked && height.max(width) > side {
            let reason = format!(
                "it is {height} x {width} pixels, the limit is {side} x {side}; say which size with `data.size`"
            );
            return Err(self.refused(place, reason));
        }
        let channels = self.channels.unwrap_or(of_file.channels);
        let _ = self.shape.set(Shape { channels, height, width });
        Ok(())
    }

    /// An error of a file.
    pub fn refused(&self, place: &Place, reason: String) -> Error {
        Error::Entry { place: self.place.into(), entry: place.path(), reason }
    }

    /// Whether a job is to be decoded before more is added to it.
    pub fn is_full(&self, job: &DecodeJob) -> bool {
        let pixels = job.len() * self.shape().map_or(0, Shape::len);
        job.len() == FILES_PER_JOB || job.bytes.len().max(pixels) >= BYTES_PER_JOB
    }

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

    /// Decodes the files of a job into the store.
    pub fn decode(&self, job: DecodeJob) {
        let shape = self.shape().unwrap_or(Shape::grey([1, 1]));
        let mut pixels = vec![0; job.len() * shape.len()];
        let (mut found, mut skipped) = (Vec::with_capacity(job.len()), Vec::new());
        for (index, (slot, pixels)) in (job.first..).zip(pixels.chunks_exact_mut(shape.len())).enumerate() {
            if self.is_over(slot) {
                return;
            }
            let place = &job.places[index];
            match self.decode_file(job.file(index), shape, pixels) {
                Ok(Some(sides)) => found.push(Found { place: place.clone(), slot, sides }),
                // What is decoded so far is decoded again in colour.
                Ok(None) => return,
                Err(Error::Image { reason }) if self.request.decoding.on_broken == OnBroken::Skip => {
                    skipped.push((slot, (place.clone(), reason)));
                }
                Err(error @ Error::Image { .. }) => {
                    let reason = format!("{error}; `data.on_broken` = \"skip\" goes on without it");
                    return self.fail(slot, self.refused(place, reason));
                }
                Err(error) => return self.fail(slot, self.refused(place, error.to_string())),
            }
        }
        if let Err(error) = self.store.put(job.first as usize * shape.len(), &pixels) {
            return self.fail(job.first, error);
        }
        let mut done = lock(&self.done);
        done.found.extend(found);
        done.skipped.extend(skipped);
    }

    /// Decodes a file, and returns its rows and columns; not, where it is in colour and those before were not.
    fn decode_file(&self, bytes: &[u8], shape: Shape, pixels: &mut [u8]) -> Result<Option<[usize; 2]>, Error> {
        let decoding = &self.request.decoding;
        let image = decode_image(bytes, self.limits.file_side)?;
        if decoding.size.is_none() && image.shape.sides() != shape.sides() {
            return Err(Error::Size { found: image.shape.sides(), expected: shape.sides() });
        }
        if self.channels.is_none() && shape.channels < image.shape.channels {
            self.is_too_grey.store(true, Relaxed);
            return Ok(None);
        }
        image.fit_into(shape, decoding.fit, pixels);
        Ok(Some(image.shape.sides()))
    }

    fn fail(&self, slot: u32, error: Error) {
        self.failed.fetch_min(slot, Relaxed);
        let mut done = lock(&self.done);
        if done.failure.as_ref().is_none_or(|(first, _)| slot < *first) {
            done.failure = Some((slot, error));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoding, source::place::Root};

    fn place(path: &str) -> Place {
        Place::of(path, Root::Here, None).unwrap()
    }

    /// Gathers files in jobs of one each, last to first.
    fn gathered(request: &Request, files: &[(&str, Vec<u8>)]) -> (Result<Gathered, Error>, Vec<u8>) {
        let (limits, store) = (Limits::default(), Store::memory());
        let gathered = gather(request, &limits, &store, "x", |gathering| {
            for (path, bytes) in files {
                gathering.learn_shape(&place(path), bytes)?;
            }
            for (slot, (path, bytes)) in files.iter().enumerate().rev() {
                let mut job = DecodeJob::new(slot as u32);
                job.push(place(path), bytes.len()).copy_from_slice(bytes);
                gathering.decode(job);
            }
            Ok(())
        });
        let length = gathered.as_ref().map_or(0, |gathered| gathered.shape.len() * files.len());
        let pixels = store.pixels(length).unwrap().as_slice().to_vec();
        (gathered, pixels)
    }

    #[test]
    fn the_first_file_that_cannot_be_used_is_told_whichever_was_decoded_first() {
        use crate::decode::tests::grey;
        let files = [("a/1.png", grey(1, 1, &[1])), ("a/2.png", vec![9; 99]), ("a/3.png", grey(2, 1, &[1, 2]))];
        let message = gathered(&Request::default(), &files).0.unwrap_err().to_string();
        assert!(message.starts_with("`x`: entry `a/2.png` is refused: not a usable image"), "{message}");
        let request =
            Request { decoding: Decoding { on_broken: OnBroken::Skip, ..Decoding::default() }, ..Request::default() };
        let message = gathered(&request, &files).0.unwrap_err().to_string();
        assert!(message.contains("`a/3.png` is refused: it is 1 x 2 pixels, the first image is 1 x 1"), "{message}");
        let (whole, pixels) = gathered(&request, &files[..2]);
        let whole = whole.unwrap();
        assert_eq!((whole.found.len(), pixels[0]), (1, 1));
        assert!(whole.skipped[0].1.starts_with("it starts as no image does"), "{:?}", whole.skipped);
    }

    #[test]
    fn one_colour_image_makes_all_colour_unless_grey_was_asked_for() {
        use crate::decode::tests::{encode, grey};
        let red = encode(1, 1, png::ColorType::Rgb, png::BitDepth::Eight, &[255, 0, 0]);
        let files = [("a/1.png", grey(1, 1, &[7])), ("b/1.png", red)];
        let (whole, pixels) = gathered(&Request::default(), &files);
        assert_eq!((whole.unwrap().shape.channels, pixels.as_slice()), (3, &[7, 7, 7, 255, 0, 0][..]));
        let grey = Request { decoding: Decoding { channels: Some(1), ..Decoding::default() }, ..Request::default() };
        let (whole, pixels) = gathered(&grey, &files);
        assert_eq!((whole.unwrap().shape.channels, pixels.as_slice()), (1, &[7, 76][..]));
    }

    /// How many files of so many bytes a job takes, for images of so many pixels.
    fn files_until_full(bytes: usize, side: usize) -> usize {
        let size = Some([side; 2]);
        let decoding = Decoding { channels: Some(1), size, ..Decoding::default() };
        let request = Request { decoding, ..Request::default() };
        let (store, limits, count) = (Store::memory(), Limits::default(), Mutex::new(0));
        let _ = gather(&request, &limits, &store, "x", |gathering| {
            let mut job = DecodeJob::new(0);
            while !gathering.is_full(&job) {
                job.push(place("3/x.png"), bytes);
            }
            *lock(&count) = job.len();
            Ok(())
        });
        count.into_inner().unwrap()
    }

    #[test]
    fn neither_long_files_nor_large_pictures_make_a_job_large() {
        assert_eq!(files_until_full(300, 28), 256);
        assert_eq!(files_until_full(1 << 20, 28), 4);
        assert_eq!(files_until_full(70, 1024), 4, "a header of 70 bytes may claim a million pixels");
    }
}
