//! Runs and studies of random plans, killed at random moments, and held against the same ones that nobody killed.
//!
//! `cargo test` tries a run and a study from a fixed seed; `just torture MINUTES` goes on as long as it may, prints its seed
//! and a line a minute. What comes of a plan must not depend on what was killed, when and how: the same bits of each model,
//! the same metrics but for times, the same trials. Where it does, both folders stay below `target/torture`, and the seed of
//! the case is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "other systems have no such signals"))]

#[path = "torture/case.rs"]
mod case;
#[allow(dead_code, reason = "the tests from outside use all of it")]
#[path = "outside/harness.rs"]
mod harness;
#[path = "torture/kill.rs"]
mod kill;
#[path = "torture/plans.rs"]
mod plans;

use std::{
    collections::BTreeMap,
    env,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use case::Case;
use kill::Kill;

/// What was done so far; kills by their kind.
#[derive(Default)]
pub struct Counts {
    runs: u64,
    studies: u64,
    kills: BTreeMap<String, u64>,
    differences: Vec<String>,
}

impl Counts {
    fn count(&mut self, kill: Kill) {
        *self.kills.entry(kill.name()).or_default() += 1;
    }
}

/// How often a process of a case is killed, in `cargo test`.
const FEW: usize = 3;
const MANY: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after =
        |flag: &str| arguments.iter().position(|argument| argument == flag).and_then(|at| arguments.get(at + 1));
    let number = |flag: &str| {
        after(flag).map(|text| text.parse::<f64>().unwrap_or_else(|_| panic!("{flag} {text}: a number is expected")))
    };
    let filter = arguments.first().filter(|first| !first.starts_with('-'));
    if cfg!(not(unix)) || filter.is_some_and(|filter| !"torture".contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    let time = number("--minutes").map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    let seed = number("--seed").map(|seed| seed as u64);
    let counts = match (time, seed) {
        (Some(time), seed) => all(seed.unwrap_or_else(of_this_moment), time),
        (None, Some(seed)) => some(&[seed], MANY),
        // A run and a study.
        (None, None) => some(&[8, 3], FEW),
    };
    println!("{}", line(&counts));
    ExitCode::from(u8::from(!counts.differences.is_empty()))
}

/// The cases of these seeds.
fn some(seeds: &[u64], kills: usize) -> Counts {
    let counts = Mutex::new(Counts::default());
    seeds.iter().for_each(|seed| Case::new(*seed, kills).run(&counts));
    counts.into_inner().unwrap()
}

/// Cases until the time is over, as many at a time as there are cores.
fn all(seed: u64, time: Duration) -> Counts {
    println!("torture: seed {seed}");
    let (began, next, counts) = (Instant::now(), AtomicU64::new(seed), Mutex::new(Counts::default()));
    let work = || {
        while began.elapsed() < time {
            Case::new(next.fetch_add(1, Relaxed), MANY).run(&counts);
        }
    };
    let tell = || {
        for minute in 1.. {
            let left = (began + Duration::from_secs(60 * minute)).saturating_duration_since(Instant::now());
            thread::sleep(left.min(time.saturating_sub(began.elapsed())));
            if began.elapsed() >= time {
                break;
            }
            println!("minute {minute}: {}", line(&counts.lock().unwrap()));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        (0..cores).for_each(|_| drop(scope.spawn(work)));
        scope.spawn(tell);
    });
    counts.into_inner().unwrap()
}

fn line(Counts { runs, studies, kills, differences }: &Counts) -> String {
    let kinds: Vec<String> = kills.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let (sum, kinds) = (kills.values().sum::<u64>(), kinds.join(", "));
    format!("{runs} runs, {studies} studies, {sum} kills ({kinds}), {} differences", differences.len())
}

/// A seed that was not there before.
fn of_this_moment() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |time| u64::from(time.subsec_nanos()))
}
