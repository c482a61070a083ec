//! What standard output is: how wide, and in how many colours.

use std::{env, io::IsTerminal as _};

use chart::terminal::Colours;
use console::Term;

/// Columns of what is no terminal: whatever reads it does not wrap.
const UNBOUNDED: usize = 120;

/// Columns of standard output.
pub fn width() -> usize {
    let term = Term::stdout();
    term.size_checked().map_or(UNBOUNDED, |(_, columns)| usize::from(columns).max(1))
}

/// Colours of standard output.
pub fn colours() -> Colours {
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    Colours::of(std::io::stdout().is_terminal(), variable)
}
