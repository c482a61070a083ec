//! Foreign bytes of every kind, made by the million and given to what reads them.
//!
//! `cargo test` gives each parser some hundred inputs from a fixed seed; `just fuzz MINUTES` goes on as long as it may, from a
//! seed that it prints. Each parser is tried in a process of its own, which notes every input before it reads it, so that an
//! abort leaves the input that did it. An input is held to: no panic, no abort, at most 256 MiB more memory, at most a second
//! of the processor. What fails is saved, with the command that repeats it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fuzz/arguments.rs"]
mod arguments;
#[path = "fuzz/child.rs"]
mod child;
#[path = "fuzz/memory.rs"]
mod memory;
#[path = "fuzz/parsers.rs"]
mod parsers;
#[path = "fuzz/runner.rs"]
mod runner;
#[path = "fuzz/strategies.rs"]
mod strategies;

use std::process::ExitCode;

use arguments::Arguments;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn main() -> ExitCode {
    match Arguments::read() {
        Arguments::All(job) => runner::run(&job),
        Arguments::Child(job) => child::run(&job),
        Arguments::Repeat { parser, file } => child::repeat(&parser, &file),
    }
}
