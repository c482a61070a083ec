//! What a person sees of a study at work: a line per trial that ends, and below, on a terminal, a live table.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use study::{Entry, Event, Overview, Remaining, Status, StopReason, Study, Watcher, ended, failed};

use crate::commands::live_page::Rewriting;
use crate::terminal::{Screen, colours, is_live, say};

/// What the running trials do when no more begin.
const FINISH: &str = "what runs finishes its step and saves";

/// A line per trial, above a table where there is a terminal.
pub struct Shown<'a> {
    study: &'a Study,
    screen: Option<Screen>,
    began: Instant,
    remaining: Remaining,
    /// Why no more trials begin.
    stopping: Option<String>,
    page: Page<'a>,
}

/// The page of a study at work.
struct Page<'a> {
    study: &'a Study,
    /// The study's folder, where this driver is the one that writes it.
    folder: Option<&'a Path>,
    rewriting: Rewriting,
}

/// The page is written at most so often; who watches it sees trials come on. That of a large study takes longer and is written less often.
const EVERY: Duration = Duration::from_secs(1);

impl Page<'_> {
    fn look(&mut self, entries: &[Entry]) {
        let Some(folder) = self.folder else { return };
        self.rewriting.write(|| {
            let trials: Vec<Status> = entries.iter().map(|entry| entry.status.clone()).collect();
            // Why it cannot be written is told at the study's end.
            let _ = study::write_live(folder, self.study, &trials);
        });
    }
}

impl<'a> Shown<'a> {
    /// With a page in this folder.
    pub fn new(study: &'a Study, folder: Option<&'a Path>) -> Self {
        let screen = is_live().then(Screen::new);
        let page = Page { study, folder, rewriting: Rewriting::new(EVERY) };
        Self { study, screen, began: Instant::now(), remaining: Remaining::default(), stopping: None, page }
    }

    fn say(&mut self, line: &str) {
        match &mut self.screen {
            Some(screen) => screen.say(line),
            None => say(line),
        }
    }

    /// Those of the terminal, where there is one.
    fn columns(&self) -> Option<usize> {
        self.screen.as_ref().map(|screen| screen.size()[0])
    }

    /// On a terminal the table says so; who pressed Ctrl-C without one has been told.
    fn stopping(&mut self, end: &StopReason) {
        let why = match end {
            StopReason::Done => return,
            StopReason::Interrupted => format!("as asked; {FINISH}; a second Ctrl-C stops at once"),
            StopReason::OutOfTime => format!("its time is used up; {FINISH}"),
            StopReason::FailedAlike(_) => format!("the first trials failed alike; {FINISH}"),
        };
        if self.screen.is_none() && *end != StopReason::Interrupted {
            say(&format!("stopping: {why}"));
        }
        self.stopping = Some(why);
    }
}

impl Watcher for Shown<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Ended(entry) => ended(entry, self.columns(), colours()).iter().for_each(|line| self.say(line)),
            Event::Failed { entry, reason, output, again } => {
                failed(entry, reason, output, *again, self.columns(), colours()).iter().for_each(|line| self.say(line));
            }
            Event::Stopping(end) => self.stopping(end),
        }
    }

    fn look(&mut self, entries: &[Entry], running: &[usize]) {
        self.page.look(entries);
        let Some(screen) = &mut self.screen else { return };
        let overview = Overview::new(self.study, entries, running, self.began.elapsed(), &mut self.remaining);
        screen.show(overview.lines(screen.size(), self.stopping.as_deref(), colours()));
    }
}
