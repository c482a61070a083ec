//! Our searchers, pruners and importances beside Optuna's, as tables: `just bench-search`. What is measured is what they find, so
//! a busy machine does not matter.
//!
//! `BENCH_PYTHON` must name a Python that has optuna, scipy and scikit-learn. With `MNIST_SAMPLE_ARCHIVE` the two-layer net's study
//! comes last: the same program trains for both, so that only the searcher differs.

#[path = "search/curves.rs"]
mod curves;
#[path = "search/functions.rs"]
mod functions;
#[path = "search/importances.rs"]
mod importances;
#[path = "search/net.rs"]
mod net;
mod place;

use std::{env, fs, process::Command};

use functions::Function;
use search::{Goal, Observation, Point, Space, Tpe, random};
use serde_json::{Value as Json, json};

const SEEDS: u64 = 20;
const TRIALS: u64 = 60;

fn main() {
    let Ok(python) = env::var("BENCH_PYTHON") else {
        return println!("skipped: BENCH_PYTHON does not name a Python that has optuna");
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let task = folder.path().join("task.json");
    let samples = importances::samples();
    let asked = json!({ "seeds": SEEDS, "trials": TRIALS, "curves": curves::all(), "samples": samples });
    fs::write(&task, asked.to_string()).expect("the folder can be written");
    let script = place::root().join("benches/peers/optuna_search.py");
    let output = Command::new(&python).arg(&script).arg(&task).env("PYTHONDONTWRITEBYTECODE", "1").output();
    let output = output.expect("BENCH_PYTHON can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let optuna: Json = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    println!("Optuna {}", optuna["version"].as_str().unwrap_or_default());
    for function in functions::all() {
        println!("\n{}: best of {TRIALS}, median (quartiles) of {SEEDS} seeds above the least", function.name);
        compare(&function, &optuna["results"][function.name]);
    }
    curves::compare(&optuna["pruners"]);
    importances::compare(&samples, &optuna["importances"]);
    if let Some(archive) = place::archive() {
        net::compare(&python, &archive, folder.path());
    }
}

fn compare(function: &Function, optuna: &Json) {
    for (kind, jobs) in [("tpe 1", 1), ("tpe 4", 4), ("random", 1)] {
        let ours = |seed| studied(function, seed, jobs, kind == "random");
        let theirs = optuna[kind].as_array().expect("a list");
        let value = |best: &Json| best["value"].as_f64().expect("a number") - function.least;
        print_row(kind, "ours", (0..SEEDS).map(|seed| ours(seed) - function.least).collect());
        print_row(kind, "Optuna", theirs.iter().map(value).collect());
    }
}

/// The best value of a study in which so many points are open at a time; the first to be open is the first to have its value.
fn studied(function: &Function, seed: u64, jobs: usize, is_random: bool) -> f64 {
    let mut seen: Vec<Observation> = vec![];
    for index in 0..TRIALS {
        if let Some(done) = seen.len().checked_sub(jobs) {
            seen[done].value = Some((function.value)(&seen[done].point));
        }
        seen.push(Observation { point: proposed(&function.space, seed, index, &seen, is_random), value: None });
    }
    seen.iter().map(|seen| (function.value)(&seen.point)).fold(f64::INFINITY, f64::min)
}

fn proposed(space: &Space, seed: u64, index: u64, seen: &[Observation], is_random: bool) -> Point {
    if is_random { random(space, seed, index) } else { Tpe::new(Goal::Minimise).propose(space, seed, index, seen) }
}

/// Median and quartiles.
pub fn print_row(what: &str, whose: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[(part * (values.len() - 1) as f64).round() as usize];
    println!("{what:<22} {whose:<8} {:>11.4} ({:.4} to {:.4})", at(0.5), at(0.25), at(0.75));
}
