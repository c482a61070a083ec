//! MNIST_SAMPLE: a local copy of the archive, the one kept from an earlier download, or a download.

use std::path::Path;

use crate::{
    DataSet, Error, Source,
    cache::{Loading, Store},
    fingerprint::{fingerprint, of_mnist_sample},
    request::MNIST_SAMPLE_MD5,
    source::{Index, Limits, archive, download},
};

/// The archive has the classes 3 and 7, in either role.
pub(crate) fn check_classes(classes: &[String]) -> Result<(), Error> {
    match of_mnist_sample(Some(classes)) {
        Some(_) => Ok(()),
        None => {
            let reason = "there are only `3` and `7` in MNIST_SAMPLE and among the synthetic digits".into();
            Err(Error::Classes { classes: classes.to_vec(), reason })
        }
    }
}

/// Brings MNIST_SAMPLE, checked against its fingerprint.
pub(crate) fn load(loading: &mut Loading<'_>) -> Result<DataSet, Error> {
    let request = loading.request;
    // Another archive, as a test serves it, is only known by its MD5, and what is made another image of has no fingerprint that is known.
    let is_known = request.remote.md5 == MNIST_SAMPLE_MD5 && request.is_as_it_is();
    let expected = of_mnist_sample(request.classes.as_deref()).filter(|_| is_known);
    loading.through_cache(Source::MnistSample.name(), &request.remote.md5, expected, |loading, folder, store| {
        if let Some(path) = &request.archive_override {
            match from_local(loading, path, expected, store) {
                // `auto` has further ways.
                Err(error) if request.source == Source::Auto => loading.note(error.to_string()),
                done => return done,
            }
        }
        let bytes = download::fetch(loading, folder, &request.remote, "name a local copy in MNIST_SAMPLE_ARCHIVE")?;
        loading.decoding(Path::new(&request.remote.url));
        archive::decode(|| Ok(&bytes[..]), &request.remote.url, request, &Limits::default(), store)
    })
}

fn from_local(loading: &mut Loading<'_>, path: &Path, expected: Option<&str>, store: &Store) -> Result<Index, Error> {
    loading.decoding(path);
    let index = archive::read(path, loading.request, &Limits::default(), store)?;
    let Some(expected) = expected else { return Ok(index) };
    let found = fingerprint(&index.images(&store.pixels(index.slots * index.shape.len())?));
    let place = path.display().to_string();
    match found == expected {
        true => Ok(index),
        false => Err(Error::Fingerprint { place, expected: expected.into(), found }),
    }
}
