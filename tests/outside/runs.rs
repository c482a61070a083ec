//! `train runs`: the list, notes and tags, the trash.

use std::fs;

use serde_json::Value;

use crate::{
    harness::{Place, Ran, SMALL, metrics, record, wait_until},
    sweep::{RATES, study, sweep, trials},
};

/// Runs of so many epochs, named a, b, c, ..
fn trained(epochs: &[usize]) -> Place {
    let place = Place::new();
    for (name, epochs) in ('a'..).zip(epochs) {
        let settings = [format!("name={name}"), format!("training.epochs={epochs}")];
        place.train_small(&["linear", "--quiet", "--set", &settings[0], "--set", &settings[1]]).ok();
    }
    place
}

fn list(place: &Place, arguments: &[&str]) -> Vec<Value> {
    place.train(&[&["runs", "--json"], arguments].concat()).ok().json().as_array().unwrap().clone()
}

/// The names of the listed runs.
fn names(place: &Place, arguments: &[&str]) -> String {
    let names = list(place, arguments);
    let names = names.iter().map(|run| run["path"].as_str().unwrap().split('/').nth(1).unwrap().to_owned());
    names.collect::<Vec<_>>().join(" ")
}

fn path(place: &Place, name: &str) -> String {
    let all = list(place, &[]);
    let paths = all.iter().map(|run| run["path"].as_str().unwrap());
    paths.into_iter().find(|path| path.starts_with(&format!("runs/{name}/"))).unwrap().to_owned()
}

#[test]
fn the_newest_is_first_and_its_changed_keys_stand_beside_it() {
    let place = trained(&[1, 3, 2]);
    assert_eq!(names(&place, &[]), "c b a");
    let newest = &list(&place, &["--last", "1"])[0];
    assert_eq!((&newest["config"], &newest["changed"]["training.epochs"]), (&"linear".into(), &2.into()));
    assert_eq!(newest["run"]["best"]["epoch"], record(&place.path().join(path(&place, "c")))["best"]["epoch"]);
    let shown = place.train(&["runs"]).ok().stdout;
    let rows: Vec<&str> = shown.lines().skip(2).collect();
    assert!(rows[0].starts_with(" runs/c/") && rows[2].starts_with(" runs/a/"), "{shown}");
    assert!(rows[0].contains(" s ago ") && rows[0].contains("training.epochs=2"), "{shown}");
    assert!(
        shown.contains("accuracy: on the validation images at the best epoch, by valid loss, whose model is kept"),
        "{shown}"
    );
}

#[test]
fn the_accuracy_of_the_best_epoch_and_the_highest_are_told_apart() {
    let place = Place::new();
    let ran = place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    let run = place.run();
    let accuracies: Vec<f64> = metrics(&run).iter().map(|epoch| epoch["valid"]["accuracy"].as_f64().unwrap()).collect();
    let highest = accuracies.iter().copied().fold(0.0, f64::max);
    let best = &record(&run)["best"];
    let (accuracy, loss) = (best["metrics"]["accuracy"].as_f64().unwrap(), best["metrics"]["loss"].as_f64().unwrap());
    assert!(highest > accuracy, "the loss still falls in the last epoch, the accuracy does not rise: {accuracies:?}");
    let epoch = accuracies.iter().position(|accuracy| *accuracy == highest).unwrap() + 1;
    let listed = &list(&place, &[])[0];
    assert_eq!(listed["highest_accuracy"], serde_json::json!({ "epoch": epoch, "accuracy": highest }));
    let of_best = format!("best     epoch {}, by valid loss {loss:.6}: accuracy {accuracy:.4}", best["epoch"]);
    let line = format!("{of_best}; highest {highest:.4}, epoch {epoch}\n");
    assert!(ran.stdout.contains(&line), "{line}: {}", ran.stdout);
    let shown = place.train(&["runs"]).ok().stdout;
    assert!(
        shown.contains(&format!("{accuracy:.4}")) && shown.contains(&format!("{highest:.4}{epoch:>11}")),
        "{shown}"
    );
    #[cfg(target_os = "linux")]
    {
        let seconds = report::clock(record(&run)["seconds"].as_f64().unwrap());
        let in_a_terminal = |columns| place.in_a_terminal(columns, &["runs"]).ok().stdout;
        let below = in_a_terminal(80);
        let second = below.lines().skip_while(|line| !line.contains("finished")).nth(1).unwrap_or_default();
        assert!(second.ends_with(&format!("{seconds}     {highest:.4}")), "{below}");
        let block = in_a_terminal(40);
        assert!(
            block.contains(&format!("highest {highest:.4}")) && block.contains(&format!("time {seconds}")),
            "{block}"
        );
    }
}

