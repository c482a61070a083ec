//! The bytes that are there so far, in memory and, where the cache folder allows, on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::Remote;

/// A download under way.
pub(crate) struct Partial {
    bytes: Vec<u8>,
    disk: Option<OnDisk>,
    trouble: Option<String>,
}

struct OnDisk {
    part: PathBuf,
    whole: PathBuf,
    /// Opened when there is something to write.
    file: Option<File>,
}

impl Partial {
    /// Goes on from what `folder` holds: the whole file of an earlier download, or a part of it.
    pub fn open(folder: Option<&Path>, remote: &Remote) -> Self {
        let mut partial = Self { bytes: Vec::new(), disk: None, trouble: None };
        let Some(folder) = folder else { return partial };
        let name = name_of(remote);
        let (whole, part) = (folder.join(&name), folder.join(format!("{name}.part")));
        let kept = read_up_to(&whole, remote.size);
        if let Some(bytes) = kept.ok().filter(|bytes| format!("{:x}", md5::compute(bytes)) == remote.md5) {
            return Self { bytes, ..partial };
        }
        let read = read_up_to(&part, remote.size);
        let useless = read.is_err() && part.exists();
        partial.disk = Some(OnDisk { part, whole, file: None });
        partial.bytes = read.unwrap_or_default();
        if useless {
            partial.restart();
        }
        partial
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds bytes. What cannot be written to disk is no failure: see [`take_trouble`](Self::take_trouble).
    pub fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.on_disk(|disk| disk.file()?.write_all(bytes));
    }

    /// Forgets everything.
    pub fn restart(&mut self) {
        self.bytes.clear();
        self.on_disk(|disk| if disk.part.exists() { disk.file()?.set_len(0) } else { Ok(()) });
    }

    /// The bytes of the finished download, which is kept on disk under its own name.
    pub fn keep(mut self) -> Vec<u8> {
        // What goes wrong here costs the next run a download, and this one nothing.
        self.on_disk(|disk| disk.file()?.sync_all().and_then(|()| fs::rename(&disk.part, &disk.whole)));
        self.bytes
    }

    /// Why it goes on without the disk, once.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    fn on_disk(&mut self, action: impl FnOnce(&mut OnDisk) -> io::Result<()>) {
        let Some(disk) = &mut self.disk else { return };
        if let Err(error) = action(disk) {
            self.trouble = Some(unwritable(&disk.part, &error));
            self.disk = None;
        }
    }
}

impl OnDisk {
    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().create(true).append(true).open(&self.part)?,
        };
        Ok(self.file.insert(file))
    }
}

/// The file's own name with the beginning of its MD5, so that another version of it is another file.
fn name_of(remote: &Remote) -> String {
    let file = remote.url.rsplit('/').next().unwrap_or_default();
    let (stem, ending) = file.split_once('.').unwrap_or((file, "bin"));
    format!("{stem}-{}.{ending}", remote.md5.get(..8).unwrap_or(&remote.md5))
}

fn unwritable(part: &Path, error: &io::Error) -> String {
    format!("cannot write `{}`: {error}; the download cannot be resumed if it is interrupted", part.display())
}

/// The file's bytes; an error where there are more than `most`.
fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other("longer than the archive")),
        false => Ok(bytes),
    }
}
