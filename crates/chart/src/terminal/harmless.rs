//! Text as a terminal may get it: names of files, which anybody can choose, must not move its cursor, clear it or retitle it.

use super::colours::Colours;

/// The text with what controls a terminal made visible, but for the ends of lines, tabs, and colours where they are our own.
pub fn harmless(text: &str, colours: Colours) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = if colours == Colours::Plain { "" } else { colour(rest) };
        if colour.is_empty() {
            shown.push(if matches!(c, '\n' | '\t') { c } else { visible(c) });
            rest = &rest[c.len_utf8()..];
        } else {
            shown.push_str(colour);
            rest = &rest[colour.len()..];
        }
    }
    shown
}

/// The same in a single line, without colours.
pub fn harmless_line(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// JSON that says the same without a character that a terminal would obey; in JSON such stand in strings alone.
pub fn harmless_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || visible(c) == c {
            text.push(c);
        } else {
            text += &format!("\\u{:04x}", u32::from(c));
        }
    }
    text
}

/// The character, or what shows it where it would control the terminal or turn the direction of the text round.
fn visible(c: char) -> char {
    match c {
        // Unicode's pictures of the control characters.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// The code that the text begins with, where it is one of those that [`Colours`] make.
fn colour(text: &str) -> &str {
    let Some((code, _)) = text.split_once('m') else { return "" };
    let is_ours = code.strip_prefix("\x1b[").is_some_and(|numbers| {
        let is_colour = ["38;2;", "48;2;", "38;5;", "48;5;"].iter().any(|kind| numbers.starts_with(kind));
        (numbers == "0" || is_colour) && numbers.chars().all(|c| c.is_ascii_digit() || c == ';')
    });
    if is_ours { &text[..code.len() + 1] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::Rgb;

    #[test]
    fn what_controls_a_terminal_is_shown_and_does_nothing() {
        let name = "a\x1b]0;title\x07b\x1b[2J\rc\u{9b}31md\u{202e}e\x7f";
        assert_eq!(harmless(name, Colours::TrueColour), "a␛]0;title␇b␛[2J␍c\u{fffd}31md\u{fffd}e␡");
        assert_eq!(harmless("größe 3\t7 ✓\n", Colours::TrueColour), "größe 3\t7 ✓\n");
        assert_eq!(harmless_line("a\nb\tc"), "a␊b␉c");
    }

    #[test]
    fn our_colours_stay_where_there_are_colours() {
        for colours in [Colours::TrueColour, Colours::Ansi256] {
            let ours = colours.paint(Some(Rgb(1, 2, 3)), Some(Rgb(9, 8, 7)), "x");
            assert_eq!(harmless(&ours, colours), ours);
            assert!(!harmless(&ours, Colours::Plain).contains('\x1b'));
        }
        assert_eq!(harmless("\x1b[8mhidden\x1b[3", Colours::TrueColour), "␛[8mhidden␛[3");
    }

    #[test]
    fn json_says_the_same() {
        assert_eq!(harmless_json("{\n  \"path\": \"ü\u{9b}2J\x7f\"\n}"), "{\n  \"path\": \"ü\\u009b2J\\u007f\"\n}");
    }
}
