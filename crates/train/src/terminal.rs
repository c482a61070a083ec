//! What a person sees: the output of all commands, and of a run a live bar on a terminal, one plain line per epoch otherwise.

mod margin;
mod shown;

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use chart::terminal::{harmless, harmless_json, harmless_line};
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike as _};
use margin::Margin;
use report::{clock, fraction};
use run::EpochRecord;
use train::{
    Error,
    observer::{EpochProgress, Observer},
};

pub use shown::{colours, width};

const COLUMNS: &str = "epoch  train loss  valid loss  accuracy      f1  roc auc    images/s       time";

/// Standard output, as all commands write to it: nothing gets there that a terminal would obey, but for our own colours.
pub struct Out;

impl Out {
    /// What `write!` calls.
    pub fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        io::stdout().write_all(shown(&text.to_string()).as_bytes())
    }

    /// Writes one JSON value.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(io::stdout(), "{}", harmless_json(&format!("{value:#}")))
    }

    /// Brings out what has no end of line yet.
    pub fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Text without what a terminal would obey, but for our own colours.
pub fn shown(text: &str) -> String {
    harmless(text, colours())
}

/// Writes a line to standard output. A reader that has gone, as `head` does, does not stop a run.
pub fn say(line: &str) {
    let _ = writeln!(Out, "{line}");
}

/// Writes one line to standard error, whatever is in it; who has closed it does not want to know.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless_line(line));
}

/// Whether what is live can be shown: a bar, a table.
pub fn is_live() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !is_dumb
}

/// Clears what is live: it is at the cursor and below.
pub fn clear_live() {
    if is_live() {
        // Whoever exits does not wait for a terminal that has gone.
        let _ = Term::stderr().clear_to_end_of_screen();
    }
}

/// The observer that suits where the output goes.
pub fn observer(quiet: bool) -> Box<dyn Observer> {
    match (quiet, is_live()) {
        (true, _) => Box::new(Quiet),
        (false, true) => Box::new(Lines { bar: Some(Bar::new()), printed: 0 }),
        (false, false) => Box::new(Lines { bar: None, printed: 0 }),
    }
}

struct Quiet;

impl Observer for Quiet {
    fn batches(&mut self, _: &EpochProgress) {}
    fn epoch(&mut self, _: &EpochRecord, _: usize) {}

    fn warning(&mut self, warning: &Error) {
        tell(&format!("warning: {warning}"));
    }
}

/// A line per epoch, above a bar where there is one.
struct Lines {
    bar: Option<Bar>,
    printed: usize,
}

impl Observer for Lines {
    fn batches(&mut self, progress: &EpochProgress) {
        if let Some(bar) = &mut self.bar {
            bar.show(progress);
        }
    }

    fn epoch(&mut self, record: &EpochRecord, epochs: usize) {
        if self.printed == 0 {
            self.print(COLUMNS);
        }
        self.printed += 1;
        self.print(&row(record));
        if let Some(bar) = self.bar.as_ref().filter(|_| record.epoch == epochs) {
            bar.bar.finish_and_clear();
        }
    }

    fn warning(&mut self, warning: &Error) {
        let line = format!("warning: {warning}");
        match &self.bar {
            Some(bar) => bar.bar.suspend(|| tell(&line)),
            None => tell(&line),
        }
    }
}

impl Lines {
    fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

fn row(record: &EpochRecord) -> String {
    let (train, valid) = (&record.train, &record.valid);
    format!(
        "{:>5}  {:>10.6}  {:>10.6}  {:>8.4}  {:>6}  {:>7}  {:>10.0}  {:>6.0} ms",
        record.epoch,
        train.loss,
        valid.loss,
        valid.accuracy,
        fraction(valid.f1),
        fraction(valid.roc_auc),
        record.images_per_second,
        record.seconds * 1e3,
    )
}

/// The live bar; a narrow terminal cuts it at the right.
struct Bar {
    bar: ProgressBar,
    began: Instant,
    /// Images trained before this process took part, as seen with the first progress.
    before: Option<usize>,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(1),
            ProgressDrawTarget::term_like_with_hz(Box::new(Margin::stderr()), 15),
        );
        let style = ProgressStyle::with_template("{bar:16.cyan/blue} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"));
        Self { bar, began: Instant::now(), before: None }
    }

    fn show(&mut self, progress: &EpochProgress) {
        let all = progress.epochs * progress.images_total;
        let done = (progress.epoch - 1) * progress.images_total + progress.images;
        let before = *self.before.get_or_insert(done);
        if done == before {
            return;
        }
        let rate = (done - before) as f64 / self.began.elapsed().as_secs_f64();
        let left = (all - done) as f64 / rate;
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        let message = format!(
            "{}/{}  {} left  loss {:.4}  accuracy {:.4}  {:.0} images/s",
            progress.epoch,
            progress.epochs,
            clock(left),
            progress.loss,
            progress.accuracy,
            progress.images_per_second,
        );
        self.bar.set_message(message.chars().take(room()).collect::<String>());
    }
}

/// Columns for the message beside the bar: a line that wraps is not cleared.
fn room() -> usize {
    usize::from(Margin::stderr().width()).saturating_sub(16 + 1)
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
