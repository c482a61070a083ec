//! How much of the metric each key explains.

mod forest;

use std::collections::BTreeMap;

use self::forest::Shares;
use crate::{Space, goal::Observation};

/// Fewer trials than this say nothing: by chance alone a share would often be a third or more.
const FEWEST: usize = 10;
/// Of more trials so many are looked at, spread over all.
const MOST: usize = 1000;

/// How much of what the trials differ by a key explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    pub key: String,
    /// The share of the variance of the metric, 0 to 1, that would be gone if the key were fixed: what it does alone, and together with
    /// others. So the shares of keys may sum to more than 1. None where there are too few trials, or no two values, to tell.
    pub share: Option<f64>,
    /// Of that the part that it does alone.
    pub alone: f64,
    /// What a key without any effect would come to.
    pub chance: f64,
    /// How many trials it is estimated from: those with a finite value where the key is active.
    pub trials: usize,
}

impl Importance {
    /// Whether it is more than a key without any effect would come to.
    #[must_use]
    pub fn is_more_than_chance(&self) -> bool {
        self.share.is_some_and(|share| share > self.chance)
    }
}

/// The importance of all keys of a space, the highest first, by functional analysis of variance of a random forest (Hutter, Hoos and
/// Leyton-Brown 2014, <https://proceedings.mlr.press/v32/hutter14.html>): trees are fitted to the metric, and what a
/// tree's value varies with along a key is integrated over the whole space. `alone` is the variance of the marginal of the key,
/// `share` its total effect (Homma and Saltelli 1996, <https://doi.org/10.1016/0951-8320(96)00002-6>), both by that of the tree, in
/// the mean of the trees.
///
/// The tenth of the values at either end counts as its nearest (winsorising), because one loss that went astray is nearly all of the
/// variance of a study otherwise, and what shows in it is who has that trial.
///
/// `chance` is the share of a key of random values that each tree has beside the others: trees fit noise too, with few trials more of it.
///
/// It takes the trials as they are, which have to be comparable, such as after as many epochs. A key that is active in some trials
/// only is judged by these.
pub fn importance(space: &Space, observations: &[Observation]) -> Vec<Importance> {
    let finite = |seen: &&Observation| {
        let value = seen.value.is_some_and(f64::is_finite);
        // A value of a study that was searched over another range has no place in this one.
        value && seen.point.iter().all(|(key, value)| space.domain(key).is_none_or(|domain| domain.contains(value)))
    };
    let finite: Vec<&Observation> = observations.iter().filter(finite).collect();
    let each = finite.len().div_ceil(MOST).max(1);
    let finite: Vec<&Observation> = finite.into_iter().step_by(each).collect();
    // Keys that are active in the same trials are judged together.
    let mut together: BTreeMap<Vec<usize>, Vec<&str>> = BTreeMap::new();
    for parameter in space.parameters() {
        let has_key = |index: &usize| finite[*index].point.contains_key(&parameter.key);
        let active: Vec<usize> = (0..finite.len()).filter(has_key).collect();
        if !active.is_empty() {
            together.entry(active).or_default().push(&parameter.key);
        }
    }
    let of_group = |(active, keys): (&Vec<usize>, &Vec<&str>)| {
        let trials: Vec<&Observation> = active.iter().map(|index| finite[*index]).collect();
        let shares = shares(space, &trials);
        keys.iter().map(move |key| of_key(key, trials.len(), &shares)).collect::<Vec<_>>()
    };
    let mut all: Vec<Importance> = together.iter().flat_map(of_group).collect();
    all.sort_by(|a, b| b.share.unwrap_or(-1.0).total_cmp(&a.share.unwrap_or(-1.0)));
    all
}

fn of_key(key: &str, trials: usize, shares: &BTreeMap<&str, (f64, f64, f64)>) -> Importance {
    let found = shares.get(key);
    let (share, alone, chance) = found.copied().unwrap_or_default();
    Importance { key: key.to_owned(), share: found.map(|_| share), alone, chance, trials }
}

