//! What has come of a study, as its folder alone tells: the study file may be elsewhere, or be gone.

use std::path::{Path, PathBuf};

use report::grouped;
use run::{RunRecord, list};
use search::Goal;

use crate::{
    Error, Status, overview,
    points::ranked_by,
    status::{self, read_all},
    study::{Metric, file::StudyFile},
    study_folder,
};

/// The trials below a study's folder, and what they are compared by.
#[derive(Debug)]
pub struct StudyResults {
    pub metric: Metric,
    pub goal: Goal,
    /// Those of the study's newest form: of another base or `[set]` they cannot be compared.
    pub trials: Vec<Status>,
}

impl StudyResults {
    /// Reads the folder; `None` where it has no trial.
    ///
    /// # Errors
    /// Where a file of it cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let (metric, goal) = compared_by(folder)?;
        let mut trials = read_all(folder, metric)?;
        let began = |status: &Status| status.record.as_ref().and_then(RunRecord::began);
        let Some(common) = trials.iter().max_by_key(|status| began(status)).map(|newest| newest.trial.common.clone())
        else {
            return Ok(None);
        };
        trials.retain(|status| status.trial.common == common);
        Ok(Some(Self { metric, goal, trials }))
    }

    /// The best trial of the best point, where one has a value.
    pub fn best(&self) -> Option<&Status> {
        ranked_by(self.goal, &self.trials).first()?.best_by(self.goal)
    }

    /// How many trials that have begun stand how, in a line. How many wait only the study's file tells.
    pub fn counted(&self) -> String {
        let counts = overview::begun(&self.trials).into_iter();
        let parts: Vec<String> = counts.map(|(count, name)| format!("{} {name}", grouped(count as usize))).collect();
        if parts.is_empty() { overview::NONE_BEGUN.into() } else { parts.join(", ") }
    }
}

/// Metric and goal of the study as it was run last; a folder without a copy of its file is of the defaults.
fn compared_by(folder: &Path) -> Result<(Metric, Goal), Error> {
    let copy = study_folder::copy_of(folder);
    if !copy.is_file() {
        return Ok((Metric::ACCURACY, Metric::ACCURACY.usual_goal()));
    }
    let mut file = StudyFile::read(&copy)?;
    let values = file.values()?;
    let metric = file.metric(&values)?;
    Ok((metric, values.goal(metric)))
}

/// The folders of all studies below an output root, by name.
///
/// # Errors
/// Where the root cannot be read.
pub fn studies(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut studies = list::folders(root)?;
    studies.retain(|folder| status::folders(folder).is_ok_and(|trials| !trials.is_empty()));
    studies.sort();
    Ok(studies)
}
