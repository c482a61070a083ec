//! The legend above a chart: keys and names in rows that fit.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    pen::{Area, DASH, DOT, LINE, MARK, THIN, Trouble, colour, text, units},
    text_width,
};
use crate::{
    line_chart::{Entry, Key, Style},
    palette,
};

/// From one row to the next, in units of the text size as all lengths here.
const ROW: f64 = 1.5;
/// Length of a key, and of a key with the room behind it.
const KEY: f64 = 1.8;
const KEY_AND_ROOM: f64 = 2.4;
/// Room behind a name.
const GAP: f64 = 1.4;

/// Draws the legend at the top, `left` units from the edge; returns the area below it.
pub(super) fn draw<'a>(entries: Vec<Entry<'_>>, left: u32, area: &Area<'a>) -> Result<Area<'a>, Trouble> {
    let (width, _) = area.dim_in_pixel();
    let room = f64::from(width.saturating_sub(left)) / f64::from(units(1.0)) - 1.0;
    let entries = placed(entries, room);
    let rows = entries.last().map_or(0, |(_, _, row)| row + 1);
    let (top, rest) = area.split_vertically(units(rows as f64 * ROW));
    for (entry, x, row) in entries {
        let (x, y) = ((left + units(x)) as i32, units((row as f64 + 0.5) * ROW) as i32);
        draw_key(entry.key, palette::series(entry.colour), (x, y), &top)?;
        let middle = text().pos(Pos::new(HPos::Left, VPos::Center));
        top.draw_text(entry.name, &middle, (x + units(KEY_AND_ROOM) as i32, y))?;
    }
    Ok(rest)
}

/// The entries with the left end and the row of each.
fn placed(entries: Vec<Entry<'_>>, width: f64) -> Vec<(Entry<'_>, f64, usize)> {
    let (mut x, mut row) = (0.0, 0);
    let mut placed = Vec::new();
    for entry in entries {
        let needed = KEY_AND_ROOM + text_width(entry.name, 1.0);
        if x > 0.0 && x + needed > width {
            (x, row) = (0.0, row + 1);
        }
        placed.push((entry, x, row));
        x += needed + GAP;
    }
    placed
}

fn draw_key(key: Key, rgb: palette::Rgb, (x, y): (i32, i32), area: &Area<'_>) -> Result<(), Trouble> {
    let at = |texts: f64| (x + units(texts) as i32, y);
    let line = |from: f64, to: f64, width: u32| PathElement::new([at(from), at(to)], colour(rgb).stroke_width(width));
    let dot = |size: f64| Circle::new(at(KEY / 2.0), units(size), colour(rgb).filled());
    match key {
        Key::Series(Style::Line) => area.draw(&line(0.0, KEY, LINE)),
        Key::Series(Style::Dashed) => {
            let starts = (0..3).map(|dash| f64::from(dash) * (DASH[0] + DASH[1]));
            starts.into_iter().try_for_each(|start| area.draw(&line(start, (start + DASH[0]).min(KEY), LINE)))
        }
        Key::Series(Style::Dots) => area.draw(&dot(DOT)),
        Key::Series(Style::Ranked(worth)) => {
            let (rgb, opacity) = palette::ranked(f64::from(worth) / 255.0);
            area.draw(&PathElement::new([at(0.0), at(KEY)], colour(rgb).mix(opacity).stroke_width(LINE)))
        }
        Key::Series(Style::Path) => {
            area.draw(&line(0.0, KEY, THIN))?;
            area.draw(&dot(DOT))
        }
        Key::Mark => area.draw(&dot(MARK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_fit_go_to_the_next_row() {
        let entry = |name| Entry { name, key: Key::Mark, number: 0, colour: 0 };
        let entries = vec![entry("abcdefghij"), entry("abc"), entry("a name longer than a row is wide"), entry("z")];
        // Rows 16 wide: the first two names take 2.4 + 5.6 and 2.4 + 1.68, with 1.4 between them.
        let placed: Vec<_> = placed(entries, 16.0).into_iter().map(|(_, x, row)| (x, row)).collect();
        assert_eq!(placed.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [0, 0, 1, 2]);
        assert!((placed[1].0 - 9.4).abs() < 1e-9, "{placed:?}");
    }
}
