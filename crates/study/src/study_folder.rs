//! The folder of a study: `<runs>/<name>/`, with the study file as it was run last, a run folder per trial, and the drivers
//! that work in it now.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use plan::{Origin, Problem, Setting};
use run::{folder, list};

use crate::{Error, Study, study::named::is_file, trial_record::is_trial};

/// Free bytes without which no study begins: some dozens of trials of the two-layer net.
const WANTED_SPACE: u64 = 20_000_000;

/// A study's folder that this driver works in.
///
/// Each driver holds a file of its own in `drivers/`, whose lock the system lets go of when the driver dies, however it
/// dies. So all can tell who is at work, from another machine too where the file system carries locks.
#[derive(Debug)]
pub struct StudyFolder {
    path: PathBuf,
    driver: String,
    /// Whether no other driver was there when this one came.
    is_first: bool,
    _lock: File,
}

/// While this is held, no other driver of the study chooses a trial.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] File);

impl StudyFolder {
    /// Opens the folder of a study, or makes it, for a driver that began at this time. Where the study was asked to stop since
    /// then, that holds for this driver too.
    ///
    /// # Errors
    /// Where another driver works in it and this one does not `join`, it belongs to something else, or the disk is full.
    pub fn open(study: &Study, join: bool, began: SystemTime) -> Result<Self, Error> {
        let path = study.folder()?;
        let copy = path.join(COPY);
        refuse_other(study)?;
        check_space(&path)?;
        files::create_folder(&drivers(&path))?;
        let _turn = turn(&path)?;
        let is_first = !anyone(&path, None);
        if !is_first && !join {
            return Err(Error::InUse { path });
        }
        if is_first {
            files::replace(&copy, format!("{}\n{}", head(study), study.text).as_bytes())?;
            files::replace(&path.join(TYPED), typed(study).as_bytes())?;
            forget_the_dead(&path, began);
        }
        let driver = name();
        let lock = files::lock(&drivers(&path).join(&driver))?.ok_or_else(|| Error::InUse { path: path.clone() })?;
        Ok(Self { path, driver, is_first, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// Whether no other driver was there when this one came.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Whether other drivers are at work too.
    pub fn has_others(&self) -> bool {
        anyone(&self.path, Some(&self.driver))
    }

    /// When a driver has come or gone last, where the system tells.
    pub fn last_change(&self) -> Option<SystemTime> {
        drivers(&self.path).metadata().and_then(|folder| folder.modified()).ok()
    }

    /// Waits until no other driver chooses a trial, and keeps them from it.
    ///
    /// # Errors
    /// Where the lock file cannot be written.
    pub fn turn(&self) -> Result<Turn, Error> {
        turn(&self.path)
    }

    /// Whether `train sweep stop` asks the drivers to stop.
    pub fn is_stop_asked(&self) -> bool {
        stop_file(&self.path).exists()
    }
}

impl Drop for StudyFolder {
    fn drop(&mut self) {
        // What stays is known by its lock to be of no one, and the next driver removes it.
        let _ = fs::remove_file(drivers(&self.path).join(&self.driver));
    }
}

/// Asks the drivers of the study in a folder to stop; `false` where none is at work.
///
/// # Errors
/// Where that cannot be written.
pub fn ask_to_stop(study: &Path) -> Result<bool, Error> {
    let is_at_work = has_drivers(study);
    if is_at_work {
        files::replace(&stop_file(study), nanoseconds(SystemTime::now()).to_string().as_bytes())?;
    }
    Ok(is_at_work)
}

/// Whether drivers work on the study in a folder.
pub fn has_drivers(study: &Path) -> bool {
    anyone(study, None)
}

/// Whether the driver of this name works in the study that a trial's run folder belongs to.
pub fn is_at_work(run: &Path, driver: &str) -> bool {
    run.parent().is_some_and(|study| files::is_locked(&drivers(study).join(driver)))
}

/// Whether a driver is at work that is not `except`.
fn anyone(study: &Path, except: Option<&str>) -> bool {
    let all = fs::read_dir(drivers(study)).into_iter().flatten().flatten();
    all.filter(|entry| except.is_none_or(|except| entry.file_name() != except))
        .any(|entry| files::is_locked(&entry.path()))
}

/// Removes what drivers left that were killed, and what was asked of those before `began`.
fn forget_the_dead(study: &Path, began: SystemTime) {
    for entry in fs::read_dir(drivers(study)).into_iter().flatten().flatten() {
        // It stands in nobody's way; the next driver tries again.
        let _ = fs::remove_file(entry.path());
    }
    folder::remove_stale(study);
    // The file's own time is that of the system's last tick, up to some milliseconds ago.
    let asked = fs::read_to_string(stop_file(study)).map(|text| text.parse().unwrap_or(0));
    if asked.is_ok_and(|asked: u128| asked < nanoseconds(began)) {
        // It would stop this driver, which says so.
        let _ = fs::remove_file(stop_file(study));
    }
}

/// Waits until no driver of the study chooses a trial, and keeps them from it.
///
/// # Errors
/// Where the lock file cannot be written.
pub fn turn(study: &Path) -> Result<Turn, Error> {
    Ok(Turn(files::wait_for_lock(&study.join("lock"))?))
}

/// A name that no other driver has, on no other machine either.
fn name() -> String {
    format!("{}-{}", nanoseconds(SystemTime::now()), process::id())
}

/// Since 1970.
fn nanoseconds(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos())
}

fn drivers(study: &Path) -> PathBuf {
    study.join("drivers")
}

fn stop_file(study: &Path) -> PathBuf {
    study.join("stop")
}

fn check_space(path: &Path) -> Result<(), Error> {
    match files::free_space(path) {
        Some(free) if free < WANTED_SPACE => Err(Error::DiskFull { path: path.into(), free, wanted: WANTED_SPACE }),
        _ => Ok(()),
    }
}

/// Refuses a study whose folder belongs to something else: to another study file, or to single runs.
///
/// # Errors
/// Where it does, with what it belongs to.
pub fn refuse_other(study: &Study) -> Result<(), Error> {
    let path = study.folder()?;
    let copy = path.join(COPY);
    let holds = match copy.exists().then(|| files::read_text(&copy)).transpose()? {
        Some(text) => other_file(study, &text).map(|other| format!("belongs to another study ({other})")),
        None => has_single_runs(&path).then(|| "holds what is no trial of a study".to_owned()),
    };
    let Some(holds) = holds else { return Ok(()) };
    let origin = Origin::Line { file: study.file.display().to_string(), line: 1 };
    let message = format!("`{}` {holds}; change `name`", path.display());
    Err(Error::Plan(Problem::Other { origin, message }.into()))
}

/// The study file that a study's copy was made of, where that is another than this one: another path, that is still there, with
/// something else in it. A file that has been changed, moved or copied is the same study, and only adds to it.
fn other_file(study: &Study, copy: &str) -> Option<String> {
    let before = file_in(copy)?;
    let is_other = Path::new(before) != absolute(&study.file)
        && files::read_written(Path::new(before)).is_ok_and(|text| text != study.text);
    is_other.then(|| before.to_owned())
}

/// The study file that the study in a folder was run from last.
pub fn file_of(study: &Path) -> Option<PathBuf> {
    file_in(&files::read_text(&study.join(COPY)).ok()?).map(PathBuf::from)
}

/// What was set beside its file when the study in a folder was run last.
///
/// # Errors
/// Where that cannot be read.
pub fn typed_in(study: &Path) -> Result<Vec<Setting>, Error> {
    let path = study.join(TYPED);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = files::read_text(&path)?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).map(Setting::parse).collect::<Result<_, _>>()?)
}

