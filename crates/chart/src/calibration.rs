//! Whether probabilities mean what they say.

use crate::line_chart::{Axis, LineChart, Series, Shape, Style};

/// The reliability diagram: images in `bins` equally wide bins of probability, and the share of positives in each.
///
/// On the dashed diagonal 0.7 means that 7 of 10 are positive. The expected calibration error, the mean distance from
/// it weighed by images, is in the legend (Guo et al., On Calibration of Modern Neural Networks, 2017, equation 3).
///
/// # Panics
/// When the two slices differ in length or `bins` is 0.
pub fn calibration(probabilities: &[f32], is_positive: &[bool], bins: usize) -> LineChart {
    let bins = filled(probabilities, is_positive, bins);
    let error = expected_error(&bins);
    LineChart {
        alt: format!("Reliability diagram: the mean distance from the diagonal is {error:.4}"),
        x: Axis::new("mean probability of a bin").range(0.0, 1.0),
        y: Axis::new("share of positives").range(0.0, 1.0),
        series: vec![
            Series::line(format!("model, error {error:.4}"), bins.iter().map(Bin::point).collect()).drawn(Style::Path),
            Series::line("perfect", vec![(0.0, 0.0), (1.0, 1.0)]).drawn(Style::Dashed),
        ],
        marks: vec![],
        shape: Shape::Square,
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    probabilities: f64,
    positives: f64,
    images: f64,
}

impl Bin {
    /// Mean probability and share of positives.
    fn point(&self) -> (f64, f64) {
        (self.probabilities / self.images, self.positives / self.images)
    }
}

/// The bins that hold an image; what is no number is in none.
fn filled(probabilities: &[f32], is_positive: &[bool], bins: usize) -> Vec<Bin> {
    assert_eq!(probabilities.len(), is_positive.len(), "probabilities and labels disagree");
    assert!(bins > 0, "a diagram needs a bin");
    let mut all = vec![Bin::default(); bins];
    for (probability, positive) in probabilities.iter().zip(is_positive).filter(|(p, _)| !p.is_nan()) {
        let bin = &mut all[((f64::from(*probability) * bins as f64) as usize).min(bins - 1)];
        bin.probabilities += f64::from(*probability);
        bin.positives += f64::from(u8::from(*positive));
        bin.images += 1.0;
    }
    all.retain(|bin| bin.images > 0.0);
    all
}

fn expected_error(bins: &[Bin]) -> f64 {
    let images: f64 = bins.iter().map(|bin| bin.images).sum();
    let weighed = |bin: &Bin| (bin.positives - bin.probabilities).abs();
    if images > 0.0 { bins.iter().map(weighed).sum::<f64>() / images } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_shows_mean_probability_and_share_of_positives() {
        let probabilities = [0.0, 0.25, 0.75, 1.0, 1.0, 0.75];
        let chart = calibration(&probabilities, &[false, false, true, true, true, false], 2);
        assert_eq!(chart.series[0].points, [(0.125, 0.0), (0.875, 0.75)]);
        // (2 * 0.125 + 4 * 0.125) / 6
        assert_eq!(chart.series[0].name, "model, error 0.1250");
    }

    #[test]
    fn empty_bins_are_left_out() {
        assert_eq!(calibration(&[0.95], &[true], 10).series[0].points.len(), 1);
        assert!(calibration(&[], &[], 10).series[0].points.is_empty());
    }
}
