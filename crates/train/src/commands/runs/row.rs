//! What a row of the list is of: a run, or a study with all its trials.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use files::Error;
use plan::{Monitor, Plan};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use report::{fraction, name};
use run::{
    About, RunRecord,
    best::{Best, highest_accuracy},
    folder,
    list::{self, Run},
};
use study::{StudyResults, TrialRecord, is_trial, study_folder};
use time::OffsetDateTime;
use toml::Table;

use super::{RUNNING, state};

/// What the state of a study ends with that has a driver.
const AT_WORK: &str = ", at work";

pub struct Row {
    /// The folder of the run or of the study.
    pub path: PathBuf,
    pub state: String,
    /// Of a study the record of its best trial.
    pub record: Option<RunRecord>,
    /// Where that is from.
    pub run: Option<PathBuf>,
    /// Why there is none, or what is wrong with a study.
    pub reason: Option<String>,
    /// Whether that is more than that nothing has been written yet.
    pub is_damaged: bool,
    /// Of a study the point of its best trial is what was changed.
    pub about: About,
    /// The study that it is a trial of, or that it stands for.
    pub study: Option<String>,
    /// Those of the study that it stands for.
    pub trials: Option<Vec<PathBuf>>,
    /// Of training and validation; of a study in all trials.
    pub seconds: f64,
    /// Of a study the begin of its newest trial.
    began: Option<OffsetDateTime>,
}

