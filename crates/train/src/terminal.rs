//! What a person sees: the output of all commands, and of a run a live bar on a terminal, one plain line per epoch otherwise.

mod epochs;
mod screen;
mod shown;

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use chart::terminal::{harmless, harmless_json, harmless_line};
use console::{Term, style};
use shown::wrapped;

pub use epochs::observer;
pub use screen::Screen;
pub use shown::{colours, ranked, room, table, width};

/// Whether another process of the same training says all.
static SILENT: AtomicBool = AtomicBool::new(false);

/// From now on nothing is said or shown, but what [`tell_always`] tells.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

fn is_silent() -> bool {
    SILENT.load(Ordering::Relaxed)
}

/// Standard output, as all commands write to it: nothing gets there that a terminal would obey, but for our own colours.
pub struct Out;

impl Out {
    /// What `write!` calls.
    pub fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        io::stdout().write_all(wrapped(&shown(&text.to_string()), &Term::stdout()).as_bytes())
    }

    /// Writes code as it stands, to be copied: a broken line would be other code.
    pub fn code(&mut self, lines: &str) -> io::Result<()> {
        io::stdout().write_all(shown(lines).as_bytes())
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
    if is_silent() {
        return;
    }
    let _ = writeln!(Out, "{line}");
}

/// Writes one line to standard error, whatever is in it; who has closed it does not want to know.
pub fn tell(line: &str) {
    if !is_silent() {
        tell_always(line);
    }
}

/// The same also of a process that else is silent.
pub fn tell_always(line: &str) {
    let line = wrapped(&harmless_line(line), &Term::stderr());
    let _ = writeln!(io::stderr(), "{}", in_colour(&line));
}

/// An error in red and a warning in yellow, where standard error shows colours.
fn in_colour(line: &str) -> String {
    match line.split_once(':') {
        Some(("error", rest)) => format!("{}:{rest}", style("error").for_stderr().red().bold()),
        Some(("warning", rest)) => format!("{}:{rest}", style("warning").for_stderr().yellow().bold()),
        _ => line.to_owned(),
    }
}

/// Whether what is live can be shown: a bar, a table.
pub fn is_live() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !is_dumb && !is_silent()
}

/// Clears what is live: it is at the cursor and below.
pub fn clear_live() {
    if is_live() {
        // Whoever exits does not wait for a terminal that has gone.
        let _ = Term::stderr().clear_to_end_of_screen();
    }
}
