//! What a person sees of a study at work: a live line on a terminal, above it a plain line per trial.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use train::{
    report::clock,
    sweep::{Entry, Event, Status, Study, Watcher, status::State},
};

use crate::terminal::{is_live, say, tell};

/// A line per trial, and a bar where there is a terminal.
pub struct Shown<'a> {
    study: &'a Study,
    bar: Option<ProgressBar>,
    began: Instant,
    ended: u64,
    best: Option<(f64, String)>,
}

impl<'a> Shown<'a> {
    pub fn new(study: &'a Study) -> Self {
        let bar = is_live().then(|| {
            let style = ProgressStyle::with_template("{bar:16.cyan/blue} {pos}/{len} {wide_msg}");
            ProgressBar::new(study.total())
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"))
        });
        Self { study, bar, began: Instant::now(), ended: 0, best: None }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    fn ended(&mut self, entry: &Entry) {
        let Status { state, value, .. } = &entry.status;
        let value = value.map_or_else(|| "-".into(), |value| format!("{value:.6}"));
        let how = match state {
            State::Finished => "finished",
            State::Pruned => "pruned",
            _ => "paused",
        };
        if *state != State::Waiting {
            self.ended += 1;
        }
        self.remember(entry);
        let (number, epochs) = (entry.trial.number + 1, entry.values.len());
        self.line(&format!("{number:>5}  {how:<8}  {value}  {epochs:>3} epochs  {}", entry.trial.named()));
    }

    fn remember(&mut self, entry: &Entry) {
        let Some(value) = entry.status.value else { return };
        let goal = self.study.goal;
        if self.best.as_ref().is_none_or(|(best, _)| goal.loss(value) < goal.loss(*best)) {
            self.best = Some((value, entry.trial.named()));
        }
    }
}

impl Watcher for Shown<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Began(_) | Event::Stopping(_) => {}
            Event::Ended(entry) => self.ended(entry),
            Event::Failed { entry, reason, output, again } => {
                let number = entry.trial.number + 1;
                let then = if *again { "; it is tried again" } else { "" };
                self.line(&format!("{number:>5}  failed    {}: {reason}{then}", entry.trial.named()));
                output.iter().filter(|line| !line.ends_with(reason)).for_each(|line| tell(&format!("       {line}")));
            }
        }
    }

    fn look(&mut self, entries: &[Entry], running: &[usize]) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(self.ended);
        let now: Vec<String> = running.iter().map(|place| progress(&entries[*place])).collect();
        let best =
            self.best.as_ref().map_or_else(String::new, |(value, named)| format!("best {value:.4} at {named}  "));
        bar.set_message(format!("{}{best}running {}", self.left(), now.join(", ")));
    }
}

impl Shown<'_> {
    /// The time that is left, if the trials to come take as long as those before.
    fn left(&self) -> String {
        if self.ended == 0 {
            return String::new();
        }
        let left = self.study.total().saturating_sub(self.ended) as f64;
        let seconds = self.began.elapsed().as_secs_f64() / self.ended as f64 * left;
        format!("{} left  ", clock(Duration::from_secs_f64(seconds)))
    }
}

fn progress(entry: &Entry) -> String {
    format!("{} ({}/{})", entry.trial.number + 1, entry.values.len(), entry.trial.plan.training.epochs)
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
