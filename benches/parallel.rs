//! One training by several processes, as a table: `just bench-parallel`. On a busy machine only the ratios mean something.
//!
//! The residual net on drawn digits by one process of one thread, by one of two, and by two of one; and what the sum of all
//! gradients takes by itself, of as many values as the net has, and of ten million.

#[allow(dead_code, reason = "nothing real is read")]
mod place;
mod rows;

use std::{
    env, fs, mem,
    process::{Command, Stdio},
    time::Instant,
};

use data::Shards;
use place::program;
use rows::{Ratio, Rows};
use train::ranks::{Mpi, Ranks};

/// Rounds of everything: A B C A B C, so that a slow minute of the machine meets all alike.
const ROUNDS: usize = 5;
/// Sums of each size.
const SUMS: usize = 20;
/// The parameters of the residual net, nearly, and of a large one.
const SIZES: [(usize, &str); 2] = [(80_000, "80,000 values"), (10_000_000, "10 million values")];
/// What a process of this bench is told that takes part in the sums.
const SUM: &str = "--sum";

const RATIOS: [Ratio; 2] = [
    ("images/s, two processes of one thread / one of two", TWO, THREADS, "at least 0.91"),
    ("images/s, two processes of one thread / one of one", TWO, ONE, "at least 1.7"),
];
const ONE: &str = "residual net, one process of one thread, training";
const THREADS: &str = "residual net, one process of two threads, training";
const TWO: &str = "residual net, two processes of one thread, training";

fn main() {
    if env::args().any(|argument| argument == SUM) {
        return sum();
    }
    let mut rows = Rows::default();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (name, processes, threads) in [(ONE, 1, 1), (THREADS, 1, 2), (TWO, 2, 1)] {
            rows.add(name, images_per_second(processes, threads), "images/s");
        }
        let bench = env::current_exe().expect("this program has a path");
        let said = mpirun(2).arg(bench).arg(SUM).output().expect("mpirun is there").stdout;
        for line in String::from_utf8_lossy(&said).lines() {
            if let Some((name, milliseconds)) = line.split_once(": ") {
                rows.add(&format!("sum by two processes, {name}"), milliseconds.parse().unwrap_or(f64::NAN), "ms");
            }
        }
    }
    rows.print(&RATIOS);
}

fn mpirun(processes: usize) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["-n", &processes.to_string()]).stdin(Stdio::null());
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command
}

/// Of the second epoch.
fn images_per_second(processes: usize, threads: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = if processes > 1 { mpirun(processes) } else { Command::new(program()) };
    if processes > 1 {
        command.arg(program());
    }
    let threads = format!("threads={threads}");
    let settings = ["data.source=synthetic", "parallel.shards=2", "training.epochs=2", "backend=flex", &threads];
    command.arg("resnet").args(settings.iter().flat_map(|setting| ["--set", setting]));
    let status = command.current_dir(folder.path()).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "the program trains");
    let runs = fs::read_dir(folder.path().join("runs/resnet")).expect("it has a run");
    let run = runs.flatten().next().expect("it has a run").path();
    let lines = fs::read_to_string(run.join("metrics.jsonl")).expect("it has metrics");
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap_or("")).expect("a line is JSON");
    last["images_per_second"].as_f64().expect("an epoch has its speed")
}

/// Prints how many milliseconds a sum takes.
fn sum() {
    let ranks = Ranks::new(Mpi::join(60, |_, _| ()).expect("mpirun has started this"));
    for (length, name) in SIZES {
        let shards = Shards::new(2, ranks.own_part(2));
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..SUMS {
            let mut values = vec![1.0; length];
            let began = Instant::now();
            let sum = ranks.sum(shards, (2, length), 0, |_| mem::take(&mut values));
            times.push(began.elapsed().as_secs_f64() * 1e3);
            assert_eq!(sum.expect("nobody fails").0[length - 1], 2.0);
        }
        times.sort_by(f64::total_cmp);
        if ranks.is_first() {
            println!("{name}: {}", times[SUMS / 2]);
        }
    }
    ranks.finish();
}
