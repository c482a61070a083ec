//! `train compare`: runs beside each other.

use std::fs;

use serde_json::Value;

use crate::{
    harness::{Place, check_alone, metrics},
    sweep::{RATES, study, sweep},
};

/// Runs with these settings each, two epochs long.
fn trained(runs: &[&[&str]]) -> Place {
    let place = Place::new();
    for settings in runs {
        let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        place.train_small(&[&["linear", "--quiet", "--set", "training.epochs=2"], &settings[..]].concat()).ok();
    }
    place
}

/// `train compare` of all runs there are, the oldest first.
fn compare(place: &Place, arguments: &[&str]) -> crate::harness::Ran {
    let runs: Vec<String> = place.runs().iter().map(|run| run.display().to_string()).collect();
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    place.train(&[&["compare"], &runs[..], arguments].concat())
}

#[test]
fn plans_best_epochs_and_curves_stand_side_by_side() {
    let place = trained(&[&[], &["optimizer.learning_rate=0.01", "training.monitor=accuracy"]]);
    let report = compare(&place, &["--json"]).ok().json();
    let keys: Vec<&str> =
        report["differences"].as_array().unwrap().iter().map(|d| d["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["training.monitor", "optimizer.learning_rate"]);
    assert_eq!(report["differences"][1]["values"], serde_json::json!([1.0, 0.01]));
    let lines: Vec<Value> = place.runs().iter().flat_map(|run| metrics(run)).collect();
    let best = report["runs"][0]["best"]["epoch"].as_u64().unwrap() as usize;
    assert_eq!(report["runs"][0]["best"]["metrics"], lines[best - 1]["valid"]);
    assert_eq!(report["tests"], serde_json::json!([]));
    let shown = compare(&place, &["--html", "compare.html"]).ok().stdout;
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    for part in ["learning_rate", "0.01", "roc auc", "validation loss", "validation accuracy"] {
        assert!(shown.contains(part) && page.contains(part), "{part}: {shown}");
    }
    assert!(shown.contains("Accuracy of each class") && page.contains("Images of what is confused most"), "{shown}");
    assert!(shown.ends_with("\nwritten to `compare.html`\n") && !shown.contains("Over seeds"), "{shown}");
    check_alone(&page);
    for run in place.runs() {
        let way = run.strip_prefix(place.path()).unwrap().join("report.html");
        assert!(page.contains(&format!("<a href=\"{}\">", way.display())), "{}: {page}", way.display());
        let name = run.file_name().unwrap().to_str().unwrap();
        assert!(shown.contains(name), "the folder of a run: {shown}");
    }
    let names = ["learning_rate=1.0", "learning_rate=0.01"];
    for name in names {
        assert!(page.matches(name).count() >= 4, "{name} in both tables and both legends: {page}");
    }
    assert!(page.contains("<b class=\"best\">"), "{page}");
    let best = report["runs"][0]["best"]["metrics"]["accuracy"].as_f64()
        < report["runs"][1]["best"]["metrics"]["accuracy"].as_f64();
    let places = names.map(|name| page.find(name).unwrap());
    assert_eq!(places[1] < places[0], best, "the best comes first");
}

#[cfg(target_os = "linux")]
#[test]
fn in_a_narrow_terminal_a_letter_stands_for_each_run() {
    let place = trained(&[&[], &["optimizer.learning_rate=0.012345678", "seed=1"], &["seed=2"]]);
    let runs: Vec<String> = place.runs().iter().map(|run| run.display().to_string()).collect();
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    let shown = place.in_a_terminal(40, &[&["compare"], &runs[..]].concat()).ok().stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 40), "{shown}");
    for part in
        ["run  A: learning_rate=1.0, seed=", "learning_rate=0.01235, seed=1", "\nmetric  loss\n  A 0.", "  best "]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Their names say all that differs.
    assert!(!shown.contains("Plans") && shown.lines().count() < 130, "{} lines: {shown}", shown.lines().count());
}

