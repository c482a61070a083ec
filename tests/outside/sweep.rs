//! `train sweep`: studies run, stopped, killed, gone on with, extended, refused.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, SystemTime},
};

use crate::harness::{Place, Ran, model, record, wait_until};

const SET: &str = "\
    [set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200\n\
    \"training.batch_size\" = 64\n\"training.epochs\" = 4\n";

/// A study file of these keys and this space.
pub fn study(place: &Place, keys: &str, space: &str) {
    place.write("study.toml", &format!("base = \"two-layer\"\n{keys}\n{SET}[space]\n{space}\n"));
}

const RATES: &str = "\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]";

pub fn sweep(place: &Place, arguments: &[&str]) -> Ran {
    place.train(&[&["sweep", "study.toml"], arguments].concat())
}

/// The trials' run folders.
pub fn trials(place: &Place) -> Vec<PathBuf> {
    let runs = place.runs();
    runs.into_iter().filter(|path| path.join("trial.toml").is_file()).collect()
}

/// What a trial is known by, without what may differ between equal ones: the model's bytes.
fn models(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    trials(place).iter().map(|run| (name(run), model(run))).collect()
}

/// The table at the end without its times.
fn table(ran: &Ran) -> Vec<String> {
    let lines = ran.stdout.lines().skip_while(|line| !line.starts_with('─'));
    let without_time = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "s").unwrap_or(0);
        words
            .iter()
            .enumerate()
            .filter(|(i, _)| at == 0 || (*i != at && *i + 1 != at))
            .map(|(_, word)| *word)
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines.map(without_time).collect()
}

fn written(place: &Place) -> Vec<SystemTime> {
    trials(place).iter().map(|run| fs::metadata(run.join("run.json")).unwrap().modified().unwrap()).collect()
}

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
fn every_trial_is_an_ordinary_run_and_the_best_comes_first() {
    let place = Place::new();
    study(&place, "", RATES);
    let ran = sweep(&place, &[]).ok();
    assert!(ran.stdout.contains("3 finished, of 3 trials"), "{}", ran.stdout);
    let values: Vec<f64> =
        table(&ran)[1..4].iter().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    for run in trials(&place) {
        assert_eq!(record(&run)["state"], "finished");
        place.train(&["evaluate", run.to_str().unwrap()]).ok();
    }
    let without_report = |mut lines: Vec<String>| {
        lines.retain(|line| !line.starts_with("report "));
        lines
    };
    assert_eq!(table(&place.train(&["sweep", "status", "study.toml"]).ok()), without_report(table(&ran)));
    let page = fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    for part in ["Leaderboard", "The best trial", "valid.accuracy against each key", "Curves of", "Importance"] {
        assert!(page.contains(part), "{part}");
    }
    fs::remove_file(place.path().join("runs/study/report.html")).unwrap();
    let ran = place.train(&["sweep", "report", "study.toml"]).ok();
    assert_eq!(
        (ran.stdout.as_str(), fs::read_to_string(place.path().join("runs/study/report.html")).unwrap() == page),
        ("runs/study/report.html\n", true)
    );
    // The best trial's plan is a config: the same run again, with the same model.
    place.train(&["runs/study/best.toml", "--quiet"]).ok();
    let again = place.runs().into_iter().find(|run| run.starts_with(place.path().join("runs/study-best"))).unwrap();
    assert!(models(&place).values().any(|bytes| *bytes == model(&again)));
}

