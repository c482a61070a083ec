//! Values of hyper-parameters.

use std::{collections::BTreeMap, fmt};

/// What a trial sets: a value for each active key, in the order of the keys.
pub type Point = BTreeMap<String, Value>;

/// The value of one hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A name, such as that of an optimizer.
    Text(String),
}

impl Value {
    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(*integer as f64),
            Self::Float(float) => Some(*float),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }
}

/// As it is typed; a float in the fewest digits that read back to the same bits.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_float_reads_back_to_the_same_bits() {
        for float in [0.1, 1.0, 1e-7, 1.0 / 3.0, 5e-324, f64::MAX, -2.5e-3] {
            let printed = Value::from(float).to_string();
            assert_eq!(printed.parse::<f64>().unwrap().to_bits(), float.to_bits(), "{printed}");
            assert!(printed.contains(['.', 'e']), "{printed} would read as an integer");
        }
    }
}
