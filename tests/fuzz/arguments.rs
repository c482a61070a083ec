//! What can be typed after `cargo test -p tests --test fuzz --`.

use std::{
    env,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

pub enum Arguments {
    /// Try all parsers.
    All(Job),
    /// Try one of them, in this process.
    Child(ChildJob),
    /// Give one input to a parser again.
    Repeat { parser: String, file: PathBuf },
}

/// Which parsers, from which seed, how long.
pub struct Job {
    /// Part of the parsers' names; empty: all.
    pub filter: String,
    pub seed: u64,
    pub length: Length,
}

/// How long a parser is tried.
#[derive(Clone, Copy)]
pub enum Length {
    Inputs(u64),
    /// Of all parsers together, on all cores.
    Time(Duration),
}

pub struct ChildJob {
    pub parser: String,
    pub seed: u64,
    pub length: Length,
    /// Where the input is noted before it is tried.
    pub note: PathBuf,
}

/// Inputs a parser gets in `cargo test`.
const FEW: u64 = 300;

impl Arguments {
    pub fn read() -> Self {
        let all: Vec<String> = env::args().skip(1).collect();
        let after =
            |flag: &str| all.iter().position(|argument| argument == flag).and_then(|at| all.get(at + 1)).cloned();
        let number = |flag: &str| {
            after(flag)
                .map(|text| text.parse::<f64>().unwrap_or_else(|_| panic!("{flag} {text}: a number is expected")))
        };
        let minutes = number("--minutes").map(|minutes| Length::Time(Duration::from_secs_f64(60.0 * minutes)));
        let seed = number("--seed").map(|seed| seed as u64);
        let length = minutes.or(number("--inputs").map(|inputs| Length::Inputs(inputs as u64)));
        let (length, usual) = match length {
            Some(length) => (length, of_this_moment()),
            None => (Length::Inputs(FEW), 0),
        };
        let seed = seed.unwrap_or(usual);
        if let Some(parser) = after("--child") {
            return Self::Child(ChildJob { parser, seed, length, note: after("--note").unwrap().into() });
        }
        if let Some(at) = all.iter().position(|argument| argument == "--repeat") {
            let [parser, file] = &all[at + 1..] else { panic!("--repeat PARSER FILE") };
            return Self::Repeat { parser: parser.clone(), file: file.into() };
        }
        // Cargo hands its filter to every test target; flags of the usual test harness mean nothing here.
        let filter = all.first().filter(|first| !first.starts_with('-')).cloned().unwrap_or_default();
        Self::All(Job { filter, seed, length })
    }
}

/// A seed that was not there before.
fn of_this_moment() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |time| u64::from(time.subsec_nanos()))
}
