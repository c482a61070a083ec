//! Drivers that share a study.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    harness::{Place, Ran, wait_until},
    interrupted_study::kill_all,
    sweep::{study, sweep, trials},
};

/// The trials that a driver has brought to their end, by their numbers.
fn finished(output: &str) -> Vec<String> {
    let lines = output.lines().filter(|line| line.contains("  finished  ") && line.contains(" epochs  "));
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

/// Two drivers at once, the second with `--join`; what both have brought to their end, and the second's output.
fn two_drivers(place: &Place, arguments: &[&str]) -> (Vec<String>, Ran) {
    let first = place.command(&[&["sweep", "study.toml"], arguments].concat()).stdout(Stdio::piped()).spawn().unwrap();
    wait_until(|| !trials(place).is_empty());
    let refused = "study `runs/study` has a driver already; wait until it ends, `train sweep stop` it, or share the work with `--join`";
    sweep(place, arguments).fails(2, refused);
    let joined = sweep(place, &[arguments, &["--join"]].concat()).ok();
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(0));
    let (first, second) = (finished(&String::from_utf8(first.stdout).unwrap()), finished(&joined.stdout));
    assert!(!first.is_empty() && !second.is_empty(), "{first:?} {second:?}");
    (first.into_iter().chain(second).collect(), joined)
}

#[test]
fn a_second_driver_is_refused_or_shares_the_work() {
    let place = Place::new();
    study(&place, "jobs = 1", "seed = [0, 1, 2, 3, 4, 5]");
    let (mut all, joined) = two_drivers(&place, &["--set", "training.epochs=200"]);
    all.sort();
    assert_eq!(all, ["1", "2", "3", "4", "5", "6"], "each once");
    assert!(joined.stdout.contains("6 finished, of 6 trials"), "{}", joined.stdout);
}

#[test]
fn drivers_that_share_a_search_propose_no_point_twice() {
    let place = Place::new();
    study(
        &place,
        "jobs = 1\nsearch = \"tpe\"\ntrials = 12\nrepeat = 2",
        "\"optimizer.learning_rate\" = { log_uniform = [0.01, 1.0] }",
    );
    let (all, joined) = two_drivers(&place, &["--set", "training.epochs=60"]);
    let numbers: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), numbers.len(), trials(&place).len()), (24, 24, 24), "{all:?}");
    assert!(joined.stdout.contains("24 finished, of 24 trials"), "{}", joined.stdout);
}

#[test]
fn a_driver_that_is_killed_leaves_its_trials_to_the_others() {
    let place = Place::new();
    study(&place, "jobs = 1", "seed = [0, 1, 2]");
    let long = ["sweep", "study.toml", "--set", "training.epochs=400"];
    let first = place.start(&long);
    wait_until(|| !trials(&place).is_empty());
    let second = place.command(&[&long[..], &["--join"]].concat()).stdout(Stdio::piped()).spawn().unwrap();
    wait_until(|| trials(&place).len() == 2);
    kill_all(first);
    let second = second.wait_with_output().unwrap();
    let output = String::from_utf8(second.stdout).unwrap();
    assert!(second.status.success() && output.contains("3 finished, of 3 trials"), "{output}");
}

#[test]
fn a_driver_hears_of_one_that_came_and_went() {
    let place = Place::new();
    // The first trial takes as long as all others together.
    study(&place, "jobs = 1", "\"model.hidden\" = [1000, 5, 6, 7]");
    let arguments = ["sweep", "study.toml", "--set", "training.epochs=20"];
    let first = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    wait_until(|| trials(&place).iter().any(|run| run.join("run.json").is_file()));
    let mut second = place.start(&[&arguments[..], &["--join"]].concat());
    wait_until(|| {
        let is_finished =
            |run: &PathBuf| fs::read_to_string(run.join("run.json")).is_ok_and(|text| text.contains("\"finished\""));
        trials(&place).iter().filter(|run| is_finished(run)).count() >= 3
    });
    Command::new("kill").arg(second.id().to_string()).status().unwrap();
    second.wait().unwrap();
    let first = first.wait_with_output().unwrap();
    let output = String::from_utf8(first.stdout).unwrap();
    assert!(first.status.success() && output.contains("4 finished, of 4 trials"), "{output}");
}

#[test]
fn what_has_failed_is_failed_while_its_driver_works() {
    let place = Place::new();
    let space = "\"optimizer.learning_rate\" = [1e37, 0.1]\n\"training.loss\" = [\"mean-squared-error\"]";
    study(&place, "jobs = 1\nretries = 0", space);
    let driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=100000"]);
    let status = || place.train(&["sweep", "status", "study.toml"]).stdout;
    wait_until(|| status().contains("1 failed, 1 running, of 2 trials"));
    kill_all(driver);
}
