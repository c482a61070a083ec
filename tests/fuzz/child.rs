//! One parser, tried in this process.

use std::{
    fs::{self, File},
    io::{Seek as _, Write as _},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::{
    arguments::{ChildJob, Length},
    memory,
    parsers::{self, Parser},
};

const MOST_MEMORY: usize = 256 << 20;
const MOST_TIME: Duration = Duration::from_secs(1);
/// Attempts to make a failing input smaller.
const SMALLER: usize = 400;
const ENOUGH: Duration = Duration::from_secs(5);

/// Where and why the last panic was, on whatever thread.
static PANIC: Mutex<String> = Mutex::new(String::new());
static IS_TRYING: AtomicBool = AtomicBool::new(false);

/// What an input that failed did; one input of each is kept.
type Why = String;

#[derive(Default)]
struct Sums {
    inputs: u64,
    accepted: u64,
    memory: usize,
    slowest: Duration,
    failures: Vec<Why>,
}

/// Tries inputs until the time or the number is over; prints failures and sums, a JSON object a line.
pub fn run(job: &ChildJob) -> ExitCode {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let said = format!("panic at {place}: {}", info.payload_as_str().unwrap_or_default());
        if !IS_TRYING.load(Relaxed) {
            eprintln!("{said}");
        }
        *PANIC.lock().unwrap() = said;
    }));
    let folder = folder();
    let mut parser = parsers::named(&job.parser, folder.path());
    let mut note = File::create(&job.note).unwrap();
    let mut sums = Sums::default();
    let inputs = parser.inputs();
    let seed: Vec<u8> = (0..4).flat_map(|part| (job.seed + part).to_le_bytes()).collect();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let began = Instant::now();
    while match job.length {
        Length::Inputs(most) => sums.inputs < most,
        Length::Time(most) => began.elapsed() < most,
    } {
        let mut tree = inputs.new_tree(&mut runner).expect("every strategy makes an input at once");
        let input = tree.current();
        write_note(&mut note, sums.inputs, &input);
        if let Err(why) = attempt(&mut *parser, &input, &mut sums)
            && !sums.failures.iter().any(|known| kind(known) == kind(&why))
        {
            let smallest = smaller(&mut *parser, &mut tree, &why, &mut note, sums.inputs);
            sums.failures.push(why.clone());
            println!("{}", json!({ "why": why, "input": smallest }));
        }
        sums.inputs += 1;
    }
    let Sums { inputs, accepted, memory, slowest, .. } = sums;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({ "inputs": inputs, "accepted": accepted, "memory": memory, "slowest": slowest.as_secs_f64(), "seconds": seconds })
    );
    ExitCode::SUCCESS
}

/// Gives the parser an input that was saved, and lets come what may.
pub fn repeat(parser: &str, file: &Path) -> ExitCode {
    let folder = folder();
    // Cargo runs tests in the folder of their package; a path that was typed is seen from the root.
    let file = [PathBuf::from(file), Path::new("..").join(file)].into_iter().find(|file| file.is_file());
    let input = fs::read(file.expect("there is no such file")).unwrap();
    let mut parser = parsers::named(parser, folder.path());
    let (before, began) = (memory::begin(), processor_time());
    let is_accepted = parser.read(&input);
    let (time, memory) = (processor_time() - began, memory::peak() - before);
    println!("accepted: {is_accepted}, {memory} bytes, {time:?}");
    ExitCode::from(u8::from(memory > MOST_MEMORY || time > MOST_TIME))
}

/// What tells failures apart: of a panic its place.
pub fn kind(why: &str) -> &str {
    why.split(": ").next().unwrap_or(why)
}

/// In memory where the system has such a place.
pub fn folder() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap()
}

/// The number and the bytes of an input, for whoever finds this process dead.
fn write_note(note: &mut File, number: u64, input: &[u8]) {
    note.rewind().unwrap();
    note.write_all(&[&number.to_le_bytes(), &(input.len() as u64).to_le_bytes(), input].concat()).unwrap();
}

fn attempt(parser: &mut dyn Parser, input: &[u8], sums: &mut Sums) -> Result<(), Why> {
    let (before, began) = (memory::begin(), processor_time());
    PANIC.lock().unwrap().clear();
    IS_TRYING.store(true, Relaxed);
    let accepted = panic::catch_unwind(AssertUnwindSafe(|| parser.read(input)));
    IS_TRYING.store(false, Relaxed);
    let (time, memory) = (processor_time() - began, memory::peak().saturating_sub(before));
    let accepted = accepted.map_err(|_| last_panic())?;
    sums.accepted += u64::from(accepted);
    (sums.memory, sums.slowest) = (sums.memory.max(memory), sums.slowest.max(time));
    match (memory > MOST_MEMORY, time > MOST_TIME) {
        (true, _) => Err("memory: more than 256 MiB".into()),
        (_, true) => Err("time: more than a second".into()),
        _ => Ok(()),
    }
}

/// Where and why there was a panic since the input was given, also one that was caught, or of another thread; empty without one.
pub fn last_panic() -> String {
    PANIC.lock().unwrap().clone()
}

/// What this process has computed so far: a machine that is busy makes no input slow.
#[cfg(unix)]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time to where it is told.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time of day, where there is no other.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The smallest input found that fails in the same way.
fn smaller(
    parser: &mut dyn Parser,
    tree: &mut dyn ValueTree<Value = Vec<u8>>,
    why: &Why,
    note: &mut File,
    number: u64,
) -> Vec<u8> {
    let mut smallest = tree.current();
    let mut is_open = tree.simplify();
    let began = Instant::now();
    for _ in 0..SMALLER {
        if !is_open || began.elapsed() > ENOUGH {
            break;
        }
        let input = tree.current();
        write_note(note, number, &input);
        is_open = if attempt(parser, &input, &mut Sums::default()).is_err_and(|other| kind(&other) == kind(why)) {
            smallest = input;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    smallest
}
