//! The tree-structured Parzen estimator.

mod parzen;

use parzen::Parzen;

use crate::{
    goal::{Goal, Observation},
    random::{random, random_new},
    sobol::sobol,
    space::Space,
    stream::Stream,
    value::Point,
};

/// How often a point that was tried already is drawn again before it is taken nonetheless.
const ATTEMPTS: usize = 64;

/// The tree-structured Parzen estimator (Bergstra et al. 2011,
/// <https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization>), for all keys together (BOHB; Falkner et
/// al. 2018, <https://proceedings.mlr.press/v80/falkner18a.html>).
///
/// The observations are split into few good ones and the rest, and a density over whole points is fitted to each; of some
/// candidates drawn from the good one, the one wins whose good density is highest beside the other. A key that is inactive
/// in an observation has its prior there, so all observations say something about any point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tpe {
    /// Which values are better.
    pub goal: Goal,
    /// Points are those of a Sobol sequence until so many trials have a value: 10.
    pub startup: usize,
    /// Candidates for a point: 24.
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
            let even = sobol(space, seed, index).ok().filter(is_new);
            let random_new = || random_new(space, seed, index, is_new);
            return even.or_else(random_new).unwrap_or_else(|| random(space, seed, index));
        }
        let Split { good, bad } = self.split(observations);
        let [good, bad] = [good, bad].map(|seen| Parzen::new(space, &seen, self.prior_weight));
        let mut stream = Stream::new(seed, "tpe", index, "");
        let score = |point: &Point| good.log_density(point) - bad.log_density(point);
        // Which branch, by the keys that decide that alone: a branch of more keys would have higher peaks.
        let in_branch = |point: Point| point.into_iter().filter(|(key, _)| space.is_parent(key)).collect();
        let branch = best(self.candidates, || in_branch(good.draw(&Point::new(), &mut stream)), score);
        let best = best(self.candidates, || good.draw(&branch, &mut stream), score);
        // The winner of many candidates from short lists is the same again and again; a single one is not.
        if is_new(&best) {
            best
        } else {
            (0..ATTEMPTS).map(|_| good.draw(&Point::new(), &mut stream)).find(is_new).unwrap_or(best)
        }
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
}

/// The candidate with the highest score, the first of equals. The same one twice is judged once: there may be few.
fn best(candidates: usize, mut draw: impl FnMut() -> Point, score: impl Fn(&Point) -> f64) -> Point {
    let (mut best, mut highest, mut judged) = (Point::new(), f64::NEG_INFINITY, vec![]);
    for _ in 0..candidates {
        let candidate = draw();
        if judged.contains(&candidate) {
            continue;
        }
        let score = score(&candidate);
        if score > highest || judged.is_empty() {
            (best, highest) = (candidate.clone(), score);
        }
        judged.push(candidate);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Domain, Parameter, Value,
        testing::{conditional, list, square},
    };

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

    /// The mean over 20 studies of the best value.
    fn mean_best(values: impl Fn(u64) -> Vec<f64>) -> f64 {
        (0..20).map(|seed| values(seed).into_iter().fold(f64::MAX, f64::min)).sum::<f64>() / 20.0
    }

    #[test]
    fn finds_better_points_than_random_search() {
        for (name, space, of) in [("bowl", square(), bowl as fn(&Point) -> f64), ("branches", branched(), branches)] {
            let chance = mean_best(|seed| (0..60).map(|index| of(&random(&space, seed, index))).collect());
            let values =
                |seed, jobs| study(&space, &TPE, seed, jobs, of).iter().filter_map(|seen| seen.value).collect();
            let [one, four] = [1, 4].map(|jobs| mean_best(|seed| values(seed, jobs)));
            println!("{name}: random {chance:.4}, TPE {one:.4}, TPE with four jobs {four:.4}");
            assert!(one * 2.0 < chance, "{name}: {one} {chance}");
            assert!(four * 1.5 < chance, "{name}, four jobs: {four} {chance}");
        }
    }

    /// A valley along x = y: no key alone says where the best is.
    fn valley(point: &Point) -> f64 {
        let [x, y] = ["x", "y"].map(|key| point[key].number().unwrap());
        25.0 * (x - y).powi(2) + (x + y - 4.0).powi(2)
    }

    #[test]
    fn keys_that_only_matter_together_are_found_together() {
        let best =
            mean_best(|seed| study(&square(), &TPE, seed, 1, valley).iter().filter_map(|seen| seen.value).collect());
        assert!(best < 0.5, "{best}");
    }

    #[test]
    fn points_never_change_between_releases() {
        let seen = study(&branched(), &TPE, 7, 1, branches);
        let last: Vec<String> = seen[59].point.iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(last, ["adam.lr 0.001756778062808122", "opt adam"]);
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
            known.extend((0..12).map(|n| seen(1.0 + f64::from(n) / 3.0, Some(1.0))));
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
