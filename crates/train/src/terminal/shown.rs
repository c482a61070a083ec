//! What standard output is: how wide, and in how many colours.

use std::{
    env,
    io::{self, IsTerminal as _},
};

use chart::{
    Table,
    terminal::{self, Colours, behind},
};
use console::Term;

/// Columns of a page where nothing says how many there are.
const PAGE: usize = 80;

/// Columns of what shows standard output: a terminal, or one beside a pipe, as of `train runs | less`. A file has none, nor has a pipe
/// that nobody looks at: there each row of a table is a line, however long.
pub fn room() -> Option<usize> {
    columns(&Term::stdout()).or_else(|| if is_file(io::stdout()) { None } else { beside() })
}

/// Columns of text and charts; where no terminal says how many there are, `COLUMNS` does.
pub fn width() -> usize {
    room().or_else(asked).unwrap_or(PAGE)
}

fn columns(term: &Term) -> Option<usize> {
    term.size_checked().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// What `COLUMNS` says, or the terminal that this process has beside its pipe.
fn beside() -> Option<usize> {
    let terminal = columns(&Term::stderr()).or_else(of_input);
    terminal.map(|columns| asked().unwrap_or(columns))
}

fn asked() -> Option<usize> {
    env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}

#[cfg(unix)]
fn of_input() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdin()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn of_input() -> Option<usize> {
    None
}

#[cfg(unix)]
fn is_file(stream: impl std::os::fd::AsFd) -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(stream).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

#[cfg(not(unix))]
fn is_file<T>(_: T) -> bool {
    true
}

/// A table as wide as there is room for.
pub fn table(rows: &Table) -> String {
    terminal::table(rows, room())
}

/// A table whose first row is the best, in the best's colour.
pub fn ranked(rows: &Table) -> String {
    let drawn = table(rows);
    // Of rows that are lines of their own the first line is the first row's; of a grid that stands below the header.
    let place = drawn.lines().position(|line| line.starts_with('─')).map_or(0, |header| header + 1);
    let paint =
        |(number, line): (usize, &str)| if number == place { colours().best(line) } else { line.to_owned() } + "\n";
    drawn.lines().enumerate().map(paint).collect()
}

/// A text whose long lines are broken between words, if it goes to a terminal: in a pipe a line is whole, to be searched for. What follows
/// the name at a line's beginning stays in its column.
pub fn wrapped(text: &str, term: &Term) -> String {
    columns(term).map_or_else(|| text.to_owned(), |columns| wrapped_at(text, columns))
}

fn wrapped_at(text: &str, columns: usize) -> String {
    let wrap = |line: &str| {
        // What is whole in one colour has it in each of its lines.
        if let Some((colour, plain)) = in_one_colour(line).filter(|(_, plain)| plain.chars().count() > columns) {
            return wrapped_at(plain, columns)
                .lines()
                .map(|line| format!("{colour}{line}{END}"))
                .collect::<Vec<_>>()
                .join("\n");
        }
        // What has other colours has been laid out.
        if line.chars().count() <= columns || line.contains('\x1b') {
            return line.to_owned();
        }
        let name = line.find("  ").map_or(0, |gap| line.len() - line[gap..].trim_start().len());
        // What begins with a path has no name.
        let (name, rest) = line.split_at(if line[..name].contains('/') { 0 } else { name });
        behind(name, rest, columns)
    };
    text.split('\n').map(wrap).collect::<Vec<_>>().join("\n")
}

/// The code of a line's only colour, and the line without it.
fn in_one_colour(line: &str) -> Option<(&str, &str)> {
    let inner = line.strip_suffix(END).filter(|inner| inner.starts_with('\x1b'))?;
    let (colour, plain) = inner.split_at(inner.find('m')? + 1);
    (!plain.contains('\x1b')).then_some((colour, plain))
}

/// What ends a colour.
const END: &str = "\x1b[0m";

/// Colours of standard output.
pub fn colours() -> Colours {
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    Colours::of(std::io::stdout().is_terminal(), variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_behind_its_name() {
        let text =
            "data     12396 training and 2038 validation images\nrun      runs/two-layer/20260102-030405\nrun      a\n";
        let expected = "data     12396 training\n         and 2038\n         validation\n         images\nrun      runs/two-layer/\n         20260102-030405\n\
                        run      a\n";
        assert_eq!(wrapped_at(text, 24), expected);
        assert_eq!(wrapped_at("\x1b[2mone two three\x1b[0m", 8), "\x1b[2mone two\x1b[0m\n\x1b[2mthree\x1b[0m");
        assert_eq!(wrapped_at("error: a line without a name", 12), "error: a\nline without\na name");
        let report = "report   runs/two-layer/20260102-030405/report.html";
        let expected = "report   runs/two-layer/20260102-030405/\n         report.html";
        assert_eq!(wrapped_at(report, 40), expected, "a path that is longer than a line");
    }
}