#[test]
fn what_is_finished_is_not_run_again_and_what_is_new_is_added() {
    let place = Place::new();
    study(&place, "", RATES);
    sweep(&place, &[]).ok();
    let before = written(&place);
    sweep(&place, &[]).ok();
    assert_eq!(written(&place), before);
    study(&place, "", "\"optimizer.learning_rate\" = [0.5, 0.01, 0.1, 1.0]");
    let ran = sweep(&place, &[]).ok();
    assert!(ran.stdout.contains("4 finished, of 4 trials"), "{}", ran.stdout);
    let unchanged = written(&place).iter().filter(|time| before.contains(time)).count();
    assert_eq!(unchanged, 3);
    // What was taken out of the study stays where it is and is not counted, and each number is there once.
    study(&place, "", "\"optimizer.learning_rate\" = [1.0, 0.5]");
    let ran = sweep(&place, &[]).ok();
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    for (what, ran) in [("at its end", ran), ("status", status)] {
        let numbers: Vec<String> =
            table(&ran)[1..3].iter().map(|line| line.split(' ').next().unwrap().into()).collect();
        assert!(ran.stdout.contains("2 finished, of 2 trials"), "{what}: {}", ran.stdout);
        assert!(numbers.iter().all(|number| ["1", "2"].contains(&number.as_str())), "{what}: {}", ran.stdout);
    }
}

#[test]
fn a_small_space_has_fewer_trials_than_were_asked_for() {
    for search in ["random", "tpe"] {
        let place = Place::new();
        study(&place, &format!("search = \"{search}\"\ntrials = 5"), "\"model.kind\" = [\"linear\", \"two-layer\"]");
        let ran = sweep(&place, &[]).ok();
        assert!(ran.stdout.contains("2 finished") && trials(&place).len() == 2, "{search}: {}", ran.stdout);
    }
}

#[test]
fn more_seeds_fewer_trials_and_old_values_are_what_the_study_says() {
    let place = Place::new();
    let space = "\"optimizer.learning_rate\" = { log_uniform = [0.01, 1.0] }";
    for (keys, trials) in [("trials = 2\nrepeat = 2", 4), ("trials = 3\nrepeat = 3", 9), ("trials = 1\nrepeat = 3", 3)]
    {
        study(&place, &format!("search = \"tpe\"\n{keys}"), space);
        let ran = sweep(&place, &[]).ok();
        assert!(ran.stdout.contains(&format!("{trials} finished, of {trials} trials")), "{keys}: {}", ran.stdout);
    }
    // Changed and changed back: the values are those of the study as it is, not of the folders that came last.
    let place = Place::new();
    study(&place, "", RATES);
    let before = sweep(&place, &[]).ok();
    sweep(&place, &["--set", "training.batch_size=16"]).ok();
    let again = sweep(&place, &[]).ok();
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    assert_eq!(table(&again), table(&before));
    assert!(table(&before)[1..4].iter().all(|line| table(&status).contains(line)), "{}", status.stdout);
}

