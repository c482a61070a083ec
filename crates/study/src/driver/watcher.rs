//! What a driver tells whoever watches.

use super::Entry;

/// What happens in a study.
#[derive(Debug)]
pub enum Event<'a> {
    /// A trial's process begins.
    /// It has come to its end, or as far as it was to come for now.
    Ended(&'a Entry),
    /// It failed; with the last lines that it wrote.
    Failed {
        entry: &'a Entry,
        reason: &'a str,
        /// Its last lines.
        output: &'a [String],
        /// Whether it is tried again.
        again: bool,
    },
    /// No more trials begin, and those that run are asked to save and stop.
    Stopping(&'a StopReason),
}

/// Hears of a study's progress. The library never prints.
pub trait Watcher {
    /// Something has happened.
    fn event(&mut self, event: &Event<'_>);
    /// How all stand now; `running` are places in `entries`.
    fn look(&mut self, entries: &[Entry], running: &[usize]);
}

/// What came of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No trial is left to do.
    Done,
    /// It was asked to stop.
    Interrupted,
    /// Its time is used up.
    OutOfTime,
    /// The first trials failed alike.
    FailedAlike(String),
}
