//! Lines that are broken between words, and nowhere else: a path, a key or a number stays whole, to be read and copied.

use textwrap::{Options, WordSplitter};

/// What is before a text that stands below its name.
const BELOW: &str = "    ";

/// A text in lines of at most `width` columns; a word that is longer has a line of its own.
pub fn wrapped(text: &str, width: usize) -> String {
    behind("", text, width)
}

/// A text behind its name, and below itself where it is longer than a line; below its name where that leaves it no room, or not
/// enough for its longest word.
pub fn behind(name: &str, text: &str, width: usize) -> String {
    let columns = count(name);
    let longest_word = text.split_whitespace().map(count).max().unwrap_or(0);
    let longest_line = text.lines().map(count).max().unwrap_or(0);
    let is_cramped = columns > 0 && (2 * columns > width || columns + longest_word > width);
    if is_cramped && columns + longest_line > width {
        let indent = if BELOW.len() + longest_word > width { "" } else { BELOW };
        let name = name.trim_end();
        let line_break = if name.is_empty() { "" } else { "\n" };
        return format!("{name}{line_break}{}", fill(text, indent, indent, width));
    }
    fill(text, name, &" ".repeat(columns), width)
}

fn fill(text: &str, first: &str, below: &str, width: usize) -> String {
    let options = Options::new(width.max(1)).initial_indent(first).subsequent_indent(below);
    textwrap::fill(text, options.break_words(false).word_splitter(WordSplitter::NoHyphenation))
}

fn count(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_alone() {
        assert_eq!(wrapped("the two-layer net", 12), "the\ntwo-layer\nnet");
        assert_eq!(
            wrapped("see runs/two-layer/20260101-120000 for it", 20),
            "see\nruns/two-layer/20260101-120000\nfor it"
        );
        assert_eq!(wrapped("one\ntwo three", 8), "one\ntwo\nthree");
    }

    #[test]
    fn a_text_stands_behind_its_name_or_below_it() {
        assert_eq!(behind("data  ", "one two three", 14), "data  one two\n      three");
        assert_eq!(behind("a long name  ", "one two three", 20), "a long name\n    one two three");
        assert_eq!(behind("run  ", "a runs/linear/1", 16), "run\na runs/linear/1", "a path has the whole line");
        assert_eq!(behind("run  ", "runs/linear/1", 18), "run  runs/linear/1");
        assert_eq!(behind("      ", "runs/linear/1 is it", 16), "runs/linear/1 is\nit");
    }
}
