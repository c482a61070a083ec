//! Rust in colours: comments, strings, numbers and keywords. It knows no grammar, only where those begin and end.

use crate::svg::escaped;

const KEYWORDS: [&str; 38] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];

/// What a piece of a text is; its element is what the page's style colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Comment,
    Text,
    Number,
    Keyword,
}

/// The text as HTML, a `<span>` for each line, which knows how far it is set in, and within it an element for all that has a colour:
/// those with the shortest names, as a tour has thousands of them.
pub(super) fn coloured(code: &str) -> String {
    let mut html = String::with_capacity(2 * code.len());
    let mut lines = code.split_inclusive('\n').map(begin_of_line);
    html += lines.next().as_deref().unwrap_or_default();
    let mut rest = code;
    while !rest.is_empty() {
        let (kind, length) = next(rest);
        let (piece, after) = rest.split_at(length);
        let element = match kind {
            Kind::Plain => "",
            Kind::Comment => "i",
            Kind::Text => "samp",
            Kind::Number => "var",
            Kind::Keyword => "b",
        };
        for part in piece.split_inclusive('\n') {
            html += &match element {
                "" => escaped(part),
                element => format!("<{element}>{}</{element}>", escaped(part)),
            };
            if part.ends_with('\n') {
                html += "</span>";
                html += lines.next().as_deref().unwrap_or_default();
            }
        }
        rest = after;
    }
    if !code.is_empty() && !code.ends_with('\n') {
        html += "</span>";
    }
    html
}

fn begin_of_line(line: &str) -> String {
    match line.len() - line.trim_start_matches(' ').len() {
        0 => "<span class=\"line\">".into(),
        columns => format!("<span class=\"line\" style=\"--in:{columns}\">"),
    }
}

/// The first piece of a text that is not empty, and its bytes.
fn next(code: &str) -> (Kind, usize) {
    let first = code.chars().next().unwrap_or(' ');
    match first {
        '/' if code.starts_with("//") => (Kind::Comment, code.find('\n').unwrap_or(code.len())),
        '"' => (Kind::Text, text(code, 1, "\"", true)),
        '\'' => character(code).map_or((Kind::Plain, 1), |length| (Kind::Text, length)),
        '0'..='9' => (Kind::Number, number(code)),
        _ if first.is_alphabetic() || first == '_' => word(code),
        _ => (Kind::Plain, first.len_utf8()),
    }
}

/// The bytes of a text up to its end, which a backslash may keep from being one.
fn text(code: &str, begin: usize, end: &str, has_escapes: bool) -> usize {
    let mut at = begin;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(end) {
            return at + end.len();
        }
        let mut characters = rest.chars();
        let first = characters.next().map_or(0, char::len_utf8);
        at += first;
        if has_escapes && rest.starts_with('\\') {
            at += characters.next().map_or(0, char::len_utf8);
        }
    }
    code.len()
}

/// The bytes of a character; none of a lifetime, which begins like one.
fn character(code: &str) -> Option<usize> {
    let mut characters = code.chars().skip(1);
    match characters.next()? {
        '\\' => Some(text(code, 1, "'", true)),
        first => (characters.next()? == '\'').then(|| 2 + first.len_utf8()),
    }
}

/// The bytes of a number with its unit; a range or a method of it is none of it.
fn number(code: &str) -> usize {
    let of_number = |(at, character): (usize, char)| match character {
        '.' => !code[at + 1..].starts_with(|next: char| next == '.' || next.is_alphabetic()),
        '+' | '-' => code[..at].ends_with('e') && !code.starts_with("0x"),
        other => other.is_ascii_alphanumeric() || other == '_',
    };
    code.char_indices().find(|place| !of_number(*place)).map_or(code.len(), |(at, _)| at)
}

fn word(code: &str) -> (Kind, usize) {
    let length = code.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(code.len());
    let (word, after) = code.split_at(length);
    let hashes = after.len() - after.trim_start_matches('#').len();
    if matches!(word, "r" | "br") && after[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        return (Kind::Text, text(code, length + hashes + 1, &end, false));
    }
    if word == "b" && after.starts_with('"') {
        return (Kind::Text, text(code, length + 1, "\"", true));
    }
    (if KEYWORDS.contains(&word) { Kind::Keyword } else { Kind::Plain }, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces that have a colour.
    fn pieces(mut code: &str) -> Vec<(Kind, &str)> {
        let mut pieces = Vec::new();
        while !code.is_empty() {
            let (kind, length) = next(code);
            let (piece, rest) = code.split_at(length);
            pieces.extend((kind != Kind::Plain).then_some((kind, piece)));
            code = rest;
        }
        pieces
    }

    #[test]
    fn keywords_are_whole_words() {
        let code = "pub fn format(self_: &Self) -> format_if { r }";
        assert_eq!(pieces(code), [(Kind::Keyword, "pub"), (Kind::Keyword, "fn"), (Kind::Keyword, "Self")]);
    }

    #[test]
    fn strings_end_where_they_do_and_lifetimes_are_none() {
        let code = r##"f::<'a>("a \" b", 'x', '\'', b"c", r#"d " e"#, "ü // no comment")"##;
        let texts = [r#""a \" b""#, "'x'", r"'\''", "b\"c\"", r##"r#"d " e"#"##, "\"ü // no comment\""];
        assert_eq!(pieces(code), texts.map(|text| (Kind::Text, text)));
        assert_eq!(pieces("\"has no end"), [(Kind::Text, "\"has no end")]);
        assert_eq!(pieces("'ü' '"), [(Kind::Text, "'ü'")]);
    }

    #[test]
    fn numbers_have_their_units_and_ranges_have_none() {
        let numbers: Vec<&str> =
            pieces("x1 + 1e-5 + 2.0_f32 + 0xff-1; 0..10, 3.max(4)").into_iter().map(|(_, text)| text).collect();
        assert_eq!(numbers, ["1e-5", "2.0_f32", "0xff", "1", "0", "10", "3", "4"]);
    }

    #[test]
    fn comments_reach_to_the_end_of_their_line_and_all_is_escaped() {
        let html = coloured("/// a < b \"c\n  if a < b {}");
        let expected = "<span class=\"line\"><i>/// a &lt; b \"c</i>\n</span>\
                        <span class=\"line\" style=\"--in:2\">  <b>if</b> a &lt; b {}</span>";
        assert_eq!(html.replace("&quot;", "\""), expected);
    }
}
