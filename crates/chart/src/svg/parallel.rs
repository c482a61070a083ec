//! Lines over parallel axes that lie across.

use super::{fitting, root, rule, text, text_width};
use crate::{
    palette::{BLUE, ranked},
    parallel::{Laid, Parallel, Strand},
    span::Tick,
};

const WIDTH: f64 = 480.0;
const EDGE: f64 = 14.0;
/// From one axis to the next, and where the first lies.
const PITCH: f64 = 92.0;
const TOP: f64 = 64.0;
/// Below the last axis.
const BOTTOM: f64 = 30.0;
const SIZE: f64 = 13.0;
/// Shades of the lines: those of one shade are one path.
const SHADES: usize = 24;
/// Shades of the legend.
const STEPS: usize = 40;
/// Ticks of an axis of numbers.
const TICKS: usize = 6;

/// Draws the worst lines faint and grey, the better ones stronger and orange, the one that stands out blue.
pub fn parallel(chart: &Parallel) -> String {
    let axes = chart.laid(TICKS);
    let mut body = legend(chart);
    body += &lines(chart, &axes);
    body += &axes.iter().enumerate().map(|(index, axis)| drawn(axis, y(index))).collect::<String>();
    let height = TOP + axes.len().saturating_sub(1) as f64 * PITCH + BOTTOM;
    root(&chart.alt, [WIDTH, height].map(|side| side.ceil() as u32), &body)
}

fn y(axis: usize) -> f64 {
    TOP + axis as f64 * PITCH
}

fn x(place: f64) -> f64 {
    EDGE + place * (WIDTH - 2.0 * EDGE)
}

/// From the worst to the best, and the one that stands out.
fn legend(chart: &Parallel) -> String {
    const LENGTH: f64 = 84.0;
    let [worst, best, outstanding] = &chart.names;
    let mut left = EDGE;
    let mut svg = text(left, 16.0, SIZE, "", worst);
    left += text_width(worst, SIZE) + 6.0;
    for step in 0..STEPS {
        let (colour, opacity) = ranked(step as f64 / (STEPS - 1) as f64);
        let width = LENGTH / STEPS as f64;
        svg += &format!(
            "<rect x=\"{:.1}\" y=\"7\" width=\"{width:.2}\" height=\"9\" fill=\"{}\" fill-opacity=\"{opacity:.2}\" shape-rendering=\"crispEdges\"/>\n",
            left + step as f64 * width,
            colour.hex()
        );
    }
    left += LENGTH + 6.0;
    svg += &text(left, 16.0, SIZE, "", best);
    if chart.best.is_none() {
        return svg;
    }
    left += text_width(best, SIZE) + 20.0;
    let key = 24.0;
    // On a row of its own where it would leave the picture.
    let (left, row) = if left + key + text_width(outstanding, SIZE) > WIDTH { (EDGE, 33.0) } else { (left, 16.0) };
    svg += &format!("<path d=\"M{left:.1} {:.1}h{key}\" stroke=\"{}\" stroke-width=\"3.5\"/>\n", row - 4.5, BLUE.hex());
    svg + &text(left + key + 6.0, row, SIZE, "", outstanding)
}

