//! Ctrl-C and SIGTERM: the first asks for a stop at the end of the step, the second stops at once (but for a trial).

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use burn::train::Interrupter;
use run::folder;

use crate::terminal::{clear_live, is_live, tell};

/// Less than that after the first interrupt no person has typed another: `timeout`, for one, asks a process and then its group,
/// so that it hears of the same stop twice.
const TYPED: Duration = Duration::from_millis(300);
/// How often a run's folder is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What an interrupt reaches.
pub struct Stop {
    asked: Arc<AtomicBool>,
    interrupter: Interrupter,
}

impl Stop {
    /// Takes over the handling of interrupts.
    pub fn listen() -> anyhow::Result<Self> {
        Self::listen_with(|| {})
    }

    /// The same with something to do where a second one stops at once.
    pub fn listen_with(at_once: fn()) -> anyhow::Result<Self> {
        Self::listen_for(Some(at_once))
    }

    /// The same where a second interrupt says no more than the first. What a batch system runs hears of one stop several
    /// times: from that system, which asks every process of a job, and a trial from its driver, and from the operating system
    /// when its driver has gone.
    pub fn listen_patiently() -> anyhow::Result<Self> {
        Self::listen_for(None)
    }

    /// Stops also when somebody asks for it by the run's folder.
    pub fn listen_to(&self, run: &Path) {
        let (asked, interrupter, run) = (self.asked(), self.interrupter(), run.to_owned());
        // It ends with the process.
        thread::spawn(move || {
            while !folder::is_stop_asked(&run) {
                thread::sleep(LOOK);
            }
            if !asked.swap(true, Ordering::Relaxed) {
                interrupter.stop(None);
            }
        });
    }

    fn listen_for(at_once: Option<fn()>) -> anyhow::Result<Self> {
        let stop = Self { asked: Arc::default(), interrupter: Interrupter::new() };
        let (asked, interrupter) = (stop.asked.clone(), stop.interrupter.clone());
        let mut first = None;
        ctrlc::set_handler(move || {
            let since = first.get_or_insert_with(Instant::now).elapsed();
            let is_again = asked.swap(true, Ordering::Relaxed);
            interrupter.stop(None);
            if is_again && since < TYPED {
                return;
            }
            if is_again {
                let Some(at_once) = at_once else { return };
                at_once();
                clear_live();
                tell("stopped at once; what was saved is kept");
                std::process::exit(crate::INTERRUPTED.into());
            }
            // A live bar has the line to itself, and a step is shorter than a person reads.
            if !is_live() {
                let more = if at_once.is_some() { "; once more stops at once" } else { "" };
                tell(&format!("stopping as soon as all is saved{more}"));
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
