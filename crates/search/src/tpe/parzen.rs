//! Densities of the values seen so far.

use std::f64::consts::{SQRT_2, TAU};

use crate::{stream::Stream, value::Value};

/// The density of a numeric key: a mixture of normals, one around each place seen and a wide one for the prior, each
/// cut off at the ends of the span.
pub(super) struct Parzen {
    kernels: Vec<Kernel>,
    weights: Vec<f64>,
    span: (f64, f64),
}

struct Kernel {
    mean: f64,
    deviation: f64,
    /// Its weight over all weights, over what the normal has within the span and over its deviation times √(2π).
    height: f64,
}

impl Parzen {
    /// From places within the span.
    pub fn new(places: Vec<f64>, span: (f64, f64), prior_weight: f64) -> Self {
        let (low, high) = span;
        let (middle, width) = ((low + high) / 2.0, high - low);
        let mut weights = vec![1.0; places.len()];
        weights.push(prior_weight);
        let all: f64 = weights.iter().sum();
        let mut normals: Vec<_> = deviations(&places, middle, width);
        normals.push((middle, width));
        let kernels = normals.into_iter().zip(&weights).map(|((mean, deviation), weight)| {
            let within = normal_cdf((high - mean) / deviation) - normal_cdf((low - mean) / deviation);
            Kernel { mean, deviation, height: weight / (all * within * deviation * TAU.sqrt()) }
        });
        Self { kernels: kernels.collect(), weights, span }
    }

    /// A place within the span.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let kernel = &self.kernels[stream.weighted(&self.weights)];
        loop {
            // Each mean lies within the span and no deviation is larger: a third of the draws or more are inside.
            let place = kernel.mean + kernel.deviation * stream.normal();
            if (self.span.0..=self.span.1).contains(&place) {
                return place;
            }
        }
    }

    pub fn log_density(&self, place: f64) -> f64 {
        let at = |kernel: &Kernel| {
            let distance = (place - kernel.mean) / kernel.deviation;
            kernel.height * libm::exp(-0.5 * distance * distance)
        };
        libm::log(self.kernels.iter().map(at).sum())
    }
}

/// Each place with its deviation: the distance to the farther neighbour, the prior being one of them; at an end, to the
/// only one. It is at most the width, and at least the width over one more than there are kernels, or over 100: the
/// "magic clip" of Hyperopt and Optuna.
fn deviations(places: &[f64], middle: f64, width: f64) -> Vec<(f64, f64)> {
    let kernels = places.len() + 1;
    let least = width / (kernels as f64 + 1.0).min(100.0);
    let mut sorted: Vec<(f64, bool)> = places.iter().map(|place| (*place, true)).collect();
    sorted.push((middle, false));
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let distance = |a: usize, b: usize| sorted[b].0 - sorted[a].0;
    let deviation = |index: usize| {
        let left = if index > 0 { distance(index - 1, index) } else { 0.0 };
        let right = if index + 1 < kernels { distance(index, index + 1) } else { 0.0 };
        (sorted[index].0, left.max(right).clamp(least, width))
    };
    (0..kernels).filter(|index| sorted[*index].1).map(deviation).collect()
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The probabilities of a list: a mixture of one kernel for each value seen and a flat one for the prior. As in Optuna,
/// a kernel leaks to the other values; without that, a study is caught more often in the branch of a good first trial.
pub(super) struct Counts(Vec<f64>);

impl Counts {
    /// Values that are not in the list do not count.
    pub fn new<'a>(list: &[Value], seen: impl Iterator<Item = &'a Value>, prior_weight: f64) -> Self {
        let mut counts = vec![0.0; list.len()];
        seen.filter_map(|value| list.iter().position(|known| known == value)).for_each(|index| counts[index] += 1.0);
        let (seen, values): (f64, f64) = (counts.iter().sum(), list.len() as f64);
        let leak = prior_weight / (seen + 1.0);
        let kernels = |count: f64| (count + seen * leak) / (1.0 + values * leak);
        let share = |count| (kernels(count) + prior_weight / values) / (seen + prior_weight);
        Self(counts.into_iter().map(share).collect())
    }

    pub fn draw(&self, stream: &mut Stream) -> usize {
        stream.weighted(&self.0)
    }

    pub fn log_density(&self, index: usize) -> f64 {
        libm::log(self.0[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_has_an_area_of_one() {
        let parzen = Parzen::new(vec![0.0, 0.1, 0.11, 4.0], (0.0, 4.0), 1.0);
        let area: f64 = (0..40_000).map(|n| parzen.log_density((f64::from(n) + 0.5) / 10_000.0).exp() / 10_000.0).sum();
        assert!((area - 1.0).abs() < 1e-6, "{area}");
    }

    #[test]
    fn draws_follow_the_density() {
        let parzen = Parzen::new(vec![1.0, 1.2, 3.5], (0.0, 4.0), 1.0);
        let mut stream = Stream::new(0, "test", 0, "");
        let below = (0..20_000).filter(|_| parzen.draw(&mut stream) < 1.5).count() as f64 / 20_000.0;
        let area: f64 = (0..15_000).map(|n| parzen.log_density((f64::from(n) + 0.5) / 10_000.0).exp() / 10_000.0).sum();
        assert!((below - area).abs() < 0.01, "{below} {area}");
    }

    #[test]
    fn a_deviation_is_the_distance_to_the_farther_neighbour_within_its_limits() {
        // With the prior at 5 the places are 1, 2, 5, 9.9, 10: four and one kernels, so at least 10 / 6.
        let found = deviations(&[9.9, 1.0, 10.0, 2.0], 5.0, 10.0);
        let least = 10.0 / 6.0;
        let expected = [(1.0, least), (2.0, 3.0), (9.9, 4.9), (10.0, least)];
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-12, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn counts_are_smoothed() {
        let (list, seen): ([Value; 3], [Value; 3]) = (["a", "b", "c"].map(Into::into), ["a", "a", "x"].map(Into::into));
        let Counts(shares) = Counts::new(&list, seen.iter(), 1.0);
        // Two kernels leak 1 / 3 to each value and so weigh 2 each; the flat one has 1 / 3 for each value.
        let expected = [(2.0 + 2.0 / 3.0) / 2.0 + 1.0 / 3.0, 1.0 / 3.0 + 1.0 / 3.0, 1.0 / 3.0 + 1.0 / 3.0]
            .map(|share| share / 3.0);
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?} {expected:?}");
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
