//! All parsers, each in a process of its own, and the table of what came of them.

use std::{
    env,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    arguments::{Job, Length},
    child::{folder, kind},
    parsers,
};

/// How long an input may be read before its process is killed.
const PATIENCE: Duration = Duration::from_secs(30);
const NOTE: &str = "input";
const SAID: &str = "stderr";

#[derive(Default)]
struct Row {
    inputs: u64,
    accepted: u64,
    seconds: f64,
    memory: u64,
    slowest: f64,
    failures: Vec<String>,
}

/// Tries them, as many at a time as there are cores, and prints a line each.
pub fn run(job: &Job) -> ExitCode {
    let chosen: Vec<&str> = parsers::NAMES.into_iter().filter(|name| name.contains(&job.filter)).collect();
    if chosen.is_empty() {
        return ExitCode::SUCCESS;
    }
    let cores = thread::available_parallelism().map_or(1, usize::from).min(chosen.len());
    let length = match job.length {
        Length::Time(all) => Length::Time(all.mul_f64(cores as f64 / chosen.len() as f64)),
        inputs => inputs,
    };
    println!("fuzz: seed {}, {} parsers, {cores} at a time", job.seed, chosen.len());
    println!(
        "{:<12} {:>11} {:>10} {:>9} {:>11} {:>9} {:>8}",
        "parser", "inputs", "inputs/s", "accepted", "peak memory", "slowest", "failures"
    );
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(name) = chosen.get(next.fetch_add(1, Relaxed)) {
            let row = try_parser(name, job.seed, length);
            println!("{}", line(name, &row));
            rows.lock().unwrap().push(row);
        }
    };
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let rows = rows.into_inner().unwrap();
    let failures: usize = rows.iter().map(|row| row.failures.len()).sum();
    println!("{} inputs, {failures} kinds of failure", rows.iter().map(|row| row.inputs).sum::<u64>());
    ExitCode::from(u8::from(failures > 0))
}

fn line(name: &str, row: &Row) -> String {
    let Row { inputs, accepted, seconds, memory, slowest, failures } = row;
    let share = 100.0 * *accepted as f64 / (*inputs).max(1) as f64;
    let rate = *inputs as f64 / seconds.max(1e-9);
    let failures = failures.len();
    let (memory, slowest) = (*memory as f64 / (1 << 20) as f64, 1e3 * slowest);
    format!("{name:<12} {inputs:>11} {rate:>10.0} {share:>7.1} % {memory:>7.1} MiB {slowest:>6.1} ms {failures:>8}")
}

/// One parser; where its process dies the next one goes on with another seed.
fn try_parser(name: &str, seed: u64, length: Length) -> Row {
    let (mut row, began) = (Row::default(), Instant::now());
    for attempt in 0.. {
        let left = match length {
            Length::Inputs(most) => Length::Inputs(most.saturating_sub(row.inputs)),
            Length::Time(most) => Length::Time(most.saturating_sub(began.elapsed())),
        };
        let folder = folder();
        let mut child = start(name, seed + 1000 * attempt, left, folder.path());
        if let Some(why) = watch(&mut child, folder.path(), name, &mut row) {
            let (number, input) = read_note(folder.path());
            row.inputs += number + 1;
            save(name, &why, &input, &mut row);
        } else {
            break;
        }
        // A parser that dies again and again has been heard.
        if attempt == 9 {
            break;
        }
    }
    row.seconds = began.elapsed().as_secs_f64();
    row
}

/// Starts it with its note and what it says on standard error in `folder`.
fn start(name: &str, seed: u64, length: Length, folder: &Path) -> Child {
    let (flag, value) = match length {
        Length::Inputs(most) => ("--inputs", most.to_string()),
        Length::Time(most) => ("--minutes", (most.as_secs_f64() / 60.0).to_string()),
    };
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--child", name, "--seed", &seed.to_string(), flag, &value, "--note"]).arg(folder.join(NOTE));
    // One core a parser: it is the parsers that run beside each other.
    command.env("RAYON_NUM_THREADS", "1").env("RUST_BACKTRACE", "0").stdout(Stdio::piped());
    command.stderr(File::create(folder.join(SAID)).unwrap()).spawn().unwrap()
}

/// Reads what the process says until it ends; says why where that is not as it should be.
fn watch(child: &mut Child, folder: &Path, name: &str, row: &mut Row) -> Option<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    let (mut last, mut since, mut is_hung) = (None, Instant::now(), false);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let number = fs::read(folder.join(NOTE)).ok().map(|bytes| bytes.iter().take(16).copied().collect::<Vec<u8>>());
        if number != last {
            (last, since) = (number, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            is_hung = true;
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    };
    for line in said.join().unwrap() {
        let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
        if let Some(why) = line["why"].as_str() {
            let input: Vec<u8> = serde_json::from_value(line["input"].clone()).unwrap();
            save(name, why, &input, row);
        } else {
            row.inputs += line["inputs"].as_u64().unwrap_or(0);
            row.accepted += line["accepted"].as_u64().unwrap_or(0);
            row.memory = row.memory.max(line["memory"].as_u64().unwrap_or(0));
            row.slowest = row.slowest.max(line["slowest"].as_f64().unwrap_or(0.0));
        }
    }
    let said = fs::read_to_string(folder.join(SAID)).unwrap_or_default();
    let died = || {
        format!(
            "the process died, {status}, {}",
            said.replace(": ", " ").lines().find(|line| !line.is_empty()).unwrap_or_default()
        )
    };
    (!status.success()).then(|| if is_hung { "it hangs".into() } else { died() })
}

/// The input that was tried last, and its number.
fn read_note(folder: &Path) -> (u64, Vec<u8>) {
    let bytes = fs::read(folder.join(NOTE)).unwrap_or_default();
    let number = |at: usize| bytes.get(at..at + 8).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
    (number(0), bytes.iter().skip(16).take(number(8) as usize).copied().collect())
}

/// Keeps an input of a kind of failure that is new below `target/fuzz`, and tells how to repeat it.
fn save(name: &str, why: &str, input: &[u8], row: &mut Row) {
    if row.failures.iter().any(|known| kind(known) == kind(why)) {
        return;
    }
    row.failures.push(why.to_owned());
    // target/debug/deps/fuzz-0123456789abcdef
    let target: PathBuf = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("fuzz");
    fs::create_dir_all(&target).unwrap();
    let file = target.join(format!("{name}-{:08x}.input", crc32fast::hash(input)));
    fs::write(&file, input).unwrap();
    println!("{name}: {why}\n    cargo test -p tests --test fuzz -- --repeat {name} {}", file.display());
}
