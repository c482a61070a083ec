//! Densities of the points seen so far.

use std::f64::consts::{SQRT_2, TAU};

use crate::{
    domain::Domain,
    goal::Observation,
    space::{Parameter, Space},
    stream::Stream,
    value::{Point, Value},
};

/// How wide a kernel is beside Scott's rule, which shows a whole density well; here its peaks are sought. It is measured, by
/// `just bench-search`.
const BANDWIDTH: f64 = 0.5;

/// The density of a point: a mixture of one kernel around each point seen and a flat one for the prior. A kernel is a product
/// over the keys that are active in the point whose density is asked for.
pub(super) struct Parzen<'a> {
    space: &'a Space,
    /// Of the kernels, the prior last.
    weights: Vec<f64>,
    axes: Vec<Axis<'a>>,
}

/// What the kernels are along one key; where a point seen has no value for it, or none that the space still has, as the prior.
enum Axis<'a> {
    List {
        list: &'a [Value],
        /// The place of each kernel's value.
        kernels: Vec<Option<usize>>,
        /// What each value has beside a kernel's own, which has 1 more. Without it a study is caught more often in the branch
        /// of a good first trial.
        leak: f64,
    },
    Line {
        domain: &'a Domain,
        kernels: Vec<Normal>,
    },
}

/// A normal that is cut off at the ends of the span.
struct Normal {
    mean: f64,
    deviation: f64,
    /// The logarithm of the density at the mean.
    log_height: f64,
}

impl<'a> Parzen<'a> {
    pub fn new(space: &'a Space, seen: &[&Observation], prior_weight: f64) -> Self {
        let mut weights = vec![1.0; seen.len()];
        weights.push(prior_weight);
        let axis = |parameter| Axis::new(parameter, seen, prior_weight);
        Self { space, weights, axes: space.parameters().iter().map(axis).collect() }
    }

    /// A point of the space that has these values already.
    pub fn draw(&self, given: &Point, stream: &mut Stream) -> Point {
        let kernel = stream.weighted(&self.weights(given).1);
        self.space.fill(|index, Parameter { key, .. }| match given.get(key) {
            Some(value) => value.clone(),
            None => self.axes[index].draw(kernel, stream),
        })
    }

    /// Of a part of a point, whatever its other keys are.
    pub fn log_density(&self, part: &Point) -> f64 {
        let (highest, weights) = self.weights(part);
        highest + libm::log(weights.iter().sum::<f64>() / self.weights.iter().sum::<f64>())
    }

    /// The weight of each kernel times its density there, over the highest density, whose logarithm comes first: so a sum of
    /// very small densities is none of zeros.
    fn weights(&self, part: &Point) -> (f64, Vec<f64>) {
        let mut logs = vec![0.0; self.weights.len()];
        for (axis, parameter) in self.axes.iter().zip(self.space.parameters()) {
            if let Some(value) = part.get(&parameter.key) {
                axis.add_log_density(value, &mut logs);
            }
        }
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |(log, weight): (&f64, &f64)| weight * libm::exp(log - highest);
        (highest, logs.iter().zip(&self.weights).map(weight).collect())
    }
}

impl<'a> Axis<'a> {
    fn new(parameter: &'a Parameter, seen: &[&Observation], prior_weight: f64) -> Self {
        let values = seen.iter().map(|seen| seen.point.get(&parameter.key));
        match &parameter.domain {
            Domain::Choice(list) => {
                let place = |value: Option<&Value>| list.iter().position(|known| Some(known) == value);
                let kernels: Vec<_> = values.map(place).chain([None]).collect();
                let leak = prior_weight / kernels.len() as f64;
                Self::List { list, kernels, leak }
            }
            domain => {
                let places: Vec<_> = values.map(|value| domain.place(value?)).collect();
                Self::Line { domain, kernels: normals(&places, domain.span()) }
            }
        }
    }

    fn draw(&self, kernel: usize, stream: &mut Stream) -> Value {
        match self {
            Self::List { list, kernels, leak } => {
                let own = |value| f64::from(u8::from(kernels[kernel] == Some(value)));
                let weights: Vec<f64> = (0..list.len()).map(|value| leak + own(value)).collect();
                list[stream.weighted(&weights)].clone()
            }
            Self::Line { domain, kernels } => domain.value(kernels[kernel].draw(domain.span(), stream)),
        }
    }

