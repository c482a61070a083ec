//! A folder of the layout `train/<class>/<image>`, `valid/<class>/<image>`, or of classes alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    decode::other_format,
    source::{
        Limits,
        arrange::LAYOUT,
        listing::Listing,
        natural::natural,
        place::{Place, Root, name_of, split_of},
    },
};

/// Folders within a class: deeper ones are probably a circle of links.
const DEEPEST: usize = 16;

/// Lists the images of the classes asked for, or of all: split after split, class after class, each by name.
///
/// # Errors
/// Where a folder cannot be read, two of them are one split, or a file cannot be used.
pub(crate) fn list(root: &Path, asked: Option<&[String]>, limits: &Limits) -> Result<Listing, Error> {
    let mut listing = Listing::new(root.display().to_string(), LAYOUT);
    if root.is_file() {
        let reason = "it is a file; data.source \"archive\" reads a .tgz, \"csv\" a table, \"npz\" arrays".into();
        return Err(Error::Layout { place: root.display().to_string(), reason });
    }
    let top = folders(root)?;
    let splits: Vec<&String> = top.iter().filter(|(_, name)| split_of(name).is_some()).map(|(_, name)| name).collect();
    if let Some([one, other]) = two_alike(&splits) {
        let reason =
            format!("`{one}` and `{other}` are both its {} split", split_of(one).map_or("", crate::Split::name));
        return Err(Error::Layout { place: root.display().to_string(), reason });
    }
    let has_splits = first_split(&top).is_some();
    for (path, name) in &top {
        match (has_splits, split_of(name)) {
            (true, Some(_)) => {
                for (path, class) in folders(path)? {
                    add(&mut listing, &path, &format!("{name}/{class}"), asked, limits)?;
                }
            }
            (true, None) => {}
            (false, _) => add(&mut listing, path, name, asked, limits)?,
        }
    }
    Ok(listing)
}

/// How many images each class has in a folder of classes alone, in natural order of the classes.
///
/// # Errors
/// Where it cannot be read, or has splits: beside them a class is not taken.
pub fn count_classes(root: &Path) -> Result<Vec<(String, usize)>, Error> {
    let top = folders(root)?;
    if let Some(split) = first_split(&top) {
        let reason = format!("it has splits, such as `{split}`, beside which no class is taken");
        return Err(Error::Layout { place: root.display().to_string(), reason });
    }
    let count = |(path, class): (PathBuf, String)| {
        let mut found = Vec::new();
        walk(&path, &class, 0, &mut found)?;
        let images = found.iter().filter(|(name, _)| Place::of(name, Root::Here, None).is_some()).count();
        Ok((class, images))
    };
    top.into_iter().map(count).collect()
}

/// The first folder of a split. A class may be called `test`, where no split has classes below it.
fn first_split(top: &[(PathBuf, String)]) -> Option<&str> {
    let is_split =
        |path: &Path, name: &str| split_of(name).is_some() && folders(path).is_ok_and(|below| !below.is_empty());
    top.iter().find(|(path, name)| is_split(path, name)).map(|(_, name)| name.as_str())
}

/// Two folders that name the same split.
fn two_alike<'a>(splits: &[&'a String]) -> Option<[&'a String; 2]> {
    let pairs =
        splits.iter().enumerate().flat_map(|(index, one)| splits[..index].iter().map(move |other| [*other, *one]));
    pairs.into_iter().find(|[one, other]| split_of(one) == split_of(other))
}

/// The folders in a folder, in natural order, but for hidden ones.
fn folders(folder: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|cause| Error::Read { path: folder.into(), cause })? {
        let entry = entry.map_err(|cause| Error::Read { path: folder.into(), cause })?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || !entry.path().is_dir() {
            continue;
        }
        let name = name.into_string().map_err(|name| Error::Entry {
            place: folder.display().to_string(),
            entry: name_of(name.as_encoded_bytes()),
            reason: "the name of a class must be UTF-8".into(),
        })?;
        found.push((entry.path(), name));
    }
    found.sort_by(|(_, a), (_, b)| natural(a, b));
    Ok(found)
}

