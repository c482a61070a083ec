//! Which run a command takes: `latest`, `latest:STUDY`, `best:STUDY`, and what it says of it.

use std::{fs, path::Path};

use crate::{
    harness::{Place, Ran, SMALL, metrics, record, typed, wait_until},
    sweep::{RATES, study, sweep, trials},
};

/// Two epochs of the linear model.
fn train(place: &Place, settings: &[&str]) {
    place.train_small(&[&["linear", "--quiet", "--set", "training.epochs=2"], settings].concat()).ok();
}

/// A run as commands name it.
fn name(place: &Place, run: &Path) -> String {
    run.strip_prefix(place.path()).unwrap().display().to_string()
}

fn single(place: &Place) -> String {
    let run = place.runs().into_iter().find(|run| !run.join("trial.toml").exists()).unwrap();
    name(place, &run)
}

/// A run, and after it a study of three learning rates.
fn with_study() -> Place {
    let place = Place::new();
    train(&place, &[]);
    study(&place, "", RATES);
    sweep(&place, &[]).ok();
    place
}

fn taken(place: &Place, run: &str) -> (String, Ran) {
    let ran = place.train(&["evaluate", run, "--json"]).ok();
    (ran.json()["run"].as_str().unwrap().to_owned(), ran)
}

#[test]
fn latest_is_no_trial_and_the_study_that_began_later_is_named() {
    let place = with_study();
    let run = single(&place);
    let (path, ran) = taken(&place, "latest");
    assert_eq!(path, run);
    let skipped = "the trials of study `study` (`latest:study`, `best:study`)";
    assert_eq!(ran.stderr, format!("note: `latest` is `{run}`; newer, but skipped: {skipped}\n"));
    let shown = place.train(&["evaluate", "latest"]).ok().stdout;
    let epoch = &record(&place.path().join(&run))["best"]["epoch"];
    let first = format!(
        "run      {run}: linear, epoch {epoch} of 2\ntrained  on synthetic, linear with data.source=synthetic \
         data.synthetic_train=600 data.synthetic_valid=200 training.batch_size=64 training.epochs=2\n"
    );
    assert!(shown.starts_with(&first), "{shown}");
    assert_eq!((&ran.json()["model"], &ran.json()["epoch"]), (&"linear".into(), epoch));
}

#[test]
fn a_study_names_its_latest_and_its_best_trial() {
    let place = with_study();
    let trials = trials(&place);
    let accuracy = |run: &Path| record(run)["best"]["metrics"]["accuracy"].as_f64().unwrap();
    let best = trials.iter().map(|run| accuracy(run)).fold(0.0, f64::max);
    for typed in ["best:study", "best:runs/study"] {
        let (path, _) = taken(&place, typed);
        assert_eq!(accuracy(&place.path().join(path)), best);
    }
    let started = |run: &Path| record(run)["started"].as_str().unwrap().to_owned();
    let newest = trials.iter().max_by_key(|run| started(run)).unwrap();
    assert_eq!(taken(&place, "latest:study").0, name(&place, newest));
    let shown = place.train(&["evaluate", "best:study"]).ok().stdout;
    assert!(shown.contains("trained  on synthetic, study study with optimizer.learning_rate="), "{shown}");
    place
        .train(&["evaluate", "best:stud"])
        .fails(2, "best:stud: there is no study `stud` below `runs`; did you mean `study`?");
    let instead = "`runs/study` is a study, not a run; `best:study` is its best trial, `latest:study` its newest";
    for arguments in [
        &["evaluate", "runs/study"][..],
        &["predict", "runs/study", "7.png"],
        &["report", "runs/study"],
        &["--resume", "runs/study"],
    ] {
        place.train(arguments).fails(2, instead);
    }
    place.train(&["evaluate", "latest:"]).fails(2, "latest:: there is no study `` below `runs`; there are study");
}

#[test]
fn the_best_trial_is_that_of_the_studys_own_metric_and_of_best_toml() {
    let place = Place::new();
    study(&place, "metric = \"valid.accuracy\"\ngoal = \"minimise\"", RATES);
    sweep(&place, &[]).ok();
    let (path, _) = taken(&place, "best:study");
    let rate = |text: &str| text.lines().find(|line| line.starts_with("learning_rate")).unwrap().to_owned();
    let [trial, best] = [place.path().join(path).join("config.toml"), place.path().join("runs/study/best.toml")]
        .map(|file| rate(&fs::read_to_string(file).unwrap()));
    assert_eq!(trial, best);
}

#[test]
fn where_a_person_began_no_run_the_studies_are_named() {
    let place = Place::new();
    study(&place, "", "\"optimizer.learning_rate\" = [0.1]");
    sweep(&place, &[]).ok();
    let reason = "there is no run with a model below `runs` yet but the trials of studies, such as `best:study`";
    place
        .train(&["evaluate", "latest"])
        .fails(2, &format!("`latest` is no run folder: {reason}; `train runs` lists the runs"));
}