#[test]
fn different_losses_have_a_chart_each_and_a_word() {
    let place = trained(&[&[], &["training.loss=binary-cross-entropy"]]);
    let shown = compare(&place, &["--html", "compare.html"]).ok().stdout;
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    for part in ["validation loss, mnist-loss", "validation loss, binary-cross-entropy"] {
        assert!(shown.contains(part) && page.contains(&format!("data-y-name=\"{part}\"")), "{part}: {shown}");
    }
    assert!(page.contains("which are different measures"), "{page}");
    let row = page.split("loss function</th>").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert!(row.contains(">mnist-loss</td>") && row.contains(">binary-cross-entropy</td>"), "{row}");
}

#[test]
fn over_seeds_it_is_said_whether_the_difference_is_more_than_noise() {
    let slow = "optimizer.learning_rate=0.0001";
    let place = trained(&[&[], &["seed=1"], &["seed=2"], &[slow], &[slow, "seed=1"], &[slow, "seed=2"]]);
    let report = compare(&place, &["--json"]).ok().json();
    let accuracies: Vec<f64> =
        (0..3).map(|run| report["runs"][run]["best"]["metrics"]["accuracy"].as_f64().unwrap()).collect();
    assert_eq!(report["groups"][0]["accuracies"], serde_json::json!(accuracies));
    let p = report["tests"][0]["welch"]["p"].as_f64().unwrap();
    let shown = compare(&place, &[]).ok().stdout;
    let verdict = if p < 0.05 { ", more than noise." } else { ", not more than noise." };
    let text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(verdict) && text.contains("Welch's t-test"), "p {p}: {shown}");
    assert!(shown.contains("learning_rate=1.0") && shown.contains('±'), "{shown}");
}

