//! Amounts as bars that lie across.

use super::{fitting, root, rule, text, text_width};
use crate::{bars::Bars, palette::BLUE};

const WIDTH: f64 = 480.0;
const EDGE: f64 = 4.0;
const SIZE: f64 = 13.0;
/// From one bar to the next, and how high a bar is.
const ROW: f64 = 26.0;
const HIGH: f64 = 15.0;
/// The most that the names take of the width, and a bar.
const MOST: f64 = 210.0;
const LONGEST: f64 = 250.0;
const GAP: f64 = 8.0;

/// Draws a bar for each amount, its name at the left and its label behind it.
pub fn bars(chart: &Bars) -> String {
    let widest =
        |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text_width(text, SIZE)).fold(0.0, f64::max);
    let left = EDGE + widest(&mut chart.bars.iter().map(|bar| &bar.name)).min(MOST) + GAP;
    let labels = widest(&mut chart.bars.iter().map(|bar| &bar.label));
    let longest = (WIDTH - left - labels - GAP - EDGE).clamp(20.0, LONGEST);
    let mut body = String::new();
    for (row, (bar, share)) in chart.bars.iter().zip(chart.shares()).enumerate() {
        let (top, length) = (EDGE + row as f64 * ROW, share * longest);
        let base = top + HIGH / 2.0 + 4.5;
        body += &text(left - GAP, base, SIZE, "text-anchor=\"end\"", &fitting(&bar.name, SIZE, MOST));
        body += &format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{HIGH}\" fill=\"{}\"/>\n",
            BLUE.hex()
        );
        body += &text(left + length + GAP, base, SIZE, "", &bar.label);
    }
    let height = 2.0 * EDGE + chart.bars.len() as f64 * ROW;
    body += &rule([left, 0.0], [left, height - EDGE], 0.5);
    let width = left + longest + GAP + labels + EDGE;
    root(&chart.alt, [width, height].map(|side| side.ceil() as u32), &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bars::tests::chart,
        svg::tests::{check, texts},
    };

    #[test]
    fn bars_are_as_long_as_their_amounts() {
        let svg = bars(&chart());
        let document = check(&svg, "two keys");
        assert_eq!(texts(&document), ["optimizer.learning_rate", "80 %", "seed", "20 %"]);
        let widths: Vec<f64> = document
            .descendants()
            .filter_map(|node| node.attribute("width"))
            .map(|width| width.parse().unwrap())
            .collect();
        assert!((widths[0] / widths[1] - 4.0).abs() < 0.01, "{widths:?}");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        let mut chart = chart();
        chart.bars[0].name = "x".repeat(200);
        assert!(texts(&check(&bars(&chart), "two keys"))[0].ends_with("x…"));
        check(&bars(&Bars { alt: "none".into(), ..Bars::default() }), "none");
    }
}
