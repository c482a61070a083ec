//! How much of the metric each key explains.

use std::collections::{BTreeMap, BTreeSet};

use crate::{goal::Observation, mean::squares, value::Value};

/// Numbers with more different values than this are put into so many groups at most.
const MOST_GROUPS: usize = 10;

/// Fewer trials than this say nothing: by chance alone a share would often be a fifth or more.
const FEWEST: usize = 10;

/// How much of the order of the trials a key explains alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    pub key: String,
    /// The share of the variance of the ranks, 0 to 1; none where there are too few trials, or no two values, to tell.
    pub share: Option<f64>,
    /// How many trials it is estimated from: those with a finite value where the key is active.
    pub trials: usize,
}

/// The importance of all keys, the highest first, by epsilon squared (Kelley 1935,
/// <https://doi.org/10.1073/pnas.21.9.554>) of the ranks of the metric (as the test of Kruskal and Wallis 1952,
/// <https://doi.org/10.1080/01621459.1952.10483441>): 1 - MS_within / MS_total of the trials grouped by the value of the key, at
/// least 0. That is the correlation ratio (eta squared) less what groups would explain by chance.
///
/// Of ranks, because one loss that went astray is nearly all of the variance of a study otherwise, and what shows in it is who
/// has that trial. For the same reason it does not matter whether a loss or its logarithm is looked at.
///
/// A list is grouped by its values. A number with many is cut by rank into √trials groups of about the same size, from
/// 2 to 10; so it does not matter whether its range is logarithmic.
///
/// It looks at one key at a time. What two keys do only together it does not see, nor a change within a group. It takes
/// the trials as they are, which have to be comparable, such as after as many epochs: a search that dwells where the metric is
/// good makes keys look less important than they are over the whole space, and keys that moved together share what one of them
/// did. A key that is active in some trials only is judged by these.
pub fn importance(observations: &[Observation]) -> Vec<Importance> {
    let finite = |seen: &&Observation| seen.value.is_some_and(f64::is_finite);
    let finite: Vec<&Observation> = observations.iter().filter(finite).collect();
    let keys: BTreeSet<&String> = finite.iter().flat_map(|seen| seen.point.keys()).collect();
    let mut all: Vec<Importance> = keys.into_iter().map(|key| importance_of(key, &finite)).collect();
    all.sort_by(|a, b| b.share.unwrap_or(-1.0).total_cmp(&a.share.unwrap_or(-1.0)));
    all
}

fn importance_of(key: &str, observations: &[&Observation]) -> Importance {
    let seen: Vec<(&Value, f64)> =
        observations.iter().filter_map(|seen| Some((seen.point.get(key)?, seen.value?))).collect();
    let ranks = ranks(&seen.iter().map(|(_, metric)| *metric).collect::<Vec<_>>());
    let pairs: Vec<(&Value, f64)> = seen.iter().zip(&ranks).map(|((value, _), rank)| (*value, *rank)).collect();
    Importance { key: key.to_owned(), share: share(&groups(&pairs), &ranks), trials: pairs.len() }
}

fn share(groups: &[Vec<f64>], all: &[f64]) -> Option<f64> {
    let trials = all.len();
    if trials < FEWEST || groups.len() < 2 || trials <= groups.len() {
        return None;
    }
    let within = groups.iter().map(|group| squares(group)).sum::<f64>() / (trials - groups.len()) as f64;
    let total = squares(all) / (trials - 1) as f64;
    Some(if total > 0.0 { (1.0 - within / total).max(0.0) } else { 0.0 })
}

/// The place of each value among all, from 0; equal ones have the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = first as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|index| ranks[*index] = rank);
        first += equal.len();
    }
    ranks
}

/// The metric in groups of equal values, or of neighbouring numbers where there would be too many.
fn groups(pairs: &[(&Value, f64)]) -> Vec<Vec<f64>> {
    let most = (pairs.len() as f64).sqrt().floor().clamp(2.0, MOST_GROUPS as f64) as usize;
    let equal = equal_values(pairs);
    let numbers: Option<Vec<f64>> = pairs.iter().map(|(value, _)| value.number()).collect();
    match numbers {
        Some(numbers) if equal.len() > most => neighbours(&numbers, pairs, most),
        _ => equal,
    }
}

fn equal_values(pairs: &[(&Value, f64)]) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    pairs.iter().for_each(|(value, metric)| groups.entry(value.to_string()).or_default().push(*metric));
    groups.into_values().collect()
}

