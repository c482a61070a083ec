//! `train sweep`: studies run, extended, pruned, and their trials' failures.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::harness::{Place, Ran, model, record};

const SET: &str = "\
    [set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200\n\
    \"training.batch_size\" = 64\n\"training.epochs\" = 4\n";

/// A study file of these keys and this space.
pub fn study(place: &Place, keys: &str, space: &str) {
    place.write("study.toml", &format!("base = \"two-layer\"\n{keys}\n{SET}[space]\n{space}\n"));
}

pub const RATES: &str = "\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]";

pub fn sweep(place: &Place, arguments: &[&str]) -> Ran {
    place.train(&[&["sweep", "study.toml"], arguments].concat())
}

/// The trials' run folders.
pub fn trials(place: &Place) -> Vec<PathBuf> {
    let runs = place.runs();
    runs.into_iter().filter(|path| path.join("trial.toml").is_file()).collect()
}

/// What a trial is known by, without what may differ between equal ones: the model's bytes.
pub fn models(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    trials(place).iter().map(|run| (name(run), model(run))).collect()
}

/// The table at the end without its times.
pub fn table(ran: &Ran) -> Vec<String> {
    // The line below the headings is as long as the times are wide.
    let lines = ran.stdout.lines().skip_while(|line| !line.starts_with('─')).skip(1);
    let without_time = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| ["s", "ms"].contains(word)).unwrap_or(0);
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

