//! Odd input: names that are no text or would command a terminal, signals that come twice, runs of the same second, values that
//! are not what they look like. One line, exit 1 or 2, and nothing that is not so.

use std::{fs, path::Path};

use serde_json::Value;

use crate::harness::{Place, Ran, metrics, record, typed};

const LINEAR: &[&str] = &["linear", "--set", "training.epochs=1"];

/// A command's first words, in any order of the rest.
#[track_caller]
fn one_line(ran: &Ran, code: i32) {
    let text = &ran.stderr;
    assert_eq!((ran.code, text.lines().count()), (code, 1), "{ran:?}");
    assert!(text.starts_with("error: ") && !text.contains("panicked"), "{ran:?}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_is_no_text_is_in_json_and_in_commands_to_paste() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, process::Command};
    let place = Place::new();
    for seed in ["seed=1", "seed=2"] {
        place.train_small(&[LINEAR, &["--set", seed]].concat()).ok();
    }
    let odd = place.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::rename(place.path().join("runs"), &odd).unwrap();
    let runs: Vec<_> = fs::read_dir(odd.join("linear")).unwrap().map(|run| run.unwrap().path()).collect();
    let odd_run = |arguments: &[&str], paths: &[&Path]| -> Ran {
        let mut command: Command = place.command(arguments);
        Ran::from(command.args(paths).arg("--json").output().unwrap())
    };
    let listed = odd_run(&["runs", "--runs"], &[&odd]).ok().json();
    assert!(listed[1]["path"].as_str().unwrap().contains("caf\u{fffd}/linear/"), "{listed}");
    let compared = odd_run(&["compare"], &[&runs[0], &runs[1]]).ok().json();
    assert!(compared["runs"][0]["path"].as_str().unwrap().contains("caf\u{fffd}/"), "{compared}");
    let evaluated = odd_run(&["evaluate"], &[&runs[0]]).ok().json();
    assert!(evaluated["run"].as_str().unwrap().contains("caf\u{fffd}/"), "{evaluated}");
    let page = fs::read_to_string(runs[0].join("report.html")).unwrap();
    assert!(typed(&page).contains("train --resume runs/linear/"), "{page}");
    Ran::from(place.command(&["report"]).arg(&runs[0]).output().unwrap()).ok();
    let page = fs::read_to_string(runs[0].join("report.html")).unwrap();
    assert!(typed(&page).contains(r"caf\xe9/linear/"), "{page}");
}

#[test]
fn names_that_would_command_a_terminal_are_shown_and_do_nothing() {
    let place = Place::new();
    place.train_small(LINEAR).ok();
    let name = "\x1b]0;title\x07\x1b[2J\u{9b}1m.png";
    for ran in [
        place.train(&["predict", "latest", name]),
        place.train(&["show", name]),
        place.train(&["evaluate", name]),
        place.train(&[name]),
        place.train(&["--set", &format!("{name}=1")]),
        place.train(&["--set", &format!("name={name}")]),
        place.train(&[&format!("--{name}")]),
        place.train(&["sweep", name]),
        place.train(&["report", "a\nb"]),
        place.train(&["report", "a\n\nb"]),
    ] {
        one_line(&ran, 2);
    }
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/seven.png"), place.path().join(name)).unwrap();
    let shown = place.train(&["predict", "latest", name]).ok().stdout;
    assert!(shown.contains("␛]0;title␇␛[2J") && !shown.contains(['\x1b', '\x07', '\u{9b}']), "{shown}");
    let json = place.train(&["predict", "latest", name, "--json"]).ok();
    assert!(!json.stdout.contains(|c: char| c.is_control() && c != '\n'), "{json:?}");
    assert_eq!(json.json()[0]["path"], name);
}

#[test]
fn what_is_typed_wrong_is_one_line() {
    let place = Place::new();
    for arguments in [
        &["--no-such-flag"][..],
        &["evaluate"],
        &["evaluate", "latest", "--split", "nonsense"],
        &["evaluate", "latest", "--top-losses", "-1"],
        &["tour", "--section", "nan"],
        &["sweep"],
        &["show"],
        &["compare", "latest", "--json", "--json"],
        &["--device", "99999999999999999999999"],
        &["completions", "nonsense"],
    ] {
        one_line(&place.train(arguments), 2);
    }
    assert!(place.train(&["evaluate", "--help"]).ok().stdout.contains("Usage: train evaluate"));
}

#[test]
fn latest_is_the_run_that_began_last() {
    let place = Place::new();
    for round in 0..12 {
        let config = if round % 2 == 0 { "linear" } else { "two-layer" };
        place.train_small(&[config, "--set", "training.epochs=1", "--set", &format!("seed={round}")]).ok();
        let evaluated = place.train(&["evaluate", "latest", "--split", "train", "--json"]).ok();
        let listed = place.train(&["runs", "--json"]).ok().json();
        let last = &listed[0];
        assert_eq!(evaluated.json()["run"], last["path"]);
        let plan = fs::read_to_string(place.path().join(last["path"].as_str().unwrap()).join("config.toml")).unwrap();
        assert!(plan.contains(&format!("seed = {round}\n")), "{listed:#}");
    }
}

#[test]
fn steps_count_from_1_in_every_line() {
    let place = Place::new();
    let set = ["--set", "training.log_steps=true", "--set", "training.accumulate=4", "--set", "training.epochs=2"];
    place.train_small(&[&["linear"][..], &set].concat()).ok();
    let text = fs::read_to_string(place.run().join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<u64> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    // 600 images in batches of 64 are 10, in steps of 4, 4 and 2; then the epoch's line.
    let epoch = |from: u64| [[from; 4], [from + 1; 4], [from + 2; 4]].concat();
    let expected: Vec<u64> = [epoch(1)[..10].to_vec(), vec![3], epoch(4)[..10].to_vec(), vec![6]].concat();
    assert_eq!(steps, expected);
}

#[test]
fn evaluate_says_where_the_data_is_not_the_runs() {
    let place = Place::new();
    place.train_small(LINEAR).ok();
    assert_eq!(place.train(&["evaluate", "latest"]).ok().stderr, "");
    // The same command on a run whose record says another fingerprint.
    let mut changed = record(&place.run());
    let trained_on = std::mem::replace(&mut changed["data"]["fingerprint"], "0".into());
    fs::write(place.run().join("run.json"), changed.to_string()).unwrap();
    let ran = place.train(&["evaluate", "latest"]).ok();
    assert!(ran.stderr.starts_with("warning: the data is not the run's (fingerprint "), "{ran:?}");
    let said = |is_the_runs: bool| {
        let ran = place.train(&["evaluate", "latest", "--json"]).ok();
        assert_eq!(ran.json()["data"]["is_the_runs"], is_the_runs, "{ran:?}");
    };
    said(false);
    assert_eq!(place.train(&["evaluate", "latest", "--data", "synthetic"]).ok().stderr, "");
    changed["data"]["fingerprint"] = trained_on;
    fs::write(place.run().join("run.json"), changed.to_string()).unwrap();
    said(true);
}

#[test]
fn the_range_test_takes_the_plans_steps() {
    let place = Place::new();
    let data =
        ["--set", "data.source=synthetic", "--set", "data.synthetic_train=512", "--set", "data.synthetic_valid=64"];
    let test = |more: &[&str]| -> Value {
        let set: Vec<&str> = more.iter().flat_map(|setting| ["--set", setting]).collect();
        place.train(&[&["lr-find", "linear", "--json", "--backend", "ndarray"][..], &data, &set].concat()).json()
    };
    let losses = |test: &Value| -> Vec<f64> {
        test["curve"].as_array().unwrap().iter().map(|step| step["loss"].as_f64().unwrap()).collect()
    };
    // Two batches of 32 a step are a batch of 64, but for the rounding of sums.
    let [whole, halves] = [&["training.batch_size=64"][..], &["training.batch_size=32", "training.accumulate=2"]]
        .map(|set| losses(&test(set)));
    assert_eq!(whole.len(), halves.len());
    let off = whole.iter().zip(&halves).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-4, "{off}");
    let [free, clipped] = ["training.clip_norm=0.0", "training.clip_norm=1e-6"].map(|set| losses(&test(&[set])));
    let change = |losses: &[f64]| losses.iter().map(|loss| (loss - losses[0]).abs()).fold(0.0, f64::max);
    assert!(change(&clipped) < 1e-2 && change(&free) > 0.1, "{clipped:?} {free:?}");
}

#[test]
fn a_batch_of_one_image_with_features_of_one_pixel_is_refused() {
    let place = Place::new();
    for (split, class) in [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")] {
        let folder = place.path().join("small").join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..if class == "3" && split == "train" { 3 } else { 2 } {
            fs::write(folder.join(format!("{number}.png")), square(8, number * 40)).unwrap();
        }
    }
    let run = |set: &[&str]| {
        let data = ["resnet", "data.source=folder", "data.path=small", "model.channels=2", "training.epochs=1"];
        let settings = data[1..].iter().chain(set).flat_map(|setting| ["--set", setting]);
        place.train(&[data[0]].into_iter().chain(settings).collect::<Vec<_>>())
    };
    let ran = run(&["training.batch_size=1"]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("with 5 training images each batch is one image"), "{ran:?}");
    let ran = run(&["training.batch_size=4"]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("the last batch of an epoch is one image"), "{ran:?}");
    let ran = run(&["training.batch_size=4", "model.kind=simple-cnn"]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("the network has features of 1 x 1"), "{ran:?}");
    assert!(place.runs().is_empty());
    let space = "[space]\n\"training.batch_size\" = [1, 4]\n";
    let set = "\"data.source\" = \"folder\"\n\"data.path\" = \"small\"\n\"model.channels\" = 2";
    let ran =
        place.write("study.toml", &format!("base = \"resnet\"\n[set]\n{set}\n{space}")).train(&["sweep", "study.toml"]);
    one_line(&ran, 2);
    let said = "error: study.toml: `training.batch_size` is 1: with 5 training images each batch is one image";
    assert!(ran.stderr.starts_with(said), "{ran:?}");
    let space = "\"training.batch_size\" = 4\n[space]\n\"model.kind\" = [\"linear\", \"simple-cnn\"]\n";
    let ran =
        place.write("study.toml", &format!("base = \"linear\"\n[set]\n{set}\n{space}")).train(&["sweep", "study.toml"]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("the last batch of an epoch is one image"), "{ran:?}");
    assert!(place.runs().is_empty());
    run(&["training.batch_size=3"]).ok();
    run(&["training.batch_size=1", "model.kind=two-layer"]).ok();
}

/// What a study runs begins anew where its checkpoints are lost, not where the data has been replaced under it.
#[test]
fn a_trial_on_other_data_is_refused_and_keeps_what_it_has() {
    let place = Place::new();
    let image = |split: &str, class: &str| place.path().join("small").join(split).join(class).join("a.png");
    for (split, class) in [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")] {
        fs::create_dir_all(image(split, class).parent().unwrap()).unwrap();
        fs::write(image(split, class), square(8, 40)).unwrap();
    }
    let data = ["--set", "data.source=folder", "--set", "data.path=small", "--set", "training.epochs=2"];
    place.train(&[&["linear"], &data[..]].concat()).ok();
    let run = place.run();
    let before = metrics(&run);
    fs::write(image("train", "3"), square(8, 200)).unwrap();
    let ran = place.train(&["trial", run.to_str().unwrap()]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("it was trained on other data (fingerprint "), "{ran:?}");
    assert_eq!(metrics(&run), before);
}

/// A grey square image as PNG.
fn square(side: u32, grey: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![grey; (side * side) as usize]).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn an_unquoted_key_of_a_studys_set_is_told_as_one_of_its_space() {
    let place = Place::new();
    place.write(
        "study.toml",
        "base = \"linear\"\n[set]\ntraining.epochs = 5\n[space]\n\"optimizer.learning_rate\" = [0.1]\n",
    );
    place.train(&["sweep", "study.toml"]).fails(
        2,
        "study.toml:3: `set.training` is a table, expected a value; a dotted key of a plan is one key in quotes: \"training.epochs\"",
    );
}

#[test]
fn a_number_in_place_of_a_text_can_be_quoted_in_a_study_too() {
    let place = Place::new();
    let space = "[space]\n\"optimizer.learning_rate\" = [0.1]\n";
    place.write("study.toml", &format!("base = \"linear\"\n[set]\n\"data.path\" = 2024_11\n{space}"));
    let expected = "expected a string; for the text, quote it: \"2024_11\"";
    place.train(&["sweep", "study.toml"]).fails(2, &format!("study.toml:3: `data.path` is 2024_11, {expected}"));
    place.write("study.toml", &format!("base = 1_1\n{space}"));
    let expected = "expected a string, the path of a config or the name of one; for the text, quote it: \"1_1\"";
    place.train(&["sweep", "study.toml"]).fails(2, &format!("study.toml:1: `base` is 1_1, {expected}"));
}

#[test]
fn a_number_that_f32_rounds_out_of_range_is_refused_in_a_study_too() {
    let place = Place::new();
    place.write("study.toml", "base = \"linear\"\n[space]\n\"optimizer.beta_2\" = [0.999, 0.99999999]\n");
    place.train(&["sweep", "study.toml"]).fails(
        2,
        "study.toml:3: `optimizer.beta_2` is 0.99999999, expected a number at least 0 and below 1; \
         in f32, in which backends compute, it is 1",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_refused() {
    let place = Place::new();
    place.train_small(LINEAR).ok();
    for (arguments, code) in [
        (&["/dev/zero"][..], 2),
        (&["data", "/dev/full"], 2),
        (&["sweep", "/dev/zero"], 2),
        (&["sweep", "status", "/dev/zero"], 2),
        (&["predict", "latest", "/dev/zero"], 2),
        (&["show", "/dev/zero"], 2),
    ] {
        let ran = place.train(arguments);
        one_line(&ran, code);
        assert!(ran.stderr.contains("it has more than "), "{ran:?}");
    }
}

#[test]
fn a_study_of_more_trials_than_there_is_memory_is_refused() {
    let place = Place::new();
    let list = |from: usize| (from..from + 1100).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let space = format!("seed = [{}]\n\"model.hidden\" = [{}]", list(0), list(1));
    let text = format!("base = \"two-layer\"\n[set]\n\"data.source\" = \"synthetic\"\n[space]\n{space}\n");
    let ran = place.write("study.toml", &text).train(&["sweep", "study.toml", "--yes"]);
    one_line(&ran, 2);
    assert!(ran.stderr.contains("trials are more than a study can have, 1000000"), "{ran:?}");
}

#[test]
fn what_is_wrong_at_the_top_of_a_study_is_a_line_with_its_place() {
    let place = Place::new();
    let space = "[space]\n\"optimizer.learning_rate\" = [0.1]\n";
    for (text, said) in [
        ("set = 3\n".to_owned(), "study.toml:2: `set` is 3, expected a table, [set] with keys below it"),
        ("trials = 0\n".to_owned() + space, "study.toml:2: `trials` is 0, expected nothing: a grid has all its points"),
        (
            format!("threads_per_trial = 99999\n{space}"),
            "study.toml:2: `threads` is 99999, expected an integer from 0 to 1024",
        ),
        (
            format!("[set]\n\"extends\" = \"linear\"\n{space}"),
            "study.toml:3: unknown key `extends`; only a config extends another, and a study names its `base`",
        ),
        (
            format!("[set]\n\"backend\" = \"cuda\"\n{space}"),
            "study.toml:3: `backend`: backend `cuda` is not compiled in",
        ),
    ] {
        let ran = place.write("study.toml", &format!("base = \"linear\"\n{text}")).train(&["sweep", "study.toml"]);
        assert!(ran.stderr.starts_with(&format!("error: {said}")), "{ran:?}");
        one_line(&ran, 2);
    }
}

#[test]
fn a_record_of_more_epochs_than_there_can_be_is_damaged() {
    let place = Place::new();
    let set = "[set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 64\n\"training.epochs\" = 1\n";
    place.write("study.toml", &format!("base = \"linear\"\n{set}[space]\n\"optimizer.learning_rate\" = [0.1, 1.0]\n"));
    place.train(&["sweep", "study.toml"]).ok();
    let path = place.runs()[0].join("run.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"epochs_done\": 1", &format!("\"epochs_done\": {}", u64::MAX))).unwrap();
    place.train(&["sweep", "report", "study.toml"]).ok();
    place.train(&["sweep", "study.toml"]).ok();
    assert_eq!(record(&place.runs()[0])["epochs_done"], 1);
}
