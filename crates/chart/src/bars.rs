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
    /// On a page, of each bar an amount at which there is a tick, to hold it against; none where there are no ticks.
    pub ticks: Vec<f64>,
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
    /// The share of the longest bar, or of the whole, that each bar is, and at which its tick is; what is no amount has none.
    pub(crate) fn shares(&self) -> Vec<(f64, Option<f64>)> {
        let amount = |amount: f64| if amount.is_finite() { amount.max(0.0) } else { 0.0 };
        let amounts = self.bars.iter().map(|bar| bar.amount);
        let most = amounts.clone().chain(self.ticks.iter().copied()).map(amount).fold(self.whole, f64::max);
        let share = |of: f64| if most > 0.0 { amount(of) / most } else { 0.0 };
        amounts.enumerate().map(|(place, bar)| (share(bar), self.ticks.get(place).map(|tick| share(*tick)))).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn chart() -> Bars {
        let bar = |name: &str, amount: f64| Bar { name: name.into(), amount, label: format!("{amount} %") };
        Bars {
            alt: "two keys".into(),
            bars: vec![bar("optimizer.learning_rate", 80.0), bar("seed", 20.0)],
            ..Bars::default()
        }
    }

    #[test]
    fn the_longest_bar_is_whole_unless_more_is_and_what_is_no_amount_has_none() {
        let mut chart = chart();
        let shares = |chart: &Bars| chart.shares().into_iter().map(|(share, _)| share).collect::<Vec<_>>();
        assert_eq!(shares(&chart), [1.0, 0.25]);
        chart.whole = 100.0;
        assert_eq!(shares(&chart), [0.8, 0.2]);
        chart.ticks = vec![50.0, 160.0];
        assert_eq!(chart.shares(), [(0.5, Some(0.3125)), (0.125, Some(1.0))]);
        (chart.whole, chart.ticks) = (0.0, vec![]);
        chart.bars[0].amount = f64::NAN;
        chart.bars[1].amount = -1.0;
        assert_eq!(shares(&chart), [0.0, 0.0]);
    }
}
