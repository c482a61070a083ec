//! The right words for what was typed nearly right; help in groups; configs and studies by name.

use std::fs;

use crate::harness::Place;

#[test]
fn a_key_as_a_flag_is_named_as_a_setting() {
    let place = Place::new();
    for (typed, setting) in [
        ("--epochs 5", "training.epochs=5"),
        ("linear --lr 0.1", "optimizer.learning_rate=0.1"),
        ("linear --batch-size=64", "training.batch_size=64"),
        ("--seed 3", "seed=3"),
    ] {
        let arguments: Vec<&str> = typed.split(' ').collect();
        let flag = arguments.iter().find(|word| word.starts_with("--")).unwrap().split('=').next().unwrap();
        let message = format!("unexpected argument `{flag}`; did you mean `--set {setting}`?; `--help` has more");
        place.train(&arguments).fails(2, &message);
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_misspelt_command_is_named() {
    let place = Place::new();
    place
        .train(&["evalute", "latest"])
        .fails(2, "there is no command `evalute`; did you mean `evaluate`?; `--help` has more");
    place.train(&["evalute"]).fails(2, "there is no command `evalute`; did you mean `evaluate`?");
    place.train(&["sweep", "reprot"]).fails(2, "there is no command `reprot`; did you mean `report`?");
    place.train(&["linaer"]).fails(2, "linaer: no such config; did you mean `linear`?");
}

#[test]
fn studies_are_found_listed_and_suggested_by_name() {
    let place = Place::new();
    fs::create_dir_all(place.path().join("configs/sweeps")).unwrap();
    let text = "# Which rate?\nbase = \"linear\"\n[set]\n\"data.source\" = \"synthetic\"\n[space]\n\"optimizer.learning_rate\" = [0.1, 1.0]\n";
    place.write("configs/sweeps/rates.toml", text).write("configs/own.toml", "# My own.\nextends = \"linear\"\n");
    for named in ["rates", "rates.toml", "configs/sweeps/rates", "configs/sweeps/rates.toml"] {
        let ran = place.train(&["sweep", named, "--dry-run"]).ok();
        assert!(ran.stdout.contains("optimizer.learning_rate=0.1"), "{ran:?}");
    }
    place.train(&["sweep", "ratse"]).fails(2, "ratse: no such study; did you mean `rates`?");
    place.train(&["sweep", "nothing"]).fails(2, "nothing: no such study; there are rates");
    place.train(&["sweep"]).fails(2, "a study is to be named, or its file; there are rates; `--help` has more");
    let listed = place.train(&["configs", "--json"]).ok().json();
    let names: Vec<&str> = listed["configs"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["base", "linear", "two-layer"]) && names.ends_with(&["own"]), "{names:?}");
    assert_eq!(
        listed["studies"][0],
        serde_json::json!({ "name": "rates", "about": "Which rate?", "path": "configs/sweeps/rates.toml" })
    );
    let shown = place.train(&["configs"]).ok().stdout;
    assert!(shown.contains("The chapter's linear baseline") && shown.contains("My own."), "{shown}");
}

#[test]
fn the_help_groups_its_commands() {
    let place = Place::new();
    for flag in ["--help", "-h"] {
        let help = place.train(&[flag]).ok().stdout;
        let groups =
            ["\nTrain:\n  fit ", "\nUse a model:\n  evaluate ", "\nRuns and their pages:\n  runs ", "\nOptions:\n"];
        for part in groups.into_iter().chain(["Usage: train", "Examples:", "--set <KEY=VALUE>"]) {
            assert!(help.contains(part), "{part}: {help}");
        }
    }
    for (command, example) in [
        ("status", "train sweep status learning-rate"),
        ("report", "train sweep report learning-rate"),
        ("stop", "train sweep stop learning-rate"),
    ] {
        let help = place.train(&["sweep", command, "--help"]).ok().stdout;
        assert!(help.contains("Example") && help.contains(example), "{help}");
    }
    for command in ["note", "tag", "remove", "prune"] {
        let help = place.train(&["runs", command, "--help"]).ok().stdout;
        assert!(help.contains(&format!("train runs {command} ")), "{help}");
    }
}
