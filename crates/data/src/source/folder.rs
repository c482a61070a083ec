//! A folder of the layout `train/<class>/*.png`, `valid/<class>/*.png`.

use std::{
    fs::{self, DirEntry},
    io, mem,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error,
    source::{
        Limits, Splits,
        gather::{DecodeJob, FILES_PER_JOB, Place, Results, Size, arrange, name_of},
        natural::natural,
        stamp::stamp,
    },
};

/// The files of the classes, in the order of their names.
#[derive(Debug)]
pub(crate) struct Listing {
    root: PathBuf,
    files: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    place: Place,
    path: PathBuf,
    /// What its content is known by.
    stamp: String,
}

impl Listing {
    /// Lists the folder, class after class, each by name; what is no PNG of the classes asked for is left out.
    pub fn of(root: &Path, asked: Option<&[String]>, limits: &Limits) -> Result<Self, Error> {
        let mut listing = Self { root: root.into(), files: Vec::new() };
        for split in ["train", "valid"] {
            let classes = asked.map_or_else(|| listing.classes(split), |asked| Ok(asked.to_vec()))?;
            for class in classes {
                let start = listing.files.len();
                listing.add(&root.join(split).join(&class), &format!("{split}/{class}"), limits)?;
                listing.files[start..].sort_unstable_by(|a, b| a.place.name.cmp(&b.place.name));
            }
        }
        Ok(listing)
    }

    /// The folders of a split, in natural order, but for hidden ones.
    fn classes(&self, split: &str) -> Result<Vec<String>, Error> {
        let folder = self.root.join(split);
        let mut classes = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|cause| self.unreadable(&folder, split, cause))? {
            let entry = entry.map_err(|cause| Error::Read { path: folder.clone(), cause })?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") || !entry.path().is_dir() {
                continue;
            }
            classes.push(name.into_string().map_err(|name| Error::Entry {
                place: self.root.display().to_string(),
                entry: format!("{split}/{}", name_of(name.as_encoded_bytes())),
                reason: "the name of a class must be UTF-8".into(),
            })?);
        }
        classes.sort_by(|a, b| natural(a, b));
        Ok(classes)
    }

    fn unreadable(&self, folder: &Path, prefix: &str, cause: io::Error) -> Error {
        match cause.kind() {
            io::ErrorKind::NotFound => Error::Layout {
                place: self.root.display().to_string(),
                reason: format!(
                    "no folder `{prefix}` in it; the layout is train/<class>/*.png and valid/<class>/*.png"
                ),
            },
            _ => Error::Read { path: folder.into(), cause },
        }
    }

    /// Names and stamps of all files: what a cache of this folder is made from.
    pub fn identity(&self) -> String {
        let root = fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        let mut text = root.display().to_string();
        for file in &self.files {
            let Place { valid, class, name } = &file.place;
            text += &format!("\0{valid}\0{class}\0{name}\0{}", file.stamp);
        }
        text
    }

    /// Decodes the files.
    pub fn read(&self, classes: Option<&[String]>, limits: &Limits) -> Result<Splits, Error> {
        let place = self.root.display().to_string();
        let size = match self.files.first() {
            Some(file) => first_size(&place, file, limits)?,
            None => Size { height: 1, width: 1 },
        };
        if self.files.len().saturating_mul(size.pixels()) > limits.pixels {
            let reason = format!("the images have more than {} pixels together", limits.pixels);
            return Err(Error::Layout { place, reason });
        }
        let results = Results::default();
        self.files.par_chunks(FILES_PER_JOB).enumerate().try_for_each(|(chunk, files)| {
            let mut job = DecodeJob::new(chunk * FILES_PER_JOB, Some(size));
            for (next, file) in (chunk * FILES_PER_JOB + 1..).zip(files) {
                load(file, &mut job)?;
                if job.is_full() {
                    results.decode(mem::replace(&mut job, DecodeJob::new(next, Some(size))));
                }
            }
            results.decode(job);
            Ok(())
        })?;
        arrange(&results.into_decoded(&place)?, size, classes, &place)
    }

    fn add(&mut self, folder: &Path, prefix: &str, limits: &Limits) -> Result<(), Error> {
        for entry in fs::read_dir(folder).map_err(|cause| self.unreadable(folder, prefix, cause))? {
            let entry = entry.map_err(|cause| Error::Read { path: folder.into(), cause })?;
            let name = name_of(entry.file_name().as_encoded_bytes());
            if let Some(place) = Place::of(&format!("{prefix}/{name}"), None) {
                let listed = self.listed(place, &entry, limits)?;
                self.files.push(listed);
            }
        }
        Ok(())
    }

    fn listed(&self, place: Place, entry: &DirEntry, limits: &Limits) -> Result<Listed, Error> {
        let path = entry.path();
        // Follows links: in a folder of the user's own they are the user's choice.
        let about = fs::metadata(&path).map_err(|cause| Error::Read { path: path.clone(), cause })?;
        let refuse = |reason: String| {
            let place_name = self.root.display().to_string();
            Err(Error::Entry { place: place_name, entry: place.path(), reason })
        };
        let longest = 8 * limits.side * limits.side;
        if !about.is_file() {
            return refuse("it is no file".into());
        }
        if about.len() > longest as u64 {
            return refuse(format!("it is {} bytes long, the limit is {longest}", about.len()));
        }
        if self.files.len() == limits.entries {
            return refuse(format!("the folder has more than {} files", limits.entries));
        }
        Ok(Listed { place, path, stamp: stamp(&about) })
    }
}

