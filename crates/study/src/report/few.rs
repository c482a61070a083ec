//! As many as a page can hold.

use report::grouped;

/// What has to be said where not all are shown.
pub fn left_out(shown: usize, all: usize, what: &str) -> Option<String> {
    (shown < all).then(|| {
        format!("Shown are {} of {} {what}, evenly chosen from the best to the worst.", grouped(shown), grouped(all))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(left_out(3, 3, "trials"), None);
        assert!(left_out(100, 10_000, "trials").is_some_and(|text| text.starts_with("Shown are 100 of 10,000 trials")));
    }
}
