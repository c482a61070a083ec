//! Lines over parallel axes that lie across, as wide as the page has room for.
//!
//! Places are shares of the width, and the lines are stretched with it; text keeps its size.

use crate::{
    palette::{BEST, ranked},
    parallel::{Laid, Parallel, Strand},
    span::Tick,
    svg::{NARROW, anchor, escaped, fitting, scale, share, text_width, tick_label},
};

/// The width of the lines' own coordinates.
const WIDTH: f64 = 1000.0;
/// Units that the page leaves free at the ends of an axis.
const BEYOND: f64 = 24.0;
/// From one axis to the next, and where the first lies.
const PITCH: f64 = 92.0;
const TOP: f64 = 30.0;
/// Below the last axis.
const BOTTOM: f64 = 36.0;
const SIZE: f64 = 13.0;
/// How much wider letters are that are bold; where they are wider still, the page's ground is around each.
const BOLD: f64 = 1.15;
const HALO: &str = "stroke=\"Canvas\" stroke-width=\"5\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
/// Shades of the lines: those of one shade are one path.
const SHADES: usize = 24;
/// Ticks of an axis of numbers.
const TICKS: usize = 6;

/// The worst lines faint and grey, the better ones stronger and orange, the one that stands out in the colour of the best.
pub fn parallel(chart: &Parallel) -> String {
    let axes = chart.laid(TICKS);
    let height = TOP + axes.len().saturating_sub(1) as f64 * PITCH + BOTTOM;
    let drawn: String = axes.iter().enumerate().map(|(index, axis)| drawn(axis, y(index))).collect();
    format!(
        "<figure class=\"parallel\">\n{}<svg role=\"img\" aria-label=\"{}\" width=\"100%\" height=\"{height}\" \
         overflow=\"visible\" fill=\"currentColor\">\n\
         <svg viewBox=\"0 0 {WIDTH} {height}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">\n{}</svg>\n{drawn}</svg>\n</figure>\n",
        legend(chart),
        escaped(&chart.alt),
        lines(chart, &axes),
    )
}

fn y(axis: usize) -> f64 {
    TOP + axis as f64 * PITCH
}

/// From the worst to the best, and the one that stands out.
fn legend(chart: &Parallel) -> String {
    let [worst, best, outstanding] = chart.names.clone();
    let outstanding = escaped(&outstanding);
    let key = format!(
        "<svg width=\"24\" height=\"12\" aria-hidden=\"true\"><path d=\"M0 6h24\" stroke=\"{}\" stroke-width=\"3.5\"/></svg>",
        BEST.hex()
    );
    let outstanding =
        chart.best.as_ref().map(|_| format!("<li data-series=\"best\">{key}<span>{outstanding}</span></li>"));
    let dashed = chart.lines.iter().chain(&chart.best).any(|strand| strand.is_dashed).then_some(NOT_FINISHED);
    let scale = scale(&[worst, best], 1.0);
    format!("<ul class=\"legend\">{scale}{}{}</ul>\n", outstanding.unwrap_or_default(), dashed.unwrap_or_default())
}

const NOT_FINISHED: &str = "<li data-series=\"dashed\"><svg width=\"24\" height=\"12\" aria-hidden=\"true\"><path d=\"M0 6h24\" stroke=\"currentColor\" \
    stroke-width=\"1.4\" stroke-dasharray=\"5 4\"/></svg><span>not finished</span></li>";

