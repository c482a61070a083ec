//! How much of the metric each key explains.

use std::collections::{BTreeMap, BTreeSet};

use crate::{goal::Observation, mean::squares, value::Value};

/// Numbers with more different values than this are put into so many groups at most.
const MOST_GROUPS: usize = 10;

/// How much of the variance of the metric a key explains alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// The key.
    pub key: String,
    /// The share of the variance, 0 to 1.
    pub share: f64,
    /// How many trials it was estimated from: those with a finite value where the key is active.
    pub trials: usize,
}

/// The importance of all keys, the highest first, by epsilon squared (Kelley 1935,
/// <https://doi.org/10.1073/pnas.21.9.554>): 1 - MS_within / MS_total of the trials grouped by the value of the key, at
/// least 0. That is the correlation ratio (eta squared) less what groups would explain by chance.
///
/// A list is grouped by its values. A number with many is cut by rank into √trials groups of about the same size, from
/// 2 to 10; so it does not matter whether its range is logarithmic.
///
/// It looks at one key at a time. What two keys do only together it does not see, nor a change within a group. It takes
/// the trials as they are: a search that dwells where the metric is good makes keys look less important than they are
/// over the whole space, and keys that moved together share what one of them did. A key that is active in some trials
/// only is judged by these.
///
/// A key is left out where there are too few trials, or no two values, to tell.
pub fn importance(observations: &[Observation]) -> Vec<Importance> {
    let finite = |seen: &&Observation| seen.value.is_some_and(f64::is_finite);
    let finite: Vec<&Observation> = observations.iter().filter(finite).collect();
    let keys: BTreeSet<&String> = finite.iter().flat_map(|seen| seen.point.keys()).collect();
    let mut all: Vec<Importance> = keys.into_iter().filter_map(|key| importance_of(key, &finite)).collect();
    all.sort_by(|a, b| b.share.total_cmp(&a.share));
    all
}

fn importance_of(key: &str, observations: &[&Observation]) -> Option<Importance> {
    let pairs: Vec<(&Value, f64)> =
        observations.iter().filter_map(|seen| Some((seen.point.get(key)?, seen.value?))).collect();
    let groups = groups(&pairs);
    let trials = pairs.len();
    if groups.len() < 2 || trials <= groups.len() {
        return None;
    }
    let all: Vec<f64> = pairs.iter().map(|(_, metric)| *metric).collect();
    let within = groups.iter().map(|group| squares(group)).sum::<f64>() / (trials - groups.len()) as f64;
    let total = squares(&all) / (trials - 1) as f64;
    let share = if total > 0.0 { (1.0 - within / total).max(0.0) } else { 0.0 };
    Some(Importance { key: key.to_owned(), share, trials })
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
        Point, random,
        testing::{conditional, square},
    };

    fn seen(point: Point, value: f64) -> Observation {
        Observation { point, value: Some(value) }
    }

    #[test]
    fn the_share_is_that_of_a_table_by_hand() {
        // Groups 1, 2, 3 and 5, 6, 7: 2 + 2 within over 4, 28 in all over 5.
        let point = |name: &str| [("key".to_owned(), Value::from(name))].into();
        let table = [("a", 1.0), ("a", 2.0), ("b", 5.0), ("b", 6.0), ("a", 3.0), ("b", 7.0)];
        let found = importance(&table.map(|(name, value)| seen(point(name), value)));
        assert_eq!((found[0].key.as_str(), found[0].trials), ("key", 6));
        assert!((found[0].share - (1.0 - (4.0 / 4.0) / (28.0 / 5.0))).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_shares_of_a_sum_are_those_of_its_terms() {
        // The variance of 3 x + y is 9 parts that of x and 1 part that of y.
        let points = (0..500).map(|index| random(&square(), 0, index));
        let value = |point: &Point| 3.0 * point["x"].number().unwrap() + point["y"].number().unwrap();
        let found = importance(&points.map(|point| seen(point.clone(), value(&point))).collect::<Vec<_>>());
        assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert!((found[0].share - 0.9).abs() < 0.05 && (found[1].share - 0.1).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn a_key_without_effect_has_about_none() {
        let shares = (0..20).map(|seed| {
            let points = (0..100).map(|index| random(&square(), seed, index));
            let found =
                importance(&points.map(|point| seen(point.clone(), point["x"].number().unwrap())).collect::<Vec<_>>());
            found.iter().find(|one| one.key == "y").unwrap().share
        });
        assert!(shares.sum::<f64>() / 20.0 < 0.06);
    }

    #[test]
    fn what_keys_do_only_together_is_not_seen() {
        let points = (0..500).map(|index| random(&square(), 0, index));
        let product = |point: &Point| (point["x"].number().unwrap() * point["y"].number().unwrap()).signum();
        let found = importance(&points.map(|point| seen(point.clone(), product(&point))).collect::<Vec<_>>());
        assert!(found.iter().all(|one| one.share < 0.05), "{found:?}");
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
        assert_eq!((momentum.share, momentum.trials), (1.0, sgd));
    }

    #[test]
    fn too_little_to_tell_gives_nothing() {
        let one = |index| seen(random(&square(), 0, index), 0.1);
        assert_eq!(importance(&[]), []);
        assert_eq!(importance(&[one(0), one(1)]), []);
        let equal = importance(&(0..7).map(one).collect::<Vec<_>>());
        assert!(equal.len() == 2 && equal.iter().all(|one| one.share == 0.0), "{equal:?}");
    }
}
