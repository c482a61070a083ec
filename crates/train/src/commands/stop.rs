//! Ctrl-C and SIGTERM: the first asks for a stop at the end of the step, the second stops at once (but for a trial).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context as _;
use burn::train::Interrupter;

use crate::terminal::{clear_live, is_live, tell};

/// What an interrupt reaches.
pub struct Stop {
    asked: Arc<AtomicBool>,
    interrupter: Interrupter,
}

impl Stop {
    /// Takes over the handling of interrupts.
    pub fn listen() -> anyhow::Result<Self> {
        Self::listen_for(true)
    }

    /// The same where a second interrupt says no more than the first. A trial hears of one stop several times: from a batch
    /// system that asks every process of a job, from its driver, and from the system when its driver has gone.
    pub fn listen_patiently() -> anyhow::Result<Self> {
        Self::listen_for(false)
    }

    fn listen_for(a_second_is_more: bool) -> anyhow::Result<Self> {
        let stop = Self { asked: Arc::default(), interrupter: Interrupter::new() };
        let (asked, interrupter) = (stop.asked.clone(), stop.interrupter.clone());
        ctrlc::set_handler(move || {
            let is_second = asked.swap(true, Ordering::Relaxed);
            interrupter.stop(None);
            if is_second && !a_second_is_more {
                return;
            }
            if is_second {
                clear_live();
                tell("stopped at once; what was saved is kept");
                std::process::exit(crate::INTERRUPTED.into());
            }
            // A live bar has the line to itself, and a step is shorter than a person reads.
            if !is_live() {
                tell("stopping as soon as all is saved; once more stops at once");
            }
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    /// Set when a stop is asked for.
    pub fn asked(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }

    /// Whether a stop is asked for.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The same for Burn's Learner.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}
