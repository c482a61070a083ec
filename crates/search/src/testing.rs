//! Small spaces and points for the tests.

use crate::{Domain, Parameter, Point, Space, Value};

pub(crate) fn list(key: &str, values: &[&str]) -> Parameter {
    Parameter::new(key, Domain::Choice(values.iter().map(|value| Value::from(*value)).collect()))
}

pub(crate) fn point(pairs: &[(&str, &str)]) -> Point {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

/// `opt` is sgd or adam; `momentum` is there for sgd alone; `size` always.
pub(crate) fn conditional() -> Space {
    let momentum = list("momentum", &["0", "0.9"]).when("opt", vec!["sgd".into()]);
    Space::new(vec![list("opt", &["sgd", "adam"]), momentum, list("size", &["s", "m"])]).unwrap()
}

/// `x` and `y` from -5 to 5.
pub(crate) fn square() -> Space {
    let axis = |key| Parameter::new(key, Domain::Uniform { low: -5.0, high: 5.0 });
    Space::new(vec![axis("x"), axis("y")]).unwrap()
}
