//! Which learning rate to take, read off the curve of a range test as fastai's `valley` and `steep` do.

/// Steps left out at the start, where the average is of few, and at the end, where the loss may be leaving.
const EDGES: [usize; 2] = [10, 5];

/// The suggestions `valley` and `steep` for a curve of learning rates and smoothed losses.
pub(super) fn from(curve: &[(f64, f64)]) -> (Option<f64>, Option<f64>) {
    let end = curve.len().saturating_sub(EDGES[1]).max(EDGES[0].min(curve.len()));
    let curve: Vec<(f64, f64)> =
        curve[EDGES[0].min(curve.len())..end].iter().copied().filter(|(_, loss)| loss.is_finite()).collect();
    (valley(&curve), steep(&curve))
}

/// Half way down the middle third of the longest run of steps whose losses fall (not each after the other: the longest
/// decreasing subsequence).
fn valley(curve: &[(f64, f64)]) -> Option<f64> {
    let mut lengths = vec![1_usize; curve.len()];
    for end in 1..curve.len() {
        for start in 0..end {
            if curve[end].1 < curve[start].1 {
                lengths[end] = lengths[end].max(lengths[start] + 1);
            }
        }
    }
    let longest = *lengths.iter().max()?;
    let end = lengths.iter().position(|length| *length == longest)?;
    let third = longest / 3;
    // As in fastai the descent counts from the point before it, also where there is none.
    let place = (end + third + third / 2).saturating_sub(longest);
    (longest > 1).then(|| curve[place].0)
}

/// Where the loss falls most for the same factor of the rate.
fn steep(curve: &[(f64, f64)]) -> Option<f64> {
    let slope = |pair: &[(f64, f64)]| (pair[1].1 - pair[0].1) / (pair[1].0 / pair[0].0).ln();
    let slopes = curve.windows(2).map(|pair| (pair[0].0, slope(pair)));
    let (rate, slope) = slopes.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (slope < 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Losses at the rates 1, 10, 100, ..
    fn curve(losses: &[f64]) -> Vec<(f64, f64)> {
        losses.iter().enumerate().map(|(i, loss)| (10.0_f64.powi(i as i32), *loss)).collect()
    }

    #[test]
    fn the_steepest_step_begins_where_the_loss_falls_most() {
        assert_eq!(steep(&curve(&[5.0, 4.9, 4.0, 1.0, 0.9, 3.0])), Some(100.0));
        assert_eq!(steep(&curve(&[1.0, 2.0])), None);
    }

    #[test]
    fn the_valley_lies_half_way_down_the_longest_descent() {
        // The longest descent has 9 losses and ends at index 9: a third is 3, so index 0 + 3 + 1.
        let losses = [9.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 5.0];
        assert_eq!(valley(&curve(&losses)), Some(10.0_f64.powi(4)));
        assert_eq!(valley(&curve(&[1.0, 2.0, 3.0])), None);
        assert_eq!(valley(&[]), None);
    }

    /// The places are those of fastai's `valley`.
    #[test]
    fn a_descent_from_the_first_point_has_fastais_valley() {
        for (length, place) in [(7, 2), (8, 2), (9, 3), (10, 3), (12, 5), (90, 44)] {
            let losses: Vec<f64> = (0..length).map(|step| 100.0 - f64::from(step)).collect();
            assert_eq!(valley(&curve(&losses)), Some(10.0_f64.powi(place)), "{length}");
            let rising = [&losses[..], &[200.0, 300.0]].concat();
            assert_eq!(valley(&curve(&rising)), Some(10.0_f64.powi(place)), "{length}");
        }
    }

    #[test]
    fn a_bump_does_not_cut_a_descent_in_two() {
        let losses = [9.0, 8.0, 7.0, 7.5, 6.0, 5.0, 4.0];
        assert_eq!(valley(&curve(&losses)), Some(1000.0));
    }

    #[test]
    fn short_curves_and_losses_that_are_no_numbers_give_nothing() {
        assert_eq!(from(&curve(&[1.0, 0.5])), (None, None));
        assert_eq!(from(&curve(&[f64::NAN; 30])), (None, None));
    }
}
