//! A trial: a point of the space and a seed, the plan that they make, and the run folder that it leads to.

use std::path::PathBuf;

use plan::{Plan, PlanError};
use search::{Point, Value};

use crate::{identity::identity, study::Study};

#[derive(Clone, Debug)]
pub struct Trial {
    /// Its number in the study, from 0.
    pub number: usize,
    /// Its values of the space's active keys.
    pub point: Point,
    /// Its seed, where the study has seeds.
    pub seed: Option<u64>,
    pub plan: Plan,
    /// What it has in common with the study's other trials, hashed.
    pub common: String,
    /// Its run folder, named by its identity.
    pub path: PathBuf,
}

impl Trial {
    /// The trial at a point of the study's space, on data of this fingerprint.
    ///
    /// # Errors
    /// Where the plan is not valid.
    pub fn new(
        study: &Study,
        number: usize,
        point: Point,
        seed: Option<u64>,
        fingerprint: &str,
    ) -> Result<Self, PlanError> {
        let plan = study.plan(&point, seed)?;
        let path = plan.runs.join(&plan.name).join(identity(&plan, fingerprint));
        Ok(Self { number, point, seed, plan, common: study.common.clone(), path })
    }

    /// The point in a line: `model.hidden=30 seed=1`.
    pub fn named(&self) -> String {
        named(&self.point, self.seed)
    }
}

/// A point and a seed in a line, numbers with as many digits as a person reads.
pub fn named(point: &Point, seed: Option<u64>) -> String {
    let keys = point.iter().map(|(key, value)| format!("{key}={}", short(value)));
    keys.chain(seed.map(|seed| format!("seed={seed}"))).collect::<Vec<_>>().join(" ")
}

/// A number with four significant digits; all else as it is.
pub(crate) fn short(value: &Value) -> String {
    match value {
        Value::Float(number) => report::short(*number),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_point_are_short() {
        let point = [("a", 0.1 + 0.2), ("b", 31_671_234_567_890.0), ("c", 4.4951e-7), ("d", 0.0), ("e", 1.0)];
        let point: Point = point.map(|(key, value)| (key.to_owned(), Value::Float(value))).into();
        assert_eq!(named(&point, Some(3)), "a=0.3 b=3.167e13 c=4.495e-7 d=0.0 e=1.0 seed=3");
    }
}
