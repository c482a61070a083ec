//! `train sweep --detach`: a driver that needs no terminal.

#![cfg(unix)]

use std::{fs, thread, time::Duration};

use crate::harness::{Place, wait_until};

/// A study of one trial that takes some seconds.
fn study(place: &Place) {
    let data = "\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200";
    let set = format!("[set]\n{data}\n\"training.batch_size\" = 64\n\"training.epochs\" = 600");
    place.write("study.toml", &format!("base = \"two-layer\"\n{set}\n[space]\nseed = [0]\n"));
}

/// Takes a moment: who waits asks again and again.
fn status(place: &Place) -> String {
    thread::sleep(Duration::from_millis(100));
    place.train(&["sweep", "status", "study.toml"]).ok().stdout
}

#[cfg(target_os = "linux")]
#[test]
fn a_detached_study_ends_as_it_would_have_when_its_terminal_is_closed() {
    let place = Place::new();
    study(&place);
    let ran = place.in_a_terminal(80, &["sweep", "study.toml", "--detach"]).ok();
    assert!(ran.stdout.contains("in the background, writes runs/study/driver.log"), "{ran:?}");
    assert!(status(&place).contains("\ndrivers  at work\n"));
    // The fields of proc(5) behind the name: state, parent, group, session, terminal.
    let process = ran.stdout.split_whitespace().nth(2).unwrap().to_owned();
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    assert_eq!((fields[3], fields[4]), (process.as_str(), "0"), "{stat}");
    wait_until(|| place.path().join("runs/study/report.html").is_file());
    wait_until(|| status(&place).contains("\ndrivers  none at work\n"));
    let log = fs::read_to_string(place.path().join("runs/study/driver.log")).unwrap();
    assert!(log.starts_with("study    study, 1 trials") && log.contains("1 finished, of 1 trials"), "{log}");
}

#[test]
fn a_detached_driver_stops_as_any_other_and_a_second_is_refused_in_the_foreground() {
    let place = Place::new();
    study(&place);
    let long = ["sweep", "study.toml", "--detach", "--set", "training.epochs=100000"];
    place.train(&long).ok();
    let refused = "study `runs/study` has a driver already; wait until it ends, `train sweep stop` it, or share the work with `--join`";
    place.train(&long).fails(2, refused);
    place.train(&["sweep", "stop", "study.toml"]).ok();
    wait_until(|| status(&place).contains("\ndrivers  none at work\n"));
    let log = fs::read_to_string(place.path().join("runs/study/driver.log")).unwrap();
    assert!(log.contains("stopped as asked, nothing is lost"), "{log}");
}

#[test]
fn what_is_wrong_is_said_before_the_driver_detaches() {
    let place = Place::new();
    study(&place);
    let ran = place.train(&["sweep", "study.toml", "--detach", "--set", "training.epoch=3"]);
    assert!(ran.code == 2 && ran.stderr.contains("unknown key `training.epoch`"), "{ran:?}");
    let nowhere = ["--set", "data.source=folder", "--set", "data.path=nowhere"];
    let ran = place.train(&[&["sweep", "study.toml", "--detach"], &nowhere[..]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("there is no such file or folder"), "{ran:?}");
    assert!(!place.path().join("runs").exists());
    let ran = place.train(&["sweep", "study.toml", "--detach", "--launcher", "slurm"]);
    assert!(ran.code == 2 && ran.stderr.contains("cannot be used with"), "{ran:?}");
}