/// Cut by rank; equal numbers stay together.
fn neighbours(numbers: &[f64], pairs: &[(&Value, f64)], most: usize) -> Vec<Vec<f64>> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let mut groups = vec![vec![]; most];
    let mut rank = 0;
    for equal in order.chunk_by(|a, b| numbers[*a] == numbers[*b]) {
        groups[rank * most / numbers.len()].extend(equal.iter().map(|index| pairs[*index].1));
        rank += equal.len();
    }
    groups.retain(|group| !group.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Domain, Parameter, Point, Space, random,
        testing::{conditional, list, square},
    };

    fn seen(point: Point, value: f64) -> Observation {
        Observation { point, value: Some(value) }
    }

    fn share_of(key: &str, found: &[Importance]) -> f64 {
        found.iter().find(|one| one.key == key).and_then(|one| one.share).unwrap()
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
    fn the_share_is_that_of_a_table_by_hand() {
        // Ranks 0, 1, 2, 3, 4.5 of a and 4.5, 6, 7, 8, 9 of b: 12.2 + 12.2 within over 8, 82 in all over 9.
        let point = |name: &str| [("key".to_owned(), Value::from(name))].into();
        let a = [0.1, 0.2, 0.3, 0.4, 0.5].map(|value| seen(point("a"), value));
        let b = [0.5, 6.0, 7e1, 8e9, 9e99].map(|value| seen(point("b"), value));
        let found = importance(&[a, b].concat());
        assert_eq!((found[0].key.as_str(), found[0].trials), ("key", 10));
        assert!((share_of("key", &found) - (1.0 - (24.4 / 8.0) / (82.0 / 9.0))).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_shares_of_a_sum_are_those_of_its_terms() {
        // The variance of 3 x + y is 9 parts that of x and 1 part that of y.
        let found = importance(&searched(&square(), 0, 500, |point| 3.0 * number(point, "x") + number(point, "y")));
        assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert!((share_of("x", &found) - 0.9).abs() < 0.05 && (share_of("y", &found) - 0.1).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn one_loss_that_went_astray_changes_little() {
        let mut all = searched(&square(), 0, 60, |point| 3.0 * number(point, "x") + number(point, "y"));
        let before = importance(&all);
        all[17].value = Some(1e6);
        let after = importance(&all);
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
        let found = importance(&searched(&space, 0, 500, value));
        let [rate, kind, idle] = ["rate", "kind", "idle"].map(|key| share_of(key, &found));
        assert!((rate - 0.5).abs() < 0.08 && (kind - 0.5).abs() < 0.08 && idle < 0.03, "{found:?}");
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
            let found = importance(&all);
            // Both came near their best in the course of the search, so y has a part too.
            assert!(share_of("x", &found) > 0.6 && share_of("x", &found) > share_of("y", &found), "{found:?}");
        }
    }

    #[test]
    fn a_key_without_effect_has_about_none() {
        let shares =
            (0..20).map(|seed| share_of("y", &importance(&searched(&square(), seed, 100, |point| number(point, "x")))));
        assert!(shares.sum::<f64>() / 20.0 < 0.06);
    }

    #[test]
    fn what_keys_do_only_together_is_not_seen() {
        let points = (0..500).map(|index| random(&square(), 0, index));
        let product = |point: &Point| (point["x"].number().unwrap() * point["y"].number().unwrap()).signum();
        let found = importance(&points.map(|point| seen(point.clone(), product(&point))).collect::<Vec<_>>());
        assert!(found.iter().all(|one| one.share < Some(0.05)), "{found:?}");
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
        let momentum = importance(&all).into_iter().find(|one| one.key == "momentum").unwrap();
        let sgd = all[..40].iter().filter(|seen| seen.point["opt"] == Value::from("sgd")).count();
        assert_eq!((momentum.share, momentum.trials), (Some(1.0), sgd));
    }

    #[test]
    fn too_little_to_tell_is_told() {
        let some = |trials| importance(&searched(&square(), 0, trials, |_| 0.1));
        let shares = |trials| some(trials).iter().map(|one| (one.trials, one.share)).collect::<Vec<_>>();
        assert_eq!(shares(0), []);
        assert_eq!(shares(9), [(9, None); 2]);
        assert_eq!(shares(10), [(10, Some(0.0)); 2]);
    }
}
