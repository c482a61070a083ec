//! How sure a share is that was counted.

/// 97.5 % of a normal distribution lie below it.
const Z: f64 = 1.959964;

/// The 95 % interval of a share of which `so` of `all` were counted (Wilson, Probable inference, 1927): unlike the plain one it
/// stays within 0 to 1, and says something of no error at all. Of nothing it is from 0 to 1.
pub fn interval(so: u64, all: u64) -> [f64; 2] {
    if all == 0 {
        return [0.0, 1.0];
    }
    let (share, n) = (so as f64 / all as f64, all as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [middle - half, middle + half].map(|end| (end / (1.0 + Z * Z / n)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of `statsmodels.stats.proportion.proportion_confint(.., method="wilson")`.
    #[test]
    fn it_is_wilsons() {
        let near = |found: [f64; 2], expected: [f64; 2]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} is not {expected:?}");
        };
        near(interval(5, 10), [0.236593, 0.763407]);
        near(interval(10, 10), [0.722467, 1.0]);
        near(interval(0, 0), [0.0, 1.0]);
    }
}
