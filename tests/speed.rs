//! Speed and memory as a table: `just bench`. On a busy machine only the ratios mean something.
//!
//! `MNIST_SAMPLE_ARCHIVE` must name the real archive. With `BENCH_PYTHON` naming a Python that has torch (and fastai),
//! `tests/peers/` does the same work there, in the same sitting on the same number of threads.

#[path = "speed/bare_loop.rs"]
mod bare_loop;
#[path = "speed/peers.rs"]
mod peers;
#[path = "speed/program.rs"]
mod program;

use std::{env, path::Path, time::Instant};

use data::{DataSet, Request, Source};
use train::backend::{Kind, dispatch};

/// Rounds of everything: A B A B, so that a slow minute of the machine meets all alike.
const ROUNDS: usize = 5;

fn main() {
    train::memory::keep();
    // Cargo runs benchmarks in the folder of their package; a relative path means the one the user is in, the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(archive) = env::var_os("MNIST_SAMPLE_ARCHIVE").and_then(|path| root.join(path).canonicalize().ok()) else {
        println!("skipped: MNIST_SAMPLE_ARCHIVE does not name the real archive");
        return;
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = Rows::default();
    let peers = peers::Peers::find(&archive, threads);
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        let data = load(&archive, &mut rows);
        for kind in [Kind::Flex, Kind::Ndarray] {
            let cache = env::temp_dir();
            let bare = dispatch(kind, 0, &cache, bare_loop::BareLoop { data: &data }).expect("a CPU backend is there");
            rows.add(&format!("{kind}: bare loop over prepared tensors, epoch"), bare * 1e3, "ms");
            let runs = program::measure(kind, &archive);
            rows.add(&format!("{kind}: training part of an epoch"), runs.training * 1e3, "ms");
            rows.add(&format!("{kind}: whole epoch"), runs.epoch * 1e3, "ms");
            rows.add(&format!("{kind}: program, 40 epochs, warm cache"), runs.total, "s");
            rows.add(&format!("{kind}: peak memory of that"), runs.memory, "MB");
        }
        rows.add("flex: residual net, training part of an epoch", program::residual_net(Kind::Flex, &archive), "s");
        if let Some(peers) = &peers {
            peers.measure(&mut rows);
        }
    }
    rows.print();
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

/// Measurements by name, in the order of their first appearance.
#[derive(Default)]
pub struct Rows(Vec<(String, &'static str, Vec<f64>)>);

impl Rows {
    /// Adds a measurement.
    pub fn add(&mut self, name: &str, value: f64, unit: &'static str) {
        match self.0.iter_mut().find(|row| row.0 == name) {
            Some(row) => row.2.push(value),
            None => self.0.push((name.into(), unit, vec![value])),
        }
    }

    fn median(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|row| row.0 == name).map(|row| median(&row.2))
    }

    fn print(&self) {
        println!("{:<58} {:>9} {:>9} {:>9}", "", "median", "min", "max");
        for (name, unit, values) in &self.0 {
            let (least, most) = values.iter().fold((f64::MAX, 0.0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
            println!("{name:<58} {:>9.2} {least:>9.2} {most:>9.2} {unit}", median(values));
        }
        println!();
        for (name, value, of, goal) in RATIOS {
            if let (Some(value), Some(of)) = (self.median(value), self.median(of)) {
                println!("{name:<58} {:>9.3}   goal {goal}", value / of);
            }
        }
    }
}

/// Name, value, what it is compared with, at most.
const RATIOS: [(&str, &str, &str, f64); 9] = [
    ("flex epoch / PyTorch's training loop", "flex: whole epoch", "PyTorch: training epoch", 0.6),
    ("flex epoch / fastai's Learner", "flex: whole epoch", "fastai: whole epoch", 0.25),
    ("ndarray epoch / PyTorch's training loop", "ndarray: whole epoch", "PyTorch: training epoch", 1.2),
    (
        "flex Learner / bare loop",
        "flex: training part of an epoch",
        "flex: bare loop over prepared tensors, epoch",
        1.25,
    ),
    (
        "ndarray Learner / bare loop",
        "ndarray: training part of an epoch",
        "ndarray: bare loop over prepared tensors, epoch",
        1.25,
    ),
    (
        "flex / PyTorch, residual net",
        "flex: residual net, training part of an epoch",
        "PyTorch: residual net, training epoch",
        2.0,
    ),
    ("decode / PIL", "decode the archive, cold, and write the cache", "PIL: read the files", 0.5),
    ("program / fastai's whole script", "flex: program, 40 epochs, warm cache", "fastai: whole script, 40 epochs", 0.1),
    (
        "ndarray program / fastai's whole script",
        "ndarray: program, 40 epochs, warm cache",
        "fastai: whole script, 40 epochs",
        0.1,
    ),
];

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
