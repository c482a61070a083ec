//! All points of a space of lists and steps.

use std::borrow::Cow;

use crate::{
    Error,
    domain::Domain,
    space::{Parameter, Space},
    value::{Point, Value},
};

/// All points of a space of lists and of integers in steps, each once and found by its index.
///
/// The key given first changes slowest. A key multiplies the points only where it is active.
#[derive(Clone, Debug)]
pub struct Grid<'a> {
    space: &'a Space,
    values: Vec<Cow<'a, [Value]>>,
    /// For each parameter how many points it makes together with those that depend on it.
    counts: Vec<u64>,
}

/// A parent and one of its values; none stands above the parameters that have no parent.
type Parent<'a> = Option<(&'a str, &'a Value)>;

impl<'a> Grid<'a> {
    /// The grid of a space.
    ///
    /// # Errors
    /// When a parameter has no end of values, or more integers than anybody wants to try.
    pub fn new(space: &'a Space) -> Result<Self, Error> {
        let parameters = space.parameters();
        let values = parameters.iter().map(values).collect::<Result<Vec<_>, _>>()?;
        let mut grid = Self { space, values, counts: vec![0; parameters.len()] };
        for index in space.parents_first().rev() {
            let key = &parameters[index].key;
            let counts = grid.values[index].iter().map(|value| grid.count_below(Some((key, value))));
            grid.counts[index] = counts.fold(0, u64::saturating_add);
        }
        Ok(grid)
    }

    /// How many points there are; `u64::MAX` for that many and more.
    pub fn count(&self) -> u64 {
        self.count_below(None)
    }

    /// The point at an index; none from `count` on.
    pub fn point(&self, index: u64) -> Option<Point> {
        let mut point = Point::new();
        (index < self.count()).then(|| {
            self.place(None, index, &mut point);
            point
        })
    }

    /// Sets the parameters that a value makes active, and those that they do: mixed radix, the last one fastest.
    fn place(&self, parent: Parent, mut index: u64, point: &mut Point) {
        for child in self.children(parent).rev() {
            self.place_one(child, index % self.counts[child], point);
            index /= self.counts[child];
        }
    }

    /// Sets a parameter to the value whose points hold this index, and goes on below it.
    fn place_one(&self, parameter: usize, mut index: u64, point: &mut Point) {
        let key = self.space.parameters()[parameter].key.as_str();
        for value in self.values[parameter].iter() {
            let parent = Some((key, value));
            let count = self.count_below(parent);
            if index < count {
                point.insert(key.to_owned(), value.clone());
                return self.place(parent, index, point);
            }
            index -= count;
        }
    }

    fn count_below(&self, parent: Parent) -> u64 {
        self.children(parent).map(|child| self.counts[child]).fold(1, u64::saturating_mul)
    }

    /// The indices of the parameters that a value makes active.
    fn children(&self, parent: Parent) -> impl DoubleEndedIterator<Item = usize> {
        let parameters = self.space.parameters();
        (0..parameters.len()).filter(move |index| match (&parameters[*index].when, parent) {
            (None, None) => true,
            (Some(when), Some((key, value))) => when.key == key && when.values.contains(value),
            _ => false,
        })
    }
}

/// More integers than these nobody means to try one by one.
const MOST: i64 = 10_000;

fn values(parameter: &Parameter) -> Result<Cow<'_, [Value]>, Error> {
    match &parameter.domain {
        Domain::Choice(values) => Ok(values.into()),
        Domain::Int { low, high, step } if (high - low) / step < MOST => {
            Ok((0..=(high - low) / step).map(|n| Value::Integer(low + n * step)).collect())
        }
        _ => Err(Error::NoList { key: parameter.key.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{conditional, list, point, square};

    fn all(space: &Space) -> Vec<Point> {
        let grid = Grid::new(space).unwrap();
        (0..grid.count()).map(|index| grid.point(index).unwrap()).collect()
    }

    #[test]
    fn the_first_key_changes_slowest() {
        let space = Space::new(vec![list("b", &["1", "2"]), list("a", &["x", "y"])]).unwrap();
        let pairs = [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")];
        assert_eq!(all(&space), pairs.map(|(b, a)| point(&[("a", a), ("b", b)])));
    }

    #[test]
    fn a_conditional_key_multiplies_only_where_it_is_active() {
        let space = conditional();
        let sgd = |momentum, size| point(&[("opt", "sgd"), ("momentum", momentum), ("size", size)]);
        let adam = |size| point(&[("opt", "adam"), ("size", size)]);
        let expected = [sgd("0", "s"), sgd("0", "m"), sgd("0.9", "s"), sgd("0.9", "m"), adam("s"), adam("m")];
        assert_eq!(all(&space), expected);
        assert_eq!(Grid::new(&space).unwrap().point(6), None);
    }

    #[test]
    fn conditions_nest_and_every_point_stands_once() {
        let space = Space::new(vec![
            list("c", &["1", "2", "3"]).when("b", vec!["on".into()]),
            list("a", &["p", "q", "r"]),
            list("b", &["on", "off"]).when("a", vec!["p".into(), "r".into()]),
            list("d", &["4", "5"]).when("a", vec!["p".into()]),
        ]);
        let (space, mut seen) = (space.unwrap(), vec![]);
        for point in all(&space) {
            space.check(&point).unwrap();
            assert!(!seen.contains(&point), "{point:?} twice");
            seen.push(point);
        }
        assert_eq!(seen.len(), 4 * 2 + 1 + 4, "p: (3 + 1) of b and c by 2 of d; q: 1; r: 3 + 1");
    }

    #[test]
    fn a_huge_grid_is_counted_and_its_points_are_there() {
        let values: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let space = Space::new((0..64).map(|n| list(&format!("k{n:02}"), &values)).collect()).unwrap();
        let grid = Grid::new(&space).unwrap();
        assert_eq!(grid.count(), u64::MAX);
        let point = grid.point(123_456).unwrap();
        assert_eq!(["k00", "k62", "k63"].map(|key| point[key].to_string()), ["0", "123", "456"]);
    }

    #[test]
    fn a_long_chain_of_conditions_is_counted_at_once() {
        let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let key = |n: usize| format!("k{n}");
        let link = |n| list(&key(n), &digits).when(key(n - 1), digits.map(Value::from).to_vec());
        let space = Space::new([list("k0", &digits)].into_iter().chain((1..18).map(link)).collect()).unwrap();
        assert_eq!(Grid::new(&space).unwrap().count(), 10u64.pow(18));
        let point = Grid::new(&space).unwrap().point(42).unwrap();
        assert_eq!(["k0", "k15", "k16", "k17"].map(|key| point[key].to_string()), ["0", "0", "4", "2"]);
    }

    #[test]
    fn integers_in_steps_are_a_list() {
        let space = Space::new(vec![Parameter::new("n", Domain::Int { low: 4, high: 11, step: 3 })]).unwrap();
        let numbers: Vec<Option<f64>> = all(&space).iter().map(|point| point["n"].number()).collect();
        assert_eq!(numbers, [4.0, 7.0, 10.0].map(Some));
        let many = Space::new(vec![Parameter::new("n", Domain::Int { low: 0, high: 1 << 52, step: 1 })]).unwrap();
        assert!(Grid::new(&many).is_err());
    }

    #[test]
    fn a_space_without_keys_has_one_point() {
        assert_eq!(all(&Space::new(vec![]).unwrap()), [Point::new()]);
    }

    #[test]
    fn a_range_is_refused_by_its_key() {
        assert!(Grid::new(&square()).unwrap_err().to_string().starts_with("`x`: a grid takes lists and"));
    }
}
