//! The same work in PyTorch and fastai, where they are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::Rows;

const EPOCHS: &str = "40";

/// A Python with the peers, and the archive unpacked for them.
pub struct Peers {
    python: String,
    folder: TempDir,
    threads: usize,
}

impl Peers {
    /// The Python that `BENCH_PYTHON` names.
    pub fn find(archive: &Path, threads: usize) -> Option<Self> {
        let Ok(python) = env::var("BENCH_PYTHON") else {
            println!("without PyTorch and fastai: BENCH_PYTHON names a Python that has them");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let unpacked = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status();
        assert!(unpacked.is_ok_and(|status| status.success()), "the archive unpacks");
        Some(Self { python, folder, threads })
    }

    /// Adds their measurements.
    pub fn measure(&self, rows: &mut Rows) {
        if let Some(pytorch) = self.run("pytorch_epochs.py", EPOCHS) {
            rows.add("PIL: read the files", number(&pytorch, "load") * 1e3, "ms");
            rows.add("PyTorch: training epoch", number(&pytorch, "epoch") * 1e3, "ms");
        }
        if let Some(pytorch) = self.run("pytorch_resnet_epochs.py", "1") {
            rows.add("PyTorch: residual net, training epoch", number(&pytorch, "epoch"), "s");
        }
        if let Some(fastai) = self.run("fastai_epochs.py", EPOCHS) {
            rows.add("fastai: whole epoch", number(&fastai, "epoch") * 1e3, "ms");
            rows.add("fastai: whole script, 40 epochs", number(&fastai, "total"), "s");
        }
    }

    fn run(&self, script: &str, epochs: &str) -> Option<Value> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
        let folder = self.folder.path().join("mnist_sample");
        let threads = self.threads.to_string();
        let mut command = Command::new(&self.python);
        command.arg(&script).arg(folder).args([epochs, &threads]).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().ok()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            println!("{} failed: {}", script.display(), error.lines().last().unwrap_or_default());
            return None;
        }
        serde_json::from_slice(&output.stdout).ok()
    }
}

fn number(values: &Value, name: &str) -> f64 {
    values[name].as_f64().unwrap_or(f64::NAN)
}
