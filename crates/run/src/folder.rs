//! One folder per run: the resolved plan, the state, the metrics, the checkpoints and the model.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use plan::{Config, Plan};
use time::OffsetDateTime;

use crate::{BatchRecord, EpochRecord, Error, RunRecord, checkpoint, record};

/// A run folder that this process alone works in.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as the value lives; the system lets go of it when the process dies, however it dies.
    _lock: File,
}

impl RunFolder {
    /// A new folder `<runs>/<name>/<id>` with the resolved plan in it. The id is the time in UTC.
    pub fn create(plan: &Plan) -> Result<Self, Error> {
        let parent = Path::new(&plan.runs).join(&plan.name);
        files::create_folder(&parent)?;
        remove_stale(&parent);
        let id = id(OffsetDateTime::now_utc());
        let unfinished = parent.join(format!(".{id}-{}.part", std::process::id()));
        let made = make(&unfinished, plan).and_then(|lock| Ok((claim(&unfinished, &parent, &id)?, lock)));
        let (path, lock) = made.inspect_err(|_| {
            // Half a folder is of no use to anybody; the error that matters is the first.
            let _ = fs::remove_dir_all(&unfinished);
        })?;
        Ok(Self { path, _lock: lock })
    }

    /// An existing folder, to write in.
    pub fn open(path: &Path) -> Result<Self, Error> {
        check(path)?;
        let lock = lock(path)?;
        // What was asked of the process before, which has ended. Where it cannot be removed this one stops at once, and says so.
        let _ = fs::remove_file(stop_path(path));
        Ok(Self { path: path.into(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn checkpoints(&self) -> PathBuf {
        checkpoints(&self.path)
    }

    /// Writes `run.json` of a run that begins or goes on. It says nothing that plan and checkpoints do not, so nobody waits
    /// for the disk: what a power cut leaves of it is as good as none.
    pub fn begin_record(&self, record: &RunRecord) -> Result<(), files::Error> {
        files::replace_unflushed(&record::path(&self.path), &record.to_json())
    }

    /// Writes `run.json` of a run that has ended.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), files::Error> {
        files::replace(&record::path(&self.path), &record.to_json())
    }

    /// Writes the resolved plan again: a resume may have more epochs.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), files::Error> {
        write_plan(&self.path, plan)
    }
}

/// The epochs that `metrics.jsonl` of the run in `path` tells of; a last line that a kill cut short is left out.
///
/// # Errors
/// Where it cannot be read, or a line tells neither of an epoch nor of a batch.
pub fn read_epochs(path: &Path) -> Result<Vec<EpochRecord>, files::Error> {
    let path = metrics_path(path);
    let bytes = files::read(&path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut epochs = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(line) {
            Ok(epoch) => epochs.push(epoch),
            Err(_) if !line.ends_with('\n') || serde_json::from_str::<BatchRecord>(line).is_ok() => {}
            Err(cause) => {
                let reason = format!("line {number} tells of no epoch and no batch ({cause}); remove it to do without");
                return Err(files::Error::Damaged { path, reason });
            }
        }
    }
    Ok(epochs)
}

/// Whether the run in `path` has a checkpoint that is whole.
pub fn has_checkpoints(path: &Path) -> bool {
    checkpoint::newest(&checkpoints(path), usize::MAX, |_| Ok(())).is_ok_and(|(found, _)| found.is_some())
}

/// The resolved plan of the run in `path`.
pub fn config_path(path: &Path) -> PathBuf {
    path.join("config.toml")
}

/// The metrics of the run in `path`.
pub fn metrics_path(path: &Path) -> PathBuf {
    path.join("metrics.jsonl")
}

/// The best model of the run in `path`.
pub fn model_path(path: &Path) -> PathBuf {
    path.join("model.safetensors")
}

/// What the best model of the run in `path` takes for what.
pub fn confusion_path(path: &Path) -> PathBuf {
    path.join("confusion.csv")
}

/// The report of the run in `path`.
pub fn report_path(path: &Path) -> PathBuf {
    path.join("report.html")
}

fn checkpoints(path: &Path) -> PathBuf {
    path.join("checkpoints")
}

/// Refuses what is no run folder.
pub fn check(path: &Path) -> Result<(), Error> {
    let reason = match (path.is_dir(), config_path(path).is_file()) {
        (true, true) => return Ok(()),
        (true, false) => "it has no config.toml",
        (false, _) => "there is no such folder",
    };
    Err(Error::NoRun { path: path.into(), reason: reason.into() })
}

/// Asks the process that trains in the run folder, on whatever host that shares it, to stop at the end of its step; `false` where
/// none does.
///
/// # Errors
/// Where that cannot be written.
pub fn ask_to_stop(path: &Path) -> Result<bool, files::Error> {
    let is_at_work = is_in_use(path);
    if is_at_work {
        files::replace_unflushed(&stop_path(path), b"")?;
    }
    Ok(is_at_work)
}

/// Whether it was asked for since the process that trains in the run folder began.
pub fn is_stop_asked(path: &Path) -> bool {
    stop_path(path).exists()
}

fn stop_path(path: &Path) -> PathBuf {
    path.join("stop")
}

/// When the run's folder was made, where its lock tells.
pub fn made(path: &Path) -> Option<SystemTime> {
    lock_path(path).metadata().and_then(|lock| lock.modified()).ok()
}

/// Which of the runs of its name that began in the same second it is, from 1: the end of an id such as `20260101-120000-2`.
pub(crate) fn number(path: &Path) -> u64 {
    let id = path.file_name().unwrap_or_default().to_string_lossy();
    id.splitn(3, '-').nth(2).and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Whether a process works in the run folder now.
pub fn is_in_use(path: &Path) -> bool {
    files::is_locked(&lock_path(path))
}

/// The plan as the run wrote it.
///
/// # Errors
/// Where it has been cut short or edited since: nothing of the run can be repeated or gone on with then.
pub fn read_plan(path: &Path) -> Result<Plan, Error> {
    let file = config_path(path);
    let text = files::read_text(&file)?;
    let (head, toml) = text.split_once('\n').unwrap_or_default();
    if head != plan_head(toml) {
        let reason = "it is not as the run wrote it: cut short or edited; a changed plan is a new run".to_owned();
        return Err(files::Error::Damaged { path: file, reason }.into());
    }
    Ok(Plan::resolve(&Config::File(file), &[])?)
}

/// Writes the plan of the run in `path`.
pub fn write_plan(path: &Path, plan: &Plan) -> Result<(), files::Error> {
    files::replace(&config_path(path), plan_text(plan).as_bytes())
}

/// The plan as a run's `config.toml` has it, sealed by its first line.
pub fn plan_text(plan: &Plan) -> String {
    let toml = plan.to_toml();
    format!("{}\n{toml}", plan_head(&toml))
}

/// The first line of `config.toml`.
fn plan_head(toml: &str) -> String {
    format!("# The resolved plan of this run (crc32 {:08x}); to change it, copy it.", crc32fast::hash(toml.as_bytes()))
}

/// Everything of a new folder; returns its lock, which goes with it when it is renamed.
fn make(path: &Path, plan: &Plan) -> Result<File, Error> {
    files::create_folder(&checkpoints(path))?;
    files::write(&config_path(path), plan_text(plan).as_bytes())?;
    lock(path)
}

/// Makes the folder of a run that somebody else is to begin, with a file beside the plan.
pub fn prepare(path: &Path, plan: &Plan, [name, text]: [&str; 2]) -> Result<(), files::Error> {
    let parent = path.parent().unwrap_or(Path::new(""));
    let unfinished =
        parent.join(format!(".{}-{}.part", path.file_name().unwrap_or_default().to_string_lossy(), std::process::id()));
    let fill = || {
        files::create_folder(&unfinished)?;
        files::write(&config_path(&unfinished), plan_text(plan).as_bytes())?;
        files::write(&unfinished.join(name), text.as_bytes())?;
        files::flush_folder(&unfinished)
    };
    // Half a folder is of no use to anybody; the error that matters is the first.
    fill().inspect_err(|_| drop(fs::remove_dir_all(&unfinished)))?;
    match fs::rename(&unfinished, path) {
        // Another driver was quicker: its folder is as good.
        Err(_) if path.exists() => fs::remove_dir_all(&unfinished),
        renamed => renamed,
    }
    .map_err(|cause| files::Error::Write { path: path.into(), cause })
}

/// Removes what processes left that were killed while they made their folder.
pub fn remove_stale(parent: &Path) {
    let left = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let age = path.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
        // A minute: the folder of a process that has not come to its lock yet.
        name.starts_with('.') && name.ends_with(".part") && age > Some(Duration::from_secs(60)) && !is_in_use(path)
    };
    for path in fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|p| left(p)) {
        // It stands in nobody's way; the next run tries again.
        let _ = fs::remove_dir_all(path);
    }
}

/// Renames the folder to this name, or name-2, name-3, .., the first that does not exist yet.
fn claim(unfinished: &Path, parent: &Path, id: &str) -> Result<PathBuf, files::Error> {
    use std::io::ErrorKind::{AlreadyExists, DirectoryNotEmpty};
    for attempt in 1.. {
        let path = parent.join(if attempt == 1 { id.to_owned() } else { format!("{id}-{attempt}") });
        match fs::rename(unfinished, &path) {
            Ok(()) => return Ok(path),
            // A folder with something in it is never replaced by a rename.
            Err(cause) if matches!(cause.kind(), AlreadyExists | DirectoryNotEmpty) => {}
            Err(_) if path.exists() => {}
            Err(cause) => return Err(files::Error::Write { path, cause }),
        }
    }
    unreachable!("the numbers do not end")
}

fn lock_path(path: &Path) -> PathBuf {
    path.join("lock")
}

fn lock(path: &Path) -> Result<File, Error> {
    files::lock(&lock_path(path))?.ok_or_else(|| Error::InUse { path: path.into() })
}

/// A name for what is made at this time: later ones come later by their names.
pub(crate) fn id(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}-{hour:02}{minute:02}{second:02}", u8::from(month))
}
