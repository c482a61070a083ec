//! Numbers as a person reads them.

use std::fmt::Display;

/// A count, its thousands apart: `12,396`.
pub fn grouped(count: impl Display) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Four decimals of a share; what is not quite 1 is not rounded to it.
pub fn fraction(share: f64) -> String {
    if (0.99995..1.0).contains(&share) { "> 0.9999".into() } else { format!("{share:.4}") }
}

/// A number in so many decimals; from a million on its first digits and an exponent.
pub fn decimals(number: f64, count: usize) -> String {
    if number.abs() < 1e6 || !number.is_finite() { format!("{number:.count$}") } else { format!("{number:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_large_only_the_first_digits_are_told() {
        let texts =
            [0.25, -0.25, 999_999.5, 1e6, 1.950_77e28, f64::INFINITY, f64::NAN].map(|number| decimals(number, 4));
        assert_eq!(texts, ["0.2500", "-0.2500", "999999.5000", "1.000e6", "1.951e28", "inf", "NaN"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn what_is_not_quite_1_is_not_rounded_to_it() {
        assert_eq!([1.0, 0.99996, 0.99994, 0.0].map(fraction), ["1.0000", "> 0.9999", "0.9999", "0.0000"]);
    }
}
