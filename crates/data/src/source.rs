//! Where digits come from. Each source ends in [`Splits`]: decoded, ordered and checked.

pub(crate) mod archive;
pub(crate) mod download;
pub(crate) mod folder;
mod gather;
mod gunzip;
pub(crate) mod idx;
pub(crate) mod mnist_sample;
pub(crate) mod stamp;
pub(crate) mod synthetic;
mod tasks;

use crate::{Digits, Error};

/// The two splits of a data set.
#[derive(Debug)]
pub(crate) struct Splits {
    pub train: Digits,
    pub valid: Digits,
}

/// What a source may ask of the machine before it is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries of an archive, files of a folder, images of an IDX file.
    pub entries: usize,
    /// Bytes of an archive or IDX file after inflating.
    pub inflated: u64,
    /// Pixels of all images together.
    pub pixels: usize,
    /// Rows or columns of one image.
    pub side: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, inflated: 2 << 30, pixels: 2 << 30, side: 1024 }
    }
}

/// Class names are folder names: they must be two, differ, and not leave the folder.
pub(crate) fn check_classes(classes: &[String; 2]) -> Result<(), Error> {
    let refuse = |reason: &str| Err(Error::Classes { classes: classes.clone(), reason: reason.into() });
    if classes[0] == classes[1] {
        return refuse("the two must differ");
    }
    let is_folder_name =
        |name: &String| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    match classes.iter().all(is_folder_name) {
        true => Ok(()),
        false => refuse("a class is the name of a folder: not empty, no leading dot, no slash"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names_that_leave_the_folder_or_repeat_are_refused() {
        let check = |a: &str, b: &str| check_classes(&[a.into(), b.into()]);
        assert!(check("3", "7").is_ok());
        for (a, b) in [("3", "3"), ("", "7"), ("..", "7"), ("3", "a/b"), ("3", "a\\b")] {
            assert!(check(a, b).is_err(), "{a} {b}");
        }
    }
}
