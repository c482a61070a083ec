//! Groups of values along an axis, each with its mean and interval.

use super::{
    Colours,
    axis::{axis, column},
    cut,
};
use crate::{
    palette::{BLUE, VERMILLION},
    span::Span,
    spread::{Group, Spread},
};

/// The narrowest field, and the widest.
const LEAST: usize = 10;
const MOST: usize = 100;

/// Draws below each name its values as dots, and below them `├──◆──┤`, the mean with its interval.
pub fn spread(chart: &Spread, width: usize, colours: Colours) -> String {
    let columns = width.clamp(LEAST, MOST);
    let span = chart.span((columns / 12).max(2));
    let mut lines = Vec::new();
    for group in &chart.groups {
        lines.push(cut(&group.name, width));
        lines.push(dots(group, &span, columns, colours));
        lines.extend(estimate(group, &span, columns, colours));
    }
    lines.extend(axis(&span.ticks, columns, '┬'));
    lines.push(format!("{:^columns$}", cut(&chart.axis.name, columns)));
    if chart.has_intervals() {
        let keys = ["• one value", "├─◆─┤ mean and 95 % interval"];
        let row = keys.join("   ");
        lines.extend(if row.chars().count() <= width { vec![row] } else { keys.map(|key| cut(key, width)).to_vec() });
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A value's column, where it is in the field.
fn place(span: &Span, value: f64, columns: usize) -> Option<usize> {
    let place = span.at(value).filter(|place| (0.0..=1.0).contains(place))?;
    Some(column(place, columns))
}

fn dots(group: &Group, span: &Span, columns: usize, colours: Colours) -> String {
    let mut line = vec![' '; columns];
    for place in group.values.iter().filter_map(|value| place(span, *value, columns)) {
        line[place] = '•';
    }
    painted(line, BLUE, colours)
}

fn estimate(group: &Group, span: &Span, columns: usize, colours: Colours) -> Option<String> {
    let mean = place(span, group.mean?, columns)?;
    let mut line = vec![' '; columns];
    if let Some([low, high]) = group.interval() {
        // On a logarithmic axis what is not above zero lies beyond its left end.
        let at = |value: f64| column(span.at(value).unwrap_or(0.0).clamp(0.0, 1.0), columns);
        // An end beyond the field is open.
        let mark = |value: f64, mark: char| place(span, value, columns).map_or('─', |_| mark);
        line[at(low)..=at(high)].fill('─');
        line[at(low)] = mark(low, '├');
        line[at(high)] = mark(high, '┤');
    }
    line[mean] = '◆';
    Some(painted(line, VERMILLION, colours))
}

/// Without the spaces at its end, in a colour.
fn painted(line: Vec<char>, colour: crate::Rgb, colours: Colours) -> String {
    let line: String = line.into_iter().collect();
    if line.trim().is_empty() { String::new() } else { colours.text(colour, line.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spread::tests::chart, terminal::tests::check_plain};

    #[test]
    fn values_are_dots_above_mean_and_interval() {
        let expected = "\
linear
     •    •    •
     ├────◆────┤
two-layer
                   •
                   ◆
┬─────────┬────────┬
0.0      0.5     1.0
      accuracy
• one value
├─◆─┤ mean and 95 %…
";
        let text = spread(&chart(), 20, Colours::Plain);
        assert_eq!(text, expected);
        check_plain(&text, 20);
    }

    #[test]
    fn any_width_has_a_chart() {
        for width in [0, 1, 40, 500] {
            spread(&chart(), width, Colours::TrueColour);
        }
        check_plain(&spread(&Spread::default(), 40, Colours::Plain), 40);
    }
}
