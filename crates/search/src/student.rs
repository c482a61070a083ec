//! Student's t distribution.

/// How far the continued fraction goes: it needs about √(freedom) terms.
const TERMS: usize = 100_000;

/// The probability that |T| is larger than |t|: I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t²)
/// (<https://dlmf.nist.gov/8.17>; Abramowitz and Stegun 26.7.1 with 26.5.27).
pub(crate) fn two_sided(t: f64, freedom: f64) -> f64 {
    let square = t * t;
    incomplete_beta(freedom / (freedom + square), 1.0 / (1.0 + freedom / square), freedom / 2.0, 0.5)
}

/// The t that |T| exceeds with this probability, by bisection.
pub(crate) fn quantile(two_sided_probability: f64, freedom: f64) -> f64 {
    let is_below = |t: f64| two_sided(t, freedom) > two_sided_probability;
    let mut high = 1.0;
    while is_below(high) && high.is_finite() {
        high *= 2.0;
    }
    let (mut low, mut high) = (0.0, high);
    loop {
        let middle = (low + high) / 2.0;
        match middle {
            _ if middle <= low || middle >= high => return high,
            _ if is_below(middle) => low = middle,
            _ => high = middle,
        }
    }
}

/// The regularised incomplete beta function I_x(a, b), where y is 1 - x.
fn incomplete_beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let factor = libm::exp(a * libm::log(x) + b * libm::log(y) - log_beta);
    // The fraction converges quickly below about the mean; above it I_x(a, b) = 1 - I_y(b, a).
    match x <= (a + 1.0) / (a + b + 2.0) {
        true => factor / a * beta_fraction(x, a, b),
        false => 1.0 - factor / b * beta_fraction(y, b, a),
    }
}

/// The continued fraction of <https://dlmf.nist.gov/8.17.E22>, by Lentz's method as modified by Thompson and Barnett
/// 1986 (<https://doi.org/10.1016/0021-9991(86)90046-X>).
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let coefficient = |n: usize| {
        let m = (n / 2) as f64;
        match n % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        }
    };
    let not_zero = |value: f64| if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value };
    let (mut value, mut numerator, mut denominator) = (1.0, 1.0, 0.0);
    for n in 1..TERMS {
        denominator = 1.0 / not_zero(1.0 + coefficient(n) * denominator);
        numerator = not_zero(1.0 + coefficient(n) / numerator);
        let factor = numerator * denominator;
        value *= factor;
        if (factor - 1.0f64).abs() < f64::EPSILON {
            break;
        }
    }
    // The fraction stands below a one.
    1.0 / value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To nine digits: with many degrees of freedom the logarithms of the gamma function cancel.
    fn is_close(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 1e-9
    }

    /// `scipy.stats.t.ppf(1 - p / 2, freedom)`.
    #[test]
    fn quantiles_are_those_of_scipy() {
        let table = [
            (0.05, 1.0, 12.706204736174694),
            (0.05, 2.0, 4.302652729749462),
            (0.05, 4.0, 2.7764451051977934),
            (0.05, 30.0, 2.0422724563012378),
            (0.05, 1000.0, 1.9623390808264083),
            (0.01, 7.0, 3.4994832973504924),
            (0.5, 3.0, 0.7648923284043444),
            (1e-6, 12.5, 8.829946509084978),
        ];
        for (p, freedom, expected) in table {
            let found = quantile(p, freedom);
            assert!(is_close(found, expected), "{p} {freedom}: {found} {expected}");
        }
    }

    /// `2 * scipy.stats.t.sf(abs(t), freedom)`.
    #[test]
    fn probabilities_are_those_of_scipy() {
        let table = [
            (0.0, 3.0, 1.0),
            (1.0, 1.0, 0.5),
            (2.5, 4.7, 0.05759215934686732),
            (-2.5, 4.7, 0.05759215934686732),
            (0.01, 50.0, 0.992061081367143),
            (12.0, 9.0, 7.699886222985653e-7),
            (3.0, 1e5, 0.0027004608840647234),
            (40.0, 2.0, 0.0006244146721847406),
        ];
        for (t, freedom, expected) in table {
            let found = two_sided(t, freedom);
            assert!(is_close(found, expected), "{t} {freedom}: {found} {expected}");
        }
        assert_eq!(two_sided(1e200, 3.0), 0.0);
    }
}
