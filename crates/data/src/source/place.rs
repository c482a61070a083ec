//! Where an image belongs, as far as its path tells.

use std::sync::Arc;

use crate::{Split, decode::is_image_name};

/// Where an image belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// None where its class is not within the folder of a split.
    pub split: Option<Split>,
    pub class: Arc<str>,
    /// What it is called within its class: the file, with the folders between.
    pub name: String,
}

/// Where the folders of the splits stand in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// At its beginning.
    Here,
    /// Below any folders, as in an archive.
    Anywhere,
}

impl Place {
    /// The place of `<split>/<class>/../<file>` or `<class>/../<file>`; none for what is no image, is hidden, or is of no class that was
    /// asked for.
    pub fn of(path: &str, root: Root, asked: Option<&[String]>) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let (file, folders) = parts.split_last()?;
        if !is_image_name(file) || file.starts_with('.') {
            return None;
        }
        let is_split = |at: &usize| split_of(folders[*at]).is_some();
        // The last folder is a class in any case.
        let splits = 0..folders.len().saturating_sub(1);
        let at = match root {
            Root::Here => splits.take(1).find(is_split),
            Root::Anywhere => splits.rev().find(is_split),
        };
        let class = match (at, root) {
            (Some(at), _) => at + 1,
            (None, Root::Here) => 0,
            (None, Root::Anywhere) => folders.len().checked_sub(1)?,
        };
        let name = folders.get(class)?;
        if folders[class + 1..].iter().any(|folder| folder.starts_with('.')) {
            return None;
        }
        let is_ours = asked.map_or(!name.starts_with('.'), |asked| asked.iter().any(|asked| asked == name));
        let place = || Self {
            split: at.and_then(|at| split_of(folders[at])),
            class: (*name).into(),
            name: parts[class + 1..].join("/"),
        };
        is_ours.then(place)
    }

    /// The name in messages, as in `train/3/10.png`.
    pub fn path(&self) -> String {
        let split = self.split.map_or(String::new(), |split| format!("{}/", split.name()));
        format!("{split}{}/{}", self.class, self.name)
    }
}

/// The split that a folder, or a cell of a table, names.
pub(crate) fn split_of(name: &str) -> Option<Split> {
    match name.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "valid" | "val" | "validation" => Some(Split::Valid),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(path: &str, root: Root) -> Option<(Option<Split>, String, String)> {
        Place::of(path, root, None).map(|place| (place.split, place.class.to_string(), place.name))
    }

    #[test]
    fn split_and_class_are_folders_of_the_path() {
        let place = |split, class: &str, name: &str| Some((split, class.into(), name.into()));
        for (path, expected) in [
            ("train/3/1.png", place(Some(Split::Train), "3", "1.png")),
            ("Training/cat/a/b.JPG", place(Some(Split::Train), "cat", "a/b.JPG")),
            ("val/dog/x.jpeg", place(Some(Split::Valid), "dog", "x.jpeg")),
            ("testing/dog/x.tiff", place(Some(Split::Test), "dog", "x.tiff")),
            ("dog/x.webp", place(None, "dog", "x.webp")),
            ("test/x.gif", place(None, "test", "x.gif")),
            ("x.png", None),
            ("train/3/1.txt", None),
            ("train/3/._1.png", None),
            (".thumbnails/1.png", None),
            ("train/3/.ipynb_checkpoints/1.png", None),
        ] {
            assert_eq!(placed(path, Root::Here), expected, "{path}");
        }
        assert_eq!(placed("r/train/3/1.png", Root::Anywhere), place(Some(Split::Train), "3", "1.png"));
        assert_eq!(placed("training/mnist/valid/3/1.png", Root::Anywhere), place(Some(Split::Valid), "3", "1.png"));
        assert_eq!(placed("animals/dog/1.png", Root::Anywhere), place(None, "dog", "1.png"));
        assert_eq!(placed("1.png", Root::Anywhere), None);
    }

    #[test]
    fn only_classes_that_were_asked_for_have_a_place() {
        let asked = ["3".to_owned(), "7".to_owned()];
        let is_ours = |path: &str| Place::of(path, Root::Anywhere, Some(&asked)).is_some();
        assert!(is_ours("r/train/3/1.png") && is_ours("train/7/1.PNG") && is_ours("a/b/valid/3/x.png"));
        assert!(!is_ours("r/labels.csv") && !is_ours("train/5/1.png"));
    }

    #[test]
    fn names_that_are_no_utf_8_stay_apart() {
        assert_eq!(name_of(b"train/3/caf\xe9.png"), r"train/3/caf\xE9.png");
        assert_eq!(name_of(br"train/3/caf\xE9.png"), r"train/3/caf\x5CxE9.png");
        assert_eq!(name_of(br"C:\train\x.png"), r"C:\train\x.png");
        assert_eq!(name_of("café.png".as_bytes()), "café.png");
    }
}