#[test]
fn runs_are_sorted_and_filtered_by_metrics_and_keys() {
    let place = trained(&[1, 3, 2]);
    assert_eq!(names(&place, &["--sort", "epochs"]), "b c a");
    assert_eq!(names(&place, &["--sort", "epochs", "--last", "2"]), "b c");
    assert_eq!(names(&place, &["--sort", "-epochs"]), "a c b");
    assert_eq!(names(&place, &["--filter", "training.epochs>=2"]), "c b");
    assert_eq!(names(&place, &["--filter", "epochs<3", "--filter", "name!=a"]), "c");
    assert_eq!(names(&place, &["--filter", "model=linear", "--filter", "state=finished"]), "c b a");
    let accuracies: Vec<f64> =
        list(&place, &[]).iter().map(|run| run["run"]["best"]["metrics"]["accuracy"].as_f64().unwrap()).collect();
    let highest = accuracies.iter().copied().fold(0.0, f64::max);
    let first = list(&place, &["--sort", "accuracy"])[0]["run"]["best"]["metrics"]["accuracy"].as_f64().unwrap();
    assert_eq!(first, highest);
    let least = list(&place, &["--sort", "loss"]);
    let losses: Vec<f64> = least.iter().map(|run| run["run"]["best"]["metrics"]["loss"].as_f64().unwrap()).collect();
    assert!(losses.is_sorted(), "{losses:?}");
    assert!(!list(&place, &["--filter", &format!("accuracy>={highest}")]).is_empty());
    assert_eq!(
        place.train(&["runs", "--filter", "accuracy>1"]).ok().stdout,
        "none of the 3 runs below `runs` is so; without `--filter` all are listed\n"
    );
    place
        .train(&["runs", "--filter", "acuracy>0.9"])
        .fails(2, "--filter acuracy>0.9: runs have no `acuracy`; did you mean `accuracy`?");
    assert_eq!(place.train(&["runs", "--filter", "accuracy>"]).code, 2);
    for wrong in ["accuracy>abc", "epochs=many", "lr<x", "training.epochs!=1,5"] {
        let [key, value] =
            [0, 1].map(|part| wrong.split(['>', '<', '=', '!']).filter(|part| !part.is_empty()).nth(part).unwrap());
        let said = format!("--filter {wrong}: `{value}` is no number, as `{key}` is");
        place.train(&["runs", "--filter", wrong]).fails(2, &said);
    }
    assert_eq!(names(&place, &["--filter", "LINEAR"]), "c b a", "a word, here of their model");
    assert_eq!(names(&place, &["--filter", "run=b"]), "b");
    assert_eq!(names(&place, &["--filter", "run=b", "--filter", "nobody"]), "");
    assert_eq!(place.train(&["runs", "--sort", "nonsense"]).code, 2);
}

#[test]
fn a_study_is_one_row_with_its_best_trial() {
    let place = trained(&[1]);
    study(&place, "", RATES);
    sweep(&place, &[]).ok();
    let listed = list(&place, &[]);
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["path"], &listed[0]["state"]), (&"runs/study".into(), &"study: 3 finished".into()));
    assert_eq!(listed[0]["trials"].as_array().unwrap().len(), 3);
    let best = place.train(&["evaluate", "best:study", "--json"]).ok().json();
    assert_eq!(listed[0]["best_trial"], best["run"]);
    assert_eq!(list(&place, &["--trials"]).len(), 4);
    assert_eq!(list(&place, &["--trials", "--filter", "study=study"]).len(), 3);
    let shown = place.train(&["runs"]).ok().stdout;
    assert!(shown.contains("best: optimizer.learning_rate="), "{shown}");
}

#[test]
fn notes_and_tags_are_kept_through_a_resume_and_found_again() {
    let place = trained(&[1, 2]);
    let run = path(&place, "b");
    place.train(&["runs", "note", "latest", "a", "first try"]).ok();
    place.train(&["runs", "tag", &run, "baseline", "paper", "baseline"]).ok();
    place.train(&["--resume", "latest", "--quiet", "--set", "training.epochs=3"]).ok();
    let listed = &list(&place, &["--filter", "tag=paper"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["note"], &listed[0]["tags"]),
        (&"a first try".into(), &serde_json::json!(["baseline", "paper"]))
    );
    assert_eq!(listed[0]["changed"]["training.epochs"], 3);
    let shown = place.train(&["runs"]).ok().stdout;
    assert!(shown.contains("baseline, paper") && shown.contains("a first try"), "{shown}");
    place.train(&["runs", "tag", &run, "--remove", "paper"]).ok();
    place
        .train(&["runs", "tag", &run, "--remove", "paper"])
        .fails(2, &format!("run `{run}` has no tag `paper`; it has baseline"));
    assert!(place.train(&["runs", "note", &run]).ok().stdout.ends_with("note     a first try\n"));
    place.train(&["runs", "note", &run, ""]).ok();
    assert_eq!(list(&place, &["--last", "1"])[0]["note"], Value::Null);
    assert_eq!(place.train(&["runs", "tag", &run, "two words"]).code, 2);
}