/// Adds the images below a class's folder.
fn add(
    listing: &mut Listing,
    class: &Path,
    prefix: &str,
    asked: Option<&[String]>,
    limits: &Limits,
) -> Result<(), Error> {
    let mut found = Vec::new();
    walk(class, prefix, 0, &mut found)?;
    found.sort_unstable();
    for (name, _) in &found {
        listing.leave_out(other_format(name));
    }
    let place = |(name, path): (String, PathBuf)| Some((Place::of(&name, Root::Here, asked)?, path));
    let images: Vec<(Place, PathBuf)> = found.into_iter().filter_map(place).collect();
    if images.is_empty() && asked.is_none() {
        let reason = "no image in it; remove it, or name the classes with `data.classes`".into();
        return Err(Error::Layout { place: class.display().to_string(), reason });
    }
    listing.add(images, limits)
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(String, PathBuf)>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|cause| Error::Read { path: folder.into(), cause })? {
        let entry = entry.map_err(|cause| Error::Read { path: folder.into(), cause })?;
        let name = format!("{prefix}/{}", name_of(entry.file_name().as_encoded_bytes()));
        // Of a link only what it leads to says what it is.
        let is_link = entry.file_type().map_or(true, |kind| kind.is_symlink());
        let is_folder = if is_link { entry.path().is_dir() } else { entry.file_type().is_ok_and(|kind| kind.is_dir()) };
        match entry.path() {
            _ if is_folder && entry.file_name().as_encoded_bytes().starts_with(b".") => {}
            path if is_folder && is_link && leads_up(folder, &path) => {}
            path if is_folder && depth < DEEPEST => walk(&path, &name, depth + 1, found)?,
            path if is_folder => {
                let reason = format!("it has more than {DEEPEST} folders in each other");
                return Err(Error::Layout { place: path.display().to_string(), reason });
            }
            path => found.push((name, path)),
        }
    }
    Ok(())
}

