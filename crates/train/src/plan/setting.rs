//! One key set from outside the files: by `--set`, by a flag, by a sweep.

use super::error::{Origin, PlanError, Problem};
use toml::Value;

/// A dotted key and its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key, such as `training.epochs`.
    pub key: String,
    /// The value, checked when the plan is resolved.
    pub value: Value,
    /// Named by the message if key or value is wrong.
    pub origin: Origin,
}

impl Setting {
    /// A setting that a flag stands for, `flag` as typed: `Setting::flag("--backend wgpu", "backend", "wgpu")`.
    pub fn flag(flag: impl Into<String>, key: &str, value: impl Into<Value>) -> Self {
        Setting { key: key.to_string(), value: value.into(), origin: Origin::Argument(flag.into()) }
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
        let value = text.parse().unwrap_or_else(|_| Value::String(text.to_string()));
        let typed = format!("--set {}", argument.replace('\n', "\\n"));
        Ok(Setting::flag(typed, key.trim(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(argument: &str) -> Value {
        Setting::parse(argument).unwrap().value
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
