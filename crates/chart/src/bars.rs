//! Amounts as bars.

/// Bars, one below the other, all from zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What there is to see, in a sentence, for who cannot see it.
    pub alt: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
    /// What the longest bar stands for where no amount is larger.
    pub whole: f64,
}

/// A bar of [`Bars`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    pub name: String,
    /// The amount, 0 or more.
    pub amount: f64,
    /// The amount as it is written behind the bar.
    pub label: String,
}

impl Bars {
    /// The share of the longest bar, or of the whole, that each bar is; what is no amount has none.
    pub(crate) fn shares(&self) -> Vec<f64> {
        let amount = |bar: &Bar| if bar.amount.is_finite() { bar.amount.max(0.0) } else { 0.0 };
        let most = self.bars.iter().map(amount).fold(self.whole, f64::max);
        self.bars.iter().map(|bar| if most > 0.0 { amount(bar) / most } else { 0.0 }).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn chart() -> Bars {
        let bar = |name: &str, amount: f64| Bar { name: name.into(), amount, label: format!("{amount} %") };
        Bars { alt: "two keys".into(), bars: vec![bar("optimizer.learning_rate", 80.0), bar("seed", 20.0)], whole: 0.0 }
    }

    #[test]
    fn the_longest_bar_is_whole_unless_more_is_and_what_is_no_amount_has_none() {
        let mut chart = chart();
        assert_eq!(chart.shares(), [1.0, 0.25]);
        chart.whole = 100.0;
        assert_eq!(chart.shares(), [0.8, 0.2]);
        chart.whole = 0.0;
        chart.bars[0].amount = f64::NAN;
        chart.bars[1].amount = -1.0;
        assert_eq!(chart.shares(), [0.0, 0.0]);
    }
}
