//! One plan, done twice: once as it is, once with kills.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};
use serde_json::Value;

use crate::{
    Counts,
    harness::{Place, metrics, record},
    kill::{Disk, Kill},
    plans::Plan,
};

pub struct Case {
    seed: u64,
    random: ChaCha8Rng,
    plan: Plan,
    kills: usize,
}

/// What came of a run or a trial, without times.
#[derive(PartialEq)]
struct Outcome {
    model: Option<Vec<u8>>,
    metrics: Vec<Value>,
    best: Value,
    epochs: Value,
    /// State, number in the study, epoch of pruning.
    state: [Value; 3],
}

impl Case {
    pub fn new(seed: u64, kills: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let plan = Plan::random(&mut random);
        Self { seed, random, plan, kills }
    }

    /// Does it, and notes what came of it.
    pub fn run(mut self, counts: &Mutex<Counts>) {
        let (whole, killed) = (Place::new(), Place::new());
        let began = Instant::now();
        let said = self.finish(&whole);
        let time = began.elapsed();
        // What fails by itself fails in the same way with kills; there is nothing to learn from it.
        if let Err(said) = said {
            println!("case {}: skipped, it fails by itself: {said}", self.seed);
            return;
        }
        let disk = (self.random.random_bool(0.5)).then(|| Disk::mount(&killed.path().join("runs"))).flatten();
        let said = self.kill(&killed, disk.as_ref(), time, counts).and_then(|()| self.finish(&killed));
        let difference = said.err().or_else(|| difference(&outcomes(&whole), &outcomes(&killed)));
        let mut counts = counts.lock().unwrap();
        *(if self.plan.is_study() { &mut counts.studies } else { &mut counts.runs }) += 1;
        if let Some(difference) = difference {
            let kept = self.keep(&[("whole", &whole), ("killed", &killed)]);
            println!("case {}: {difference}; both folders are in `{}`", self.seed, kept.display());
            println!("    cargo test -p tests --test torture -- --seed {}", self.seed);
            counts.differences.push(difference);
        }
    }

    /// Starts and kills it again and again, each time at another moment.
    fn kill(
        &mut self,
        place: &Place,
        disk: Option<&Disk>,
        whole: Duration,
        counts: &Mutex<Counts>,
    ) -> Result<(), String> {
        for _ in 0..self.random.random_range(1..=self.kills) {
            let Some(mut child) = self.start(place) else { return Ok(()) };
            thread::sleep(whole.mul_f64(self.random.random_range(0.0..0.8)));
            let mut hit = None;
            loop {
                let kill = Kill::random(&mut self.random, self.plan.is_study(), disk.is_some());
                hit = kill.hit(&mut child, disk).inspect(|kill| counts.lock().unwrap().count(*kill)).or(hit);
                // After the death of a trial its driver goes on, and has more to expect.
                if !matches!(hit, Some(Kill::Trial(_))) || child.try_wait().unwrap().is_some() {
                    break;
                }
                thread::sleep(whole.mul_f64(self.random.random_range(0.0..0.4)));
            }
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let has_panicked =
                ["panicked at", "a fault of the program", " failed while "].iter().any(|sign| said.contains(sign));
            if has_panicked || output.status.code() == Some(2) && !said.contains("free space") {
                return Err(format!("after {hit:?}: {said}"));
            }
        }
        Ok(())
    }

    /// The next process of it; none where nothing is left to do.
    fn start(&self, place: &Place) -> Option<Child> {
        let arguments = self.next(place)?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Some(place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Lets it come to its end.
    fn finish(&self, place: &Place) -> Result<(), String> {
        // An epoch's end after the last one, a report: there may be something left to do once more.
        let Some(child) = self.start(place) else { return Ok(()) };
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{}: {said}", output.status)) }
    }

    fn next(&self, place: &Place) -> Option<Vec<String>> {
        match &self.plan {
            Plan::Study(text) => {
                place.write("study.toml", text);
                Some(["sweep", "study.toml"].map(str::to_owned).to_vec())
            }
            Plan::Run(arguments) => match place.runs().first() {
                None => Some(arguments.clone()),
                Some(run) if is_finished(run) => None,
                Some(run) => Some(vec!["--resume".to_owned(), run.to_str().unwrap().to_owned()]),
            },
        }
    }

    /// Copies the folders to where they last; returns that.
    fn keep(&self, places: &[(&str, &Place)]) -> PathBuf {
        // target/debug/deps/torture-0123456789abcdef
        let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().join(format!("torture/{}", self.seed));
        let _ = fs::remove_dir_all(&target);
        fs::create_dir_all(&target).unwrap();
        for (name, place) in places {
            Command::new("cp").arg("-r").arg(place.path()).arg(target.join(name)).status().unwrap();
        }
        target
    }
}

fn is_finished(run: &Path) -> bool {
    run.join("run.json").is_file() && record(run)["state"] == "finished" && run.join("model.safetensors").is_file()
}

/// What came of each run, by its name where that is the same each time.
fn outcomes(place: &Place) -> BTreeMap<String, Outcome> {
    let outcome = |run: PathBuf| {
        let trial = fs::read_to_string(run.join("trial.toml")).ok().map(|text| text.parse::<toml::Table>().unwrap());
        let name = trial.as_ref().map(|_| run.file_name().unwrap().to_str().unwrap().to_owned());
        let kept = |key: &str| {
            trial.as_ref().and_then(|trial| trial.get(key)).map_or(Value::Null, |value| value.to_string().into())
        };
        let record = if run.join("run.json").is_file() { record(&run) } else { Value::Null };
        let state = [record["state"].clone(), kept("number"), kept("pruned")];
        let model = fs::read(run.join("model.safetensors")).ok();
        let (best, epochs) = (record["best"].clone(), record["epochs_done"].clone());
        (name.unwrap_or_default(), Outcome { model, metrics: metrics(&run), best, epochs, state })
    };
    place.runs().into_iter().map(outcome).collect()
}

/// The first thing in which they differ.
fn difference(whole: &BTreeMap<String, Outcome>, killed: &BTreeMap<String, Outcome>) -> Option<String> {
    if !whole.keys().eq(killed.keys()) {
        return Some(format!("other trials: {:?} and {:?}", whole.keys(), killed.keys()));
    }
    whole.iter().find_map(|(name, one)| {
        let other = &killed[name];
        let what = [
            (one.state != other.state, "state"),
            (one.epochs != other.epochs, "epochs"),
            (one.metrics != other.metrics, "metrics"),
            (one.best != other.best, "best epoch"),
            (one.model != other.model, "model"),
        ];
        what.into_iter().find(|(differs, _)| *differs).map(|(_, what)| format!("another {what} of `{name}`"))
    })
}
