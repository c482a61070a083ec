//! Runs as a person names them: a folder, `latest`, `latest:STUDY` or `best:STUDY`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use files::quoted;
use plan::did_you_mean;
use run::{
    About, RunRecord, folder,
    list::{self, Run},
    record::State,
};
use study::{StudyResults, TrialRecord, is_trial, status, studies};

use super::runs::state;
use crate::{cli::UsageError, terminal::tell};

/// Where names are looked up.
const ROOT: &str = "runs";

/// The run that is meant, whatever there is of it: a folder, `latest` for the newest that a person began, `latest:STUDY` or
/// `best:STUDY` for a trial.
pub fn find(run: &Path) -> anyhow::Result<PathBuf> {
    named(run, |_| true, "")
}

/// The same, where `latest` is the newest that has a model.
pub fn find_trained(run: &Path) -> anyhow::Result<PathBuf> {
    named(run, |path| folder::model_path(path).is_file(), " with a model")
}

fn named(run: &Path, wanted: fn(&Path) -> bool, with: &str) -> anyhow::Result<PathBuf> {
    let text = run.to_str().filter(|_| !run.exists()).unwrap_or_default();
    match text.split_once(':') {
        None if text == "latest" => latest(wanted, with),
        Some(("latest", name)) => latest_trial(&study_folder(text, name)?, wanted, with),
        Some(("best", name)) => best_trial(&study_folder(text, name)?),
        _ if status::is_study(run) => bail!(UsageError(study_instead(run))),
        _ => Ok(folder::check(run).map(|()| run.into())?),
    }
}

/// What to name where the folder of a study was.
fn study_instead(folder: &Path) -> String {
    let name = folder.strip_prefix(ROOT).unwrap_or(folder);
    let [best, latest] = ["best", "latest"].map(|which| quoted(Path::new(&format!("{which}:{}", name.display()))));
    format!("`{}` is a study, not a run; `{best}` is its best trial, `{latest}` its newest", folder.display())
}

/// The newest run that is no trial. Trials and runs without what is wanted that began later are named.
fn latest(wanted: fn(&Path) -> bool, with: &str) -> anyhow::Result<PathBuf> {
    let (mut skipped, mut studies) = (Vec::new(), Vec::new());
    for run in list::list(Path::new(ROOT))?.into_iter().rev() {
        let study = run.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        if is_trial(&run.path) {
            if !studies.contains(&study) {
                studies.push(study);
            }
        } else if wanted(&run.path) {
            let of_studies =
                studies.iter().map(|name| format!("the trials of study `{name}` (`latest:{name}`, `best:{name}`)"));
            say_skipped("latest", &run.path, skipped.iter().map(without_model).chain(of_studies));
            return Ok(run.path);
        } else {
            skipped.push(run);
        }
    }
    let known = if studies.is_empty() {
        String::new()
    } else {
        let names: Vec<_> = studies.iter().map(|name| format!("`best:{name}`")).collect();
        format!(" but the trials of studies, such as {}", names.join(", "))
    };
    Err(no_run("latest", format!("there is no run{with} below `{ROOT}` yet{known}")))
}

fn latest_trial(study: &Path, wanted: fn(&Path) -> bool, with: &str) -> anyhow::Result<PathBuf> {
    let mut trials = list::in_folder(study)?;
    trials.retain(|trial| is_trial(&trial.path));
    let place = trials.iter().rposition(|trial| wanted(&trial.path));
    let name = format!("latest:{}", study.file_name().unwrap_or_default().display());
    let Some(place) = place else {
        return Err(no_run(&name, format!("study `{}` has no trial{with} yet", study.display())));
    };
    say_skipped(&name, &trials[place].path, trials[place + 1..].iter().rev().map(without_model));
    Ok(trials.swap_remove(place).path)
}

fn best_trial(study: &Path) -> anyhow::Result<PathBuf> {
    let name = format!("best:{}", study.file_name().unwrap_or_default().display());
    let none = || no_run(&name, format!("study `{}` has no trial with a value yet", study.display()));
    let results = StudyResults::read(study)?;
    results.as_ref().and_then(StudyResults::best).map(|best| best.run.clone()).ok_or_else(none)
}

/// The folder of a study: a path, or its name below the root.
fn study_folder(typed: &str, name: &str) -> anyhow::Result<PathBuf> {
    let has_trials = |folder: &PathBuf| status::folders(folder).is_ok_and(|trials| !trials.is_empty());
    let places = [Path::new(ROOT).join(name), PathBuf::from(name)];
    if let Some(folder) = places.into_iter().filter(|_| !name.is_empty()).find(has_trials) {
        return Ok(folder);
    }
    let studies = studies(Path::new(ROOT))?;
    let names: Vec<&str> = studies.iter().filter_map(|study| study.file_name()?.to_str()).collect();
    let hint = match did_you_mean(name, names.iter().copied()) {
        hint if !hint.is_empty() => hint,
        _ if names.is_empty() => "; `train sweep` makes one".into(),
        _ => format!("; there are {}", names.join(", ")),
    };
    bail!(UsageError(format!("{typed}: there is no study `{name}` below `{ROOT}`{hint}")))
}

fn no_run(name: &str, reason: String) -> anyhow::Error {
    run::Error::NoRun { path: name.into(), reason }.into()
}

/// Runs that are named where a name passes over them.
const NAMED: usize = 3;

/// Says which runs began later than the one that is taken, and why they are not.
fn say_skipped(name: &str, taken: &Path, skipped: impl Iterator<Item = String>) {
    let skipped: Vec<String> = skipped.collect();
    if skipped.is_empty() {
        return;
    }
    let more = skipped.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named: Vec<&str> = skipped.iter().take(NAMED).map(String::as_str).collect();
    tell(&format!("note: `{name}` is `{}`; newer, but skipped: {}{more}", taken.display(), named.join(", ")));
}

fn without_model(run: &Run) -> String {
    format!("`{}` ({}, no model)", run.path.display(), state(run))
}

/// Which run it is, in two lines: its folder, its model and the epoch that it is of; what it was trained on, and with what.
pub fn lines(path: &Path) -> String {
    let (record, about) = (RunRecord::read(path).ok(), About::read(path).unwrap_or_default());
    let Some(record) = record else { return line(path) };
    let with = trial_point(path).or_else(|| about.begun_with());
    let with = with.map_or_else(String::new, |with| format!(", {with}"));
    format!("{}\ntrained  on {}{with}", line(path), record.data.name())
}

/// The first of them.
pub fn line(path: &Path) -> String {
    let run = path.display();
    let mut record = RunRecord::read(path);
    if let Ok(record @ RunRecord { state: State::Running, .. }) = &mut record {
        list::catch_up(record, path);
    }
    match record {
        Ok(RunRecord { model, best: Some(best), epochs_done, .. }) => {
            format!("run      {run}: {}, epoch {} of {epochs_done}", model.kind, best.epoch)
        }
        Ok(RunRecord { model, .. }) => format!("run      {run}: {}, no epoch yet", model.kind),
        Err(_) => format!("run      {run}"),
    }
}

/// The study of a trial, and the values that it has of its own.
fn trial_point(path: &Path) -> Option<String> {
    let trial = TrialRecord::read(path).ok().flatten()?;
    let study = path.parent()?.file_name()?.display();
    Some(format!("study {study} with {}", study::named(&trial.point(), trial.seed)))
}
