//! Lines that are broken between words: a path, a key or a number stays whole, to be read and copied. Only a path that is longer than a
//! line is broken, behind a slash.

use textwrap::{Options, WordSeparator, WordSplitter, core::Word};

/// What is before a text that stands below its name.
const BELOW: &str = "    ";

/// Where a word may be broken; it takes no column.
const BREAK: char = '\u{200b}';

/// A text in lines of at most `width` columns; a word that is longer has a line of its own.
pub fn wrapped(text: &str, width: usize) -> String {
    behind("", text, width)
}

/// A text behind its name, and below itself where it is longer than a line; below its name where that leaves it no room, or not
/// enough for its longest word.
pub fn behind(name: &str, text: &str, width: usize) -> String {
    let text = &breakable(text, width);
    let columns = count(name);
    let words = text.split(|c: char| c.is_whitespace() || c == BREAK);
    let longest_word = words.map(count).max().unwrap_or(0);
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

/// The same text, whose paths of more than `width` columns may be broken. An address is to be clicked at as a whole.
fn breakable(text: &str, width: usize) -> String {
    let path = format!("/{BREAK}");
    let of_word = |word: &str| {
        let is_long_path = count(word.trim_end()) > width && !word.contains("://");
        if is_long_path { word.replace('/', &path) } else { word.to_owned() }
    };
    text.split_inclusive(char::is_whitespace).map(of_word).collect()
}

fn fill(text: &str, first: &str, below: &str, width: usize) -> String {
    let options = Options::new(width.max(1)).initial_indent(first).subsequent_indent(below).break_words(false);
    let options = options.word_splitter(WordSplitter::NoHyphenation).word_separator(WordSeparator::Custom(pieces));
    textwrap::fill(text, options).replace(BREAK, "")
}

/// Words, and of those that may be broken their parts.
fn pieces(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(WordSeparator::AsciiSpace.find_words(line).flat_map(parts))
}

fn parts(word: Word<'_>) -> Vec<Word<'_>> {
    // What indents a line is a word without letters, and has no parts.
    if !word.word.contains(BREAK) {
        return vec![word];
    }
    let mut parts: Vec<_> = word.word.split_inclusive(BREAK).map(Word::from).collect();
    parts.last_mut().into_iter().for_each(|last| last.whitespace = word.whitespace);
    parts
}

fn count(text: &str) -> usize {
    text.chars().filter(|c| *c != BREAK).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_alone() {
        assert_eq!(wrapped("the two-layer net", 12), "the\ntwo-layer\nnet");
        assert_eq!(
            wrapped("see runs/two-layer/20260101-120000 for it", 30),
            "see\nruns/two-layer/20260101-120000\nfor it"
        );
        assert_eq!(wrapped("one\ntwo three", 8), "one\ntwo\nthree");
        assert_eq!(wrapped("run\n  seed=1 best: 3", 10), "run\n  seed=1\nbest: 3", "what indents a line stays");
    }

    #[test]
    fn a_path_longer_than_a_line_is_broken_behind_a_slash() {
        assert_eq!(
            wrapped("see runs/two-layer/20260101-120000 for it", 20),
            "see runs/two-layer/\n20260101-120000 for\nit"
        );
        assert_eq!(behind("run  ", "runs/two-layer/20260101-120000", 24), "run  runs/two-layer/\n     20260101-120000");
        let address = "http://127.0.0.1:8000/?token=1";
        assert_eq!(behind("open  ", address, 24), format!("open\n{address}"));
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
