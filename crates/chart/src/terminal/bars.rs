//! Amounts as bars that lie across.

use super::{Colours, cut};
use crate::{bars::Bars, palette::BLUE};

/// The longest name, and the longest bar, in columns.
const MOST_NAME: usize = 30;
const MOST_BAR: usize = 60;

/// Draws a bar for each amount, its name at the left and its label behind it.
pub fn bars(chart: &Bars, width: usize, colours: Colours) -> String {
    let longest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let names = longest(&mut chart.bars.iter().map(|bar| &bar.name)).min(MOST_NAME).min(width / 2);
    let labels = longest(&mut chart.bars.iter().map(|bar| &bar.label));
    let room = width.saturating_sub(names + labels + 2).clamp(1, MOST_BAR);
    let line = |(bar, (share, _)): (&crate::bars::Bar, (f64, Option<f64>))| {
        let drawn = "━".repeat((share * room as f64).round() as usize);
        let name = cut(&bar.name, names);
        let row = format!("{name:names$} {} {}", colours.text(BLUE, &drawn), bar.label);
        row.trim_end().to_owned() + "\n"
    };
    chart.bars.iter().zip(chart.shares()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bars::tests::chart, terminal::tests::check_plain};

    #[test]
    fn bars_are_as_long_as_their_amounts() {
        let text = bars(&chart(), 45, Colours::Plain);
        check_plain(&text, 45);
        let lengths: Vec<usize> = text.lines().map(|line| line.matches('━').count()).collect();
        assert_eq!(lengths, [17, 4], "{text}");
        assert!(text.ends_with(" 20 %\n") && text.starts_with("optimizer.learning_ra… ━"), "{text}");
    }

    #[test]
    fn any_width_has_bars() {
        for width in [0, 1, 10, 500] {
            bars(&chart(), width, Colours::Ansi256);
        }
    }
}