/// Share, what of it is done alone, and what chance would come to, of each key that all of these trials have and that varies in them.
fn shares<'a>(space: &'a Space, trials: &[&Observation]) -> BTreeMap<&'a str, (f64, f64, f64)> {
    if trials.len() < FEWEST {
        return BTreeMap::new();
    }
    let columns = space.parameters().iter().filter_map(|parameter| {
        let place = |seen: &&Observation| parameter.domain.fraction(seen.point.get(&parameter.key)?);
        let places: Vec<f64> = trials.iter().map(place).collect::<Option<_>>()?;
        places.iter().any(|place| *place != places[0]).then_some((parameter.key.as_str(), places))
    });
    let (keys, columns): (Vec<&str>, Vec<Vec<f64>>) = columns.unzip();
    let values = within(&trials.iter().filter_map(|seen| seen.value).collect::<Vec<_>>());
    let Shares { total, alone, chance } = forest::shares(&columns, &values);
    keys.into_iter()
        .zip(total.into_iter().zip(alone))
        .map(|(key, (total, alone))| (key, (total, alone, chance)))
        .collect()
}

/// The values with the tenth at either end no further out than its nearest.
fn within(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = values.len() / 10;
    let [low, high] = [sorted[cut], sorted[values.len() - 1 - cut]];
    values.iter().map(|value| value.clamp(low, high)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Domain, Parameter, Point, Space, Value, random,
        testing::{conditional, list, square},
    };

    fn seen(point: Point, value: f64) -> Observation {
        Observation { point, value: Some(value) }
    }

    fn of<'a>(key: &str, found: &'a [Importance]) -> &'a Importance {
        found.iter().find(|one| one.key == key).unwrap()
    }

    fn share_of(key: &str, found: &[Importance]) -> f64 {
        of(key, found).share.unwrap()
    }

    /// Points of a random search with the values of a function.
    fn searched(space: &Space, seed: u64, trials: u64, of: impl Fn(&Point) -> f64) -> Vec<Observation> {
        let points = (0..trials).map(|index| random(space, seed, index));
        points.map(|point| seen(point.clone(), of(&point))).collect()
    }

    fn number(point: &Point, key: &str) -> f64 {
        point[key].number().unwrap()
    }

    #[test]
    fn the_shares_of_a_sum_are_those_of_its_terms() {
        // The variance of 3 x + y is 9 parts that of x and 1 part that of y, and they do nothing together.
        let sum = |point: &Point| 3.0 * number(point, "x") + number(point, "y");
        let found = importance(&square(), &searched(&square(), 0, 500, sum));
        assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        for (key, expected) in [("x", 0.9), ("y", 0.1)] {
            let found = of(key, &found);
            assert!((found.share.unwrap() - expected).abs() < 0.05, "{found:?}");
            assert!((found.alone - expected).abs() < 0.05 && found.is_more_than_chance(), "{found:?}");
        }
    }

    #[test]
    fn what_keys_do_only_together_is_seen_and_not_as_done_alone() {
        let product = |point: &Point| number(point, "x") * number(point, "y");
        let found = importance(&square(), &searched(&square(), 0, 500, product));
        // It is all of the variance; a tree's cuts are not quite in the middle.
        assert!(found.iter().all(|one| one.share > Some(0.8) && one.alone < 0.2), "{found:?}");
    }

    #[test]
    fn one_loss_that_went_astray_changes_little() {
        let sum = |point: &Point| 3.0 * number(point, "x") + number(point, "y");
        let mut all = searched(&square(), 0, 60, sum);
        let before = importance(&square(), &all);
        all[17].value = Some(1e6);
        let after = importance(&square(), &all);
        for key in ["x", "y"] {
            let (before, after) = (share_of(key, &before), share_of(key, &after));
            assert!((before - after).abs() < 0.2, "{key}: {before} {after}");
        }
        assert!(share_of("x", &after) > 0.6, "{after:?}");
    }

    #[test]
    fn a_logarithmic_key_and_a_list_have_the_shares_of_their_terms() {
        // The logarithm is uniform over three decades: a variance of 9 / 12; the list one of 3 / 4 with 0 and √3 alike.
        let rate = Parameter::new("rate", Domain::LogUniform { low: 1e-3, high: 1.0 });
        let space = Space::new(vec![rate, list("kind", &["a", "b"]), list("idle", &["a", "b", "c"])]).unwrap();
        let value = |point: &Point| {
            number(point, "rate").log10() + if point["kind"] == Value::from("a") { 0.0 } else { 3.0_f64.sqrt() }
        };
        let found = importance(&space, &searched(&space, 0, 500, value));
        let [rate, kind, idle] = ["rate", "kind", "idle"].map(|key| share_of(key, &found));
        assert!((rate - 0.5).abs() < 0.1 && (kind - 0.5).abs() < 0.1 && idle < 0.03, "{found:?}");
    }

    #[test]
    fn the_key_that_dominates_a_tpe_study_is_seen_also_with_a_loss_that_went_astray() {
        let tpe = crate::Tpe::new(crate::Goal::Minimise);
        for seed in 0..5 {
            let mut all: Vec<Observation> = vec![];
            for index in 0..40 {
                let point = tpe.propose(&square(), seed, index, &all);
                let value = number(&point, "x").powi(2) + 0.01 * number(&point, "y").powi(2);
                all.push(seen(point, if index == 3 { 1e4 } else { value }));
            }
            let found = importance(&square(), &all);
            assert!(share_of("x", &found) > 0.6 && share_of("x", &found) > share_of("y", &found), "{found:?}");
        }
    }

    #[test]
    fn of_noise_no_key_is_much_more_than_chance() {
        let noise = |seed| {
            let mut stream = crate::stream::Stream::new(seed, "test", 0, "noise");
            let all = searched(&square(), seed, 30, |_| 0.0);
            all.into_iter().map(|seen| Observation { value: Some(stream.uniform()), ..seen }).collect::<Vec<_>>()
        };
        let found: Vec<Importance> = (0..20).flat_map(|seed| importance(&square(), &noise(seed))).collect();
        let mean = |of: fn(&Importance) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
        let (share, chance) = (mean(|one| one.share.unwrap()), mean(|one| one.chance));
        assert!((share - chance).abs() < 0.1, "{share} {chance}");
    }

    #[test]
    fn a_conditional_key_is_judged_where_it_is_active_and_failures_do_not_count() {
        let points = (0..40).map(|index| random(&conditional(), 0, index));
        let mut all: Vec<_> = points
            .map(|point| {
                let value =
                    point.get("momentum").map_or(9.0, |momentum| f64::from(u8::from(*momentum == Value::from("0"))));
                seen(point, value)
            })
            .collect();
        all.push(seen(all[0].point.clone(), f64::NAN));
        all.push(Observation { value: None, ..all[0].clone() });
        let found = importance(&conditional(), &all);
        let momentum = of("momentum", &found);
        let sgd = all[..40].iter().filter(|seen| seen.point["opt"] == Value::from("sgd")).count();
        assert_eq!((momentum.share, momentum.trials), (Some(1.0), sgd));
        assert_eq!((of("opt", &found).trials, of("size", &found).trials), (40, 40));
    }

    #[test]
    fn too_little_to_tell_is_told() {
        let some = |trials| importance(&square(), &searched(&square(), 0, trials, |_| 0.1));
        let shares = |trials| some(trials).iter().map(|one| (one.trials, one.share)).collect::<Vec<_>>();
        assert_eq!(shares(0), []);
        assert_eq!(shares(9), [(9, None); 2]);
        assert_eq!(shares(10), [(10, Some(0.0)); 2]);
    }
}
