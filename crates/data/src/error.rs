//! What can go wrong between a source and a [`DataSet`](crate::DataSet).

use std::{io, path::PathBuf};

/// Every message is one line: what failed, where, why and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The class names asked for cannot be used.
    #[error("classes {}: {reason}", quoted(classes))]
    Classes {
        classes: Vec<String>,
        /// What is wrong with them, and which would do.
        reason: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file of the cache folder cannot be written; `load` turns this into a note.
    #[error("cannot write `{}`: {cause}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// An archive, folder or IDX file as a whole is not what it should be.
    #[error("`{place}`: {reason}")]
    Layout {
        /// The archive, folder or file.
        place: String,
        /// What is wrong and what was expected.
        reason: String,
    },
    /// One entry of an archive, or one file of a folder, is refused.
    #[error("`{place}`: entry `{entry}` is refused: {reason}")]
    Entry {
        /// The archive or folder.
        place: String,
        entry: String,
        /// Why it is refused.
        reason: String,
    },
    /// Bytes that are no image, or one that this program does not take.
    #[error("not a usable image: {reason}")]
    Image { reason: String },
    /// An image of another size than the first, where no size was asked for.
    #[error("it is {} x {} pixels, the first image is {} x {}; say which size all shall have with `data.size`", found[0], found[1], expected[0], expected[1])]
    Size { found: [usize; 2], expected: [usize; 2] },
    /// The download did not succeed.
    #[error(
        "cannot download `{url}`: {reason} ({}); check the network and the proxy variables, or {instead}",
        attempts_in_words(*attempts)
    )]
    Download {
        url: String,
        /// What the last attempt ended with.
        reason: String,
        /// How many times it was tried.
        attempts: u32,
        /// What else will do.
        instead: &'static str,
    },
    /// The decoded images are not those of MNIST_SAMPLE.
    #[error(
        "`{place}` does not hold MNIST_SAMPLE: fingerprint {found}, expected {expected}; take source `archive` for other data"
    )]
    Fingerprint {
        place: String,
        /// The constant known to the program.
        expected: String,
        /// What was computed.
        found: String,
    },
    /// [`Request::cancel`](crate::Request::cancel) was set; what was downloaded is kept.
    #[error("interrupted; what was downloaded is kept and the next run goes on from there")]
    Cancelled,
}

/// A few names, each in quotes.
fn quoted(names: &[String]) -> String {
    let few: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    match (&few[..], names.len() - few.len()) {
        ([one, two], _) => format!("{one} and {two}"),
        (few, 0) => few.join(", "),
        (few, more) => format!("{} and {more} more", few.join(", ")),
    }
}

fn attempts_in_words(attempts: u32) -> String {
    match attempts {
        1 => "tried once".into(),
        n => format!("tried {n} times"),
    }
}