#[test]
fn more_epochs_extend_a_trial_to_the_bits_of_a_longer_one() {
    let (short, long) = (Place::new(), Place::new());
    for place in [&short, &long] {
        study(place, "", RATES);
    }
    sweep(&short, &["--set", "training.epochs=2"]).ok();
    sweep(&short, &[]).ok();
    sweep(&long, &[]).ok();
    assert_eq!(models(&short), models(&long));
    assert_eq!(models(&long).len(), 3);
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

#[cfg(unix)]
#[test]
fn a_stop_saves_and_the_same_command_goes_on() {
    let place = Place::new();
    study(&place, "jobs = 1", RATES);
    let stop = |signal: &dyn Fn(&Child)| {
        let mut driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=400"]);
        let is_running =
            |run: &PathBuf| train::files::is_locked(&run.join("lock")) && run.join("metrics.jsonl").is_file();
        wait_until(|| trials(&place).iter().any(is_running));
        signal(&driver);
        assert_eq!(driver.wait().unwrap().code(), Some(130));
    };
    stop(&|driver| assert!(Command::new("kill").arg(driver.id().to_string()).status().unwrap().success()));
    let begun = trials(&place).into_iter().find(|run| run.join("run.json").is_file()).unwrap();
    assert_eq!(record(&begun)["state"], "interrupted");
    stop(&|_| drop(place.train(&["sweep", "stop", "study.toml"]).ok()));
    let ran = place.train(&["sweep", "status", "study.toml"]).ok();
    assert!(ran.stdout.contains("1 paused, 2 waiting, of 3 trials"), "{}", ran.stdout);
    place.train(&["sweep", "stop", "study.toml"]).fails(2, "no driver works on the study in `runs/study`");
}

#[test]
fn a_failure_is_told_at_once_and_the_others_go_on() {
    let place = Place::new();
    study(
        &place,
        "retries = 1\njobs = 1",
        "\"optimizer.learning_rate\" = [1e37, 0.1]\n\"training.loss\" = [\"mean-squared-error\"]",
    );
    let ran = sweep(&place, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.stdout.matches("the training loss became").count(), 2, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("it is tried again") && ran.stdout.contains("1 finished, 1 failed, of 2 trials"),
        "{}",
        ran.stdout
    );
    study(
        &place,
        "name = \"fast\"\nretries = 0\njobs = 1\nfail_fast = 2",
        "\"optimizer.learning_rate\" = [1e37, 2e37, 0.1]\n\"training.loss\" = [\"mean-squared-error\"]",
    );
    let ran = sweep(&place, &[]);
    assert!(ran.code == 1 && ran.stderr.contains("error: the first trials all failed alike: "), "{ran:?}");
    assert!(ran.stdout.contains("2 failed, 1 waiting, of 3 trials"), "{}", ran.stdout);
}

#[test]
fn the_median_rule_stops_what_lags_behind() {
    let place = Place::new();
    let rates = "\"optimizer.learning_rate\" = [0.3, 0.2, 0.1, 1e-9, 1e-8]";
    study(
        &place,
        "jobs = 1\nmetric = \"valid.loss\"",
        &format!("{rates}\n[prune]\nkind = \"median\"\nstartup_trials = 3"),
    );
    let ran = sweep(&place, &["--set", "training.epochs=300"]).ok();
    assert!(ran.stdout.contains("3 finished, 2 pruned, of 5 trials"), "{}", ran.stdout);
}

#[test]
fn what_is_wrong_with_a_study_is_said_before_anything_runs() {
    let place = Place::new();
    let number = "\"optimizer.learning_rate\" = [0.1]";
    let cases = [
        (
            "",
            "\"optimizer.learning_rat\" = [0.1]",
            "study.toml:10: unknown key `optimizer.learning_rat`; did you mean `optimizer.learning_rate`?",
        ),
        ("", "\"optimizer.learning_rate\" = []", "study.toml:10: "),
        (
            "search = \"random\"\ntrials = 2",
            "\"optimizer.learning_rate\" = { log_uniform = [0.0, 1.0] }",
            "study.toml:11: ",
        ),
        ("", "\"optimizer.learning_rate\" = { uniform = [0.0, 1.0] }", "study.toml:10: "),
        (
            "limit = 2",
            "seed = [1, 2, 3]",
            "study.toml:10: 3 trials are more than 2; `--yes` runs them, or raise `limit`",
        ),
        ("metric = \"valid.acuracy\"", number, "did you mean `valid.accuracy`?"),
        (
            "search = \"random\"",
            number,
            "study.toml:1: `trials` is missing: how many points the search tries, such as trials = 20",
        ),
        ("serch = \"random\"", number, "study.toml:2: unknown key `serch`; did you mean `search`?"),
        ("max_time = \"soon\"", number, "expected a time such as \"2h30m\", \"45m\" or \"90s\""),
        ("", "\"model.hidden\" = [10, 0]", "`model.hidden` is 0, expected"),
        ("prune = \"ash\"", number, "study.toml:2: `prune` is \"ash\", expected asha or median; did you mean `asha`?"),
        (
            "",
            "\"training.epochs\" = [1, 2]",
            "study.toml:10: `training.epochs` cannot be in the space: it makes no other run",
        ),
        (
            "",
            "\"data.source\" = [\"synthetic\"]",
            "`data.source` cannot be in the space: the trials of a study share their data",
        ),
        (
            "",
            "\"optimizer.momentum\" = [0, 0.0]",
            "optimizer.momentum=0 and optimizer.momentum=0.0 are the same run; remove one",
        ),
        ("", "\"model.hidden\" = { int = [1, 9], log = true, step = 2 }", "`step` and `log` go with `int` alone"),
        ("", "\"model.hidden\" = { itn = [1, 9] }", "it has `itn`; did you mean `int`?"),
        ("", "optimizer.momentum = [0.5]", "a dotted key of a plan is one key in quotes"),
        ("seeds = [0, 0]", number, "`seeds` is [0, 0], expected different integers from 0 on, one or more"),
        ("seeds = [0]\nrepeat = 2", number, "`repeat` is 2, expected nothing: the study lists its `seeds`"),
        ("search = \"sobol\"\ntrials = 2", "", "`[space]` is missing: the keys that the search chooses values for"),
        ("devices = [0, 7]", number, "study.toml:2: `devices`: "),
        ("backend = \"cuda\"", number, "study.toml:2: `backend`: "),
        ("prune.min_epochs = 2", number, "study.toml:2: `prune.kind` is missing: asha or median"),
    ];
    for (keys, space, message) in cases {
        study(&place, keys, space);
        let ran = sweep(&place, &[]);
        assert!(
            ran.code == 2 && ran.stderr.starts_with("error: ") && ran.stderr.contains(message),
            "{message}: {ran:?}"
        );
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    place.write("study.toml", "# no such base\nbase = \"nope\"\n");
    let ran = sweep(&place, &[]);
    assert!(ran.code == 2 && ran.stderr.starts_with("error: study.toml:2: `base`: nope: no such config"), "{ran:?}");
    assert!(!place.path().join("runs").exists());
    study(&place, "limit = 2", "seed = [1, 2, 3]");
    study(&place, "prune = \"median\"", number);
    sweep(&place, &["--dry-run"]).ok();
    study(&place, "limit = 2", "seed = [1, 2, 3]");
    assert!(sweep(&place, &["--yes", "--dry-run"]).ok().stdout.contains(" 3       seed=3"));
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let place = Place::new();
    study(&place, "", RATES);
    sweep(&place, &["--set", "training.epochs=1"]).ok();
    study(&place, "", "seed = [0, 1]");
    let ran = sweep(&place, &[]);
    let message = "study.toml:1: `runs/study` belongs to another study (valid.accuracy, maximise, grid over optimizer.learning_rate); change `name`";
    ran.fails(2, message);
    place.train(&["sweep", "report", "study.toml"]).fails(2, message);
    place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    study(&place, "name = \"linear\"", RATES);
    sweep(&place, &[]).fails(2, "study.toml:1: `runs/linear` holds what is no trial of a study; change `name`");
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
        println!("skipped: mounting a small disk takes a superuser");
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
    let wanted = "`runs/study` has 4 MB of free space, a study wants 20 MB; free some, or another output root: `--set runs=FOLDER`";
    refused.fails(2, wanted);
    let said = format!("{}{}", full.stdout, full.stderr);
    assert!(is_empty && full.code == 1 && said.contains("free some space"), "{full:?}");
    assert_eq!(table(&ran), table(&sweep(&whole, &[]).ok()), "{ran:?}");
    assert_eq!(models_of_full, models(&whole));
}

#[test]
fn every_shipped_study_runs() {
    let place = Place::new();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    for entry in fs::read_dir(configs.join("sweeps")).unwrap() {
        let path = entry.unwrap().path();
        let small =
            ["data.source=synthetic", "data.synthetic_train=128", "data.synthetic_valid=64", "training.epochs=9"];
        let set: Vec<&str> = small.iter().flat_map(|set| ["--set", set]).collect();
        let ran = place.train(&[&["sweep", path.to_str().unwrap()], &set[..]].concat()).ok();
        assert!(!ran.stdout.contains("failed"), "{}", ran.stdout);
    }
}
