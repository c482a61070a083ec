//! The two-layer net's study on the real data: `train sweep`, and Optuna's sampler over the same program.

use std::{fs, path::Path, process::Command};

use serde_json::Value as Json;

use crate::{SEEDS, TRIALS, place, print_row};

/// The keys of configs/sweeps/tpe.toml, with few epochs.
const SPACE: &str = r#"
"optimizer.learning_rate" = { log_uniform = [0.01, 10.0] }
"optimizer.momentum" = { uniform = [0.0, 0.95] }
"model.hidden" = { int = [10, 100], step = 10 }
"#;

/// Prints the best validation loss of both.
pub fn compare(python: &str, archive: &Path, folder: &Path) {
    println!(
        "\ntwo-layer net, 3 epochs: least validation loss of {TRIALS} trials, median (quartiles) of {SEEDS} seeds"
    );
    for search in ["tpe", "random"] {
        print_row(search, "ours", (0..SEEDS).map(|seed| swept(search, seed, archive, folder)).collect());
        let script = place::root().join("benches/peers/optuna_net.py");
        let output = Command::new(python)
            .args([&script, place::program(), archive, folder])
            .args([search, &SEEDS.to_string(), &TRIALS.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .output()
            .expect("BENCH_PYTHON can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let losses: Vec<f64> = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
        print_row(search, "Optuna", losses);
    }
}

fn swept(search: &str, seed: u64, archive: &Path, folder: &Path) -> f64 {
    let here = folder.join(format!("{search}-{seed}"));
    fs::create_dir(&here).expect("the folder can be written");
    let head =
        format!("base = \"two-layer\"\nbackend = \"flex\"\nsearch = \"{search}\"\ntrials = {TRIALS}\nseed = {seed}\n");
    let set = format!("\"training.epochs\" = 3\n\"data.source\" = \"archive\"\n\"data.path\" = {archive:?}\n");
    let study = format!("{head}metric = \"valid.loss\"\njobs = 1\n[set]\n{set}[space]{SPACE}");
    fs::write(here.join("study.toml"), study).expect("the folder can be written");
    let mut command = Command::new(place::program());
    command.args(["sweep", "study.toml"]).current_dir(&here).env("XDG_CACHE_HOME", folder.join("cache"));
    assert!(command.output().expect("the program starts").status.success(), "the study runs");
    let runs = fs::read_dir(here.join("runs/study")).expect("the study has run");
    let records = runs.filter_map(|run| fs::read(run.ok()?.path().join("run.json")).ok());
    let loss = |record: Vec<u8>| {
        let record: Json = serde_json::from_slice(&record).expect("it is JSON");
        record["best"]["metrics"]["loss"].as_f64().unwrap_or(f64::INFINITY)
    };
    records.map(loss).fold(f64::INFINITY, f64::min)
}
