//! MNIST_SAMPLE: a local copy of the archive, the one kept from an earlier download, or a download.

use std::path::Path;

use crate::{
    DataSet, Error, Source,
    cache::Loading,
    fingerprint::{fingerprint, of_mnist_sample},
    request::MNIST_SAMPLE_MD5,
    source::{Limits, Splits, archive, download},
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
    // Another archive, as a test serves it, is only known by its MD5.
    let expected = of_mnist_sample(request.classes.as_deref()).filter(|_| request.remote.md5 == MNIST_SAMPLE_MD5);
    loading.through_cache(Source::MnistSample.name(), &request.remote.md5, expected, |loading, folder| {
        if let Some(path) = &request.archive_override {
            match from_local(loading, path, expected) {
                // `auto` has further ways.
                Err(error) if request.source == Source::Auto => loading.note(error.to_string()),
                done => return done,
            }
        }
        let bytes = download::fetch(loading, folder, &request.remote, "name a local copy in MNIST_SAMPLE_ARCHIVE")?;
        loading.decoding(Path::new(&request.remote.url));
        archive::decode(&bytes[..], &request.remote.url, request.classes.as_deref(), &Limits::default())
    })
}

fn from_local(loading: &mut Loading<'_>, path: &Path, expected: Option<&str>) -> Result<Splits, Error> {
    loading.decoding(path);
    let splits = archive::read(path, loading.request.classes.as_deref(), &Limits::default())?;
    match expected {
        None => Ok(splits),
        Some(expected) => {
            let found = fingerprint(&splits.train, &splits.valid);
            let place = path.display().to_string();
            match found == expected {
                true => Ok(splits),
                false => Err(Error::Fingerprint { place, expected: expected.into(), found }),
            }
        }
    }
}