#[test]
fn a_run_without_a_model_is_skipped_by_name_and_no_other_page_is_written_in_its_place() {
    let place = Place::new();
    train(&place, &[]);
    let older = single(&place);
    let page = fs::read(place.path().join(&older).join("report.html")).unwrap();
    let mut child = place.start(&[&["two-layer", "--set", "training.epochs=100000"], SMALL].concat());
    wait_until(|| {
        place
            .runs()
            .last()
            .is_some_and(|run| run.ends_with("two-layer") || !metrics(run).is_empty() && place.runs().len() == 2)
    });
    let newer = place.runs().iter().map(|run| name(&place, run)).find(|run| *run != older).unwrap();
    let (path, ran) = taken(&place, "latest");
    assert_eq!(path, older);
    assert_eq!(ran.stderr, format!("note: `latest` is `{older}`; newer, but skipped: `{newer}` (running, no model)\n"));
    let in_use = format!("run folder `{newer}` is in use by another process; wait until it ends, or stop it");
    place.train(&["report", "latest"]).fails(2, &in_use);
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = place.train(&["report", "latest"]).ok();
    assert_eq!(ran.stdout, format!("{newer}/report.html\n"));
    assert!(
        ran.stderr.starts_with(&format!("note: run `{newer}` has no model: it was killed after epoch ")),
        "{ran:?}"
    );
    let written = typed(&fs::read_to_string(place.path().join(&newer).join("report.html")).unwrap());
    assert!(written.contains("<dd>killed</dd>") && !written.contains("data-every"), "{written}");
    assert!(written.contains(&format!("It goes on by <code>train --resume {newer}</code>")), "{written}");
    // Killed before it wrote what it is.
    let files = place.path().join(&newer);
    ["run.json", "metrics.jsonl"].iter().for_each(|file| fs::remove_file(files.join(file)).unwrap());
    fs::remove_dir_all(files.join("checkpoints")).unwrap();
    let ran = place.train(&["report", &newer]).ok();
    assert!(
        ran.stdout.ends_with(&format!("{newer}/report.html\n")) && ran.stderr.contains("before its first epoch"),
        "{ran:?}"
    );
    let listed = place.train(&["runs"]).ok().stdout;
    let row = listed.lines().find(|line| line.contains(&newer)).unwrap();
    assert!(row.contains(" killed ") && row.trim_end().ends_with(" -"), "{listed}");
    assert!(fs::read(place.path().join(&older).join("report.html")).unwrap() == page);
}

#[test]
fn predict_report_and_resume_say_which_run_too() {
    let place = Place::new();
    train(&place, &[]);
    let run = single(&place);
    let line = format!("run      {run}: linear, epoch 2 of 2\n");
    let seven = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seven.png");
    let predict = ["predict", "latest", seven.to_str().unwrap()];
    assert!(place.train(&predict).ok().stdout.starts_with(&line));
    assert_eq!(place.train(&[&predict[..], &["--json"]].concat()).ok().json()[0]["run"], run);
    assert_eq!(place.train(&["report", "latest"]).ok().stderr, line);
    let resumed = place.train(&["--resume", "latest", "--set", "training.epochs=3"]).ok().stdout;
    assert!(resumed.starts_with(&line) && resumed.matches("run      ").count() == 1, "{resumed}");
    assert!(resumed.contains("config   linear with") && resumed.contains("training.epochs=3\n"), "{resumed}");
}

#[test]
fn compare_skips_what_is_no_run() {
    let place = with_study();
    let mut all: Vec<String> = fs::read_dir(place.path().join("runs/study"))
        .unwrap()
        .map(|entry| name(&place, &entry.unwrap().path()))
        .collect();
    all.sort();
    let arguments: Vec<&str> = ["compare"].into_iter().chain(all.iter().map(String::as_str)).collect();
    let ran = place.train(&[&arguments[..], &["--json"]].concat()).ok();
    assert_eq!(ran.json()["runs"].as_array().unwrap().len(), 3);
    let others = all.len() - 3 - 1;
    assert!(ran.stderr.starts_with("note: skipped `runs/study/"), "{ran:?}");
    assert!(ran.stderr.ends_with(&format!(" and {others} others, which are no runs with an epoch\n")), "{ran:?}");
    let shown = place.train(&["compare", "runs/study", "latest"]).ok().stdout;
    assert!(shown.starts_with("study    runs/study: 3 trials\nrun      runs/linear/"), "{shown}");
    place.train(&["compare", &single(&place), "runs/study/best.toml"]).fails(
        2,
        "a comparison needs two runs or more (skipped `runs/study/best.toml`, which is no run with an epoch); \
         `train runs` lists the runs",
    );
}