    /// Adds what this key of a point gives to the logarithm of each kernel's density.
    fn add_log_density(&self, value: &Value, logs: &mut [f64]) {
        match self {
            Self::List { list, kernels, leak } => {
                let here = list.iter().position(|known| known == value);
                let all = 1.0 + leak * list.len() as f64;
                let [own, other] = [1.0 + leak, *leak].map(|share| libm::log(share / all));
                let flat = -libm::log(list.len() as f64);
                for (log, kernel) in logs.iter_mut().zip(kernels) {
                    *log += if kernel.is_none() {
                        flat
                    } else if *kernel == here {
                        own
                    } else {
                        other
                    };
                }
            }
            Self::Line { domain, kernels } => {
                let Some(place) = domain.place(value) else { return };
                for (log, kernel) in logs.iter_mut().zip(kernels) {
                    *log += kernel.log_density(place);
                }
            }
        }
    }
}

impl Normal {
    fn new(mean: f64, deviation: f64, (low, high): (f64, f64)) -> Self {
        let within = normal_cdf((high - mean) / deviation) - normal_cdf((low - mean) / deviation);
        Self { mean, deviation, log_height: -libm::log(within * deviation * TAU.sqrt()) }
    }

    fn draw(&self, (low, high): (f64, f64), stream: &mut Stream) -> f64 {
        loop {
            // Each mean lies within the span and no deviation is larger: a third of the draws or more are inside.
            let place = self.mean + self.deviation * stream.normal();
            if (low..=high).contains(&place) {
                return place;
            }
        }
    }

    fn log_density(&self, place: f64) -> f64 {
        let distance = (place - self.mean) / self.deviation;
        self.log_height - distance * distance / 2.0
    }
}

/// One around each place, with one deviation for all, and the prior's, which is as wide as the span.
fn normals(places: &[Option<f64>], span: (f64, f64)) -> Vec<Normal> {
    let known: Vec<f64> = places.iter().flatten().copied().collect();
    let deviation = deviation(&known, span);
    let prior = || Normal::new(middle(span), span.1 - span.0, span);
    let around = |place: &Option<f64>| place.map_or_else(prior, |place| Normal::new(place, deviation, span));
    places.iter().map(around).chain([prior()]).collect()
}

/// Scott's rule (Scott 1992, <https://doi.org/10.1002/9780470316849>), narrower: the deviation of the places, the whole span
/// being one of them, times n^(-1 / 5). So it is above zero also where all places are one, and below the width.
fn deviation(places: &[f64], span: (f64, f64)) -> f64 {
    let width = span.1 - span.0;
    let count = places.len() as f64 + 1.0;
    // From the middle and in widths, so that no square overflows; the prior is at 0.
    let places: Vec<f64> = places.iter().map(|place| (place - middle(span)) / width).collect();
    let mean = places.iter().sum::<f64>() / count;
    let squares = places.iter().map(|place| (place - mean) * (place - mean)).sum::<f64>() + mean * mean + 1.0 / 12.0;
    BANDWIDTH * width * (squares / count).sqrt() * libm::pow(count, -0.2)
}

