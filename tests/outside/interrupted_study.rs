//! `train sweep`: studies that are killed, stopped, run out of disk or lose the power, and go on.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command},
    thread,
    time::{Duration, SystemTime},
};

use plan::Setting;
use run::folder;
use study::{Study, StudyFolder, study_folder};

use crate::{
    harness::{Place, record, skip, wait_until},
    sweep::{RATES, models, study, sweep, table, trials},
};

/// Kills a driver and every trial that it has started.
pub fn kill_all(mut driver: Child) {
    let children = Command::new("pgrep").args(["-P", &driver.id().to_string()]).output().unwrap();
    driver.kill().unwrap();
    for child in String::from_utf8(children.stdout).unwrap().split_whitespace() {
        Command::new("kill").args(["-9", child]).status().unwrap();
    }
    driver.wait().unwrap();
}

#[test]
fn a_study_killed_at_any_moment_ends_as_one_that_was_not() {
    let searches = [
        ("", RATES, ""),
        ("search = \"tpe\"\ntrials = 14\njobs = 1", "\"optimizer.learning_rate\" = { log_uniform = [0.01, 1.0] }", ""),
        (
            "search = \"random\"\ntrials = 9\njobs = 1",
            "\"optimizer.learning_rate\" = { log_uniform = [0.01, 1.0] }",
            "[prune]\nkind = \"asha\"\nmin_epochs = 1\nreduction_factor = 2\n",
        ),
        (
            "search = \"random\"\ntrials = 9\njobs = 1",
            "\"optimizer.learning_rate\" = { log_uniform = [0.0001, 1.0] }",
            "[prune]\nkind = \"median\"\nstartup_trials = 2\n",
        ),
    ];
    for (keys, space, prune) in searches {
        let (killed, whole) = (Place::new(), Place::new());
        for place in [&killed, &whole] {
            study(place, keys, &format!("{space}\n{prune}"));
        }
        let expected = sweep(&whole, &[]).ok();
        for round in 1..=7 {
            let driver = killed.start(&["sweep", "study.toml"]);
            // Each time a little further, and each time at another moment of a trial.
            wait_until(|| trials(&killed).len() >= round.min(3));
            thread::sleep(Duration::from_millis(37 * round as u64 % 50));
            kill_all(driver);
        }
        let ran = sweep(&killed, &[]).ok();
        assert_eq!((table(&ran), models(&killed)), (table(&expected), models(&whole)), "{keys}");
    }
}

/// A study of these hidden units whose steps take seconds: whoever asks a trial to end waits for one.
#[cfg(target_os = "linux")]
fn slow(place: &Place, hidden: &str) {
    let set = "\"data.source\" = \"synthetic\"\n\"training.batch_size\" = 12396\n\"training.epochs\" = 3";
    place.write(
        "study.toml",
        &format!("base = \"two-layer\"\njobs = 1\n[set]\n{set}\n[space]\n\"model.hidden\" = {hidden}\n"),
    );
}

/// The process of a driver's only trial, once that trains.
#[cfg(target_os = "linux")]
fn trial_of(place: &Place, driver: &Child) -> String {
    wait_until(|| trials(place).iter().any(|run| run.join("metrics.csv").is_file()));
    let children = Command::new("pgrep").args(["-P", &driver.id().to_string()]).output().unwrap().stdout;
    String::from_utf8(children).unwrap().trim().to_owned()
}

#[cfg(target_os = "linux")]
fn is_gone(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap().stdout;
    // Whoever is to bury an orphan may take his time.
    state.is_empty() || state.starts_with(b"Z")
}

