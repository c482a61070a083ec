//! The legend of a chart: keys and names, in rows of a picture or as a list of a page.

use super::{
    escaped,
    line_chart::{GROUND, SIZE},
    text, text_width,
};
use crate::{
    line_chart::{Entry, Field, Key, Style},
    palette::{self, Rgb},
};

/// Width and height of a key.
pub(super) const KEY: [f64; 2] = [26.0, 12.0];
/// From one row to the next.
const ROW: f64 = 21.0;
/// Room behind a key and behind a name.
const GAPS: [f64; 2] = [8.0, 20.0];

/// The rows of a legend with their height, for a picture of this width.
pub(super) fn rows(entries: &[Entry<'_>], width: f64) -> (String, f64) {
    let (mut svg, mut x, mut y) = (String::new(), 0.0, 0.0);
    for entry in entries {
        let needed = KEY[0] + GAPS[0] + text_width(entry.name, SIZE);
        if x > 0.0 && x + needed > width {
            (x, y) = (0.0, y + ROW);
        }
        svg += &key(entry, &format!("x=\"{x:.1}\" y=\"{:.1}\"", y + 4.0));
        svg += &text(x + KEY[0] + GAPS[0], y + 15.0, SIZE, "", entry.name);
        x += needed + GAPS[1];
    }
    (svg, if entries.is_empty() { 0.0 } else { y + ROW })
}

/// Shades of a scale, and its length.
const SHADES: usize = 40;
const LENGTH: f64 = 84.0;

/// The legend as a list, of which each entry says which series it is of, behind the scale of what lies below them.
pub(super) fn list(entries: &[Entry<'_>], field: Option<&Field>) -> String {
    let ground = field.map(|field| scale(&field.ends, GROUND)).unwrap_or_default();
    if entries.is_empty() && ground.is_empty() {
        return String::new();
    }
    let item = |entry: &Entry<'_>| {
        let (key, name) = (key(entry, "aria-hidden=\"true\""), escaped(entry.name));
        format!("<li data-series=\"{}\">{}<span>{name}</span></li>\n", entry.place, key.trim_end())
    };
    format!("<ul class=\"legend\">\n{ground}{}</ul>\n", entries.iter().map(item).collect::<String>())
}

/// The shades from the worst to the best, as an entry of a legend; `strength` is how strong they are where they are used, up to 1.
pub fn scale([worst, best]: &[String; 2], strength: f64) -> String {
    let width = LENGTH / SHADES as f64;
    let shade = |shade: usize| {
        let (colour, opacity) = palette::ranked(shade as f64 / (SHADES - 1) as f64);
        format!(
            "<rect x=\"{:.1}\" y=\"2\" width=\"{width:.2}\" height=\"9\" fill=\"{}\" fill-opacity=\"{:.2}\" \
             shape-rendering=\"crispEdges\"/>",
            shade as f64 * width,
            colour.hex(),
            strength * opacity
        )
    };
    let shades: String = (0..SHADES).map(shade).collect();
    let [worst, best] = [worst, best].map(|name| escaped(name));
    format!(
        "<li><span>{worst}</span><svg width=\"{LENGTH}\" height=\"13\" aria-hidden=\"true\">{shades}</svg><span>{best}</span></li>\n"
    )
}

fn key(entry: &Entry<'_>, attributes: &str) -> String {
    let [width, height] = KEY;
    let middle = [width / 2.0, height / 2.0];
    let series = palette::series(entry.colour);
    let line = |path: &str, colour: Rgb, style: &str| super::line_chart::stroke(path, colour, style);
    let whole = format!("M1 6H{}", width - 1.0);
    let dot = format!("M{} {}h0.01", middle[0], middle[1]);
    let drawn = match entry.key {
        Key::Series(Style::Line) => line(&whole, series, LINE),
        Key::Series(Style::Steps) => {
            line("M7 6H19", series, "stroke-width=\"11\" stroke-linecap=\"butt\" stroke-opacity=\"0.6\"")
        }
        Key::Series(Style::Dashed) => line(&whole, series, DASHED),
        Key::Series(Style::Dots) => line(&dot, series, DOT),
        Key::Series(Style::Hollow) => line(&dot, series, &format!("{DOT} {SQUARE}")) + &hole(&dot),
        Key::Series(Style::Path) => line(&whole, series, THIN) + &line(&dot, series, DOT),
        Key::Series(Style::Ranked(worth)) => {
            let (colour, opacity) = palette::ranked(f64::from(worth) / 255.0);
            line(&whole, colour, &format!("{LINE} stroke-opacity=\"{opacity:.2}\""))
        }
        Key::Mark => line(&dot, series, MARK),
    };
    format!(
        "<svg {attributes} width=\"{width}\" height=\"{height}\" overflow=\"visible\" fill=\"none\" stroke-linecap=\"round\">{drawn}</svg>\n"
    )
}

/// How lines and dots are drawn; a dot is a line without length and with round ends, which stays round however its chart
/// is stretched.
pub(super) const LINE: &str = "stroke-width=\"2\"";
pub(super) const THIN: &str = "stroke-width=\"1.2\"";
pub(super) const DASHED: &str = "stroke-width=\"2\" stroke-dasharray=\"6 5\" stroke-linecap=\"butt\"";
pub(super) const DOT: &str = "stroke-width=\"6.5\"";
pub(super) const MARK: &str = "stroke-width=\"11\"";

/// What makes a dot a square: hollow ones differ by their shape too, which also a dot that lies on others shows.
pub(super) const SQUARE: &str = "stroke-linecap=\"square\"";

/// The ground inside hollow dots.
pub(super) fn hole(dots: &str) -> String {
    format!("<path d=\"{dots}\" stroke=\"Canvas\" stroke-width=\"3\" {SQUARE} vector-effect=\"non-scaling-stroke\"/>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_fit_go_to_the_next_row() {
        let entry = |name| Entry { name, key: Key::Mark, place: 0, number: 0, colour: 0 };
        let entries = [entry("abcdefghij"), entry("abc"), entry("a name longer than a row is wide"), entry("z")];
        let (svg, height) = rows(&entries, 200.0);
        assert_eq!(height, 3.0 * ROW, "{svg}");
        assert_eq!(rows(&[], 200.0), (String::new(), 0.0));
    }

    #[test]
    fn a_list_names_the_series_of_each_entry() {
        let entry = Entry { name: "a < b", key: Key::Series(Style::Hollow), place: 3, number: 0, colour: 0 };
        let field = Field { ends: ["worst 3".into(), "best 1".into()], ..Field::default() };
        let list = list(&[entry], Some(&field));
        assert!(list.contains("<span>worst 3</span><svg") && list.contains("</svg><span>best 1</span>"), "{list}");
        assert!(list.contains("<li data-series=\"3\">") && list.contains("<span>a &lt; b</span>"), "{list}");
    }
}
