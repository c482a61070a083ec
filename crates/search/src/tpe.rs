//! The tree-structured Parzen estimator.

mod parzen;

use parzen::{Counts, Parzen};

use crate::{
    domain::Domain,
    goal::{Goal, Observation},
    random::{random, random_new},
    space::{Parameter, Space},
    stream::Stream,
    value::{Point, Value},
};

/// How often a point that was tried already is drawn again before it is taken nonetheless.
const ATTEMPTS: usize = 64;

/// The tree-structured Parzen estimator (Bergstra et al. 2011,
/// <https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization>), with the defaults of Optuna.
///
/// The observations are split into few good ones and the rest. For each key, in the tree of conditions from the top, a
/// density is fitted to both; of some candidates drawn from the good one, the one wins whose good density is highest
/// beside the other. Keys are treated one by one, so what two keys do only together is seen late.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tpe {
    /// Which values are better.
    pub goal: Goal,
    /// Points are random until so many trials have a value: 10.
    pub startup: usize,
    /// Candidates for each key: 24.
    pub candidates: usize,
    /// The share of the trials with a value that is good, rounded up: 0.1.
    pub gamma: f64,
    /// Never more are good than this: 25.
    pub most_good: usize,
    /// What the flat prior counts, in observations, above 0: 1.
    pub prior_weight: f64,
}

/// The observations whose values are best, and all others.
struct Split<'a> {
    good: Vec<&'a Observation>,
    bad: Vec<&'a Observation>,
}

impl Tpe {
    /// With the default settings.
    pub const fn new(goal: Goal) -> Self {
        Self { goal, startup: 10, candidates: 24, gamma: 0.1, most_good: 25, prior_weight: 1.0 }
    }

    /// The point to try as number `index`, given all others that were or are tried.
    ///
    /// Trials that run or failed count as bad, so points proposed at the same time keep away from each other. Values
    /// outside of the space, from a study that has changed, are left out.
    pub fn propose(&self, space: &Space, seed: u64, index: u64, observations: &[Observation]) -> Point {
        let is_new = |point: &Point| observations.iter().all(|seen| seen.point != *point);
        if observations.iter().filter(|seen| seen.value.is_some()).count() < self.startup {
            return random_new(space, seed, index, is_new).unwrap_or_else(|| random(space, seed, index));
        }
        let split = self.split(observations);
        let mut stream = Stream::new(seed, "tpe", index, "");
        let mut draw = |candidates| space.fill(|_, key| self.value(key, &split, candidates, &mut stream));
        let best = draw(self.candidates);
        // The winner of many candidates from a short list is the same again and again; a single one is not.
        if is_new(&best) { best } else { (0..ATTEMPTS).map(|_| draw(1)).find(is_new).unwrap_or(best) }
    }

    fn split<'a>(&self, observations: &'a [Observation]) -> Split<'a> {
        let loss = |seen: &Observation| seen.value.map(|value| self.goal.loss(value)).filter(|loss| loss.is_finite());
        let mut good: Vec<_> = observations.iter().filter(|seen| loss(seen).is_some()).collect();
        let mut bad: Vec<_> = observations.iter().filter(|seen| loss(seen).is_none()).collect();
        good.sort_by(|a, b| loss(a).partial_cmp(&loss(b)).expect("finite losses compare"));
        let finished = observations.iter().filter(|seen| seen.value.is_some()).count();
        let most = ((self.gamma * finished as f64).ceil() as usize).min(self.most_good);
        bad.extend(good.split_off(most.min(good.len())));
        Split { good, bad }
    }

    fn value(&self, parameter: &Parameter, split: &Split, candidates: usize, stream: &mut Stream) -> Value {
        match &parameter.domain {
            Domain::Choice(values) => {
                let [good, bad] = split.map(|seen| Counts::new(values, values_of(parameter, seen), self.prior_weight));
                let score = |index: &usize| good.log_density(*index) - bad.log_density(*index);
                values[best(candidates, || good.draw(stream), score)].clone()
            }
            domain => {
                let [good, bad] = split.map(|seen| {
                    let places = values_of(parameter, seen).filter_map(|value| domain.place(value)).collect();
                    Parzen::new(places, domain.span(), self.prior_weight)
                });
                let score = |value: &Value| {
                    domain.place(value).map_or(f64::NEG_INFINITY, |x| good.log_density(x) - bad.log_density(x))
                };
                best(candidates, || domain.value(good.draw(stream)), score)
            }
        }
    }
}

/// The candidate with the highest score, the first of equals.
fn best<T>(candidates: usize, mut draw: impl FnMut() -> T, score: impl Fn(&T) -> f64) -> T {
    let mut best = draw();
    let mut highest = score(&best);
    for _ in 1..candidates {
        let candidate = draw();
        let score = score(&candidate);
        if score > highest {
            (best, highest) = (candidate, score);
        }
    }
    best
}

