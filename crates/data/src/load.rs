//! The one way from a [`Request`] to a [`DataSet`].

use task::Task;

use crate::{
    DataSet, Error, Event, Request, Source,
    cache::{Loading, Store},
    request::SYNTHETIC,
    retry_policy::RetryPolicy,
    source::{Limits, archive, arrays, csv, folder, idx, mnist_sample, named, npz, stamp::file_identity, synthetic},
};

/// Brings the data: from the packed cache file if it is there and whole, else from the source, and then it is cached.
///
/// A cache that cannot be used is no failure: it goes on in memory and says so. Proxy variables of the environment are
/// honoured; nothing else is read from it but the user's cache folder.
///
/// # Errors
/// [`Error`] where the source cannot be read or holds something that is refused. [`Source::Auto`] only fails for classes
/// that MNIST_SAMPLE does not have, or when it is cancelled.
pub fn load(request: &Request, on_event: &mut dyn FnMut(Event)) -> Result<DataSet, Error> {
    load_with(request, on_event, RetryPolicy::of(&request.source))
}

/// What [`load`] has left of a named data set in the cache. It fetches and makes nothing; a cache file that is damaged is as good as
/// none.
pub fn cached(request: &Request) -> Option<DataSet> {
    let Source::Named(set) = request.source else { return None };
    named::cached(&mut Loading::new(request, &mut |_| {}, RetryPolicy::of(&request.source)), set)
}

pub(crate) fn load_with(
    request: &Request,
    on_event: &mut dyn FnMut(Event),
    policy: RetryPolicy,
) -> Result<DataSet, Error> {
    check_classes(request)?;
    let limits = Limits::default();
    let mut loading = Loading::new(request, on_event, policy);
    let name = request.source.name();
    match &request.source {
        Source::Auto => auto(&mut loading),
        Source::MnistSample => mnist_sample::load(&mut loading),
        Source::Archive { path } => {
            let identity = file_identity(path)?;
            loading.through_cache(name, &identity, None, |loading, _, store| {
                loading.decoding(path);
                archive::read(path, request, &limits, store)
            })
        }
        Source::Folder { path } => {
            let listing = folder::list(path, request.classes.as_deref(), &limits)?;
            listing.note().into_iter().chain(listing.note_of_folders()).for_each(|note| loading.note(note));
            loading.through_cache(name, &listing.identity(), None, |loading, _, store| {
                loading.decoding(path);
                listing.read(request, &limits, store)
            })
        }
        Source::Idx { path } => {
            let files = idx::Files::find(path)?;
            loading.through_cache(name, &files.identity()?, None, |loading, _, store| {
                loading.decoding(path);
                files.read(None, request, &limits, store)
            })
        }
        Source::Csv { path, images, columns } => {
            let listing = csv::list(path, images.as_deref(), columns, request.classes.as_deref(), &limits)?;
            loading.through_cache(name, &listing.identity(), None, |loading, _, store| {
                loading.decoding(path);
                listing.read(request, &limits, store)
            })
        }
        Source::Npz { path } => {
            let identity = file_identity(path)?;
            loading.through_cache(name, &identity, None, |loading, _, store| {
                loading.decoding(path);
                npz::read(path, request, &limits, store)
            })
        }
        Source::Named(set) => named::load(&mut loading, *set),
        Source::Synthetic { seed, train, valid } => draw(&mut loading, (*seed, *train, *valid)),
    }
}

fn auto(loading: &mut Loading<'_>) -> Result<DataSet, Error> {
    match mnist_sample::load(loading) {
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => {
            loading.note(format!("synthetic digits take the place of MNIST_SAMPLE: {error}"));
            draw(loading, loading.request.fallback)
        }
        loaded => loaded,
    }
}

/// Draws digits; they are not cached, because drawing them is fast and the seed says all.
fn draw(loading: &mut Loading<'_>, (seed, train, valid): (u64, usize, usize)) -> Result<DataSet, Error> {
    let (request, store) = (loading.request, Store::memory());
    let splits = synthetic::generate(seed, [train, valid], &|| request.cancelled())?;
    let index = arrays::index(splits.into(), None, request, &store)?;
    loading.finish(SYNTHETIC, &index, store, None, None)
}

/// Refuses class names that cannot be, before anything is read or fetched.
fn check_classes(request: &Request) -> Result<(), Error> {
    let Some(classes) = &request.classes else { return Ok(()) };
    if let Err(reason) = Task::new(classes.iter().cloned()) {
        return Err(Error::Classes { classes: classes.clone(), reason });
    }
    match request.source {
        Source::Auto | Source::MnistSample | Source::Synthetic { .. } => mnist_sample::check_classes(classes),
        Source::Idx { .. } | Source::Npz { .. } => arrays::labels_of(None, classes).map(|_| ()),
        Source::Named(set) => arrays::labels_of(Some(&set.classes()), classes).map(|_| ()),
        Source::Archive { .. } | Source::Folder { .. } | Source::Csv { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests;