#[cfg(target_os = "linux")]
#[test]
fn a_driver_waits_for_the_trial_that_one_before_has_left() {
    let place = Place::new();
    slow(&place, "[8000, 5]");
    let mut killed = place.start(&["sweep", "study.toml"]);
    let trial = trial_of(&place, &killed);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let next = place.start(&["sweep", "study.toml"]);
    let begun = || trials(&place).iter().filter(|run| run.join("run.json").is_file()).count();
    while !is_gone(&trial) {
        assert_eq!(begun(), 1, "the next trial began beside it");
        thread::sleep(Duration::from_millis(20));
    }
    kill_all(next);
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_to_go_on_names_the_study_as_it_was_typed() {
    let place = Place::new();
    slow(&place, "[500, 5]");
    let typed = ["sweep", "study", "--jobs", "1", "--set", "seed=2"];
    let driver = place.command(&typed).stdout(std::process::Stdio::piped()).spawn().unwrap();
    trial_of(&place, &driver);
    Command::new("kill").args(["-INT", &driver.id().to_string()]).status().unwrap();
    let ran = crate::harness::Ran::from(driver.wait_with_output().unwrap());
    let said = "go on with `train sweep study --jobs 1 --set seed=2`";
    assert!(ran.code == 130 && ran.stdout.contains(said), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_ends_driver_and_trials_at_once() {
    let place = Place::new();
    slow(&place, "[8000]");
    let mut driver = place.start(&["sweep", "study.toml"]);
    let pid = driver.id().to_string();
    let trial = trial_of(&place, &driver);
    let interrupt = || Command::new("kill").args(["-INT", &pid]).status().unwrap();
    interrupt();
    thread::sleep(Duration::from_millis(500));
    interrupt();
    assert_eq!(driver.wait().unwrap().code(), Some(130));
    thread::sleep(Duration::from_millis(500));
    assert!(is_gone(&trial), "the trial goes on");
}

/// As `timeout` does, which asks the process and then its group.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_that_comes_twice_at_once_is_one() {
    let place = Place::new();
    study(&place, "jobs = 1", RATES);
    for round in 0..5 {
        let driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=4000"]);
        let is_running = |run: &PathBuf| files::is_locked(&run.join("lock")) && run.join("metrics.jsonl").is_file();
        wait_until(|| trials(&place).iter().any(is_running));
        let pid = driver.id().to_string();
        let twice = format!("kill -INT {pid}; kill -INT {pid}");
        assert!(Command::new("sh").args(["-c", &twice]).status().unwrap().success());
        let ran = crate::harness::Ran::from(driver.wait_with_output().unwrap());
        assert_eq!(ran.code, 130, "{round}");
        let begun = trials(&place).into_iter().filter(|run| run.join("run.json").is_file());
        begun.for_each(|run| assert_eq!(record(&run)["state"], "interrupted", "round {round}"));
    }
}

#[test]
fn a_stop_holds_for_a_driver_that_began_before_it_and_for_none_after() {
    let place = Place::new();
    study(&place, "", RATES);
    let runs = Setting::flag("test", "runs", place.path().join("runs").to_str().unwrap());
    let study = Study::read(&place.path().join("study.toml"), &[runs]).unwrap();
    let began = SystemTime::now();
    let open = |began| StudyFolder::open(&study, false, began).unwrap();
    let first = open(began);
    assert!(study_folder::ask_to_stop(first.path()).unwrap() && first.is_stop_asked());
    drop(first);
    assert!(open(began).is_stop_asked());
    assert!(!open(SystemTime::now()).is_stop_asked());
}

#[test]
fn what_a_power_cut_left_of_a_record_is_as_good_as_none() {
    let place = Place::new();
    study(&place, "", RATES);
    let before = (table(&sweep(&place, &[]).ok()), models(&place));
    let [begun, finished, _] = &trials(&place)[..] else { panic!("three trials") };
    for name in ["metrics.jsonl", "metrics.csv", "model.safetensors"] {
        fs::remove_file(begun.join(name)).unwrap();
    }
    fs::remove_dir_all(begun.join("checkpoints")).unwrap();
    fs::write(begun.join("run.json"), "").unwrap();
    fs::write(finished.join("run.json"), &fs::read(finished.join("run.json")).unwrap()[..40]).unwrap();
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    assert!(status.stdout.contains("1 finished, 2 waiting, of 3 trials"), "{}", status.stdout);
    assert_eq!((table(&sweep(&place, &[]).ok()), models(&place)), before);
}

#[cfg(unix)]
#[test]
fn a_stop_saves_and_the_same_command_goes_on() {
    let place = Place::new();
    study(&place, "jobs = 1", RATES);
    let stop = |signal: &dyn Fn(&Child)| {
        let mut driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=400"]);
        let is_running = |run: &PathBuf| files::is_locked(&run.join("lock")) && run.join("metrics.jsonl").is_file();
        wait_until(|| trials(&place).iter().any(is_running));
        signal(&driver);
        assert_eq!(driver.wait().unwrap().code(), Some(130));
    };
    stop(&|driver| assert!(Command::new("kill").arg(driver.id().to_string()).status().unwrap().success()));
    let begun = trials(&place).into_iter().find(|run| run.join("run.json").is_file()).unwrap();
    assert_eq!(record(&begun)["state"], "interrupted");
    stop(&|_| drop(place.train(&["sweep", "stop", "study.toml"]).ok()));
    let ran = place.train(&["sweep", "status", "study.toml"]).ok();
    assert!(ran.stdout.contains("1 interrupted, 2 waiting, of 3 trials"), "{}", ran.stdout);
    place.train(&["sweep", "stop", "study.toml"]).fails(2, "no driver works on the study in `runs/study`");
}

#[cfg(unix)]
#[test]
fn a_study_stopped_within_an_epoch_goes_on_with_fewer_and_comes_to_its_end() {
    let place = Place::new();
    let set = "[set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 20000\n\"model.hidden\" = 300\n\
        \"training.batch_size\" = 16\n";
    let prune = "[prune]\nkind = \"asha\"\nmin_epochs = 2\nreduction_factor = 2\n";
    place.write("study.toml", &format!("base = \"two-layer\"\njobs = 1\n{set}[space]\n{RATES}\n{prune}"));
    let mut driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=60"]);
    wait_until(|| trials(&place).iter().any(|run| run.join("metrics.csv").is_file()));
    thread::sleep(Duration::from_millis(200));
    assert!(Command::new("kill").args(["-INT", &driver.id().to_string()]).status().unwrap().success());
    assert_eq!(driver.wait().unwrap().code(), Some(130));
    // Of the epoch that was begun not all parts have a loss of their own, as epochs of so short a run have.
    let ran = sweep(&place, &["--set", "training.epochs=4"]).ok();
    assert!(!ran.stdout.contains(" 0/4 epochs"), "{}", ran.stdout);
    for run in trials(&place) {
        let numbers: Vec<usize> = folder::read_epochs(&run).unwrap().iter().map(|epoch| epoch.epoch).collect();
        assert!([vec![1, 2], vec![1, 2, 3, 4]].contains(&numbers), "{numbers:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_refused_at_the_start_and_later_costs_nothing_that_was_done() {
    let (place, whole) = (Place::new(), Place::new());
    for place in [&place, &whole] {
        study(place, "repeat = 6", "\"model.hidden\" = [500]");
    }
    let disk = place.path().join("runs");
    fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).output().unwrap().status
    };
    if !mount("size=4m").success() {
        skip("mounting a small disk takes a superuser");
        return;
    }
    let refused = sweep(&place, &[]);
    let is_empty = fs::read_dir(&disk).unwrap().next().is_none();
    // Enough to begin with, and then it fills.
    mount("remount,size=21m");
    let full = sweep(&place, &[]);
    mount("remount,size=99m");
    let ran = sweep(&place, &[]);
    let models_of_full = models(&place);
    Command::new("umount").arg(&disk).status().unwrap();
    let wanted = "`runs/study` has 4.2 MB of free space, a study wants 20 MB; free some, or another output root: `--set runs=FOLDER`";
    refused.fails(2, wanted);
    let said = format!("{}{}", full.stdout, full.stderr);
    assert!(is_empty && full.code == 1 && said.contains("free some space"), "{full:?}");
    assert_eq!(table(&ran), table(&sweep(&whole, &[]).ok()), "{ran:?}");
    assert_eq!(models_of_full, models(&whole));
}
