//! The images that a user names: files, folders, and what comes on standard input.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use data::{is_image_name, natural};
use tar::Archive;

use super::super::image_file::MAX_BYTES;
use crate::cli::UsageError;

/// Where a `tar` archive says that it is one.
const TAR: std::ops::Range<usize> = 257..262;

/// An image that has not been looked at.
pub enum Picture {
    File(PathBuf),
    Bytes { name: String, bytes: Vec<u8> },
}

/// Images one after the other; those of a folder in natural order.
pub type Pictures = Box<dyn Iterator<Item = anyhow::Result<Picture>> + Send>;

/// All that these paths name; `-` is standard input: an image, paths that each end with a zero byte, or a `tar` archive, of which no
/// more is in memory than has been asked for.
pub fn named(paths: &[PathBuf]) -> anyhow::Result<Pictures> {
    let mut all: Pictures = Box::new(std::iter::empty());
    for path in paths {
        let pictures = if path == Path::new("-") {
            incoming()?
        } else if path.is_dir() {
            let (files, unread) = below(path);
            if files.is_empty() && unread.is_empty() {
                return Err(UsageError(format!("there is no image below `{}`", path.display())).into());
            }
            Box::new(unread.into_iter().map(Err).chain(of_files(files)))
        } else {
            of_files(vec![path.clone()])
        };
        all = Box::new(all.chain(pictures));
    }
    Ok(all)
}

fn of_files(paths: Vec<PathBuf>) -> Pictures {
    Box::new(paths.into_iter().map(|path| Ok(Picture::File(path))))
}

/// The image files below a folder, each folder once, and which folders cannot be read.
fn below(folder: &Path) -> (Vec<PathBuf>, Vec<anyhow::Error>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    // By their own places: links may lead in a circle.
    let (mut seen, mut open) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        let entries = fs::canonicalize(&folder).and_then(|place| {
            if seen.insert(place) { fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>() } else { Ok(Vec::new()) }
        });
        match entries {
            Ok(entries) => {
                for path in entries.into_iter().map(|entry| entry.path()) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    if is_hidden(&name) {
                        continue;
                    }
                    if path.is_dir() {
                        open.push(path);
                    } else if is_image_name(&name) && path.is_file() {
                        files.push(path);
                    }
                }
            }
            Err(cause) => unread.push(UsageError(format!("cannot read `{}`: {cause}", folder.display())).into()),
        }
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    (files, unread)
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn incoming() -> anyhow::Result<Pictures> {
    let cannot = |cause: io::Error| UsageError(format!("cannot read `-`: {cause}"));
    let mut input = BufReader::new(io::stdin());
    let mut start = Vec::new();
    input.by_ref().take(512).read_to_end(&mut start).map_err(cannot)?;
    if start.get(TAR).is_some_and(|magic| magic == b"ustar") {
        return Ok(of_archive(io::Cursor::new(start).chain(input)));
    }
    let bytes = files::read_at_most(io::Cursor::new(start).chain(input), MAX_BYTES).map_err(cannot)?;
    if bytes.is_empty() {
        return Err(UsageError("cannot read `-`: standard input is empty".into()).into());
    }
    Ok(match paths(&bytes) {
        Some(paths) => of_files(paths),
        None => Box::new(std::iter::once(Ok(Picture::Bytes { name: "-".into(), bytes }))),
    })
}

/// The paths of a list as `find -print0` makes it, without folders; none where it is no list, but an image.
fn paths(bytes: &[u8]) -> Option<Vec<PathBuf>> {
    let list = bytes.strip_suffix(b"\0")?;
    let paths: Vec<PathBuf> = list.split(|byte| *byte == 0).map(path).collect();
    let is_list = paths.iter().any(|path| path.exists());
    is_list.then(|| paths.into_iter().filter(|path| !path.is_dir()).collect())
}

/// A path as the operating system has it.
#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// The files of an archive, read on a thread of its own: an archive's entries cannot be handed on.
fn of_archive(archive: impl Read + Send + 'static) -> Pictures {
    let (sender, receiver) = std::sync::mpsc::sync_channel(64);
    std::thread::spawn(move || {
        let send = |picture| sender.send(picture).is_ok();
        let mut archive = Archive::new(archive);
        let read = |entry: io::Result<tar::Entry<'_, _>>| -> anyhow::Result<Option<Picture>> {
            let entry = entry.context("cannot read the archive on standard input")?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let file = name.rsplit('/').next().unwrap_or_default();
            if !entry.header().entry_type().is_file() || !is_image_name(file) || is_hidden(file) {
                return Ok(None);
            }
            let bytes = files::read_at_most(entry, MAX_BYTES)
                .with_context(|| format!("cannot read `{name}` of the archive"))?;
            Ok(Some(Picture::Bytes { name, bytes }))
        };
        match archive.entries() {
            Ok(entries) => {
                for entry in entries {
                    let read = read(entry);
                    let is_broken = read.is_err();
                    // Behind what cannot be read nothing can.
                    if !read.transpose().is_none_or(send) || is_broken {
                        break;
                    }
                }
            }
            Err(cause) => drop(send(Err(cause).context("cannot read the archive on standard input"))),
        }
    });
    Box::new(receiver.into_iter())
}
