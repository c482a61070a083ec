//! Commands as they are typed, which a narrow page breaks between two arguments alone.

use super::breakable;
use crate::svg::escaped;

/// What a command begins with.
const PROGRAMS: [&str; 2] = ["train ", "cargo "];

/// Lines of which each command is one of its own, set in where it goes on below.
pub fn lines(text: &str) -> String {
    let line = |line: &str| match is_command(line) {
        true => format!("<span class=\"command\">{}</span>", words(line)),
        false => escaped(line),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// A command with its arguments; any other text as it is.
pub fn words(text: &str) -> String {
    if !is_command(text) {
        return escaped(text);
    }
    let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
    let argument = |argument: String| format!("<span class=\"argument\">{}</span>", breakable(&argument));
    arguments(text).into_iter().map(argument).collect::<Vec<_>>().join(" ") + end
}

fn is_command(line: &str) -> bool {
    PROGRAMS.iter().any(|program| line.starts_with(program))
}

/// What belongs together: a word, or an option with its value; quotes keep their spaces.
fn arguments(command: &str) -> Vec<String> {
    let (mut all, mut quote) = (Vec::<String>::new(), None);
    for word in command.split(' ') {
        let is_value = |last: &String| last.starts_with("--") && !last.contains([' ', '=']) && !word.starts_with('-');
        match all.last_mut() {
            Some(last) if quote.is_some() || is_value(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => all.push(word.to_owned()),
        }
        for character in word.chars() {
            match quote {
                None if ['\'', '"'].contains(&character) => quote = Some(character),
                Some(open) if open == character => quote = None,
                _ => (),
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_stays_with_its_value_and_a_quoted_path_whole() {
        let command = "train 'my runs/a b' --resume x --set a.b=1 --quiet --top=3 y";
        let expected = ["train", "'my runs/a b'", "--resume x", "--set a.b=1", "--quiet", "--top=3", "y"];
        assert_eq!(arguments(command), expected);
    }

    #[test]
    fn a_command_is_broken_between_arguments_and_other_lines_are_as_they_are() {
        let argument = |text: &str| format!("<span class=\"argument\">{text}</span>");
        let command = format!("{} {}", argument("train"), argument("--set a=&lt;/<wbr/>"));
        assert_eq!(words("train --set a=</"), command);
        assert_eq!(lines("a < b\ntrain --set a=</\n"), format!("a &lt; b\n<span class=\"command\">{command}\n</span>"));
    }
}