/// All runs and studies below a root, the oldest first; where `with_trials` says so, each trial by itself.
pub fn all(root: &Path, with_trials: bool) -> anyhow::Result<Vec<Row>> {
    let runs: Vec<(usize, Run)> = list::list(root)?.into_iter().enumerate().collect();
    let is_alone = |(_, run): &(usize, Run)| with_trials || !is_trial(&run.path);
    let (alone, trials): (Vec<_>, Vec<_>) = runs.into_par_iter().partition(is_alone);
    let mut studies: BTreeMap<PathBuf, Vec<(usize, Run)>> = BTreeMap::new();
    for (place, trial) in trials {
        let study = trial.path.parent().map(Path::to_owned).unwrap_or_default();
        studies.entry(study).or_default().push((place, trial));
    }
    let of_study = |(study, trials): (PathBuf, Vec<(usize, Run)>)| {
        // In the place of its newest trial.
        let place = trials.last().map_or(0, |(place, _)| *place);
        (place, Row::of_study(study, trials.into_iter().map(|(_, trial)| trial).collect()))
    };
    let alone = alone.into_par_iter().map(|(place, run)| (place, Row::of_run(run)));
    let mut rows: Vec<(usize, Row)> = alone.chain(studies.into_par_iter().map(of_study)).collect();
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// What the rows' best epochs are chosen by.
pub fn monitors(rows: &[Row]) -> Vec<String> {
    let mut monitors: Vec<String> = rows.iter().filter_map(Row::monitor).map(name).collect();
    monitors.sort();
    monitors.dedup();
    monitors
}

impl Row {
    fn of_run(run: Run) -> Self {
        let state = state(&run).to_owned();
        let (began, about) = (began(&run), about(&run.path));
        let study = is_trial(&run.path).then(|| name_of(run.path.parent().unwrap_or(Path::new(""))));
        let reason = run.record.as_ref().err().map(ToString::to_string);
        let is_damaged = matches!(run.record, Err(Error::Damaged { .. }));
        let record = run.record.ok();
        let seconds = record.as_ref().map_or(0.0, |record| record.seconds);
        let folder = Some(run.path.clone());
        Self {
            path: run.path,
            state,
            record,
            run: folder,
            reason,
            is_damaged,
            about,
            study,
            trials: None,
            seconds,
            began,
        }
    }

    /// Of a study with all its trials, the oldest first.
    fn of_study(path: PathBuf, trials: Vec<Run>) -> Self {
        let mut row = Self {
            study: Some(name_of(&path)),
            path,
            state: String::new(),
            record: None,
            run: None,
            reason: None,
            is_damaged: false,
            about: About::default(),
            trials: Some(Vec::new()),
            seconds: 0.0,
            began: trials.last().and_then(began),
        };
        row.fill(trials);
        row
    }

    fn fill(&mut self, trials: Vec<Run>) {
        self.seconds = trials.iter().filter_map(|trial| trial.record.as_ref().ok()).map(|record| record.seconds).sum();
        self.trials = Some(trials.into_iter().map(|trial| trial.path).collect());
        self.about = About::read(&self.path).unwrap_or_default();
        let at_work = if study_folder::has_drivers(&self.path) { AT_WORK } else { "" };
        match StudyResults::read(&self.path) {
            Ok(results) => {
                let counted = results.as_ref().map_or_else(String::new, StudyResults::counted);
                self.state = format!("study: {counted}{at_work}");
                let Some(best) = results.as_ref().and_then(StudyResults::best) else { return };
                (self.record, self.run) = (best.record.clone(), Some(best.run.clone()));
                self.about.changed = point(&best.trial);
            }
            Err(error) => {
                self.state = format!("study: damaged{at_work}");
                (self.reason, self.is_damaged) = (Some(error.to_string()), true);
            }
        }
    }

    pub fn best(&self) -> Option<&Best> {
        self.record.as_ref()?.best.as_ref()
    }

    /// How long ago.
    pub fn began(&self) -> String {
        self.began.map_or_else(|| "-".into(), |began| ago(began, OffsetDateTime::now_utc()))
    }

    pub fn began_at(&self) -> Option<OffsetDateTime> {
        self.began
    }

    /// Whether it trained, or its study's driver worked, when it was read.
    pub fn is_at_work(&self) -> bool {
        self.state == RUNNING || self.state.ends_with(AT_WORK)
    }

    pub fn epochs(&self) -> String {
        let done = |record: &RunRecord| format!("{}/{}", record.epochs_done, record.epochs);
        self.record.as_ref().map_or_else(|| "-".into(), done)
    }

    /// The highest accuracy, and its epoch.
    pub fn highest(&self) -> [String; 2] {
        let highest = self.highest_accuracy();
        [
            fraction(highest.map(|(_, accuracy)| accuracy)),
            highest.map_or_else(|| "-".into(), |(epoch, _)| epoch.to_string()),
        ]
    }

    pub fn highest_accuracy(&self) -> Option<(usize, f64)> {
        let best = self.best().map(|best| (best.epoch, best.metrics.accuracy));
        let highest = highest_accuracy(&folder::read_epochs(self.run.as_ref()?).ok()?)?;
        // Of equals the epoch whose model is kept.
        Some(best.filter(|(_, accuracy)| *accuracy >= highest.1).unwrap_or(highest))
    }

    pub fn plan(&self) -> Option<Plan> {
        folder::read_plan(self.run.as_ref()?).ok()
    }

    fn monitor(&self) -> Option<Monitor> {
        self.best().and_then(|_| self.plan()).map(|plan| plan.training.monitor)
    }

    /// What was changed, the tags and the note, each as a text that may be empty.
    pub fn marks(&self) -> [String; 3] {
        let changes = self.about.changes().join(" ");
        let best = if self.trials.is_some() && !changes.is_empty() { "best: " } else { "" };
        let tags = self.about.tags.join(", ");
        let tags = if tags.is_empty() { tags } else { format!("# {tags}") };
        [format!("{best}{changes}"), tags, self.about.note.clone().unwrap_or_default()]
    }
}

/// What a run was begun with; a trial knows its point.
fn about(run: &Path) -> About {
    let mut about = About::read(run).unwrap_or_default();
    if let Ok(Some(trial)) = TrialRecord::read(run) {
        about.changed = point(&trial);
    }
    about
}

fn point(trial: &TrialRecord) -> Table {
    let seed = trial.seed.map(|seed| ("seed".to_owned(), (seed as i64).into()));
    trial.point.clone().into_iter().chain(seed).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn began(run: &Run) -> Option<OffsetDateTime> {
    run.record.as_ref().ok().and_then(RunRecord::began).or_else(|| folder::made(&run.path).map(OffsetDateTime::from))
}

/// How long ago, in the largest unit that is full; after a month the day.
fn ago(began: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (now - began).whole_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..172_800 => "1 day ago".into(),
        172_800..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => began.date().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_largest_unit_that_is_full() {
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(100);
        let shown = [0, 59, 119, 7199, 86_399, 90_000, 2_591_999, 2_592_000]
            .map(|seconds| ago(now - time::Duration::seconds(seconds), now));
        let expected =
            ["0 s ago", "59 s ago", "1 min ago", "1 h ago", "23 h ago", "1 day ago", "29 days ago", "1970-03-12"];
        assert_eq!(shown, expected);
        assert_eq!(ago(now + time::Duration::hours(1), now), "0 s ago", "a clock that was set back");
    }
}
