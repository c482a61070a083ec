//! The figures that the book prints and that do not depend on chance, each beside what comes out here; and those of all of MNIST.

mod of_mnist;
mod of_the_data;
mod snippets;

use burn::tensor::backend::AutodiffBackend;
use data::{DataSet, MNIST_FINGERPRINT, MNIST_SAMPLE_FINGERPRINT};

/// A figure that is known and the same figure here.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    /// What the book prints; of all of MNIST what its authors and PyTorch say.
    pub expected: Value,
    /// What comes out here.
    pub found: Value,
    /// How far off each number may be: 0 for what is counted, else half of the last printed digit, or what is said.
    pub tolerance: f64,
}

/// What a figure is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number, or a list of them: a shape, a row, ten losses.
    Numbers(Vec<f64>),
    Name(String),
}

/// Whether this is the data that the book has, so that [`of_the_data`] can hold.
pub fn is_the_books(data: &DataSet) -> bool {
    data.fingerprint == MNIST_SAMPLE_FINGERPRINT
}

/// Whether this is all of MNIST, ten classes as its authors split them, so that [`of_mnist`] can hold.
pub fn is_mnist(data: &DataSet) -> bool {
    data.fingerprint == MNIST_FINGERPRINT
}

/// The figures that need no data.
pub fn of_the_snippets<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    snippets::figures::<B>(device)
}

/// The figures of MNIST_SAMPLE.
pub fn of_the_data<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    of_the_data::figures::<B>(data, device)
}

/// The figures of all of MNIST.
pub fn of_mnist<B: AutodiffBackend>(data: &DataSet, device: &B::Device) -> Vec<Figure> {
    of_mnist::figures::<B::InnerBackend>(data, device)
}

impl Figure {
    /// Whether every number is there and none is further off than the tolerance; of a name, whether it is the same.
    pub fn is_ok(&self) -> bool {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= self.tolerance;
        match (&self.expected, &self.found) {
            (Value::Numbers(expected), Value::Numbers(found)) => {
                found.len() == expected.len() && found.iter().zip(expected).all(near)
            }
            (expected, found) => expected == found,
        }
    }

    /// A figure that was computed. What the book prints is read as it is printed, 0.1 and not the nearest `f32`.
    fn computed(name: &'static str, expected: &[f64], found: &[f32], tolerance: f64) -> Self {
        let found = found.iter().map(|value| f64::from(*value)).collect();
        Self { name, expected: Value::Numbers(expected.to_vec()), found: Value::Numbers(found), tolerance }
    }

    /// A figure that was counted, a number or a shape.
    fn counted(name: &'static str, expected: &[usize], found: &[usize]) -> Self {
        let numbers = |values: &[usize]| Value::Numbers(values.iter().map(|value| *value as f64).collect());
        Self { name, expected: numbers(expected), found: numbers(found), tolerance: 0.0 }
    }

    fn named(name: &'static str, expected: &str, found: &str) -> Self {
        Self { name, expected: Value::Name(expected.into()), found: Value::Name(found.into()), tolerance: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Flex, NdArray, drawn_digits, real_data};

    fn all_hold(figures: &[Figure]) {
        let off: Vec<&Figure> = figures.iter().filter(|figure| !figure.is_ok()).collect();
        assert!(off.is_empty(), "{off:#?}");
    }

    #[test]
    fn the_figures_that_need_no_data_hold() {
        let figures = of_the_snippets::<Flex>(&Default::default());
        assert!(figures.len() > 20, "{}", figures.len());
        all_hold(&figures);
        all_hold(&of_the_snippets::<NdArray>(&Default::default()));
    }

    #[test]
    fn the_figures_of_the_data_hold() {
        let Some(data) = real_data() else { return };
        assert!(is_the_books(&data));
        all_hold(&of_the_data::<Flex>(&data, &Default::default()));
        all_hold(&of_the_data::<NdArray>(&data, &Default::default()));
    }

    #[test]
    fn other_data_is_not_the_books() {
        assert!(!is_the_books(&drawn_digits()));
    }

    #[test]
    fn a_number_that_is_off_missing_or_none_is_not_ok() {
        let figure = |found: &[f32]| Figure::computed("a pair", &[0.1, 0.2], found, 1e-6).is_ok();
        assert!(figure(&[0.1, 0.2]));
        assert!(!figure(&[0.1, 0.2001]) && !figure(&[0.1]) && !figure(&[0.1, f32::NAN]));
        let named = |found| Figure::named("a file", "10000.png", found).is_ok();
        assert!(named("10000.png") && !named("1.png"));
    }
}