fn first_size(place: &str, file: &Listed, limits: &Limits) -> Result<Size, Error> {
    let bytes = read_file(&file.path)?;
    Size::of_first(&bytes, limits).map_err(|error| {
        let entry = file.place.path();
        Error::Entry { place: place.into(), entry, reason: error.to_string() }
    })
}

fn load(file: &Listed, job: &mut DecodeJob) -> Result<(), Error> {
    let bytes = read_file(&file.path)?;
    job.push(file.place.clone(), bytes.len()).copy_from_slice(&bytes);
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::Read { path: path.into(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::png::tests::grey;

    fn classes() -> [String; 2] {
        ["yes".into(), "no".into()]
    }

    /// Four PNGs of 2 x 3 pixels, one of each split and class.
    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (value, class) in ["train/yes", "train/no", "valid/yes", "valid/no"].iter().enumerate() {
            fs::create_dir_all(root.path().join(class)).unwrap();
            fs::write(root.path().join(class).join("a.png"), grey(3, 2, &[value as u8; 6])).unwrap();
        }
        root
    }

    fn read(root: &Path) -> Result<Splits, Error> {
        let limits = Limits { side: 64, ..Limits::default() };
        Listing::of(root, Some(&classes()), &limits)?.read(Some(&classes()), &limits)
    }

    #[test]
    fn a_folder_of_any_size_and_class_names_is_read_in_order() {
        let root = folder();
        fs::write(root.path().join("train/yes/B.png"), grey(3, 2, &[9; 6])).unwrap();
        fs::write(root.path().join("train/yes/notes.txt"), "no picture").unwrap();
        let splits = read(root.path()).unwrap();
        assert_eq!((splits.train.height(), splits.train.width()), (2, 3));
        assert_eq!(splits.train.labels(), [0, 0, 1]);
        assert_eq!(splits.train.image(0), [9; 6], "`B` comes before `a` as strings do");
        assert_eq!(splits.valid.image(1), [3; 6]);
    }

    #[test]
    fn broken_huge_or_odd_files_are_refused_by_name() {
        let mut huge = grey(3, 2, &[0; 6]);
        huge[16..20].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
        let cases = [
            (grey(3, 3, &[0; 9]), "it is 3 x 3 pixels, the first image is 2 x 3"),
            (b"no picture".to_vec(), "it does not start with a PNG header"),
            (huge, "pixels"),
            (vec![0; 40_000], "it is 40000 bytes long, the limit is 32768"),
        ];
        for (bytes, reason) in cases {
            let root = folder();
            fs::write(root.path().join("valid/no/z.png"), bytes).unwrap();
            let message = read(root.path()).unwrap_err().to_string();
            assert!(message.contains("`valid/no/z.png` is refused") && message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_missing_class_folder_is_named() {
        let root = folder();
        fs::remove_dir_all(root.path().join("train/no")).unwrap();
        let message = read(root.path()).unwrap_err().to_string();
        assert!(message.contains("no folder `train/no` in it"), "{message}");
    }

    #[test]
    fn without_names_all_folders_are_classes() {
        let root = folder();
        fs::create_dir(root.path().join("train/.hidden")).unwrap();
        fs::write(root.path().join("train/labels.csv"), "").unwrap();
        let limits = Limits::default();
        let splits = Listing::of(root.path(), None, &limits).unwrap().read(None, &limits).unwrap();
        assert_eq!(splits.train.task().classes(), ["no", "yes"]);
        assert_eq!((splits.train.labels(), splits.train.image(0)), (&[0, 1][..], &[1; 6][..]));
    }

    #[test]
    fn the_identity_changes_with_every_file() {
        let root = folder();
        let identity = || Listing::of(root.path(), Some(&classes()), &Limits::default()).unwrap().identity();
        let before = identity();
        assert_eq!(before, identity());
        fs::write(root.path().join("train/no/b.png"), grey(3, 2, &[0; 6])).unwrap();
        assert_ne!(before, identity());
    }
}
