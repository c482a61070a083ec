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

/// `training.class_weights`: how much the images of each class count in the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written<Vec<f64>>", into = "Written<Vec<f64>>")]
pub enum ClassWeights {
    /// All alike.
    None,
    /// The more the rarer the class: all classes together count alike.
    Balanced,
    /// A number for each class, in the order of the labels.
    Of(Vec<f64>),
}

impl ClassWeights {
    pub(super) const NONE: &str = "none";
    pub(super) const BALANCED: &str = "balanced";

    /// The weights of classes that have so many images; none where all count alike. Balanced ones are images / (classes · images of
    /// the class), as scikit-learn's.
    ///
    /// # Errors
    /// Where there are not as many as classes: how many there are.
    pub fn of(&self, counts: &[usize]) -> Result<Option<Vec<f32>>, usize> {
        match self {
            Self::None => Ok(None),
            Self::Balanced => {
                let all = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
                Ok(Some(counts.iter().map(|count| (all / *count as f64) as f32).collect()))
            }
            Self::Of(weights) if weights.len() == counts.len() => {
                Ok(Some(weights.iter().map(|weight| *weight as f32).collect()))
            }
            Self::Of(weights) => Err(weights.len()),
        }
    }
}

impl From<Written<Vec<f64>>> for ClassWeights {
    fn from(written: Written<Vec<f64>>) -> Self {
        match written {
            Written::Value(weights) => Self::Of(weights),
            Written::Word(word) if word == Self::BALANCED => Self::Balanced,
            Written::Word(_) => Self::None,
        }
    }
}

impl From<ClassWeights> for Written<Vec<f64>> {
    fn from(weights: ClassWeights) -> Self {
        match weights {
            ClassWeights::None => Self::Word(ClassWeights::NONE.into()),
            ClassWeights::Balanced => Self::Word(ClassWeights::BALANCED.into()),
            ClassWeights::Of(weights) => Self::Value(weights),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_weights_make_classes_count_alike() {
        assert_eq!(ClassWeights::Balanced.of(&[10, 30]), Ok(Some(vec![2.0, 40.0 / 60.0])));
        assert_eq!(ClassWeights::None.of(&[10, 30]), Ok(None));
        assert_eq!(ClassWeights::Of(vec![1.0, 3.0]).of(&[10, 30]), Ok(Some(vec![1.0, 3.0])));
        assert_eq!(ClassWeights::Of(vec![1.0]).of(&[10, 30]), Err(1));
    }
}
