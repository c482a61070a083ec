//! The folder of a study: `<runs>/<name>/`, with the study file as it was run last, and a run folder per trial.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use chart::html;

use crate::{
    Error, files,
    plan::{Origin, Plan, Problem},
    run::folder,
    sweep::{Status, Study, best_of, report},
};

/// A study's folder that this driver works in.
#[derive(Debug)]
pub struct StudyFolder {
    path: PathBuf,
    /// Held by the one driver; a driver that joins has none.
    _lock: Option<File>,
}

impl StudyFolder {
    /// Opens the folder of a study, or makes it.
    ///
    /// # Errors
    /// Where another driver works in it and this one does not `join`, or it belongs to something else.
    pub fn open(study: &Study, join: bool) -> Result<Self, Error> {
        let path = study.folder()?;
        let kept = path.join("study.toml");
        refuse_other(study, &path, &kept)?;
        files::create_folder(&path)?;
        if join {
            return Ok(Self { path, _lock: None });
        }
        let in_use = || Error::StudyInUse { path: path.clone() };
        let lock = Some(files::lock(&lock_file(&path))?.ok_or_else(in_use)?);
        files::replace(&kept, format!("{}\n{}", head(study), study.text).as_bytes())?;
        // What was asked of the driver before this one; where nothing was, there is nothing to remove.
        let _ = fs::remove_file(stop_file(&path));
        Ok(Self { path, _lock: lock })
    }

    /// Writes what a study comes to: its page, and the best trial's plan as a config to run; returns the page's path.
    ///
    /// # Errors
    /// Where a file cannot be written, or the best trial's plan cannot be read.
    pub fn write_report(path: &Path, study: &Study, trials: &[Status]) -> Result<PathBuf, Error> {
        if let Some(best) = best_of(study, trials) {
            let plan = Plan { name: format!("{}-best", study.name), ..folder::read_plan(&best.run)? };
            files::replace(&path.join("best.toml"), plan.to_toml().as_bytes())?;
        }
        let page = path.join("report.html");
        files::replace(&page, html::page(&report(study, path, trials)).as_bytes())?;
        Ok(page)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `train sweep stop` asks its drivers to stop.
    pub fn is_stop_asked(&self) -> bool {
        stop_file(&self.path).exists()
    }
}

/// Asks the drivers of the study in a folder to stop; `false` where none is at work.
///
/// # Errors
/// Where that cannot be written.
pub fn ask_to_stop(study: &Path) -> Result<bool, Error> {
    let is_at_work = files::is_locked(&lock_file(study));
    if is_at_work {
        files::replace(&stop_file(study), b"")?;
    }
    Ok(is_at_work)
}

fn stop_file(study: &Path) -> PathBuf {
    study.join("stop")
}

fn lock_file(study: &Path) -> PathBuf {
    study.join("lock")
}

/// Refuses a folder that belongs to something else.
fn refuse_other(study: &Study, path: &Path, kept: &Path) -> Result<(), Error> {
    let holds = if kept.exists() {
        let text = files::read_text(kept)?;
        let before = text.lines().next().unwrap_or_default().to_owned();
        (before != head(study)).then(|| format!("belongs to another study ({})", before.trim_start_matches("# ")))
    } else {
        let has_something = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        has_something.then(|| "holds what is no trial of a study".to_owned())
    };
    let Some(holds) = holds else { return Ok(()) };
    let origin = Origin::Line { file: study.file.display().to_string(), line: 1 };
    let message = format!("`{}` {holds}; change `name`", path.display());
    Err(Error::Plan(Problem::Study { origin, message }.into()))
}

/// What may not change in a study: the first line of its copy. New values, trials and seeds only add to it.
fn head(study: &Study) -> String {
    let keys = study.keys().into_iter().collect::<Vec<_>>().join(", ");
    format!("# {}, {:?}, {:?} over {keys}", study.metric, study.goal, study.search).to_lowercase()
}
