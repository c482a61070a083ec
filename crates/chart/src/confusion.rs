//! The counts of a confusion matrix.

/// How many images of each class were taken for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// The names in the order of the labels.
    pub classes: Vec<String>,
    /// `[actual][predicted]`, in the order of `classes`.
    pub counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// Actual and predicted class, and the count, of what is taken for another class, the most frequent first; equal ones in the
    /// order of the classes.
    pub fn confused(&self) -> Vec<(usize, usize, u64)> {
        let rows = self.counts.iter().enumerate();
        let cells = rows.flat_map(|(actual, row)| {
            row.iter().enumerate().map(move |(predicted, count)| (actual, predicted, *count))
        });
        let mut wrong: Vec<_> = cells.filter(|(actual, predicted, count)| actual != predicted && *count > 0).collect();
        wrong.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        wrong
    }

    /// The share of its actual class, 0 to 1; 0 where the class has no image.
    pub(crate) fn share(&self, actual: usize, predicted: usize) -> f64 {
        let all: u64 = self.counts[actual].iter().sum();
        self.counts[actual][predicted] as f64 / all.max(1) as f64
    }

    /// The largest share of a class that is taken for one other.
    pub(crate) fn largest_error(&self) -> f64 {
        let classes = self.counts.len();
        let errors = (0..classes).flat_map(|actual| (0..classes).map(move |predicted| [actual, predicted]));
        errors.filter(|[actual, predicted]| actual != predicted).map(|[a, b]| self.share(a, b)).fold(0.0, f64::max)
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
        let confusion = Confusion { counts: vec![vec![9, 1], vec![0, 4]], ..Confusion::default() };
        assert_eq!((confusion.share(0, 1), confusion.percent(0, 0)), (0.1, "90.0 %".into()));
        assert_eq!((confusion.percent(1, 0), confusion.percent(1, 1)), ("0 %".into(), "100 %".into()));
        let none = Confusion { counts: vec![vec![0; 2]; 2], ..Confusion::default() };
        assert_eq!(none.percent(0, 0), "0 %");
    }

    #[test]
    fn a_single_error_among_many_does_not_round_away() {
        let confusion = Confusion { counts: vec![vec![99_999, 1], vec![0, 1]], ..Confusion::default() };
        assert_eq!((confusion.percent(0, 0), confusion.percent(0, 1)), ("99.9 %".into(), "0.1 %".into()));
    }

    #[test]
    fn the_most_confused_come_first() {
        let counts = vec![vec![5, 1, 0], vec![3, 9, 1], vec![0, 3, 2]];
        let confusion = Confusion { counts, ..Confusion::default() };
        assert_eq!(confusion.confused(), [(1, 0, 3), (2, 1, 3), (0, 1, 1), (1, 2, 1)]);
    }
}