impl<'a> Split<'a> {
    /// The same of both.
    fn map<T>(&self, of: impl Fn(&[&'a Observation]) -> T) -> [T; 2] {
        [of(&self.good), of(&self.bad)]
    }
}

/// The values that a key has where it is active.
fn values_of<'a>(parameter: &Parameter, seen: &[&'a Observation]) -> impl Iterator<Item = &'a Value> {
    seen.iter().filter_map(|seen| seen.point.get(&parameter.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{conditional, list, square};

    const TPE: Tpe = Tpe::new(Goal::Minimise);

    /// A valley that is narrow in y: least at (1, -2) with 0.
    fn bowl(point: &Point) -> f64 {
        let at = |key: &str| point[key].number().unwrap();
        (at("x") - 1.0).powi(2) + 4.0 * (at("y") + 2.0).powi(2)
    }

    /// Two branches: adam with a learning rate near 1e-3 is best, with 0.
    fn branches(point: &Point) -> f64 {
        let magnitude = |key: &str| point[key].number().unwrap().log10();
        match &point["opt"] {
            Value::Text(name) if name == "adam" => (magnitude("adam.lr") + 3.0).powi(2),
            _ => 0.5 + (magnitude("sgd.lr") + 1.0).powi(2) + (point["sgd.width"].number().unwrap() - 40.0).abs() / 40.0,
        }
    }

    fn branched() -> Space {
        let lr = |key| Parameter::new(key, Domain::LogUniform { low: 1e-6, high: 10.0 });
        Space::new(vec![
            list("opt", &["sgd", "adam"]),
            lr("sgd.lr").when("opt", vec!["sgd".into()]),
            Parameter::new("sgd.width", Domain::Int { low: 8, high: 128, step: 8 }).when("opt", vec!["sgd".into()]),
            lr("adam.lr").when("opt", vec!["adam".into()]),
        ])
        .unwrap()
    }

    /// Proposes in batches of `jobs`, of which none knows the values of the others.
    fn study(space: &Space, tpe: &Tpe, seed: u64, jobs: usize, of: fn(&Point) -> f64) -> Vec<Observation> {
        let mut seen: Vec<Observation> = vec![];
        while seen.len() < 60 {
            let known = seen.len();
            for _ in 0..jobs {
                let point = tpe.propose(space, seed, seen.len() as u64, &seen);
                seen.push(Observation { point, value: None });
            }
            seen[known..].iter_mut().for_each(|seen| seen.value = Some(of(&seen.point)));
        }
        seen
    }

    fn mean_best(space: &Space, tpe: &Tpe, jobs: usize, of: fn(&Point) -> f64) -> f64 {
        let best =
            |seed| study(space, tpe, seed, jobs, of).iter().filter_map(|seen| seen.value).fold(f64::MAX, f64::min);
        (0..20).map(best).sum::<f64>() / 20.0
    }

    #[test]
    fn finds_better_points_than_random_search() {
        let random = Tpe { startup: 1000, ..TPE };
        for (name, space, of) in [("bowl", square(), bowl as fn(&Point) -> f64), ("branches", branched(), branches)] {
            let chance = mean_best(&space, &random, 1, of);
            let [one, four] = [1, 4].map(|jobs| mean_best(&space, &TPE, jobs, of));
            println!("{name}: random {chance:.4}, TPE {one:.4}, TPE with four jobs {four:.4}");
            assert!(one * 2.0 < chance, "{name}: {one} {chance}");
            assert!(four * 1.5 < chance, "{name}, four jobs: {four} {chance}");
        }
    }

    #[test]
    fn the_other_goal_is_the_same_search() {
        let maximise = Tpe { goal: Goal::Maximise, ..TPE };
        let points = |seen: Vec<Observation>| seen.into_iter().map(|seen| seen.point).collect::<Vec<_>>();
        let mirrored = points(study(&square(), &maximise, 0, 2, |point| -bowl(point)));
        assert_eq!(mirrored, points(study(&square(), &TPE, 0, 2, bowl)));
    }

    #[test]
    fn nothing_counts_but_the_arguments() {
        let seen = study(&branched(), &TPE, 3, 1, branches);
        for known in [12, 40] {
            assert_eq!(TPE.propose(&branched(), 3, known as u64, &seen[..known]), seen[known].point);
        }
        let next = |seed, index| TPE.propose(&branched(), seed, index, &seen);
        assert_ne!(next(3, 60), next(3, 61));
        assert_ne!(next(3, 60), next(4, 60));
    }

    #[test]
    fn trials_without_a_number_are_kept_away_from() {
        let seen = |x: f64, value| {
            let point = [("x", x), ("y", 0.0)].map(|(key, value)| (key.to_owned(), Value::Float(value)));
            Observation { point: point.into(), value }
        };
        for value in [None, Some(f64::NAN), Some(f64::NEG_INFINITY)] {
            let mut known: Vec<_> = (0..20).map(|n| seen(f64::from(n) / 4.0 - 5.0, value)).collect();
            known.extend((0..12).map(|n| seen(f64::from(n) / 3.0, Some(1.0))));
            let right = (0..50).filter(|index| TPE.propose(&square(), 0, *index, &known)["x"].number() > Some(0.0));
            assert!(right.count() >= 45, "{value:?}");
        }
    }

    #[test]
    fn a_small_space_is_tried_to_its_end() {
        let mut seen = vec![];
        for index in 0..6 {
            let point = Tpe { startup: 1, ..TPE }.propose(&conditional(), 0, index, &seen);
            seen.push(Observation { point, value: Some(0.0) });
        }
        for (index, one) in seen.iter().enumerate() {
            assert!(!seen[..index].contains(one), "{one:?} twice");
        }
    }

    #[test]
    fn values_of_another_space_and_only_failures_do_no_harm() {
        let point: Point = [("x".to_owned(), "text".into()), ("z".to_owned(), 1.0.into())].into();
        let seen = vec![Observation { point, value: Some(f64::NAN) }; 12];
        square().check(&TPE.propose(&square(), 0, 0, &seen)).unwrap();
    }
}
