//! Speed and memory as a table: `just bench`. On a busy machine only the ratios mean something.
//!
//! `MNIST_SAMPLE_ARCHIVE` must name the real archive. With `BENCH_PYTHON` naming a Python that has torch (and fastai),
//! `benches/peers/` does the same work there, in the same sitting on the same number of threads.

#[path = "speed/bare_loop.rs"]
mod bare_loop;
#[allow(dead_code, reason = "the allocator itself is the program's")]
#[path = "../crates/train/src/memory.rs"]
mod memory;
mod peers;
mod place;
mod rows;
#[path = "speed/runs.rs"]
mod runs;

use std::{env, path::Path, time::Instant};

use data::{DataSet, Request, Source};
use peers::{Peers, number};
use rows::{Ratio, Rows};
use train::backend::{Kind, dispatch};

/// Epochs of the peers' two-layer net.
const EPOCHS: &str = "40";

/// Rounds of everything: A B A B, so that a slow minute of the machine meets all alike.
const ROUNDS: usize = 5;

fn main() {
    memory::keep();
    let Some(archive) = place::archive() else { return };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = Rows::default();
    let peers = Peers::find(&archive, threads);
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        let data = load(&archive, &mut rows);
        for kind in [Kind::Flex, Kind::Ndarray] {
            let cache = env::temp_dir();
            let bare = dispatch(kind, 0, &cache, bare_loop::BareLoop { data: &data }).expect("a CPU backend is there");
            rows.add(&format!("{kind}: bare loop over prepared tensors, epoch"), bare * 1e3, "ms");
            let run = runs::measure(kind, &archive);
            rows.add(&format!("{kind}: training part of an epoch"), run.training * 1e3, "ms");
            rows.add(&format!("{kind}: whole epoch"), run.epoch * 1e3, "ms");
            rows.add(&format!("{kind}: program, 40 epochs, warm cache"), run.total, "s");
            rows.add(&format!("{kind}: peak memory of that"), run.memory, "MB");
        }
        rows.add("flex: residual net, training part of an epoch", runs::residual_net(Kind::Flex, &archive), "s");
        if let Some(peers) = &peers {
            measure(peers, &mut rows);
        }
    }
    rows.print(&RATIOS);
}

/// Decodes the archive without a cache and loads it from one.
fn load(archive: &Path, rows: &mut Rows) -> DataSet {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = Source::Archive { path: archive.into() };
    let request = Request { source, cache: Some(folder.path().into()), ..Request::default() };
    let mut timed = |what: &str| {
        let began = Instant::now();
        let data = data::load(&request, &mut |_| {}).expect("the archive is whole");
        rows.add(what, began.elapsed().as_secs_f64() * 1e3, "ms");
        data
    };
    timed("decode the archive, cold, and write the cache");
    timed("load from the cache")
}

/// Adds the peers' measurements.
fn measure(peers: &Peers, rows: &mut Rows) {
    if let Some(pytorch) = peers.run("pytorch_epochs.py", EPOCHS) {
        rows.add("PIL: read the files", number(&pytorch, "load") * 1e3, "ms");
        rows.add("PyTorch: training epoch", number(&pytorch, "epoch") * 1e3, "ms");
    }
    if let Some(pytorch) = peers.run("pytorch_resnet_epochs.py", "1") {
        rows.add("PyTorch: residual net, training epoch", number(&pytorch, "epoch"), "s");
    }
    if let Some(fastai) = peers.run("fastai_epochs.py", EPOCHS) {
        rows.add("fastai: whole epoch", number(&fastai, "epoch") * 1e3, "ms");
        rows.add("fastai: whole script, 40 epochs", number(&fastai, "total"), "s");
    }
}

const RATIOS: [Ratio; 9] = [
    ("flex epoch / PyTorch's training loop", "flex: whole epoch", "PyTorch: training epoch", "at most 0.6"),
    ("flex epoch / fastai's Learner", "flex: whole epoch", "fastai: whole epoch", "at most 0.25"),
    ("ndarray epoch / PyTorch's training loop", "ndarray: whole epoch", "PyTorch: training epoch", "at most 1.2"),
    (
        "flex Learner / bare loop",
        "flex: training part of an epoch",
        "flex: bare loop over prepared tensors, epoch",
        "at most 1.25",
    ),
    (
        "ndarray Learner / bare loop",
        "ndarray: training part of an epoch",
        "ndarray: bare loop over prepared tensors, epoch",
        "at most 1.25",
    ),
    (
        "flex / PyTorch, residual net",
        "flex: residual net, training part of an epoch",
        "PyTorch: residual net, training epoch",
        "at most 2.0",
    ),
    ("decode / PIL", "decode the archive, cold, and write the cache", "PIL: read the files", "at most 0.5"),
    (
        "program / fastai's whole script",
        "flex: program, 40 epochs, warm cache",
        "fastai: whole script, 40 epochs",
        "at most 0.1",
    ),
    (
        "ndarray program / fastai's whole script",
        "ndarray: program, 40 epochs, warm cache",
        "fastai: whole script, 40 epochs",
        "at most 0.1",
    ),
];
