//! A key with its value and where that was said: in a file, by `--set`, by a flag, by a study.

use toml::Value;

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

#[cfg(test)]
mod tests {
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
