//! Some of many.

/// As many as there may be, at equal distances, the first and the last among them.
pub fn few<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most || most < 2 {
        return all.iter().take(most).cloned().collect();
    }
    (0..most).map(|place| all[place * (all.len() - 1) / (most - 1)].clone()).collect()
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
}