/// Whether a link leads to a folder that it lies in, and so to itself.
fn leads_up(folder: &Path, link: &Path) -> bool {
    let [folder, target] = [folder, link].map(fs::canonicalize);
    folder.is_ok_and(|folder| target.is_ok_and(|target| folder.starts_with(target)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        HeldOut, Images, Request,
        cache::Store,
        decode::tests::{claiming, grey},
    };

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

    fn read(root: &Path) -> Result<Vec<Images>, Error> {
        let request = Request { classes: Some(classes().to_vec()), ..Request::default() };
        read_as(root, &request)
    }

    fn read_as(root: &Path, request: &Request) -> Result<Vec<Images>, Error> {
        let limits = Limits { file_side: 64, file: 32_768, ..Limits::default() };
        let store = Store::memory();
        let index = list(root, request.classes.as_deref(), &limits)?.read(request, &limits, &store)?;
        Ok(index.images(&store.pixels(index.slots * index.shape.len())?))
    }

    #[test]
    fn a_folder_of_any_size_and_class_names_is_read_in_order() {
        let root = folder();
        fs::write(root.path().join("train/yes/B.png"), grey(3, 2, &[9; 6])).unwrap();
        fs::write(root.path().join("train/yes/notes.txt"), "no picture").unwrap();
        let splits = read(root.path()).unwrap();
        assert_eq!(splits[0].shape().sides(), [2, 3]);
        assert_eq!(splits[0].labels(), [0, 0, 1]);
        assert_eq!(splits[0].image(0), [9; 6], "`B` comes before `a` as strings do");
        assert_eq!(splits[1].image(1), [3; 6]);
    }

    #[test]
    fn broken_huge_or_odd_files_are_refused_by_name() {
        let huge = claiming(&grey(3, 2, &[0; 6]), 0x7fff_ffff);
        let cases = [
            (grey(3, 3, &[0; 9]), "it is 3 x 3 pixels, the first image is 2 x 3"),
            (b"no picture".to_vec(), "it starts as no image does"),
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
        assert!(message.contains("no image of the class `no` in train: no `train/no/`"), "{message}");
    }

    #[test]
    fn without_names_all_folders_are_classes() {
        let root = folder();
        fs::create_dir(root.path().join("train/.hidden")).unwrap();
        fs::write(root.path().join("train/labels.csv"), "").unwrap();
        let splits = read_as(root.path(), &Request { classes: None, ..Request::default() }).unwrap();
        assert_eq!(splits[0].task().classes(), ["no", "yes"]);
        assert_eq!((splits[0].labels(), splits[0].image(0)), (&[0, 1][..], &[1; 6][..]));
    }

    #[test]
    fn splits_have_the_names_that_people_give_them_and_classes_may_have_folders() {
        let root = folder();
        fs::rename(root.path().join("train"), root.path().join("Training")).unwrap();
        fs::rename(root.path().join("valid"), root.path().join("testing")).unwrap();
        fs::create_dir_all(root.path().join("Training/no/more")).unwrap();
        fs::write(root.path().join("Training/no/more/z.png"), grey(3, 2, &[8; 6])).unwrap();
        let splits = read(root.path()).unwrap();
        assert_eq!((splits.len(), splits[0].labels()), (2, &[0, 1, 1][..]));
        assert_eq!(splits[0].file_name(2), Some("more/z.png"));
        fs::create_dir_all(root.path().join("test/no")).unwrap();
        let message = read(root.path()).unwrap_err().to_string();
        assert!(message.ends_with("`test` and `testing` are both its test split"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_to_themselves_hidden_folders_and_other_formats_are_left_out() {
        let root = folder();
        let class = root.path().join("train/yes");
        std::os::unix::fs::symlink(".", class.join("loop")).unwrap();
        std::os::unix::fs::symlink("../..", class.join("up")).unwrap();
        fs::create_dir_all(class.join(".ipynb_checkpoints")).unwrap();
        fs::write(class.join(".ipynb_checkpoints/a.png"), grey(3, 2, &[9; 6])).unwrap();
        fs::write(class.join("b.HEIC"), "a format that is not read").unwrap();
        let listing = list(root.path(), None, &Limits::default()).unwrap();
        assert_eq!(listing.len(), 4);
        assert_eq!(listing.note().unwrap(), "1 image of a format that is not read is left out: .heic");
        assert_eq!(listing.note_of_folders(), None);
        fs::create_dir(root.path().join("train/empty")).unwrap();
        let message = list(root.path(), None, &Limits::default()).unwrap_err().to_string();
        assert!(message.contains("/train/empty`: no image in it; remove it, or name the classes"), "{message}");
        let message = list(&root.path().join("train/no/a.png"), None, &Limits::default()).unwrap_err().to_string();
        assert!(message.contains("it is a file; data.source \"archive\" reads a .tgz"), "{message}");
    }

    #[test]
    fn classes_are_counted_as_they_are_read_and_not_beside_splits() {
        let root = tempfile::tempdir().unwrap();
        for place in
            ["10/a.png", "2/a.png", "2/more/b.JPG", "2/.hidden.png", "2/notes.txt", "test/a.png", ".cache/a.png"]
        {
            let path = root.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, grey(1, 1, &[0])).unwrap();
        }
        fs::create_dir(root.path().join("empty")).unwrap();
        let expected =
            [("2", 2), ("10", 1), ("empty", 0), ("test", 1)].map(|(class, images)| (class.to_owned(), images));
        assert_eq!(count_classes(root.path()).unwrap(), expected);
        fs::create_dir(root.path().join("test/2")).unwrap();
        let message = count_classes(root.path()).unwrap_err().to_string();
        assert!(message.ends_with("it has splits, such as `test`, beside which no class is taken"), "{message}");
    }

    #[test]
    fn a_class_that_is_a_folder_of_classes_is_told() {
        let root = tempfile::tempdir().unwrap();
        for place in ["Dataset/0", "Dataset/1", "Examples"] {
            fs::create_dir_all(root.path().join(place)).unwrap();
            fs::write(root.path().join(place).join("a.png"), grey(1, 1, &[0])).unwrap();
        }
        let listing = list(root.path(), None, &Limits::default()).unwrap();
        let note = listing.note_of_folders().unwrap();
        assert!(
            note.starts_with("`Dataset` is a class, and all its images lie in 2 folders below it (0, 1); "),
            "{note}"
        );
    }

    #[test]
    fn one_folder_of_classes_is_split_by_a_fraction() {
        let root = tempfile::tempdir().unwrap();
        for class in ["test", "other"] {
            fs::create_dir(root.path().join(class)).unwrap();
            for number in 0..4 {
                fs::write(root.path().join(format!("{class}/{number}.png")), grey(1, 1, &[number])).unwrap();
            }
        }
        let request = Request { classes: None, held_out: HeldOut { fraction: 0.25, seed: 0 }, ..Request::default() };
        let splits = read_as(root.path(), &request).unwrap();
        assert_eq!(splits[0].task().classes(), ["other", "test"]);
        assert_eq!((splits[0].len(), splits[1].labels()), (6, &[0, 1][..]));
        let message = read_as(root.path(), &Request { classes: None, ..Request::default() }).unwrap_err().to_string();
        assert!(message.contains("set `data.valid_fraction`"), "{message}");
    }

    #[test]
    fn the_identity_changes_with_every_file() {
        let root = folder();
        let identity = || list(root.path(), Some(&classes()), &Limits::default()).unwrap().identity();
        let before = identity();
        assert_eq!(before, identity());
        fs::write(root.path().join("train/no/b.png"), grey(3, 2, &[0; 6])).unwrap();
        assert_ne!(before, identity());
    }
}
