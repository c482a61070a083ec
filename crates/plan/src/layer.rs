//! A key with its value and where that was said (in a file, by `--set`, by a flag, by a study), and a TOML text as a list of them.

use serde::Deserialize;
use toml::{
    Spanned, Value,
    de::{DeString, DeTable, DeValue, ValueDeserializer},
};

use super::error::{Origin, PlanError, Problem};

/// A dotted key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key, such as `training.epochs`.
    pub key: String,
    /// The value, checked when the plan is resolved; none: a number that TOML cannot hold.
    pub value: Option<Value>,
    /// The value as it was written, on one line.
    pub text: String,
    /// Named by the message if key or value is wrong.
    pub origin: Origin,
}

impl Setting {
    /// A setting that a flag stands for, `flag` as typed: `Setting::flag("--backend wgpu", "backend", "wgpu")`.
    pub fn flag(flag: impl Into<String>, key: &str, value: impl Into<Value>) -> Self {
        Setting::new(key, value.into(), Origin::Argument(flag.into()))
    }

    /// A setting that nobody wrote as TOML.
    pub fn new(key: &str, value: Value, origin: Origin) -> Self {
        Setting { key: key.to_string(), text: one_line(&value.to_string()), value: Some(value), origin }
    }

    /// The `key=value` of `--set`; the value is TOML, or else the text itself (`model.kind=linear`).
    ///
    /// # Errors
    ///
    /// There is no key or no `=`.
    pub fn parse(argument: &str) -> Result<Self, PlanError> {
        let (key, text) = argument.split_once('=').unwrap_or_default();
        if key.trim().is_empty() {
            return Err(Problem::Setting { argument: argument.to_string() }.into());
        }
        let text = text.trim();
        let typed = format!("--set {}", argument.replace('\n', "\\n"));
        Ok(match text.parse::<Value>() {
            Ok(value) if !value.is_str() => Setting { text: one_line(text), ..Setting::flag(typed, key.trim(), value) },
            Ok(quoted) => Setting::flag(typed, key.trim(), quoted),
            Err(_) => Setting::flag(typed, key.trim(), text),
        })
    }

    /// The problem that the value is not as expected; `hint` is empty or begins with a semicolon.
    pub fn refused(&self, expected: impl Into<String>, hint: impl Into<String>) -> Problem {
        let Self { key, text, origin, .. } = self.clone();
        Problem::Value { origin, key, found: text, expected: expected.into(), hint: hint.into() }
    }

    /// How to write as text what TOML takes for a number, a date or a flag; nothing for what is no such value, or what `allows`
    /// refuses as text too.
    pub fn quoted(&self, allows: impl Fn(&str) -> bool) -> String {
        let Self { key, value, text, origin } = self;
        let is_scalar = !matches!(value, None | Some(Value::String(_) | Value::Array(_) | Value::Table(_)));
        let how = match origin {
            _ if !is_scalar || !allows(text) => return String::new(),
            Origin::Line { .. } => format!("\"{text}\""),
            Origin::Argument(argument) if argument.starts_with("--set ") => format!("--set '{key}=\"{text}\"'"),
            Origin::Argument(_) => return String::new(),
        };
        format!("; for the text, quote it: {how}")
    }
}

/// A value or a message of several lines as one.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What one config file says.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The config it builds on, as written.
    pub extends: Option<Setting>,
    /// Its tables, in the order of the text.
    pub sections: Vec<(String, Origin)>,
    /// Its keys, in the order of the text.
    pub entries: Vec<Setting>,
}

impl Layer {
    /// The layer that `text` holds; `file` is its name in messages.
    pub fn parse(file: &str, text: &str) -> Result<Layer, PlanError> {
        let table = DeTable::parse(text).map_err(|error| syntax(file, text, &error))?;
        let mut reader = Reader { file, text, sections: Vec::new(), entries: Vec::new() };
        reader.table(table.get_ref());
        let Reader { sections, mut entries, .. } = reader;
        let extends = entries.iter().position(|entry| entry.key == "extends").map(|index| entries.remove(index));
        Ok(Layer { extends, sections, entries })
    }
}