#[test]
fn a_removed_run_is_in_the_trash_and_comes_back() {
    let place = trained(&[1, 2]);
    let run = path(&place, "a");
    let before = fs::read(place.path().join(&run).join("model.safetensors")).unwrap();
    let ran = place.train(&["runs", "remove", &run]).ok();
    assert!(ran.stdout.contains("moved    1 run, ") && ran.stdout.contains(" kB, to runs/.trash/"), "{ran:?}");
    assert!(ran.stdout.contains("undo     train runs remove --undo\n"), "{ran:?}");
    assert_eq!(names(&place, &[]), "b");
    place.train(&["runs", "remove", "--undo"]).ok();
    assert_eq!(names(&place, &[]), "b a");
    assert!(fs::read(place.path().join(&run).join("model.safetensors")).unwrap() == before);
    place.train(&["runs", "remove", "--undo"]).fails(2, "nothing was removed from `runs`, or its trash was emptied");
    place
        .train(&["runs", "remove", "runs/nowhere"])
        .fails(2, "`runs/nowhere` is no run folder: there is no such folder; `train runs` lists the runs");
    assert_eq!(place.train(&["runs", "remove"]).code, 2);
}

#[test]
fn a_run_that_trains_is_not_removed() {
    let place = Place::new();
    let mut child = place.start(&[&["--set", "training.epochs=100000"], SMALL].concat());
    wait_until(|| place.runs().first().is_some_and(|run| !metrics(run).is_empty()));
    let run = list(&place, &[])[0]["path"].as_str().unwrap().to_owned();
    let in_use = format!("run folder `{run}` is in use by another process; wait until it ends, or stop it");
    place.train(&["runs", "remove", &run]).fails(2, &in_use);
    let ran = place.train(&["runs", "prune", "--keep", "0"]).ok();
    assert!(ran.stdout.starts_with("kept beside the newest 0: 1 run, running or with a note or tag\n"), "{ran:?}");
    assert!(place.run().exists());
    child.kill().unwrap();
    child.wait().unwrap();
    place.train(&["runs", "remove", "latest"]).ok();
    assert!(list(&place, &[]).is_empty());
}

#[test]
fn a_study_is_removed_as_a_whole_and_goes_on_when_it_is_back() {
    let place = Place::new();
    study(&place, "", RATES);
    sweep(&place, &[]).ok();
    let ran = place.train(&["runs", "remove", "runs/study/"]).ok();
    assert!(ran.stdout.contains("moved    1 study, "), "{ran:?}");
    assert!(trials(&place).is_empty() && !place.path().join("runs/study").exists());
    place.train(&["runs", "remove", "--undo"]).ok();
    assert_eq!(trials(&place).len(), 3);
    let again = sweep(&place, &["--dry-run"]).ok().stdout;
    assert!(again.contains("3 finished, of 3 trials"), "{again}");
}

#[test]
fn a_study_at_work_is_not_removed_nor_is_a_trial_of_it() {
    let place = Place::new();
    study(&place, "jobs = 1", RATES);
    let mut driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=100000"]);
    wait_until(|| trials(&place).iter().any(|run| !metrics(run).is_empty()));
    let trial = trials(&place)[0].strip_prefix(place.path()).unwrap().display().to_string();
    for named in ["runs/study", &trial] {
        let ran: Ran = place.train(&["runs", "remove", named]);
        let said = format!("`{named}` is in use: a driver works on study `runs/study`; `train sweep stop` it first");
        ran.fails(2, &said);
    }
    place.train(&["sweep", "stop", "study.toml"]).ok();
    driver.wait().unwrap();
    place.train(&["runs", "remove", "runs/study"]).ok();
}

#[test]
fn prune_keeps_the_newest_and_what_is_marked() {
    let place = trained(&[1, 1, 1, 1]);
    study(&place, "", "\"optimizer.learning_rate\" = [0.1]");
    sweep(&place, &[]).ok();
    place.train(&["runs", "tag", &path(&place, "a"), "keep"]).ok();
    let dry = place.train(&["runs", "prune", "--keep", "2", "--dry-run"]).ok().stdout;
    assert!(dry.contains("run      runs/b/") && dry.ends_with("1 run would be removed\n"), "{dry}");
    assert_eq!(names(&place, &[]), "study d c b a");
    place.train(&["runs", "prune", "--keep", "2"]).ok();
    assert_eq!(names(&place, &[]), "study d c a");
    let ran = place.train(&["runs", "prune", "--keep", "2"]).ok().stdout;
    assert!(ran.contains("nothing to remove: "), "{ran}");
    place.train(&["runs", "remove", "--undo"]).ok();
    assert_eq!(names(&place, &[]), "study d c b a");
}

#[test]
fn a_run_of_before_has_no_marks_and_a_damaged_file_of_them_is_named() {
    let place = trained(&[1]);
    let about = place.run().join("about.toml");
    fs::remove_file(&about).unwrap();
    let listed = &list(&place, &[])[0];
    assert_eq!((&listed["config"], &listed["tags"]), (&Value::Null, &serde_json::json!([])));
    place.train(&["evaluate", "latest"]).ok();
    place.train(&["report", "latest"]).ok();
    place.train(&["runs", "note", "latest", "still"]).ok();
    fs::write(&about, "tags = 3").unwrap();
    let ran = place.train(&["runs", "note", "latest", "more"]);
    assert!(ran.code == 1 && ran.stderr.contains("about.toml` is damaged"), "{ran:?}");
    assert_eq!(fs::read_to_string(&about).unwrap(), "tags = 3", "nothing is lost");
    place.train(&["runs"]).ok();
}
