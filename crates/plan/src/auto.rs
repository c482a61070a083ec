//! Values that may be left to the data.

use serde::{Deserialize, Serialize};

/// A value, or `"auto"`: what the data says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written<T>", into = "Written<T>")]
#[serde(bound(serialize = "T: Clone + Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct Auto<T>(Option<T>);

impl<T> Auto<T> {
    /// The value; none where the data says it.
    pub fn known(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> From<T> for Auto<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written<T> {
    Value(T),
    Word(String),
}

impl<T> From<Written<T>> for Auto<T> {
    fn from(written: Written<T>) -> Self {
        match written {
            Written::Value(value) => Self(Some(value)),
            Written::Word(_) => Self(None),
        }
    }
}

impl<T> From<Auto<T>> for Written<T> {
    fn from(Auto(value): Auto<T>) -> Self {
        value.map_or_else(|| Self::Word("auto".into()), Self::Value)
    }
}

/// `data.size`: one number for both sides, or rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Size {
    Square(usize),
    Sides([usize; 2]),
}

impl Size {
    /// Rows and columns.
    #[must_use]
    pub fn sides(self) -> [usize; 2] {
        match self {
            Self::Square(side) => [side; 2],
            Self::Sides(sides) => sides,
        }
    }
}
