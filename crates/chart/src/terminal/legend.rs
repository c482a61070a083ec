//! The legend below a chart.

use super::{
    Colours,
    canvas::{Ink, sign},
    cut,
};
use crate::{
    line_chart::{Entry, Key, LineChart, Style},
    palette,
};

/// Columns between two entries.
const GAP: usize = 3;

/// Keys and names in as many lines as the width asks for.
pub(super) fn lines(chart: &LineChart, width: usize, ink: Ink, colours: Colours) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for entry in chart.legend() {
        let key = key(&entry, chart.number(chart.series.len()), ink);
        let name = cut(entry.name, width.saturating_sub(key.chars().count() + 1));
        let needed = key.chars().count() + 1 + name.chars().count();
        let text = format!("{} {name}", colours.text(palette::series(entry.colour), &key));
        match lines.last_mut() {
            Some((line, used)) if *used + GAP + needed <= width => {
                *line += &format!("{:GAP$}{text}", "");
                *used += GAP + needed;
            }
            _ => lines.push((text, needed)),
        }
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

fn key(entry: &Entry<'_>, series: usize, ink: Ink) -> String {
    match (ink, entry.key) {
        (Ink::Signs, Key::Mark) => sign(entry.number, Some(entry.number - series)).into(),
        (Ink::Signs, Key::Series(_)) => sign(entry.number, None).into(),
        (Ink::Braille, Key::Series(Style::Line | Style::Steps | Style::Ranked(_))) => "──".into(),
        (Ink::Braille, Key::Series(Style::Dashed)) => "╌╌".into(),
        (Ink::Braille, Key::Series(Style::Dots | Style::Hollow)) => "•".into(),
        (Ink::Braille, Key::Series(Style::Path)) => "─•".into(),
        (Ink::Braille, Key::Mark) => "●".into(),
    }
}