fn middle((low, high): (f64, f64)) -> f64 {
    low + (high - low) / 2.0
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::list;

    fn seen(points: &[&[(&str, Value)]]) -> Vec<Observation> {
        let point =
            |pairs: &[(&str, Value)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        points.iter().map(|pairs| Observation { point: point(pairs), value: Some(0.0) }).collect()
    }

    fn parzen<'a>(space: &'a Space, seen: &[Observation]) -> Parzen<'a> {
        Parzen::new(space, &seen.iter().collect::<Vec<_>>(), 1.0)
    }

    /// `x` from 0 to 4, and `y` from 0 to 1 where `opt` is a.
    fn branched() -> Space {
        let range = |key, high| Parameter::new(key, Domain::Uniform { low: 0.0, high });
        Space::new(vec![list("opt", &["a", "b"]), range("x", 4.0), range("y", 1.0).when("opt", vec!["a".into()])])
            .unwrap()
    }

    fn at(opt: &str, x: f64, y: Option<f64>) -> Point {
        let pairs = [("opt", opt.into()), ("x", x.into())].into_iter().chain(y.map(|y| ("y", y.into())));
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn some() -> Vec<Observation> {
        seen(&[
            &[("opt", "a".into()), ("x", 0.0.into()), ("y", 0.9.into())],
            &[("opt", "b".into()), ("x", 0.1.into())],
            &[("opt", "c".into()), ("x", 9.0.into()), ("y", "text".into())],
            &[("opt", "a".into()), ("x", 3.5.into()), ("y", 0.2.into())],
        ])
    }

    /// The integral of the density over all x below a limit, and y, in one branch.
    fn area(parzen: &Parzen, opt: &str, below: f64) -> f64 {
        let middles = |count: u32| (0..count).map(move |n| (f64::from(n) + 0.5) / f64::from(count));
        let along_y = |x: f64| match opt {
            "a" => middles(50).map(|y| parzen.log_density(&at("a", x, Some(y))).exp()).sum::<f64>() / 50.0,
            _ => parzen.log_density(&at("b", x, None)).exp(),
        };
        middles(200).map(|x| along_y(x * below)).sum::<f64>() * below / 200.0
    }

    #[test]
    fn the_density_of_a_space_with_a_conditional_key_has_an_area_of_one() {
        let (space, seen) = (branched(), some());
        let parzen = parzen(&space, &seen);
        let [a, b] = ["a", "b"].map(|opt| area(&parzen, opt, 4.0));
        assert!((a + b - 1.0).abs() < 1e-4, "{a} {b}");
    }

    #[test]
    fn draws_follow_the_density() {
        let (space, seen) = (branched(), some());
        let parzen = parzen(&space, &seen);
        let mut stream = Stream::new(0, "test", 0, "");
        let points: Vec<Point> = (0..20_000).map(|_| parzen.draw(&Point::new(), &mut stream)).collect();
        points.iter().for_each(|point| space.check(point).unwrap());
        for opt in ["a", "b"] {
            let is_here = |point: &&Point| point["opt"] == opt.into() && point["x"].number() < Some(1.5);
            let (drawn, area) = (points.iter().filter(is_here).count() as f64 / 20_000.0, area(&parzen, opt, 1.5));
            assert!((drawn - area).abs() < 0.01, "{opt}: {drawn} {area}");
        }
    }

    #[test]
    fn keys_that_went_together_are_drawn_together() {
        let square = crate::testing::square();
        let pair = |x: f64| [("x", Value::Float(x)), ("y", Value::Float(-x))];
        let pairs: Vec<_> = (0..20).map(|n| pair(if n % 2 == 0 { 4.0 } else { -4.0 })).collect();
        let seen = seen(&pairs.iter().map(|pair| &pair[..]).collect::<Vec<_>>());
        let parzen = parzen(&square, &seen);
        let mut stream = Stream::new(0, "test", 0, "");
        let is_apart = |point: &Point| point["x"].number().unwrap() * point["y"].number().unwrap() < 0.0;
        let apart = (0..1000).filter(|_| is_apart(&parzen.draw(&Point::new(), &mut stream))).count();
        assert!(apart > 800, "{apart}");
    }

    #[test]
    fn a_deviation_is_that_of_the_places_and_the_span() {
        // In widths from the middle: -0.3, -0.1 and the prior's 0 with a variance of 1 / 12 of its own; their mean is -2 / 15.
        let mean: f64 = -0.4 / 3.0;
        let squares = (0.3 + mean).powi(2) + (0.1 + mean).powi(2) + mean.powi(2) + 1.0 / 12.0;
        let expected = 0.5 * 10.0 * (squares / 3.0).sqrt() * 3.0_f64.powf(-0.2);
        let found = deviation(&[2.0, 4.0], (0.0, 10.0));
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        assert!(deviation(&[10.0; 1000], (0.0, 10.0)) > 0.0);
        assert!(deviation(&[1e300, -1e300], (-1e300, 1e300)).is_finite());
    }

    #[test]
    fn a_list_is_smoothed() {
        let space = Space::new(vec![list("opt", &["a", "b", "c"])]).unwrap();
        let seen = seen(&[&[("opt", "a".into())], &[("opt", "a".into())], &[("opt", "x".into())]]);
        let parzen = parzen(&space, &seen);
        // Of four kernels two are around a, of weight 1 with a quarter for each value; two are flat.
        let shares = [(2.0 * 1.25 / 1.75 + 2.0 / 3.0) / 4.0, (2.0 * 0.25 / 1.75 + 2.0 / 3.0) / 4.0];
        for (opt, share) in ["a", "b", "c"].into_iter().zip([shares[0], shares[1], shares[1]]) {
            let point = [("opt".to_owned(), opt.into())].into();
            assert!((parzen.log_density(&point).exp() - share).abs() < 1e-12, "{opt}");
        }
    }
}