#[test]
fn a_study_stands_for_its_trials() {
    let place = Place::new();
    study(&place, "repeat = 2", "\"model.kind\" = [\"linear\", \"two-layer\"]");
    sweep(&place, &[]).ok();
    let report = place.train(&["compare", "runs/study", "--json"]).ok().json();
    let sizes: Vec<usize> = (0..2).map(|group| report["groups"][group]["runs"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn trials_of_a_study_go_by_their_numbers() {
    let place = Place::new();
    study(&place, "seed = 3", "\"optimizer.learning_rate\" = [0.001, 1.0, 0.01]");
    sweep(&place, &[]).ok();
    let report = place.train(&["compare", "runs/study", "--json"]).ok().json();
    let mut runs: Vec<&Value> = report["runs"].as_array().unwrap().iter().collect();
    let accuracy = |run: &Value| run["best"]["metrics"]["accuracy"].as_f64().unwrap();
    runs.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
    let numbers: Vec<u64> = runs.iter().map(|run| run["trial"].as_u64().unwrap()).collect();
    assert!([1, 2, 3].iter().all(|number| numbers.contains(number)), "{numbers:?}");
    let shown = place.train(&["compare", "runs/study", "--html", "compare.html"]).ok().stdout;
    assert!(shown.contains("3 trials of study compared: trial 2 leads trial "), "{shown}");
    assert!(shown.contains("2: learning_rate=1.0"), "{shown}");
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    for part in [
        ">trial</th>",
        ">2</a></th>",
        "<a href=\"runs/study/report.html\">The page of the study</a>",
        "Evaluate trial 2; train trial 2 and trial ",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let row = page.lines().find(|line| line.contains(">2</a></th>")).unwrap();
    assert!(row.starts_with("<tr data-item=\"2\">"), "as charts know it: {row}");
    // Without one study there are no such numbers.
    place.train_small(&["linear", "--quiet", "--set", "training.epochs=2"]).ok();
    let beside = place.train(&["compare", "runs/study", "latest", "--json"]).ok().json();
    assert!(beside["runs"][0]["trial"].is_null(), "{beside}");
}

#[test]
fn a_trial_that_was_stopped_says_so() {
    let place = Place::new();
    study(&place, "jobs = 1\nprune = \"asha\"", RATES);
    sweep(&place, &[]).ok();
    let shown = place.train(&["compare", "runs/study"]).ok().stdout;
    assert!(shown.contains("1, stopped"), "{shown}");
}

#[test]
fn runs_on_different_data_have_charts_of_their_own() {
    let place = trained(&[&[], &["optimizer.learning_rate=0.01"], &["data.synthetic_seed=1"]]);
    compare(&place, &["--html", "compare.html"]).ok();
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    assert_eq!(page.matches("data-y-name=\"validation accuracy\"").count(), 2, "{page}");
    assert_eq!(page.matches("data-y-name=\"validation loss\"").count(), 2, "{page}");
    assert!(
        page.contains("<p>synthetic</p>") && page.contains(": synthetic_seed=1, learning_rate=1.0 on synthetic</p>"),
        "named: {page}"
    );
    let next = page.split("What next</h2>").nth(1).unwrap();
    assert_eq!(next.matches("evaluate").count(), 2, "the first of each data: {next}");
    assert!(next.contains(", the first of each data; train ") && !next.contains("the best"), "{next}");
}

#[test]
fn a_run_that_had_far_fewer_epochs_is_first_to_be_trained_for_as_many() {
    let place = trained(&[&["training.epochs=6"], &[]]);
    let shown = compare(&place, &["--html", "compare.html"]).ok().stdout;
    let text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    // The same seed: two epochs of the one are those of the other.
    assert!(text.contains("epochs=2 was still getting better; at epoch 2 both have "), "{text}");
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    assert!(page.contains("Train epochs=2 for 6 epochs, as epochs=6 was; evaluate epochs="), "{page}");
    let next = page.split("What next</h2>").nth(1).unwrap();
    assert!(next.find("--resume").unwrap() < next.find("--charts").unwrap(), "{next}");
    // Many runs may be called so: title and table have their folders.
    let title = page.split("<title>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    for (run, name) in place.runs().iter().zip(["epochs=6", "epochs=2"]) {
        let folder = run.file_name().unwrap().to_str().unwrap();
        assert!(title.contains(&format!("{name} ({folder})")), "{title}");
        assert!(page.contains(&format!(">{name}<br/>{folder}</a></th>")), "{page}");
    }
    let resumed = place.runs()[1].display().to_string();
    place.train(&["--resume", &resumed, "--set", "training.epochs=6", "--quiet"]).ok();
}

#[test]
fn what_cannot_be_compared_is_named() {
    let place = trained(&[&[]]);
    let run = place.run();
    let name = run.strip_prefix(place.path()).unwrap().to_str().unwrap();
    place.train(&["compare", "latest"]).fails(2, "a comparison needs two runs or more; `train runs` lists the runs");
    place
        .train(&["compare", name, "latest"])
        .fails(2, &format!("run `{name}` is named twice; a comparison needs different runs"));
    place
        .train(&["compare", "latest", "nowhere"])
        .fails(2, "`nowhere` is no run folder: there is no such folder; `train runs` lists the runs");
    assert_eq!(place.train(&["compare"]).code, 2);
    let empty = place.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fs::copy(run.join("config.toml"), empty.join("config.toml")).unwrap();
    let reason = "it ended, or was killed, before its first epoch; `train --resume empty` goes on";
    for _ in 0..2 {
        place.train(&["compare", "latest", "empty"]).fails(2, &format!("run `empty` has no metrics: {reason}"));
        place.write("empty/metrics.jsonl", "{\"epoch\":1,\"st");
    }
    fs::copy(run.join("run.json"), empty.join("run.json")).unwrap();
    let reason = "it has done 2 epochs, but its metrics.jsonl was removed or emptied";
    place.train(&["compare", "latest", "empty"]).fails(2, &format!("run `empty` has no metrics: {reason}"));
}
