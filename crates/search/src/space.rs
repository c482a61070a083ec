//! A search space: parameters, some of which are there only where another has a certain value.

use crate::{
    Error,
    domain::{Domain, check_list},
    value::{Point, Value},
};

/// One hyper-parameter of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The dotted key of the config that it sets.
    pub key: String,
    pub domain: Domain,
    /// Where it is active; everywhere without.
    pub when: Option<Condition>,
}

/// Active where the parent is active and has one of these values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The parent, another key of the space.
    pub key: String,
    pub values: Vec<Value>,
}

/// Parameters that have been checked, in the order in which they were given.
///
/// A parameter has one parent at most, so a space is a forest.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Indices of the parameters, each after its parent.
    parents_first: Vec<usize>,
}

impl Space {
    /// Checks domains and conditions.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn new(parameters: Vec<Parameter>) -> Result<Self, Error> {
        for (index, Parameter { key, domain, .. }) in parameters.iter().enumerate() {
            if parameters[..index].iter().any(|earlier| earlier.key == *key) {
                return Err(Error::DuplicateKey { key: key.clone() });
            }
            domain.check(key)?;
        }
        parameters.iter().try_for_each(|parameter| check_condition(parameter, &parameters))?;
        let depths = parameters.iter().map(|parameter| depth(parameter, &parameters)).collect::<Result<Vec<_>, _>>()?;
        let mut parents_first: Vec<usize> = (0..parameters.len()).collect();
        parents_first.sort_by_key(|index| depths[*index]);
        Ok(Self { parameters, parents_first })
    }

    /// The values that a key may take.
    pub(crate) fn domain(&self, key: &str) -> Option<&Domain> {
        self.parameters.iter().find(|parameter| parameter.key == key).map(|parameter| &parameter.domain)
    }

    /// All parameters, in the order in which they were given.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Checks that a point has a value of the domain for each active key and nothing else.
    ///
    /// # Errors
    /// The first key that is missing, outside of its domain, inactive or unknown.
    pub fn check(&self, point: &Point) -> Result<(), Error> {
        let active = || self.parameters.iter().filter(|parameter| parameter.is_active(point));
        for Parameter { key, domain, .. } in active() {
            let value = point.get(key).ok_or_else(|| Error::Missing { key: key.clone() })?;
            if !domain.contains(value) {
                return Err(outside(key, value, domain));
            }
        }
        match point.keys().find(|key| active().all(|parameter| parameter.key != **key)) {
            Some(key) => Err(Error::Inactive { key: key.clone() }),
            None => Ok(()),
        }
    }

    /// The indices of the parameters, each after its parent.
    pub(crate) fn parents_first(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.parents_first.iter().copied()
    }

    /// Whether others are there only where this key has certain values.
    pub(crate) fn is_parent(&self, key: &str) -> bool {
        self.parameters.iter().filter_map(|parameter| parameter.when.as_ref()).any(|when| when.key == key)
    }

    /// A point with the values that `choose` gives for the active parameters and their indices, parents first.
    pub(crate) fn fill(&self, mut choose: impl FnMut(usize, &Parameter) -> Value) -> Point {
        let mut point = Point::new();
        for index in self.parents_first() {
            let parameter = &self.parameters[index];
            if parameter.is_active(&point) {
                point.insert(parameter.key.clone(), choose(index, parameter));
            }
        }
        point
    }
}

impl Parameter {
    /// A parameter that is always active.
    pub fn new(key: impl Into<String>, domain: Domain) -> Self {
        Self { key: key.into(), domain, when: None }
    }

    /// The same, active where `parent` has one of these values.
    #[must_use]
    pub fn when(self, parent: impl Into<String>, values: Vec<Value>) -> Self {
        Self { when: Some(Condition { key: parent.into(), values }), ..self }
    }

    /// Whether it is active in a point that holds all that come before it.
    fn is_active(&self, point: &Point) -> bool {
        let is_met = |when: &Condition| point.get(&when.key).is_some_and(|value| when.values.contains(value));
        self.when.as_ref().is_none_or(is_met)
    }
}

