//! What the tests share.

use std::{env, fs, path::Path};

use burn::backend::Autodiff;
use data::{DataSet, Request, Source};

pub(crate) type Flex = Autodiff<burn_flex::Flex>;

pub(crate) type NdArray = Autodiff<burn_ndarray::NdArray>;

/// MNIST_SAMPLE, where `MNIST_SAMPLE_ARCHIVE` names the archive; says so where not.
pub(crate) fn real_data() -> Option<DataSet> {
    // Cargo runs tests in the folder of their package; a relative path means the one the user is in, the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let archive = env::var("MNIST_SAMPLE_ARCHIVE").ok().and_then(|path| fs::canonicalize(root.join(path)).ok());
    let Some(path) = archive else {
        println!("skipped: MNIST_SAMPLE_ARCHIVE does not name the real archive");
        return None;
    };
    Some(load(Source::Archive { path }))
}

/// Drawn digits, 600 and 200.
pub(crate) fn drawn_digits() -> DataSet {
    load(Source::Synthetic { seed: 0, train: 600, valid: 200 })
}

fn load(source: Source) -> DataSet {
    let cache = tempfile::tempdir().unwrap();
    let request = Request { source, cache: Some(cache.path().into()), ..Request::default() };
    data::load(&request, &mut |_| {}).unwrap()
}

/// Each value is the expected one, or off by no more than `within`.
#[track_caller]
pub(crate) fn near(values: &[f32], expected: &[f32], within: f32) {
    assert_eq!(values.len(), expected.len());
    let is_near = values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() <= within);
    assert!(is_near, "{values:?} is not {expected:?} within {within}");
}