fn lines(chart: &Parallel, axes: &[Laid<'_>]) -> String {
    // Whole lines of a shade lie above its dashed ones.
    let mut shades = vec![[String::new(), String::new()]; SHADES];
    for (number, Strand { worth, item, is_dashed, .. }) in chart.lines.iter().enumerate() {
        let shade = (worth.clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as usize;
        shades[shade][usize::from(!is_dashed)] += &path(axes, number, *item);
    }
    let width = if chart.lines.len() > 200 { 0.7 } else { 1.4 };
    let mut all = String::new();
    for (shade, [dashed, whole]) in shades.iter().enumerate() {
        let (colour, opacity) = ranked(shade as f64 / (SHADES - 1) as f64);
        let drawn = |series, paths: &str| strokes(series, paths, &colour.hex(), opacity, width, series == "dashed");
        all += &(drawn("dashed", dashed) + &drawn("", whole));
    }
    let best = chart.best.as_ref();
    let best = best
        .map(|best| strokes("best", &path(axes, chart.lines.len(), best.item), &BEST.hex(), 1.0, 3.5, best.is_dashed));
    all + &best.unwrap_or_default()
}

fn path(axes: &[Laid<'_>], strand: usize, item: Option<usize>) -> String {
    let step = |(index, axis): (usize, &Laid<'_>)| {
        let letter = if index == 0 { 'M' } else { 'L' };
        format!("{letter}{:.0} {:.0}", WIDTH * axis.places[strand], y(index))
    };
    let steps: String = axes.iter().enumerate().map(step).collect();
    let item = item.map_or_else(String::new, |item| format!(" data-item=\"{item}\""));
    format!("<path d=\"{steps}\"{item}/>")
}

/// Lines, which an entry of the legend may switch off.
fn strokes(series: &str, paths: &str, colour: &str, opacity: f64, width: f64, is_dashed: bool) -> String {
    if paths.is_empty() {
        return String::new();
    }
    let dashes = if is_dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let series = if series.is_empty() { String::new() } else { format!(" data-series=\"{series}\"") };
    format!(
        "<g{series} fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"{opacity:.2}\" stroke-width=\"{width}\" \
         stroke-linejoin=\"round\"{dashes}>{paths}</g>\n"
    )
}

/// An axis with its name above and its labels below, which can be read on top of lines.
fn drawn(axis: &Laid<'_>, y: f64) -> String {
    let rule = "stroke=\"currentColor\" stroke-opacity=\"0.7\"";
    let (name, above) = (escaped(axis.name), y - 9.0);
    let behind = ground("0", 0.0, above, text_width(axis.name, SIZE) * BOLD);
    let mut svg = format!(
        "<line x2=\"100%\" y1=\"{y}\" y2=\"{y}\" {rule}/>\n\
         {behind}<text y=\"{above}\" font-size=\"{SIZE}\" font-weight=\"600\" {HALO}>{name}</text>\n"
    );
    let mut ends = [f64::NEG_INFINITY; 2];
    for tick in &axis.ticks {
        let at = share(tick.at);
        svg += &format!("<line x1=\"{at}\" x2=\"{at}\" y1=\"{}\" y2=\"{}\" {rule}/>\n", y - 4.0, y + 4.0);
        let room = if axis.ticks.len() > 1 { 1.9 * NARROW / axis.ticks.len() as f64 } else { NARROW };
        let label = fitting(&tick.label, SIZE, room);
        let width = text_width(&label, SIZE);
        let left = (tick.at * NARROW - width / 2.0).clamp(-BEYOND, (NARROW - width + BEYOND).max(-BEYOND));
        // Long names stand in two rows.
        let Some(row) = (0..2).find(|row| ends[*row] + 6.0 <= left) else { continue };
        ends[row] = left + width;
        let below = y + 18.0 + 15.0 * row as f64;
        let tick = Tick { at: tick.at, label };
        svg += &ground(&at, anchor(&tick, BEYOND).1, below, width);
        svg += &tick_label(&tick, below, BEYOND);
    }
    svg
}

/// The page's own ground, light or dark, behind a text that begins so far from a place: no line is seen through it.
fn ground(at: &str, from: f64, baseline: f64, width: f64) -> String {
    let (from, width) = (from - 3.0, width + 6.0);
    format!(
        "<rect x=\"{at}\" y=\"{}\" width=\"{width:.1}\" height=\"14\" transform=\"translate({from:.1})\" fill=\"Canvas\"/>\n",
        baseline - 11.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::{Dimension, tests::chart};

    fn parsed(html: &str) -> roxmltree::Document<'_> {
        roxmltree::Document::parse(html).unwrap()
    }

    #[test]
    fn axes_names_and_ends_of_the_scale_are_written_and_the_best_lies_on_top() {
        let html = parallel(&chart());
        for text in ["rate", "kind", "loss", "unset", "sgd", "adam", "worst 9", "best 0.25", "the best trial"] {
            assert!(html.contains(&format!(">{text}<")), "{text}: {html}");
        }
        let document = parsed(&html);
        let groups: Vec<_> = document.descendants().filter(|node| node.tag_name().name() == "g").collect();
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[2].attribute("stroke"), Some(BEST.hex().as_str()));
        let path = groups[2].first_element_child().and_then(|path| path.attribute("d"));
        assert_eq!(path.map(|d| d.matches('L').count()), Some(2));
    }

    #[test]
    fn behind_each_text_lies_the_pages_ground() {
        let html = parallel(&chart());
        let document = parsed(&html);
        let is_text = |node: &roxmltree::Node<'_, '_>| node.has_tag_name("text");
        for text in document.descendants().filter(is_text) {
            let before = text.prev_sibling_element().unwrap();
            assert_eq!((before.tag_name().name(), before.attribute("fill")), ("rect", Some("Canvas")), "{text:?}");
            let number =
                |node: &roxmltree::Node<'_, '_>, name| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
            let (top, baseline) = (number(&before, "y"), number(&text, "y"));
            assert!(top + SIZE <= baseline + 4.0 && baseline < top + number(&before, "height"), "{text:?}");
            assert!(number(&before, "width") > text_width(text.text().unwrap(), SIZE), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_finished_is_dashed_and_the_legend_says_so() {
        assert!(!parallel(&chart()).contains("stroke-dasharray"));
        let mut chart = chart();
        chart.lines[0].is_dashed = true;
        let html = parallel(&chart);
        assert!(html.contains("stroke-dasharray=\"5 4\"/></svg><span>not finished</span>"), "{html}");
        let document = parsed(&html);
        let groups = document.descendants().filter(|node| node.tag_name().name() == "g");
        let dashed: Vec<bool> = groups.map(|group| group.has_attribute("stroke-dasharray")).collect();
        assert_eq!(dashed, [true, false, false], "the worst is drawn first");
        for name in ["li", "g"] {
            let nodes = document.descendants().filter(|node| node.has_tag_name(name));
            let mut series: Vec<&str> = nodes.filter_map(|node| node.attribute("data-series")).collect();
            series.sort_unstable();
            assert_eq!(series, ["best", "dashed"], "{name}: what an entry of the legend switches off");
        }
    }

    #[test]
    fn labels_do_not_overlap_where_it_is_narrow() {
        let names: Vec<String> = (0..12).map(|n| format!("a-long-name-{n}")).collect();
        let mut chart = chart();
        chart.axes[1] = Dimension { names, ..chart.axes[1].clone() };
        let html = parallel(&chart);
        let document = parsed(&html);
        let mut boxes: Vec<(String, [f64; 2])> = Vec::new();
        for node in
            document.descendants().filter(|node| node.tag_name().name() == "text" && node.attribute("x").is_some())
        {
            let at: f64 = node.attribute("x").unwrap().trim_end_matches('%').parse().unwrap();
            let width = text_width(node.text().unwrap(), SIZE);
            let shift = match node.attribute("text-anchor") {
                Some("middle") => width / 2.0,
                Some("end") => width,
                _ => 0.0,
            };
            let (row, left) = (node.attribute("y").unwrap().to_owned(), at / 100.0 * NARROW - shift);
            let overlaps =
                |(other, [from, to]): &(String, [f64; 2])| *other == row && left < *to && *from < left + width;
            assert!(!boxes.iter().any(overlaps), "{:?}", node.text());
            boxes.push((row, [left, left + width]));
        }
        assert!(boxes.len() > 12, "{boxes:?}");
    }

    #[test]
    fn no_axis_and_no_line_are_a_picture_too() {
        parsed(&parallel(&Parallel { alt: "nothing".into(), ..Parallel::default() }));
        parsed(&parallel(&Parallel { lines: vec![], best: None, ..chart() }));
    }
}
