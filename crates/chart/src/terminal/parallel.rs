//! Lines over parallel axes that lie across.

use super::{
    Colours,
    axis::axis as drawn,
    canvas::{Canvas, Ink, sign},
    cut,
};
use crate::{
    palette::{self, GREY_SERIES},
    parallel::{Laid, Parallel, Strand},
};

/// Rows between two axes.
const ROWS: usize = 5;
/// The narrowest field, and the widest.
const LEAST: usize = 10;
const MOST: usize = 100;
/// The better quarter, and the line that stands out, by the colour of a series each.
const GOOD: usize = 1;
const BEST: usize = 0;

/// Draws the better quarter of the lines in orange, the one that stands out in blue, the others in grey; without colours
/// by a sign each.
pub fn parallel(chart: &Parallel, width: usize, colours: Colours) -> String {
    let columns = width.clamp(LEAST, MOST);
    let ink = if colours == Colours::Plain { Ink::Signs } else { Ink::Braille };
    let axes = chart.laid((columns / 12).max(2));
    let mut lines = Vec::new();
    for (place, axis) in axes.iter().enumerate() {
        lines.push(cut(axis.name, width));
        let [line, labels] = drawn(&axis.ticks, columns, '┼');
        lines.extend([labels, line]);
        if let Some(next) = axes.get(place + 1) {
            lines.extend(between(chart, [axis, next], columns, ink).lines(colours));
        }
    }
    lines.push(legend(chart, ink, width, colours));
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// All lines from one axis to the next.
fn between(chart: &Parallel, [upper, lower]: [&Laid<'_>; 2], columns: usize, ink: Ink) -> Canvas {
    let mut canvas = Canvas::new(columns, ROWS, ink);
    let mut draw = |strand: usize, number: usize| {
        canvas.line((upper.places[strand], 1.0), (lower.places[strand], 0.0), false, number);
    };
    chart.lines.iter().enumerate().for_each(|(strand, line)| draw(strand, number(line)));
    if chart.best.is_some() {
        draw(chart.lines.len(), BEST);
    }
    canvas
}

fn number(strand: &Strand) -> usize {
    if strand.worth >= 0.75 { GOOD } else { GREY_SERIES }
}

fn legend(chart: &Parallel, ink: Ink, width: usize, colours: Colours) -> String {
    let [_, _, best] = &chart.names;
    let names = [(GREY_SERIES, "others"), (GOOD, "the better quarter"), (BEST, best.as_str())];
    let shown = &names[..if chart.best.is_some() { 3 } else { 2 }];
    let key = |number| if ink == Ink::Signs { sign(number, None).to_string() } else { "──".into() };
    let entry = |(number, name): &(usize, &str)| {
        (
            format!("{} {name}", key(*number)),
            format!("{} {name}", colours.text(palette::series(*number), &key(*number))),
        )
    };
    let (plain, drawn): (Vec<String>, Vec<String>) = shown.iter().map(entry).unzip();
    let (one_row, gap) = (plain.join("   ").chars().count() <= width, "   ");
    drawn.join(if one_row { gap } else { "\n" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parallel::tests::chart, terminal::tests::check_plain};

    #[test]
    fn axes_lie_below_each_other_with_lines_between() {
        let text = parallel(&chart(), 40, Colours::Plain);
        check_plain(&text, 40);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[8]), ("rate", "kind"), "{text}");
        assert!(lines[9].contains("unset") && lines[9].contains("sgd") && lines[9].contains("adam"), "{text}");
        assert!(text.contains('%') && text.contains('*'), "{text}");
        assert!(parallel(&chart(), 60, Colours::Ansi256).contains("\u{1b}["));
    }

    #[test]
    fn any_width_has_a_chart() {
        for width in [0, 1, 10, 500] {
            parallel(&chart(), width, Colours::Plain);
        }
        parallel(&Parallel::default(), 40, Colours::Plain);
    }
}
