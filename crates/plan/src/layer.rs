//! One TOML text as a flat list of dotted keys, each with its value and line.

use serde::Deserialize;
use toml::{
    Spanned, Value,
    de::{DeString, DeTable, DeValue, ValueDeserializer},
};

use super::{
    error::{Origin, PlanError, Problem},
    setting::{Setting, one_line},
};

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