fn lines(chart: &Parallel, axes: &[Laid<'_>]) -> String {
    let mut shades = vec![String::new(); SHADES];
    for (number, Strand { worth, item, .. }) in chart.lines.iter().enumerate() {
        let shade = (worth.clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as usize;
        shades[shade] += &path(axes, number, *item);
    }
    let thin = chart.lines.len() > 200;
    let drawn = |(shade, paths): (usize, String)| {
        let (colour, opacity) = ranked(shade as f64 / (SHADES - 1) as f64);
        strokes(&paths, &colour.hex(), opacity, if thin { 0.7 } else { 1.4 })
    };
    let filled = shades.into_iter().enumerate().filter(|(_, paths)| !paths.is_empty());
    let all: String = filled.map(drawn).collect();
    let best = chart.best.as_ref().map(|best| path(axes, chart.lines.len(), best.item));
    all + &best.map(|path| strokes(&path, &BLUE.hex(), 1.0, 3.5)).unwrap_or_default()
}

fn path(axes: &[Laid<'_>], strand: usize, item: Option<usize>) -> String {
    let step = |(index, axis): (usize, &Laid<'_>)| {
        let letter = if index == 0 { 'M' } else { 'L' };
        format!("{letter}{:.0} {:.0}", x(axis.places[strand]), y(index))
    };
    let steps: String = axes.iter().enumerate().map(step).collect();
    let item = item.map_or_else(String::new, |item| format!(" data-item=\"{item}\""));
    format!("<path d=\"{steps}\"{item}/>")
}

fn strokes(paths: &str, colour: &str, opacity: f64, width: f64) -> String {
    format!(
        "<g fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"{opacity:.2}\" stroke-width=\"{width}\" \
         stroke-linejoin=\"round\">{paths}</g>\n"
    )
}

/// An axis with its name above and its labels below, which can be read on top of lines.
fn drawn(axis: &Laid<'_>, y: f64) -> String {
    // The page's own ground around each letter, light or dark.
    let halo = "stroke=\"Canvas\" stroke-width=\"5\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
    let mut svg = rule([EDGE, y], [WIDTH - EDGE, y], 0.7);
    svg += &text(EDGE, y - 9.0, SIZE, &format!("font-weight=\"600\" {halo}"), axis.name);
    let mut ends = [f64::NEG_INFINITY; 2];
    for Tick { at, label } in &axis.ticks {
        let room = if axis.ticks.len() > 1 { 1.9 * (WIDTH - 2.0 * EDGE) / axis.ticks.len() as f64 } else { WIDTH };
        let label = fitting(label, SIZE, room);
        let width = text_width(&label, SIZE);
        let left = (x(*at) - width / 2.0).clamp(0.0, (WIDTH - width).max(0.0));
        svg += &rule([x(*at), y - 4.0], [x(*at), y + 4.0], 0.7);
        // Long names stand in two rows.
        let Some(row) = (0..2).find(|row| ends[*row] + 6.0 <= left) else { continue };
        ends[row] = left + width;
        svg += &text(left, y + 18.0 + 15.0 * row as f64, SIZE, halo, &label);
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        parallel::{Dimension, tests::chart},
        svg::tests::{check, texts},
    };

    #[test]
    fn axes_names_and_ends_of_the_scale_are_written_and_the_best_lies_on_top() {
        let svg = parallel(&chart());
        let document = check(&svg, "three trials");
        let texts = texts(&document);
        for text in ["rate", "kind", "loss", "unset", "sgd", "adam", "worst 9", "best 0.25", "the best trial"] {
            assert!(texts.iter().any(|t| t == text), "{text}: {texts:?}");
        }
        let is_group = |node: &roxmltree::Node<'_, '_>| node.has_tag_name(("http://www.w3.org/2000/svg", "g"));
        let groups: Vec<_> = document.descendants().filter(is_group).collect();
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[2].attribute("stroke"), Some(BLUE.hex().as_str()));
        let path = groups[2].first_element_child().and_then(|path| path.attribute("d"));
        assert_eq!(path.map(|d| d.matches('L').count()), Some(2));
    }

    #[test]
    fn labels_do_not_overlap() {
        let names: Vec<String> = (0..12).map(|n| format!("a-long-name-{n}")).collect();
        let mut chart = chart();
        chart.axes[1] = Dimension { names, ..chart.axes[1].clone() };
        let svg = parallel(&chart);
        let document = check(&svg, "three trials");
        let placed = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
        let mut boxes: Vec<[f64; 3]> = Vec::new();
        for node in placed {
            let number = |name: &str| node.attribute(name).and_then(|value| value.parse::<f64>().ok()).unwrap();
            let (left, row) = (number("x"), number("y"));
            let right = left + text_width(node.text().unwrap(), number("font-size"));
            let overlaps = |other: &&[f64; 3]| other[0] == row && left < other[2] && other[1] < right;
            assert!(!boxes.iter().any(|other| overlaps(&other)), "{:?}", node.text());
            boxes.push([row, left, right]);
        }
    }

    #[test]
    fn no_axis_and_no_line_are_a_picture_too() {
        check(&parallel(&Parallel { alt: "nothing".into(), ..Parallel::default() }), "nothing");
        check(&parallel(&Parallel { lines: vec![], best: None, ..chart() }), "three trials");
    }
}
