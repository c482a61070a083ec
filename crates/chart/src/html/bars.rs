//! Amounts as bars that lie across, as long as the page has room for.

use crate::{bars::Bars, svg::escaped};

/// A bar for each amount, between its name and its label; where it is narrow, below them.
pub fn bars(chart: &Bars) -> String {
    let row = |(bar, (share, tick)): (&crate::Bar, (f64, Option<f64>))| {
        let (name, label) = (escaped(&bar.name), escaped(&bar.label));
        let tick = tick.map_or_else(String::new, |tick| format!(";--tick:{tick:.4}"));
        format!("<div><span>{name}</span><i style=\"--share:{share:.4}{tick}\"></i><span>{label}</span></div>\n")
    };
    let rows: String = chart.bars.iter().zip(chart.shares()).map(row).collect();
    format!("<figure class=\"bars\" role=\"img\" aria-label=\"{}\">\n{rows}</figure>\n", escaped(&chart.alt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::chart;

    #[test]
    fn bars_are_as_long_as_their_amounts() {
        let mut chart = chart();
        chart.bars[1].name = "seed < 7".into();
        chart.ticks = vec![40.0, 20.0];
        let expected = "<figure class=\"bars\" role=\"img\" aria-label=\"two keys\">\n\
             <div><span>optimizer.learning_rate</span><i style=\"--share:1.0000;--tick:0.5000\"></i><span>80 %</span></div>\n\
             <div><span>seed &lt; 7</span><i style=\"--share:0.2500;--tick:0.2500\"></i><span>20 %</span></div>\n</figure>\n";
        assert_eq!(bars(&chart), expected);
    }
}