/// A line for each, as `--set` takes it.
fn typed(study: &Study) -> String {
    let lines = study.typed.iter().map(|Setting { key, text, .. }| format!("{key}={text}\n"));
    ["# What was set beside the study file when it was run last.\n".to_owned()].into_iter().chain(lines).collect()
}

fn file_in(copy: &str) -> Option<&str> {
    copy.lines().next()?.strip_prefix(HEAD)
}

fn has_single_runs(path: &Path) -> bool {
    let is_single = |folder: &PathBuf| folder::config_path(folder).is_file() && !is_trial(folder);
    list::folders(path).is_ok_and(|folders| folders.iter().any(is_single))
}

/// The study file as it was run last, of the study in a folder.
pub(super) fn copy_of(study: &Path) -> PathBuf {
    study.join(COPY)
}

/// The name of a study's copy.
const COPY: &str = "study.toml";
/// That of what was set beside it.
const TYPED: &str = "set";
/// What its first line begins with, before the path that it was made of.
const HEAD: &str = "# The study file as it was run last: ";

fn head(study: &Study) -> String {
    // The path has a line to itself; one that does not fit into it is no file, and stands in nobody's way.
    format!("{HEAD}{}", absolute(&study.file).display().to_string().replace(char::is_control, "?"))
}

/// Of a study that is compiled in its name.
fn absolute(file: &Path) -> PathBuf {
    let path = if is_file(file) { file.canonicalize() } else { Ok(file.to_owned()) };
    path.unwrap_or_else(|_| file.to_owned())
}
