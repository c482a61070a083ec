//! As many as a page can hold.

/// All, or `most` of them at equal distances, the first and the last among them.
pub fn few<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most || most < 2 {
        return all.iter().take(most).cloned().collect();
    }
    (0..most).map(|place| all[place * (all.len() - 1) / (most - 1)].clone()).collect()
}

/// What has to be said where not all are shown.
pub fn left_out(shown: usize, all: usize, what: &str) -> Option<String> {
    (shown < all).then(|| format!("Shown are {shown} of {all} {what}, evenly chosen from the best to the worst."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_many_hold_both_ends() {
        assert_eq!(few(&[1, 2, 3], 3), [1, 2, 3]);
        let many: Vec<usize> = (0..10_000).collect();
        let few = few(&many, 100);
        assert_eq!((few.len(), few[0], few[99]), (100, 0, 9_999));
        assert!(few.windows(2).all(|pair| pair[1] - pair[0] >= 100));
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(left_out(3, 3, "trials"), None);
        assert!(left_out(100, 10_000, "trials").is_some_and(|text| text.starts_with("Shown are 100 of 10000 trials")));
    }
}
