//! The counts of a confusion matrix.

/// How many images of each class were taken for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// The names, the positive class first.
    pub classes: [String; 2],
    /// `[actual][predicted]`, in the order of `classes`.
    pub counts: [[u64; 2]; 2],
}

impl Confusion {
    /// The share of its actual class, 0 to 1; 0 where the class has no image.
    pub(crate) fn share(&self, actual: usize, predicted: usize) -> f64 {
        let all: u64 = self.counts[actual].iter().sum();
        self.counts[actual][predicted] as f64 / all.max(1) as f64
    }

    /// `97.2 %`, and `100 %` or `0 %` only where it is exactly that.
    pub(crate) fn percent(&self, actual: usize, predicted: usize) -> String {
        let share = self.share(actual, predicted);
        match share * 100.0 {
            percent if percent == 0.0 || percent == 100.0 => format!("{percent:.0} %"),
            percent => format!("{:.1} %", percent.clamp(0.1, 99.9)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_actual_class() {
        let confusion = Confusion { counts: [[9, 1], [0, 4]], ..Confusion::default() };
        assert_eq!((confusion.share(0, 1), confusion.percent(0, 0)), (0.1, "90.0 %".into()));
        assert_eq!((confusion.percent(1, 0), confusion.percent(1, 1)), ("0 %".into(), "100 %".into()));
        assert_eq!(Confusion::default().percent(0, 0), "0 %");
    }

    #[test]
    fn a_single_error_among_many_does_not_round_away() {
        let confusion = Confusion { counts: [[99_999, 1], [0, 1]], ..Confusion::default() };
        assert_eq!((confusion.percent(0, 0), confusion.percent(0, 1)), ("99.9 %".into(), "0.1 %".into()));
    }
}