#[test]
fn every_trial_is_an_ordinary_run_and_the_best_comes_first() {
    let place = Place::new();
    study(&place, "", RATES);
    let ran = sweep(&place, &[]).ok();
    assert!(ran.stdout.contains("3 finished, of 3 trials"), "{}", ran.stdout);
    // One key is held against no other.
    assert!(!ran.stdout.contains("each key explains") && !ran.stdout.contains("too few"), "{}", ran.stdout);
    let values: Vec<f64> =
        table(&ran)[..3].iter().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    for run in trials(&place) {
        assert_eq!(record(&run)["state"], "finished");
        place.train(&["evaluate", run.to_str().unwrap()]).ok();
    }
    let without_report = |mut lines: Vec<String>| {
        lines.retain(|line| {
            !["best", "model", "config", "report"].iter().any(|name| line.starts_with(&format!("{name} ")))
        });
        lines
    };
    assert_eq!(table(&place.train(&["sweep", "status", "study.toml"]).ok()), without_report(table(&ran)));
    let best = &trials(&place)[0];
    let named = |name: &str| ran.stdout.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(named("best     trial ").contains(": valid.accuracy 0."), "{}", ran.stdout);
    let exported = place.path().join(named("model    ").trim_start_matches("model").trim());
    assert!(exported.is_file() && exported.parent().unwrap().parent() == best.parent(), "{}", ran.stdout);
    assert_eq!(named("config   "), "config   runs/study/best.toml");
    let page = fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    for part in ["Leaderboard", "The best trial", "valid.accuracy against each key", "Curves of"] {
        assert!(page.contains(part), "{part}");
    }
    // Where chance may have put the second there, it is trained again too, under a name of its own.
    let again = ["within chance, and other seeds may turn it round", "again with another seed", "name=study-"];
    assert_eq!(again.map(|part| page.contains(part)), [true; 3], "{page}");
    // The best trial has a page at once, the others of the leaderboard after `sweep report`; each leads back.
    let with_page = |run: &PathBuf| run.join("report.html").is_file();
    let best = exported.parent().unwrap().to_path_buf();
    assert!(
        with_page(&best) && page.contains(&format!("<a href=\"{}/report.html\">", best.file_name().unwrap().display()))
    );
    place.train(&["sweep", "report", "study.toml"]).ok();
    let page = fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    assert!(trials(&place).iter().all(with_page) && page.contains(">Its page</a>"));
    for run in trials(&place) {
        assert!(page.contains(&format!("<a href=\"{}/report.html\">", run.file_name().unwrap().display())));
        assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("<a href=\"../report.html\">"));
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
    let dry = sweep(&place, &["--dry-run"]).ok().stdout;
    assert!(dry.contains(" 1       new        optimizer.learning_rate=0.5\n 2       finished   "), "{dry}");
    assert!(dry.ends_with("\n3 finished, 1 waiting, of 4 trials\n"), "{dry}");
    let ran = sweep(&place, &[]).ok();
    assert!(ran.stdout.contains("4 finished, of 4 trials"), "{}", ran.stdout);
    let unchanged = written(&place).iter().filter(|time| before.contains(time)).count();
    assert_eq!(unchanged, 3);
    // What was taken out of the study stays where it is and is not counted, and each number is there once.
    study(&place, "", "\"optimizer.learning_rate\" = [1.0, 0.5]");
    let ran = sweep(&place, &[]).ok();
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    for (what, ran) in [("at its end", ran), ("status", status)] {
        let numbers: Vec<String> = table(&ran)[..2].iter().map(|line| line.split(' ').next().unwrap().into()).collect();
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
    let status = place.train(&["sweep", "status", "study.toml", "--set", "training.batch_size=16"]).ok();
    let others = "nothing done yet, of 3 trials\nruns/study has 3 trials beside these, of other values or another";
    assert!(status.stdout.contains(others), "{}", status.stdout);
    sweep(&place, &["--set", "training.batch_size=16"]).ok();
    let again = sweep(&place, &[]).ok();
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    assert_eq!(table(&again), table(&before));
    assert!(table(&before)[..3].iter().all(|line| table(&status).contains(line)), "{}", status.stdout);
}

#[test]
fn a_study_is_looked_at_as_it_was_run_last() {
    let place = Place::new();
    study(&place, "", RATES);
    let set = ["--set", "training.batch_size=16"];
    sweep(&place, &set).ok();
    for named in ["study.toml", "runs/study"] {
        let status = place.train(&["sweep", "status", named]).ok().stdout;
        assert!(status.contains("set      training.batch_size=16\n"), "{status}");
        assert!(status.contains("3 finished, of 3 trials"), "{status}");
    }
    let page = || fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    place.train(&["sweep", "report", "study.toml"]).ok();
    let before = page();
    assert!(before.contains("<dt>trials</dt><dd>3</dd><dd class=\"note\">3 finished</dd>"), "{before}");
    let other = place.train(&["sweep", "report", "study.toml", "--set", "training.batch_size=32"]);
    other.fails(2, "`runs/study` has no trial of these values: it was run with another `--set`, `[set]` or base");
    assert_eq!(page(), before, "no page without trials in its place");
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
fn a_trial_that_stopped_early_is_done_also_where_more_epochs_are_asked_for() {
    let place = Place::new();
    study(&place, "", RATES);
    let early = ["--set", "early_stopping.patience=1", "--set", "early_stopping.min_delta=10.0"];
    let before = sweep(&place, &early).ok();
    assert!(before.stdout.contains("2/4 epochs"), "{}", before.stdout);
    let more = sweep(&place, &[&early[..], &["--set", "training.epochs=8"]].concat()).ok();
    assert_eq!(table(&more), table(&before));
}

#[test]
fn more_epochs_are_still_to_do_and_with_asha_one_trial_at_least_does_them() {
    let place = Place::new();
    study(&place, "jobs = 1\nprune = \"asha\"", RATES);
    let ran = sweep(&place, &[]).ok();
    assert!(ran.stdout.contains("1 finished, 2 stopped early by ASHA, of 3 trials"), "{}", ran.stdout);
    let live: Vec<&str> = ran.stdout.lines().take_while(|line| !line.is_empty()).collect();
    let is_live = |how: &str| live.iter().any(|line| line.contains(how));
    assert!(is_live("  paused  ") && !is_live("stopped early"), "what may be promoted yet: {live:?}");
    let states = place.train(&["runs", "--trials"]).ok().stdout;
    assert_eq!(
        (states.matches("  stopped early  ").count(), states.matches("  finished  ").count()),
        (2, 1),
        "{states}"
    );
    let longer = ["--set", "training.epochs=10"];
    for arguments in [&["sweep", "study.toml", "--dry-run"][..], &["sweep", "status", "study.toml"]] {
        let ran = place.train(&[arguments, &longer].concat()).ok();
        assert!(ran.stdout.contains("2 stopped early by ASHA, 1 waiting, of 3 trials"), "{}", ran.stdout);
    }
    let ran = sweep(&place, &longer).ok();
    assert!(
        ran.stdout.contains("10/10 epochs") && ran.stdout.contains("1 finished, 2 stopped early by ASHA"),
        "{}",
        ran.stdout
    );
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
    assert_eq!(ran.stdout.matches("       the training loss became").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("\ntrial 1 failed: the training loss became NaN"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("it is tried again") && ran.stdout.contains("1 finished, 1 failed, of 2 trials"),
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
fn a_page_has_all_trials_in_the_columns_of_its_leaderboard_and_tells_those_that_are_not_finished() {
    let place = Place::new();
    let rates: Vec<String> = (1..=12).map(|n| format!("{}", f64::from(n) / 10.0)).collect();
    let space = format!("\"optimizer.learning_rate\" = [{}]\n\"optimizer.momentum\" = [0.0]", rates.join(", "));
    let prune = "[prune]\nkind = \"asha\"\nmin_epochs = 1\nreduction_factor = 2\n";
    study(&place, "metric = \"valid.loss\"", &format!("{space}\n{prune}"));
    let ran = sweep(&place, &[]).ok();
    let more = "the best 10 of 12 points; `train sweep report study.toml` has more, `train sweep status study.toml --json` all";
    assert!(ran.stdout.contains(more), "{}", ran.stdout);
    place.train(&["sweep", "report", "study.toml"]).ok();
    let page = fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    let (before, fold) = page.split_once("All 12 trials</summary>").unwrap();
    let fold = &fold[..fold.find("</details>").unwrap()];
    let head = |text: &str| text.rsplit_once("<thead>").unwrap().1.split_once("</thead>").unwrap().0.to_owned();
    assert_eq!(head(fold), head(before));
    assert_eq!((fold.matches("<tr data-item").count(), fold.matches("/report.html\">").count()), (12, 10));
    assert!(fold.contains("writes the pages of the others"), "{fold}");
    // In the curves and over parallel axes.
    for told in ["data-name=\"not finished\"", "stroke-dasharray=\"5 4\"/></svg><span>not finished</span>"] {
        assert!(page.contains(told), "{told}");
    }
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
fn a_trial_that_was_stopped_is_whole_in_a_study_of_as_many_epochs() {
    let place = Place::new();
    let rates = "\"optimizer.learning_rate\" = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]";
    let prune = "[prune]\nkind = \"asha\"\nmin_epochs = 1\nreduction_factor = 2\n";
    study(&place, "jobs = 1\nmetric = \"valid.loss\"", &format!("{rates}\n{prune}"));
    sweep(&place, &[]).ok();
    let after_two = |ran: Ran| -> Vec<String> {
        let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let trials = told["trials"].as_array().unwrap().iter().filter(|trial| trial["epochs"] == 2);
        trials.map(|trial| trial["state"].as_str().unwrap().to_owned()).collect()
    };
    let status = ["sweep", "status", "study.toml", "--json"];
    let stopped = after_two(place.train(&status).ok());
    assert!(!stopped.is_empty() && stopped.iter().all(|state| state == "stopped early"), "{stopped:?}");
    let shorter = place.train(&[&status[..], &["--set", "training.epochs=2"]].concat()).ok();
    assert_eq!(after_two(shorter), vec!["finished"; stopped.len()]);
}

#[test]
fn a_trial_whose_patience_ran_out_with_its_last_epoch_does_not_go_on() {
    let place = Place::new();
    study(&place, "", "\"model.hidden\" = [5]\n");
    let impatient = ["--set", "early_stopping.patience=1", "--set", "early_stopping.min_delta=9"];
    sweep(&place, &[&impatient[..], &["--set", "training.epochs=2"]].concat()).ok();
    let ran = sweep(&place, &[&impatient[..], &["--set", "training.epochs=4"]].concat()).ok();
    assert!(ran.stdout.contains("1 finished, of 1 trials"), "{}", ran.stdout);
    assert_eq!(record(&trials(&place)[0])["epochs_done"], 2);
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

#[test]
fn a_trial_that_lost_its_checkpoints_or_its_record_is_no_failure() {
    let (place, whole) = (Place::new(), Place::new());
    let space = "\"optimizer.learning_rate\" = [0.1, 1.0]\n";
    for place in [&place, &whole] {
        study(place, "", space);
        sweep(place, &[]).ok();
    }
    let [first, second] = [0, 1].map(|place_of| trials(&place)[place_of].clone());
    fs::read_dir(first.join("checkpoints")).unwrap().for_each(|entry| fs::write(entry.unwrap().path(), "x").unwrap());
    fs::remove_file(second.join("trial.toml")).unwrap();
    sweep(&place, &[]).ok();
    for place in [&place, &whole] {
        sweep(place, &["--set", "training.epochs=5"]).ok();
    }
    assert!(models(&place) == models(&whole), "a trial begun anew comes to the same");
}

#[test]
fn a_study_at_work_has_a_page_that_comes_anew() {
    let place = Place::new();
    study(&place, "jobs = 1", RATES);
    let mut driver = place.start(&["sweep", "study.toml", "--set", "training.epochs=4000"]);
    let page = place.path().join("runs/study/report.html");
    let text = || fs::read_to_string(&page).unwrap_or_default();
    crate::harness::wait_until(|| text().contains("data-every"));
    driver.kill().unwrap();
    driver.wait().unwrap();
    place.train(&["sweep", "report", "study.toml", "--set", "training.epochs=4000"]).ok();
    assert!(!text().contains("data-every"));
}

#[test]
fn each_trial_has_a_page_where_that_is_asked_for() {
    let place = Place::new();
    let space = "\"optimizer.learning_rate\" = { log_uniform = [0.01, 1.0] }";
    study(&place, "search = \"random\"\ntrials = 12", space);
    sweep(&place, &["--set", "training.epochs=1"]).ok();
    let pages = || trials(&place).iter().filter(|run| run.join("report.html").is_file()).count();
    let report = ["sweep", "report", "study.toml", "--set", "training.epochs=1"];
    place.train(&report).ok();
    let study_page = || fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    assert!(pages() < 12 && study_page().contains("sweep</span> <span class=\"argument\">report"), "{}", study_page());
    place.train(&[&report[..], &["--pages"]].concat()).ok();
    let page = study_page();
    let is_linked =
        |run: &PathBuf| page.contains(&format!("<a href=\"{}/report.html\">", run.file_name().unwrap().display()));
    assert!(pages() == 12 && trials(&place).iter().all(is_linked), "{page}");
}
