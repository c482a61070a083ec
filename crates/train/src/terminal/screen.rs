//! Lines at the bottom of a terminal that are drawn again and again.

use std::io;

use console::{Term, truncate_str};

use crate::terminal::{shown, shown::wrapped};

/// Rows and columns left free, so that no line wraps and nothing scrolls away.
const FREE: usize = 1;

/// Clears what a longer line before has left. Line by line: some terminals keep a screen that is cleared as a whole in their
/// history.
const CLEAR_REST: &str = "\x1b[K";

/// The lowest lines of the terminal, below what has been said.
///
/// The cursor waits at their beginning. Wherever a change of the window's size moves them, it goes along, and what is
/// below it is what has to be drawn again. All of that is one write, so that nothing flickers.
pub struct Screen {
    term: Term,
    lines: Vec<String>,
}

impl Screen {
    pub fn new() -> Self {
        Self { term: Term::buffered_stderr(), lines: Vec::new() }
    }

    /// Columns and rows for the lines.
    pub fn size(&self) -> [usize; 2] {
        let (rows, columns) = self.term.size();
        [columns, rows].map(|count| usize::from(count).saturating_sub(FREE))
    }

    /// Shows these lines in place of those before.
    pub fn show(&mut self, lines: Vec<String>) {
        if lines != self.lines {
            self.lines = lines;
            self.draw(None);
        }
    }

    /// Says a line for good, above the others.
    pub fn say(&mut self, line: &str) {
        self.draw(Some(line));
    }

    fn draw(&self, said: Option<&str>) {
        let draw = || -> io::Result<()> {
            let [width, _] = self.size();
            let over = |line: &str| self.term.write_line(&format!("{line}{CLEAR_REST}"));
            let said = wrapped(&shown(said.unwrap_or_default()), &self.term);
            said.lines().try_for_each(over)?;
            self.lines.iter().try_for_each(|line| over(&truncate_str(&shown(line), width, "…")))?;
            self.term.clear_to_end_of_screen()?;
            self.term.move_cursor_up(self.lines.len())?;
            self.term.flush()
        };
        // A terminal that has gone does not stop a study.
        let _ = draw();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.lines.clear();
        self.draw(None);
    }
}
