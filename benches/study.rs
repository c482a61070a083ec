//! A study's speed as a table: `just bench-study`. On a busy machine only the ratios mean something, and the less the
//! more a trial has to wait for the disk.
//!
//! 64 trials of the two-layer net, 5 epochs each, two at a time on one thread each. `MNIST_SAMPLE_ARCHIVE` must name the
//! real archive. With `BENCH_PYTHON` naming a Python that has torch and optuna, the same study runs there, in the same
//! sitting.

mod peers;
mod place;
#[path = "../tests/program.rs"]
mod program;
mod rows;
#[path = "study/sweep.rs"]
mod sweep;

use peers::{Peers, number};
use rows::{Ratio, Rows};
use sweep::Place;

/// Rounds of everything, so that a slow minute of the machine meets all alike; a trial alone this often before and after
/// each study.
const ROUNDS: usize = 5;
const JOBS: usize = 2;
const TRIALS: f64 = 64.0;

/// The grid of benches/peers/optuna_study.py.
const GRID: &str =
    "\"optimizer.learning_rate\" = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]\nseed = [0, 1, 2, 3, 4, 5, 6, 7]";
/// One trial of it.
const ONE: &str = "seed = [0]";

fn main() {
    let Some(archive) = place::archive() else { return };
    let mut place = Place::new(&archive);
    let peers = Peers::find(&archive, JOBS);
    let mut rows = Rows::default();
    // Fills the cache.
    place.sweep(ONE, "");
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        let mut alone = place.alone();
        let study = place.sweep(GRID, "");
        alone.extend(place.alone());
        rows.add("one trial alone: training and validation", rows::median(&alone) * 1e3, "ms");
        rows.add("ideal: 64 times one trial alone, halved", rows::median(&alone) * TRIALS / JOBS as f64, "s");
        let saving = place.sweep(ONE, "\"checkpoint.every_steps\" = 1\n\"checkpoint.keep_last\" = 1000\n");
        rows.add("start of a trial to its first step's checkpoint", saving.start_up() * 1e3, "ms");
        rows.add("64 trials, two at a time: the command", study.wall, "s");
        rows.add("two percent of the command", study.wall * 1e3 * 0.02, "ms");
        rows.add("the driver's own processor time", study.driver * 1e3, "ms");
        rows.add("training and validation of the 64, halved", study.training() / JOBS as f64, "s");
        if let Some(optuna) = peers.as_ref().and_then(|peers| peers.run("optuna_study.py", "5")) {
            rows.add("Optuna and PyTorch: the study alone", number(&optuna, "study"), "s");
            rows.add("Optuna and PyTorch: the whole script", number(&optuna, "total"), "s");
        }
    }
    rows.print(&RATIOS);
}

const RATIOS: [Ratio; 5] = [
    (
        "ideal / the command",
        "ideal: 64 times one trial alone, halved",
        "64 trials, two at a time: the command",
        "at least 0.85",
    ),
    (
        "the trials' own training / the command",
        "training and validation of the 64, halved",
        "64 trials, two at a time: the command",
        "the rest is starting, saving and waiting",
    ),
    (
        "the driver / two percent of the command",
        "the driver's own processor time",
        "two percent of the command",
        "at most 1",
    ),
    (
        "the command / Optuna's study alone",
        "64 trials, two at a time: the command",
        "Optuna and PyTorch: the study alone",
        "",
    ),
    (
        "the command / Optuna's whole script",
        "64 trials, two at a time: the command",
        "Optuna and PyTorch: the whole script",
        "",
    ),
];
