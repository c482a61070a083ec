//! Ctrl-C and SIGTERM: the first asks for a stop at the end of the step, the second stops at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context as _;
use burn::train::Interrupter;

/// What an interrupt reaches.
pub struct Stop {
    asked: Arc<AtomicBool>,
    interrupter: Interrupter,
}

impl Stop {
    /// Takes over the handling of interrupts.
    pub fn listen() -> anyhow::Result<Self> {
        let stop = Self { asked: Arc::default(), interrupter: Interrupter::new() };
        let (asked, interrupter) = (stop.asked.clone(), stop.interrupter.clone());
        ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::Relaxed) {
                eprintln!("stopped at once; the last checkpoint is kept");
                std::process::exit(crate::INTERRUPTED.into());
            }
            eprintln!("stopping after this step; once more stops at once");
            interrupter.stop(None);
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    /// Set when a stop is asked for.
    pub fn asked(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }

    /// The same for Burn's Learner.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}