/// Walks the tables of one text.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    sections: Vec<(String, Origin)>,
    entries: Vec<Setting>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in in_order(table) {
            let DeValue::Table(section) = value.get_ref() else {
                self.entry(key.get_ref().to_string(), key, value);
                continue;
            };
            self.sections.push((key.get_ref().to_string(), self.origin(key)));
            for (inner, value) in in_order(section) {
                self.entry(format!("{}.{}", key.get_ref(), inner.get_ref()), inner, value);
            }
        }
    }

    fn entry(&mut self, dotted: String, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let text = match value.get_ref() {
            DeValue::Table(_) => "a table".to_string(),
            _ => one_line(&self.text[value.span()]),
        };
        let parsed = Value::deserialize(ValueDeserializer::from(value.clone())).ok();
        self.entries.push(Setting { key: dotted, value: parsed, text, origin: self.origin(key) });
    }

    fn origin(&self, key: &Spanned<DeString<'_>>) -> Origin {
        Origin::Line { file: self.file.to_string(), line: position(self.text, key.span().start).0 }
    }
}

/// The keys as they stand in the text, not sorted by name.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    keys
}

fn syntax(file: &str, text: &str, error: &toml::de::Error) -> PlanError {
    let (line, column) = position(text, error.span().map_or(0, |span| span.start));
    Problem::Syntax { file: file.to_string(), line, column, message: one_line(error.message()) }.into()
}

/// Line and character of a byte, both from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.bytes().filter(|byte| *byte == b'\n').count() + 1, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, String, String)> {
        let layer = Layer::parse("x.toml", text).unwrap();
        let entries = layer.entries.into_iter();
        entries.map(|entry| (entry.key, entry.text, entry.origin.to_string())).collect()
    }

    fn line(key: &str, text: &str, origin: &str) -> (String, String, String) {
        (key.into(), text.into(), origin.into())
    }

    #[test]
    fn keys_are_dotted_and_know_their_line() {
        let text = "seed = 1\n\n[training]\n# a comment\nepochs = 3\n[data]\nclasses = [\n  \"3\",\n  \"7\",\n]\n";
        let expected = [
            line("seed", "1", "x.toml:1"),
            line("training.epochs", "3", "x.toml:5"),
            line("data.classes", "[ \"3\", \"7\", ]", "x.toml:7"),
        ];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn dotted_keys_and_inline_tables_are_sections_too() {
        let expected = [line("training.epochs", "3", "x.toml:1"), line("model.hidden", "5", "x.toml:2")];
        assert_eq!(lines("training.epochs = 3\r\nmodel = { hidden = 5 }\r\n"), expected);
    }

    #[test]
    fn a_byte_order_mark_is_no_problem() {
        assert_eq!(lines("\u{feff}seed = 1"), [line("seed", "1", "x.toml:1")]);
    }

    #[test]
    fn extends_is_no_ordinary_key() {
        let layer = Layer::parse("x.toml", "extends = \"base.toml\"").unwrap();
        assert!(layer.entries.is_empty());
        assert_eq!(layer.extends.unwrap().value, Some(Value::from("base.toml")));
    }

    #[test]
    fn rejects_what_is_not_toml_with_line_and_column() {
        let message = |text| Layer::parse("x.toml", text).unwrap_err().to_string();
        assert_eq!(
            message("seed = 1\nname = \"ü\" x\n"),
            "x.toml:2:12: unexpected key or value, expected newline, `#`"
        );
        assert_eq!(message("seed = 1\nseed = 2\n"), "x.toml:2:1: duplicate key");
        assert_eq!(message("[training\n"), "x.toml:1:10: unclosed table, expected `]`");
        assert_eq!(message("name = \"open"), "x.toml:1:13: invalid basic string, expected `\"`");
    }
}

#[cfg(test)]
mod tests_of_settings {
    use super::*;

    fn value(argument: &str) -> Value {
        Setting::parse(argument).unwrap().value.unwrap()
    }

    #[test]
    fn a_value_is_toml() {
        assert_eq!(value("seed=3"), Value::Integer(3));
        assert_eq!(value("optimizer.learning_rate=1e-3"), Value::Float(1e-3));
        assert_eq!(value("training.log_steps = true"), Value::Boolean(true));
        assert_eq!(value("model.kind='linear'"), Value::from("linear"));
        assert_eq!(value("data.classes=['3', '7']"), Value::from(vec!["3", "7"]));
    }

    #[test]
    fn a_bare_word_is_a_string() {
        assert_eq!(value("model.kind=linear"), Value::from("linear"));
        assert_eq!(value("data.path=../a=b/mnist.tgz"), Value::from("../a=b/mnist.tgz"));
        assert_eq!(value("data.path="), Value::from(""));
    }

    #[test]
    fn a_setting_needs_a_key_and_a_value() {
        for argument in ["training.epochs", "=3", ""] {
            let message = format!("--set {argument}: expected key=value, such as --set training.epochs=3");
            assert_eq!(Setting::parse(argument).unwrap_err().to_string(), message);
        }
    }
}
