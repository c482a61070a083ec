//! The right words for what was typed nearly right; help in groups; configs and studies by name; narrow terminals.

use std::fs;

use crate::harness::{Place, SMALL};

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
fn a_config_that_its_name_finds_goes_by_its_name_in_a_folder_of_configs_too() {
    let place = Place::new();
    fs::create_dir(place.path().join("configs")).unwrap();
    let shipped =
        |name: &str| fs::read_to_string(format!("{}/../configs/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for name in ["base", "linear"] {
        place.write(&format!("configs/{name}.toml"), &shipped(name));
    }
    place.write("configs/own.toml", "extends = \"linear\"\n");
    for typed in ["linaer", "configs/linaer.toml"] {
        place.train(&[typed]).fails(2, &format!("{typed}: no such config; did you mean `linear`?"));
    }
    let others = "two-layer, resnet, resnet-augmented, mnist-linear, mnist-two-layer, mnist-simple-cnn, mnist, mnist-augmented, \
                  mnist-best, cifar-10, cifar-10-best, folder";
    place
        .train(&["fit", "transformer"])
        .fails(2, &format!("transformer: no such config; there are base, linear, own, {others}"));
    // A name that finds the same anywhere, one that does so here alone, and one that has been changed.
    let config = |typed: &str| {
        let ran = place.train_small(&[typed, "--set", "training.epochs=1"]).ok();
        ran.stdout.lines().find_map(|line| line.strip_prefix("config   ")?.split(' ').next()).unwrap().to_owned()
    };
    assert_eq!(["linear", "own"].map(config), ["linear", "configs/own.toml"]);
    place.write("configs/linear.toml", &(shipped("linear") + "# Changed.\n"));
    assert_eq!(config("linear"), "configs/linear.toml");
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
    place.train(&["sweep", "ratse"]).fails(
        2,
        "ratse: no such study: no file, none of that name in `configs/sweeps`, and none is built in; did you mean `rates`?",
    );
    let all = "there are hidden, learning-rate, mnist, models, optimizer-schedule, seeds, tpe, rates";
    place.train(&["sweep", "nothing"]).fails(
        2,
        &format!("nothing: no such study: no file, none of that name in `configs/sweeps`, and none is built in; {all}"),
    );
    place.train(&["sweep"]).fails(2, &format!("a study is to be named, or its file; {all}; `--help` has more"));
    place.write("near.toml", text).write("Cargo.toml", "[package]\nname = \"near\"\n");
    let none = "no such study: no file, none of that name in `configs/sweeps`, and none is built in";
    place.train(&["sweep", "configs/sweeps/nothing"]).fails(2, &format!("configs/sweeps/nothing: {none}; {all}"));
    place.train(&["sweep", "neer"]).fails(2, &format!("neer: {none}; did you mean `near`?"));
    place.train(&["sweep", "nothing"]).fails(2, &format!("nothing: {none}; {all}, near"));
    let listed = place.train(&["configs", "--json"]).ok().json();
    let names: Vec<&str> = listed["configs"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["base", "linear", "two-layer"]) && names.ends_with(&["own"]), "{names:?}");
    assert_eq!(
        listed["studies"][7],
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

#[test]
fn a_study_that_is_built_in_runs_in_an_empty_folder_and_is_named_by_that_of_its_trials() {
    let place = Place::new();
    let sets = [SMALL, &["--set", "training.epochs=1"]].concat();
    let sweep = |arguments: &[&str]| place.train(&[&["sweep"], arguments, &sets].concat()).ok().stdout;
    let planned = sweep(&["seeds", "--dry-run"]);
    assert!(planned.contains("model.kind=linear seed=0") && place.runs().is_empty(), "{planned}");
    sweep(&["learning-rate"]);
    for named in ["learning-rate", "learning-rate.toml", "runs/learning-rate", "runs/learning-rate/"] {
        let status = sweep(&["status", named]);
        let head = "study    learning-rate, 6 trials\nbackend  ";
        assert!(status.starts_with(head) && status.contains("6 finished, of 6 trials"), "{named}: {status}");
        for part in [
            "\ndata     synthetic\nset      data.source=synthetic, ",
            "\nruns     runs/learning-rate\ndrivers  none at work\n",
        ] {
            assert!(status.contains(part), "{part}: {status}");
        }
    }
    place.train(&["evaluate", "best:learning-rate"]).ok();
}

/// Lines as wide as the terminal at most, but for a word that is wider.
#[cfg(target_os = "linux")]
#[track_caller]
fn check_fits(text: &str, columns: usize) {
    for line in text.lines() {
        let is_one_word = line.split_whitespace().count() == 1 && !line.starts_with(' ');
        assert!(line.chars().count() <= columns || is_one_word, "{line:?} of {text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn all_that_is_listed_fits_a_narrow_terminal_and_no_word_is_broken() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    let image = "a-picture-of-a-seven-with-a-very-long-name.png";
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/seven.png"), place.path().join(image)).unwrap();
    let set = ["--set", "data.source=synthetic", "--set", "data.synthetic_train=200"];
    for arguments in [
        &["predict", "latest", image, "--top", "2"][..],
        &[&["data"], &set[..]].concat(),
        &[&["baseline"], &set[..]].concat(),
        &[&["summary", "resnet"], &set[..]].concat(),
        &["backends"],
        &["configs"],
        &["runs"],
        &["evaluate", "latest"],
        &["sweep", "status", "learning-rate"],
        &["sweep", "learning-rate", "--dry-run"],
        &["--help"],
        &["runs", "--help"],
        &["sweep", "--help"],
    ] {
        for columns in [40, 80] {
            check_fits(&place.in_a_terminal(columns, arguments).ok().stdout, columns);
        }
    }
    let shown = place.in_a_terminal(40, &["predict", "latest", image]).ok().stdout;
    assert!(shown.contains(&format!("\nimage\n{image}\n  label ")), "{shown}");
    let help = place.in_a_terminal(40, &["--help"]).ok().stdout;
    assert!(help.contains("\n  train\n    # the chapter's two-layer net\n"), "{help}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_table_in_a_pipe_fits_the_terminal_beside_it_and_in_a_file_each_row_is_a_line() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=1", "--set", "optimizer.weight_decay=0.001"]).ok();
    let lists = [&["runs"][..], &["configs"], &["backends"], &["sweep", "learning-rate", "--dry-run"]];
    for arguments in lists {
        for columns in [40, 80] {
            for pipe in ["| cat", "2>&1 | cat"] {
                let piped = place.in_a_shell(columns, arguments, |train| format!("{train} {pipe}")).ok().stdout;
                check_fits(&piped, columns);
                assert_eq!(piped, place.in_a_terminal(columns, arguments).ok().stdout, "{arguments:?}");
            }
        }
    }
    let is_row = |line: &str| line.contains("finished") && line.contains("training.epochs=1") && line.contains("1/1");
    place.in_a_shell(40, &["runs"], |train| format!("{train} > listed.txt")).ok();
    let file = fs::read_to_string(place.path().join("listed.txt")).unwrap();
    let alone = place.train(&["runs"]).ok().stdout;
    assert!(file.lines().any(is_row) && alone.lines().any(is_row), "{file}{alone}");
    let data = ["data", "--set", "data.source=synthetic", "--set", "data.synthetic_train=200"];
    let piped = place.in_a_shell(40, &data, |train| format!("{train} | cat")).ok().stdout;
    assert!(
        piped.lines().any(|line| line.starts_with("fingerprint  ") && line.len() > 40),
        "a line to be searched for: {piped}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_longer_than_a_line_is_broken_behind_a_slash_in_a_terminal_alone() {
    let place = Place::new();
    let train = [SMALL, &["linear", "--set", "training.epochs=1", "--set", "name=a-long-name-of-a-run"]].concat();
    let shown = place.in_a_terminal(40, &train).ok().stdout;
    let id = place.run().file_name().unwrap().to_string_lossy().into_owned();
    let broken = format!("report   runs/a-long-name-of-a-run/\n         {id}/report.html\n");
    assert!(shown.contains(&broken), "{shown}");
    let piped = place.in_a_shell(40, &["report", "latest"], |train| format!("{train} | cat")).ok().stdout;
    assert!(piped.contains(&format!("runs/a-long-name-of-a-run/{id}/report.html\n")), "{piped}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_star_in_a_narrow_table_is_explained_above_it() {
    let place = Place::new();
    let ran = place.in_a_terminal(40, &[SMALL, &["linear", "--set", "training.epochs=1"]].concat()).ok();
    assert!(ran.stdout.contains("* the best so far"), "{ran:?}");
}
