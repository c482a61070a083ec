//! One folder per run: the resolved plan, the state, the metrics, the checkpoints and the model.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

use crate::{
    Error, files,
    fit::checkpoint::Position,
    observer::{BatchPlace, BatchRecord, EpochRecord},
    plan::Plan,
    run::RunRecord,
};

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
        let path = claim(&parent, &id(OffsetDateTime::now_utc()))?;
        files::create_folder(&checkpoints(&path))?;
        files::replace(&config(&path), plan.to_toml().as_bytes())?;
        let lock = lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// An existing folder, to go on in.
    pub fn open(path: &Path) -> Result<Self, Error> {
        check(path)?;
        let lock = lock(path)?;
        Ok(Self { path: path.into(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        checkpoints(&self.path)
    }

    /// Writes `run.json`.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), Error> {
        files::replace(&record_path(&self.path), &record.to_json())
    }

    /// Writes the resolved plan again: a resume may have more epochs.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), Error> {
        files::replace(&config(&self.path), plan.to_toml().as_bytes())
    }

    /// Opens `metrics.jsonl` to append to, without the lines a resume from `position` will write again.
    pub fn metrics_log(&self, position: &Position) -> Result<MetricsLog, Error> {
        let path = metrics(&self.path);
        if path.exists() {
            let kept: String =
                files::read_text(&path)?.lines().filter(|l| is_before(l, position)).map(|l| format!("{l}\n")).collect();
            files::replace(&path, kept.as_bytes())?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(MetricsLog { file: file.map_err(|cause| Error::Write { path: path.clone(), cause })?, path })
    }
}

/// Whether a line of `metrics.jsonl` tells of what was before `position`. A line that a kill cut short does not parse.
fn is_before(line: &str, position: &Position) -> bool {
    let epoch = serde_json::from_str::<EpochRecord>(line).map(|record| record.epoch <= position.epoch);
    let batch = || {
        let BatchPlace { epoch, batch, .. } = serde_json::from_str::<BatchRecord>(line)?.place;
        Ok::<_, serde_json::Error>((epoch, batch) <= (position.epoch + 1, position.batch))
    };
    epoch.or_else(|_| batch()).unwrap_or(false)
}

/// `metrics.jsonl`, one JSON object a line.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Appends a line.
    pub fn append(&mut self, record: &impl serde::Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(record).expect("a record is plain data");
        line.push(b'\n');
        self.file.write_all(&line).map_err(|cause| Error::Write { path: self.path.clone(), cause })
    }
}

/// The resolved plan of the run in `path`.
pub fn config(path: &Path) -> PathBuf {
    path.join("config.toml")
}

/// The metrics of the run in `path`.
pub fn metrics(path: &Path) -> PathBuf {
    path.join("metrics.jsonl")
}

/// The best model of the run in `path`.
pub fn model(path: &Path) -> PathBuf {
    path.join("model.safetensors")
}

fn checkpoints(path: &Path) -> PathBuf {
    path.join("checkpoints")
}

/// The state of the run in `path`.
pub fn record_path(path: &Path) -> PathBuf {
    path.join("run.json")
}

/// Refuses what is no run folder.
pub fn check(path: &Path) -> Result<(), Error> {
    let reason = match (path.is_dir(), config(path).is_file()) {
        (true, true) => return Ok(()),
        (true, false) => "it has no config.toml",
        (false, _) => "there is no such folder",
    };
    Err(Error::NoRun { path: path.into(), reason: reason.into() })
}

/// Whether a process works in the run folder now.
pub fn is_in_use(path: &Path) -> bool {
    matches!(lock(path), Err(Error::InUse { .. }))
}

/// Creates the first folder of this name, or name-2, name-3, .., that does not exist yet.
fn claim(parent: &Path, id: &str) -> Result<PathBuf, Error> {
    for attempt in 1.. {
        let name = if attempt == 1 { id.to_owned() } else { format!("{id}-{attempt}") };
        let path = parent.join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(Error::Write { path, cause }),
        }
    }
    unreachable!("the numbers do not end")
}

fn lock(path: &Path) -> Result<File, Error> {
    let file_path = path.join("lock");
    let failed = |cause| Error::Write { path: file_path.clone(), cause };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&file_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::InUse { path: path.into() }),
        Err(fs::TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

fn id(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}-{hour:02}{minute:02}{second:02}", u8::from(month))
}
