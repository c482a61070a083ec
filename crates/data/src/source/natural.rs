//! The order in which people count: 2 before 10.

use std::{cmp::Ordering, iter::Peekable, str::Chars};

/// Compares names with the numbers in them as numbers, of any length; equal ones as strings.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let ordering = match (left.peek(), right.peek()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                number(&mut left).cmp(&number(&mut right))
            }
            (None, None) => return a.cmp(b),
            _ => left.next().cmp(&right.next()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// The number that stands next, by which it is compared: how many digits it has without leading zeros, and these.
fn number(rest: &mut Peekable<Chars<'_>>) -> (usize, String) {
    let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
    let significant = digits.trim_start_matches('0').to_owned();
    (significant.len(), significant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["10", "2", "cat", "a10", "a9", "01", "1", "", "12345678901234567890123", "a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "01", "1", "2", "10", "12345678901234567890123", "a", "a9", "a10", "cat"]);
    }
}
