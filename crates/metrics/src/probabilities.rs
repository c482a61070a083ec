//! How well the probabilities of a classifier are: beside which class is the most probable, how probable.

/// Bins of equal width into which probabilities go, as many as in Guo et al. and in torchmetrics.
pub const BINS: usize = 15;

/// -ln of the probability of the label, of one logit or of several. In double precision and from the logits, so that it stays finite
/// where the probability is rounded to 0.
pub(crate) fn log_loss(logits: &[f32], label: usize) -> f64 {
    let at = |index: usize| f64::from(logits[index]);
    match logits {
        [_] => softplus(if label == 0 { -at(0) } else { at(0) }),
        several => {
            let most = several.iter().copied().map(f64::from).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = several.iter().map(|logit| (f64::from(*logit) - most).exp()).sum();
            sum.ln() + most - at(label)
        }
    }
}

/// ln(1 + eˣ).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Whether fewer than `count` classes are more probable than the label; of equally probable ones the first counts as more.
pub(crate) fn is_among_first(count: usize, logits: &[f32], label: usize) -> bool {
    let is_above = |(class, logit): (usize, &f32)| *logit > logits[label] || (*logit == logits[label] && class < label);
    logits.iter().enumerate().filter(|pair| is_above(*pair)).count() < count
}

/// Probabilities beside how often what they are of is so, in bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    bins: Vec<Bin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    probabilities: f64,
    true_ones: f64,
    samples: f64,
}

impl Bin {
    fn add(&mut self, other: &Self) {
        self.probabilities += other.probabilities;
        self.true_ones += other.true_ones;
        self.samples += other.samples;
    }
}

impl Reliability {
    /// Of probabilities, each with whether it is so, in so many bins; what is no number is in none.
    ///
    /// # Panics
    /// When there is no bin.
    pub fn of(probabilities: impl IntoIterator<Item = (f32, bool)>, bins: usize) -> Self {
        assert!(bins > 0, "probabilities need a bin");
        let mut all = vec![Bin::default(); bins];
        for (probability, is_so) in probabilities.into_iter().filter(|(probability, _)| !probability.is_nan()) {
            let bin = &mut all[((f64::from(probability) * bins as f64) as usize).min(bins - 1)];
            bin.probabilities += f64::from(probability);
            bin.true_ones += f64::from(u8::from(is_so));
            bin.samples += 1.0;
        }
        all.retain(|bin| bin.samples > 0.0);
        Self { bins: all }
    }

    /// The mean probability of all, and the share of what is so; none without a sample.
    pub fn mean(&self) -> Option<(f64, f64)> {
        let mut all = Bin::default();
        self.bins.iter().for_each(|bin| all.add(bin));
        (all.samples > 0.0).then(|| (all.probabilities / all.samples, all.true_ones / all.samples))
    }

    /// Of each bin that has a sample the mean probability, and the share of what is so.
    pub fn points(&self) -> Vec<(f64, f64)> {
        self.bins.iter().map(|bin| (bin.probabilities / bin.samples, bin.true_ones / bin.samples)).collect()
    }

    /// The bins, where neighbours are taken together until each holds so many samples: how often a handful is right says nothing.
    #[must_use]
    pub fn merged(&self, least: f64) -> Self {
        let mut bins: Vec<Bin> = Vec::new();
        for bin in &self.bins {
            match bins.last_mut() {
                Some(last) if last.samples < least => last.add(bin),
                _ => bins.push(*bin),
            }
        }
        if bins.len() > 1 && bins[bins.len() - 1].samples < least {
            let few = bins.pop().unwrap_or_default();
            bins.iter_mut().next_back().into_iter().for_each(|last| last.add(&few));
        }
        Self { bins }
    }

    /// Of each bin that has a sample: what is so, and how many there are.
    pub fn counts(&self) -> Vec<[usize; 2]> {
        self.bins.iter().map(|bin| [bin.true_ones, bin.samples].map(|count| count as usize)).collect()
    }

    /// The expected calibration error: the mean distance between the two, weighed by samples (Guo et al., On Calibration of Modern
    /// Neural Networks, 2017, equation 3). None without a sample.
    pub fn error(&self) -> Option<f64> {
        let samples: f64 = self.bins.iter().map(|bin| bin.samples).sum();
        let distance = |bin: &Bin| (bin.true_ones - bin.probabilities).abs();
        (samples > 0.0).then(|| self.bins.iter().map(distance).sum::<f64>() / samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_loss_is_that_of_the_probability_of_the_label() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        // sigmoid(ln 3) is 3/4.
        near(log_loss(&[3f32.ln()], 0), -0.75f64.ln() + (f64::from(3f32.ln()) - 3f64.ln()) * -0.25);
        near(log_loss(&[0.0], 1), 2f64.ln());
        near(log_loss(&[0.0, 0.0, 0.0, 0.0], 2), 4f64.ln());
        // Beyond what a probability in single precision can say.
        near(log_loss(&[1000.0], 1), 1000.0);
        near(log_loss(&[0.0, 1000.0], 0), 1000.0);
        assert!(log_loss(&[f32::NAN, 0.0], 1).is_nan() && log_loss(&[f32::NAN], 0).is_nan());
    }

    #[test]
    fn the_first_ones_are_the_most_probable_and_of_equal_ones_the_first() {
        let logits = [1.0, 4.0, 4.0, 2.0, 0.0];
        let first = |count| (0..5).filter(|label| is_among_first(count, &logits, *label)).collect::<Vec<_>>();
        assert_eq!((first(1), first(2), first(3)), (vec![1], vec![1, 2], vec![1, 2, 3]));
    }

    #[test]
    fn a_bin_has_its_mean_probability_and_the_share_of_what_is_so() {
        let probabilities = [0.0, 0.25, 0.75, 1.0, 1.0, 0.75, f32::NAN];
        let is_so = [false, false, true, true, true, false, true];
        let found = Reliability::of(probabilities.into_iter().zip(is_so), 2);
        assert_eq!(found.points(), [(0.125, 0.0), (0.875, 0.75)]);
        // (2 * 0.125 + 4 * 0.125) / 6
        assert_eq!(found.error(), Some(0.125));
    }

    #[test]
    fn an_empty_bin_is_left_out() {
        assert_eq!(Reliability::of([(0.95, true)], 10).points().len(), 1);
        assert_eq!(Reliability::of([], 10).error(), None);
    }
}
