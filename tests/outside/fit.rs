//! A training run from start to end.

use std::{fs, path::Path};

use crate::harness::{Place, check_table, metrics, model, record};

#[test]
fn a_run_leaves_a_complete_folder() {
    let place = Place::new();
    let ran = place.train_small(&["--set", "training.epochs=3"]).ok();
    let run = place.run();
    let record = record(&run);
    assert_eq!(record["state"], "finished");
    assert_eq!(record["data"]["source"], "synthetic");
    assert_eq!(record["epochs_done"], 3);
    assert_eq!(metrics(&run).len(), 3);
    check_table(&run);
    assert!(run.join("model.safetensors").is_file() && run.join("config.toml").is_file());
    assert_eq!(fs::read_dir(run.join("checkpoints")).unwrap().count(), 2, "the last two; the best is among them");
    let epochs = ran.stdout.lines().filter(|line| line.ends_with(" ms") || line.ends_with(" ms best")).count();
    assert_eq!(epochs, 3, "one plain line per epoch when piped: {}", ran.stdout);
}

#[test]
fn the_resolved_plan_run_again_gives_the_same_bits() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=3", "--set", "data.workers=0"]).ok();
    let first = place.run();
    place.train(&[first.join("config.toml").to_str().unwrap(), "--set", "data.workers=3"]).ok();
    let runs = place.runs();
    assert!(model(&runs[0]) == model(&runs[1]), "any number of workers");
    assert_eq!(metrics(&runs[0]), metrics(&runs[1]));
}

#[test]
fn the_number_of_threads_does_not_change_the_bits() {
    let place = Place::new();
    for threads in ["threads=1", "threads=2"] {
        place.train_small(&["--set", threads, "--set", "training.epochs=2"]).ok();
    }
    let runs = place.runs();
    assert!(model(&runs[0]) == model(&runs[1]));
}

#[test]
fn every_shipped_config_trains() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    for entry in fs::read_dir(configs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            Place::new().train_small(&[path.to_str().unwrap(), "--set", "training.epochs=1"]).ok();
        }
    }
}

#[test]
fn without_a_config_the_built_in_two_layer_net_trains() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=1"]).ok();
    assert_eq!(record(&place.run())["model"]["parameters"], 23_581);
}

#[test]
fn without_network_it_trains_on_built_in_digits_and_says_so() {
    let place = Place::new();
    let small =
        ["--set", "data.synthetic_train=300", "--set", "data.synthetic_valid=100", "--set", "training.epochs=1"];
    let ran = place.train(&small).ok();
    assert!(ran.stderr.contains("warning: "), "{ran:?}");
    assert!(ran.stderr.contains("synthetic") && ran.stderr.contains("MNIST_SAMPLE_ARCHIVE"), "{ran:?}");
    let record = record(&place.run());
    assert_eq!(record["data"]["source"], "synthetic");
    assert_eq!(record["data"]["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn quiet_prints_the_runs_path_alone() {
    let place = Place::new();
    let ran = place.train_small(&["--quiet", "--set", "training.epochs=1"]).ok();
    assert_eq!((place.path().join(ran.stdout.trim_end()), ran.stderr.as_str()), (place.run(), ""));
}

#[test]
fn accumulated_batches_step_as_one_large_batch() {
    let losses = |settings: &[&str]| {
        let place = Place::new();
        place
            .train_small(&[&["--set", "training.epochs=2", "--set", "optimizer.momentum=0.9"], settings].concat())
            .ok();
        let lines = metrics(&place.run());
        lines.iter().map(|line| line["valid"]["loss"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let large = losses(&["--set", "training.batch_size=150"]);
    let small = losses(&["--set", "training.batch_size=50", "--set", "training.accumulate=3"]);
    for (a, b) in large.iter().zip(&small) {
        assert!((a - b).abs() < 1e-5, "{large:?} {small:?}");
    }
}

#[test]
fn clipping_bounds_how_far_a_step_goes() {
    let loss = |norm: &str| {
        let place = Place::new();
        let rate = ["--set", "optimizer.learning_rate=1.0", "--set", "training.epochs=1"];
        place.train_small(&[&rate[..], &["--set", norm]].concat()).ok();
        metrics(&place.run())[0]["valid"]["loss"].as_f64().unwrap()
    };
    let (start, clipped) = (loss("training.clip_norm=1e-9"), loss("training.clip_norm=0.05"));
    assert!(clipped < start && (start - clipped).abs() > 1e-4, "{start} {clipped}");
    assert_ne!(loss("training.clip_norm=0.0"), clipped);
}

#[test]
fn patience_ends_a_run_that_no_longer_improves() {
    let place = Place::new();
    let settings = ["--set", "early_stopping.patience=2", "--set", "early_stopping.min_delta=10.0"];
    place.train_small(&[&settings[..], &["--set", "training.epochs=30"]].concat()).ok();
    let record = record(&place.run());
    assert_eq!((&record["state"], &record["epochs_done"]), (&"finished".into(), &3.into()));
}
