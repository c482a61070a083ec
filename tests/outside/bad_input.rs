//! Nonsense in: exit 2 with one line that says what, where and how to mend it, before anything is fetched or written.

use crate::harness::{Place, Ran};

/// Runs the program on a config with this text, which is to fail before anything happens.
#[track_caller]
fn refused(text: &str) -> Ran {
    refused_with(&["mine.toml"], text)
}

#[track_caller]
fn refused_with(arguments: &[&str], text: &str) -> Ran {
    let place = Place::new();
    let ran = place.write("mine.toml", text).train(arguments);
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.toml"], "nothing is fetched and nothing written: {ran:?}");
    ran
}

#[test]
fn an_unknown_key_names_file_line_and_the_nearest_key() {
    refused("[training]\n\nepoch = 3\n")
        .fails(2, "mine.toml:3: unknown key `training.epoch`; did you mean `training.epochs`?");
}

#[test]
fn a_wrong_type_names_what_was_expected() {
    refused("[training]\nepochs = \"three\"\n")
        .fails(2, "mine.toml:2: `training.epochs` is \"three\", expected an integer from 1 to 1000000");
}

#[test]
fn values_out_of_range_name_the_range() {
    refused("[training]\nbatch_size = 0\n")
        .fails(2, "mine.toml:2: `training.batch_size` is 0, expected an integer from 1 to 1000000");
    refused("[model]\nhidden = 0\n").fails(2, "mine.toml:2: `model.hidden` is 0, expected an integer from 1 to 65536");
    refused("[training]\nepochs = 0\n")
        .fails(2, "mine.toml:2: `training.epochs` is 0, expected an integer from 1 to 1000000");
    for rate in ["nan", "-0.1", "0.0", "inf"] {
        let ran = refused(&format!("[optimizer]\nlearning_rate = {rate}\n"));
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with("error: mine.toml:2: `optimizer.learning_rate` is "), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn an_unknown_choice_lists_the_choices() {
    refused("[model]\nkind = \"lineer\"\n").fails(
        2,
        "mine.toml:2: `model.kind` is \"lineer\", expected linear, two-layer, resnet or simple-cnn; did you mean `linear`?",
    );
}

#[test]
fn settings_on_the_command_line_are_checked_alike() {
    refused_with(&["--set", "training.epochs=0"], "")
        .fails(2, "--set training.epochs=0: `training.epochs` is 0, expected an integer from 1 to 1000000");
    refused_with(&["--backend", "tpu"], "").fails(
        2,
        "--backend tpu: `backend` is \"tpu\", expected auto, ndarray, flex, wgpu, tch-cpu, tch-cuda, tch-mps or cuda",
    );
}

#[test]
fn a_missing_config_is_named() {
    let ran = refused_with(&["linaer.toml"], "");
    ran.fails(2, "linaer.toml: no such config; did you mean `linear`?");
}

#[test]
fn a_circular_extends_shows_the_circle() {
    let ran = refused("extends = \"mine.toml\"\n");
    ran.fails(2, "mine.toml:1: circular `extends`: mine.toml -> mine.toml");
}

#[test]
fn broken_toml_names_line_and_column() {
    let ran = refused("[training\nepochs = 3\n");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.starts_with("error: mine.toml:1:"), "{ran:?}");
}

#[test]
fn all_unknown_keys_are_told_at_once() {
    let ran = refused("nmae = \"a\"\n[data]\nsuorce = \"auto\"\n");
    assert_eq!(ran.stderr.lines().count(), 2, "{ran:?}");
}

#[test]
fn a_backend_that_is_not_compiled_in_names_the_command_that_brings_it() {
    refused_with(&["--backend", "cuda"], "")
        .fails(2, "backend `cuda` is not compiled in; get it with `cargo run -p train --features cuda`");
}

#[test]
fn a_missing_data_folder_is_named() {
    let place = Place::new();
    let ran = place.train(&["--set", "data.source=folder", "--set", "data.path=nowhere"]);
    ran.fails(2, "`data.path` is \"nowhere\": there is no such file or folder");
}

#[test]
fn what_is_no_run_is_named() {
    let place = Place::new();
    for arguments in [&["evaluate", "nowhere"][..], &["predict", "nowhere", "a.png"], &["--resume", "nowhere"]] {
        place
            .train(arguments)
            .fails(2, "`nowhere` is no run folder: there is no such folder; `train runs` lists the runs");
    }
}

#[test]
fn a_record_of_seconds_that_cannot_be_is_listed_all_the_same() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=1"]).ok();
    let path = place.run().join("run.json");
    let mut record = crate::harness::record(&place.run());
    for seconds in [-1.0, 1e300] {
        record["seconds"] = seconds.into();
        std::fs::write(&path, record.to_string()).unwrap();
        let ran = place.train(&["runs"]).ok();
        assert!(ran.stdout.lines().nth(2).unwrap().trim_end().ends_with(" -"), "{ran:?}");
    }
}
