//! Image files of the user's own by their paths, and how they are read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Read as _,
    mem,
    path::PathBuf,
};

use rayon::prelude::*;

use crate::{
    Error, Request,
    cache::Store,
    source::{
        Index, Limits,
        arrange::arrange,
        gather::{DecodeJob, FILES_PER_JOB, Gathering, gather},
        place::Place,
        stamp::stamp,
    },
};

/// Files with their places.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The folder or table, in messages.
    place: String,
    /// What it must look like, for who has it otherwise.
    layout: &'static str,
    files: Vec<Listed>,
    /// Images of formats that are not taken, by what they end with.
    others: BTreeMap<&'static str, usize>,
}

#[derive(Debug)]
struct Listed {
    place: Place,
    path: PathBuf,
    /// Bytes.
    length: usize,
    /// What its content is known by.
    stamp: String,
}

impl Listing {
    pub fn new(place: String, layout: &'static str) -> Self {
        Self { place, layout, files: Vec::new(), others: BTreeMap::new() }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Counts an image of a format that is not taken.
    pub fn leave_out(&mut self, ending: Option<&'static str>) {
        ending.into_iter().for_each(|ending| *self.others.entry(ending).or_default() += 1);
    }

    /// What is to be said of images that are not taken.
    pub fn note(&self) -> Option<String> {
        let endings = self.others.keys().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ");
        match self.others.values().sum::<usize>() {
            0 => None,
            1 => Some(format!("1 image of a format that is not read is left out: {endings}")),
            count => Some(format!("{count} images of formats that are not read are left out: {endings}")),
        }
    }

    /// What is to be said of a class all of whose images lie in folders of its own: most likely these are the classes.
    pub fn note_of_folders(&self) -> Option<String> {
        let mut classes: BTreeMap<&str, Option<BTreeSet<&str>>> = BTreeMap::new();
        for Listed { place, .. } in &self.files {
            let folders = classes.entry(&place.class).or_insert_with(|| Some(BTreeSet::new()));
            match (place.name.split_once('/'), folders.as_mut()) {
                (Some((folder, _)), Some(folders)) => _ = folders.insert(folder),
                _ => *folders = None,
            }
        }
        let all = classes.into_iter().filter_map(|(class, folders)| Some((class, folders?)));
        let (class, folders) = all.into_iter().find(|(_, folders)| folders.len() > 1)?;
        let few: Vec<&str> = folders.iter().take(3).copied().collect();
        let more = if folders.len() > few.len() { ", .." } else { "" };
        Some(format!(
            "`{class}` is a class, and all its images lie in {} folders below it ({}{more}); if these are the classes, name the folder above them by `data.path`",
            folders.len(),
            few.join(", ")
        ))
    }

    /// Adds files.
    ///
    /// # Errors
    /// Where one cannot be read, is none, or is too long.
    pub fn add(&mut self, files: Vec<(Place, PathBuf)>, limits: &Limits) -> Result<(), Error> {
        if self.files.len() + files.len() > limits.entries {
            let reason = format!("there are more than {} files", limits.entries);
            return Err(Error::Layout { place: self.place.clone(), reason });
        }
        let listed = files.into_par_iter().map(|(place, path)| self.listed(place, path, limits));
        let listed: Vec<Listed> = listed.collect::<Result<_, _>>()?;
        self.files.extend(listed);
        Ok(())
    }

    fn listed(&self, place: Place, path: PathBuf, limits: &Limits) -> Result<Listed, Error> {
        // Follows links: in a folder of the user's own they are the user's choice.
        let about = fs::metadata(&path).map_err(|cause| Error::Read { path: path.clone(), cause })?;
        let refuse = |reason: String| Err(Error::Entry { place: self.place.clone(), entry: place.path(), reason });
        if !about.is_file() {
            return refuse("it is no file".into());
        }
        if about.len() > limits.file as u64 {
            return refuse(format!("it is {} bytes long, the limit is {}", about.len(), limits.file));
        }
        Ok(Listed { place, path, length: about.len() as usize, stamp: stamp(&about) })
    }

    /// Names and stamps of all files: what a cache of them is made from.
    pub fn identity(&self) -> String {
        let mut text = fs::canonicalize(&self.place).map_or(self.place.clone(), |full| full.display().to_string());
        for Listed { place: Place { split, class, name }, stamp, .. } in &self.files {
            let split = split.map_or("", crate::Split::name);
            text += &format!("\0{split}\0{class}\0{name}\0{stamp}");
        }
        text
    }

    /// Decodes the files.
    ///
    /// # Errors
    /// As [`gather`] and [`arrange`].
    pub fn read(&self, request: &Request, limits: &Limits, store: &Store) -> Result<Index, Error> {
        let gathered = gather(request, limits, store, &self.place, |gathering| self.decode(gathering, limits))?;
        arrange(gathered, request, &self.place, self.layout)
    }

    fn decode(&self, gathering: &Gathering<'_>, limits: &Limits) -> Result<(), Error> {
        for file in &self.files {
            if gathering.shape().is_some() {
                break;
            }
            let mut bytes = vec![0; file.length];
            file.read(&mut bytes)?;
            gathering.learn_shape(&file.place, &bytes)?;
        }
        let values = gathering.shape().map_or(0, |shape| self.files.len().saturating_mul(shape.len()));
        if values > limits.pixels {
            let reason = format!("the images have more than {} values together", limits.pixels);
            return Err(Error::Layout { place: self.place.clone(), reason });
        }
        self.files.par_chunks(FILES_PER_JOB).enumerate().try_for_each(|(chunk, files)| {
            let mut job = DecodeJob::new((chunk * FILES_PER_JOB) as u32);
            for file in files {
                if gathering.is_over(job.end()) {
                    return Ok(());
                }
                file.read(job.push(file.place.clone(), file.length))?;
                if gathering.is_full(&job) {
                    let next = DecodeJob::new(job.end());
                    gathering.decode(mem::replace(&mut job, next));
                }
            }
            gathering.decode(job);
            Ok(())
        })
    }
}

impl Listed {
    /// Reads all of it into a place for as many bytes as it had when it was listed.
    fn read(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let read = File::open(&self.path).and_then(|mut file| file.read_exact(bytes));
        read.map_err(|cause| Error::Read { path: self.path.clone(), cause })
    }
}