fn check_condition(Parameter { key, when, .. }: &Parameter, parameters: &[Parameter]) -> Result<(), Error> {
    let Some(when) = when else { return Ok(()) };
    check_list(key, &when.values)?;
    let (key, parent) = (key.clone(), when.key.clone());
    let Some(Parameter { domain, .. }) = parent_of(when, parameters) else {
        return Err(Error::UnknownParent { key, parent });
    };
    if let Domain::Uniform { .. } | Domain::LogUniform { .. } = domain {
        return Err(Error::ContinuousParent { key, parent });
    }
    match when.values.iter().find(|value| !domain.contains(value)) {
        Some(value) => Err(Error::OutsideOfParent { key, parent, value: value.clone(), domain: domain.to_string() }),
        None => Ok(()),
    }
}

/// How many parents are above it.
fn depth(parameter: &Parameter, parameters: &[Parameter]) -> Result<usize, Error> {
    let parent = |child: &&Parameter| child.when.as_ref().and_then(|when| parent_of(when, parameters));
    match std::iter::successors(Some(parameter), parent).take(parameters.len() + 1).count() {
        chain if chain > parameters.len() => Err(Error::Cycle { key: parameter.key.clone() }),
        chain => Ok(chain - 1),
    }
}

fn parent_of<'a>(when: &Condition, parameters: &'a [Parameter]) -> Option<&'a Parameter> {
    parameters.iter().find(|parameter| parameter.key == when.key)
}

fn outside(key: &str, value: &Value, domain: &Domain) -> Error {
    Error::Outside { key: key.into(), value: value.clone(), domain: domain.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{conditional, list, point};

    fn error(parameters: Vec<Parameter>) -> String {
        Space::new(parameters).unwrap_err().to_string()
    }

    #[test]
    fn a_child_may_stand_before_its_parent() {
        let space = Space::new(vec![list("b", &["x"]).when("a", vec!["y".into()]), list("a", &["y"])]).unwrap();
        assert_eq!(space.fill(|_, parameter| parameter.domain.at(0.0)), point(&[("a", "y"), ("b", "x")]));
    }

    #[test]
    fn an_inactive_parent_has_no_active_child() {
        let space = Space::new(vec![
            list("a", &["on", "off"]),
            list("b", &["on"]).when("a", vec!["on".into()]),
            list("c", &["on"]).when("b", vec!["on".into()]),
        ]);
        assert_eq!(space.unwrap().fill(|_, parameter| parameter.domain.at(0.9)), point(&[("a", "off")]));
    }

    #[test]
    fn a_wrong_condition_names_its_key() {
        let on = || vec!["on".into()];
        assert!(error(vec![list("a", &["on"]).when("b", on())]).starts_with("`a`: it depends on `b`, which is not"));
        let two = vec![list("a", &["on"]).when("b", on()), list("b", &["on"]).when("a", on())];
        assert_eq!(error(two), "`a`: it depends on itself; remove a condition");
        assert!(error(vec![list("a", &["on"]).when("a", on())]).contains("depends on itself"));
        let outside = vec![list("a", &["off", "dim"]), list("b", &["x"]).when("a", on())];
        assert_eq!(error(outside), "`b`: it depends on `a` being on, which is outside of its values, off, dim");
        let range = Parameter::new("a", Domain::Uniform { low: 0.0, high: 1.0 });
        assert!(error(vec![range, list("b", &["x"]).when("a", on())]).contains("`a`, which has a continuous range"));
        assert!(error(vec![list("a", &["on"]), list("b", &["x"]).when("a", vec![])]).contains("`b`: the list is"));
        assert!(error(vec![list("a", &["on"]), list("a", &["on"])]).contains("twice"));
    }

    #[test]
    fn a_point_is_checked_key_by_key() {
        let space = conditional();
        let check = |pairs: &[(&str, &str)]| space.check(&point(pairs)).map_err(|error| error.to_string());
        assert_eq!(check(&[("opt", "adam"), ("size", "s")]), Ok(()));
        assert!(check(&[("opt", "sgd"), ("size", "s")]).unwrap_err().starts_with("`momentum`: the point has no value"));
        assert!(check(&[("opt", "adam"), ("size", "s"), ("momentum", "0")]).unwrap_err().contains("inactive"));
        assert!(check(&[("opt", "lion"), ("size", "s")]).unwrap_err().contains("lion is outside of its values, sgd"));
    }
}
