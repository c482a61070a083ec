//! `train sweep` as a user runs it, timed from outside.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tempfile::TempDir;

use crate::{JOBS, ONE, ROUNDS, program::program};

/// Ticks of a second in `/proc`: the same on all of Linux's usual machines.
const TICKS: f64 = 100.0;

/// Where studies run: each in a folder of its own, which stays until all are done. Linux's ext4 is slow to make files for
/// a while after it has deleted many.
pub struct Place {
    folder: TempDir,
    archive: PathBuf,
    studies: usize,
}

/// What a study took, and where it ran.
pub struct Measured {
    runs: PathBuf,
    /// Seconds from the start of the command to its end.
    pub wall: f64,
    /// Seconds of processor time of the driver without its trials, where the system tells.
    pub driver: f64,
}

impl Place {
    /// An empty one.
    pub fn new(archive: &Path) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), archive: archive.into(), studies: 0 }
    }

    /// Seconds of training and validation of one trial alone, some times.
    pub fn alone(&mut self) -> Vec<f64> {
        (0..ROUNDS).map(|_| self.sweep(ONE, "").training()).collect()
    }

    /// Runs the study of this space.
    pub fn sweep(&mut self, space: &str, set: &str) -> Measured {
        self.studies += 1;
        let here = self.folder.path().join(self.studies.to_string());
        fs::create_dir(&here).expect("the folder can be written");
        let data = format!("\"data.source\" = \"archive\"\n\"data.path\" = {:?}\n", self.archive);
        let head = format!("base = \"two-layer\"\nbackend = \"flex\"\njobs = {JOBS}\nthreads_per_trial = 1\n");
        let study = format!("{head}[set]\n\"training.epochs\" = 5\n{set}{data}[space]\n{space}\n");
        fs::write(here.join("study.toml"), study).expect("the folder can be written");
        // Building it is not part of what is measured.
        let program = program();
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(["sweep", "study.toml"])
            .current_dir(&here)
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let driver = processor_time(&child);
        assert!(child.wait().expect("it can be waited for").success(), "the study runs");
        Measured { runs: here.join("runs/study"), wall: began.elapsed().as_secs_f64(), driver }
    }
}

impl Measured {
    /// Seconds of training and validation of all trials, as `run.json` has them.
    pub fn training(&self) -> f64 {
        let seconds = |run: &PathBuf| {
            let record = fs::read(run.join("run.json")).expect("a run has a record");
            let record: serde_json::Value = serde_json::from_slice(&record).expect("it is JSON");
            record["seconds"].as_f64().expect("it has its seconds")
        };
        self.runs().iter().map(seconds).sum()
    }

    /// Seconds from just before the first trial's process began to the checkpoint after its first step.
    pub fn start_up(&self) -> f64 {
        let run = self.runs().remove(0);
        // The driver makes the file for the process's output and starts it; the trial writes nothing to it.
        let began = modified(&run.join("output.txt"));
        let step = modified(&run.join("checkpoints/step-00000001.checkpoint"));
        step.duration_since(began).map_or(f64::NAN, |time| time.as_secs_f64())
    }

    fn runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.runs).expect("the study has run");
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.join("trial.toml").is_file()).collect()
    }
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).expect("the file is there")
}

/// Waits until a process has ended and says what processor time it took itself, without its children.
fn processor_time(child: &Child) -> f64 {
    let path = format!("/proc/{}/stat", child.id());
    loop {
        let Some(stat) = fs::read_to_string(&path).ok() else { return f64::NAN };
        // After the program's name in brackets: state, 10 other fields, user time, system time.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
        if fields.first() == Some(&"Z") {
            return (ticks(11) + ticks(12)) / TICKS;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
