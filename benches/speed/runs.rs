//! The program as a user runs it, timed from outside.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use train::backend::Kind;

use crate::{program::program, rows};

const EPOCHS: usize = 40;

/// What a run of 40 epochs takes.
pub struct Measured {
    /// Seconds from start to exit.
    pub total: f64,
    /// Seconds of an epoch with validation, metrics, records and checkpoint.
    pub epoch: f64,
    /// Seconds of its training part, the median.
    pub training: f64,
    /// Peak memory in megabytes, where the system tells.
    pub memory: f64,
}

/// Runs one epoch and forty from a warm cache; the difference is that of 39 epochs without start and end.
pub fn measure(kind: Kind, archive: &Path) -> Measured {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (one, _) = run(kind, archive, folder.path(), "two-layer", 1);
    let (again, _) = run(kind, archive, folder.path(), "two-layer", 1);
    let one = one.min(again);
    let (total, memory) = run(kind, archive, folder.path(), "two-layer", EPOCHS);
    let training = training(&folder.path().join("runs/two-layer"));
    Measured { total, epoch: (total - one) / (EPOCHS - 1) as f64, training, memory }
}

/// Seconds of the training part of the residual net's first epoch.
pub fn residual_net(kind: Kind, archive: &Path) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run(kind, archive, folder.path(), "resnet", 1);
    training(&folder.path().join("runs/resnet"))
}

/// Seconds and peak memory of a whole run.
fn run(kind: Kind, archive: &Path, folder: &Path, config: &str, epochs: usize) -> (f64, f64) {
    let _ = fs::remove_dir_all(folder.join("runs"));
    // Building it is not part of what is measured.
    let program = program();
    let began = Instant::now();
    let mut child = Command::new(program)
        .args([config, "--backend", kind.name(), "--set", "data.source=archive"])
        .args(["--set", &format!("data.path={}", archive.display()), "--set", &format!("training.epochs={epochs}")])
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut memory = 0.0;
    while child.try_wait().expect("it can be waited for").is_none() {
        memory = peak(child.id()).unwrap_or(memory);
        thread::sleep(Duration::from_millis(1));
    }
    (began.elapsed().as_secs_f64(), memory)
}

/// Linux's high-water mark of a process, in megabytes.
fn peak(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1e3)
}

/// The median training part of an epoch: its images over its images a second.
fn training(runs: &Path) -> f64 {
    let run = fs::read_dir(runs).expect("it has run").next().expect("once").expect("readable").path();
    let text = fs::read_to_string(run.join("metrics.jsonl")).expect("it has metrics");
    let rate = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        line["images_per_second"].as_f64().expect("it has a rate")
    };
    12_396.0 / rows::median(&text.lines().map(rate).collect::<Vec<_>>())
}
