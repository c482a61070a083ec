//! The same work in Python, where its packages are.

use std::{env, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::place;

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
            println!("without the peers: BENCH_PYTHON names a Python that has them");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let unpacked = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status();
        assert!(unpacked.is_ok_and(|status| status.success()), "the archive unpacks");
        Some(Self { python, folder, threads })
    }

    /// What a script measured; `None` where it failed, which is said.
    pub fn run(&self, script: &str, epochs: &str) -> Option<Value> {
        let script = place::root().join("benches/peers").join(script);
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

/// One of its numbers.
pub fn number(values: &Value, name: &str) -> f64 {
    values[name].as_f64().unwrap_or(f64::NAN)
}
