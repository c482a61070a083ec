//! Groups of values along an axis, each with its mean and interval, as wide as the page has room for.
//!
//! Each group is an `<svg>` whose places are shares of its width, so that dots and text keep their size.

use crate::{
    html::breakable,
    palette::{BLUE, VERMILLION},
    span::{Span, Tick},
    spread::{Group, Spread},
    svg::{escaped, share, tick_label},
};

/// Units that a label may reach over an end of the axis.
const BEYOND: f64 = 8.0;
/// Dots, and below them mean and interval.
const LANES: f64 = 38.0;
/// Where no mean is known.
const LANE: f64 = 22.0;
/// A share of the axis within which two dots would lie on each other.
const NEAR: f64 = 0.015;

/// Each value as a dot, each mean as a diamond with its interval.
pub fn spread(chart: &Spread) -> String {
    let span = chart.span(6);
    let legend = legend(chart);
    let groups: String = chart.groups.iter().map(|group| drawn(group, &span)).collect();
    let labels: String = span.ticks.iter().map(|tick| tick_label(tick, 17.0, BEYOND)).collect();
    format!(
        "<figure class=\"spread\" role=\"img\" aria-label=\"{}\">\n{legend}{groups}\
         <svg width=\"100%\" height=\"22\" overflow=\"visible\" fill=\"currentColor\" aria-hidden=\"true\">\
         <line x2=\"100%\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/>{labels}</svg>\n<figcaption>{}</figcaption>\n</figure>\n",
        escaped(&chart.alt),
        escaped(&chart.axis.name)
    )
}

/// A group below its name, over the lines of the axis' ticks.
fn drawn(group: &Group, span: &Span) -> String {
    let height = if group.mean.is_some() { LANES } else { LANE };
    let rule = |tick: &Tick| {
        let at = share(tick.at);
        format!("<line x1=\"{at}\" x2=\"{at}\" y2=\"100%\" stroke=\"currentColor\" stroke-opacity=\"0.14\"/>")
    };
    let rules: String = span.ticks.iter().map(rule).collect();
    format!(
        "<p>{}</p>\n<svg width=\"100%\" height=\"{height}\" overflow=\"visible\" aria-hidden=\"true\">{rules}{}{}</svg>\n",
        breakable(&group.name),
        dots(group, span),
        estimate(group, span)
    )
}

/// What is drawn, where it is more than dots.
fn legend(chart: &Spread) -> String {
    let has_hollow = chart.groups.iter().any(|group| group.hollow.contains(&true));
    let key = |width: u32, drawn: String, name: &str| {
        format!(
            "<li><svg width=\"{width}\" height=\"12\" overflow=\"visible\" aria-hidden=\"true\">{drawn}</svg><span>{name}</span></li>"
        )
    };
    let mark = |drawn: String| format!("<g fill=\"{0}\" stroke=\"{0}\">{drawn}</g>", BLUE.hex());
    let entries = [
        Some(key(10, mark(dot(0.5, 6, "")), if has_hollow { "finished" } else { "one value" })),
        has_hollow.then(|| key(10, mark(square(0.5, 6, "")), "not finished")),
        chart.has_intervals().then(|| key(30, interval(0.0, 1.0, 6.0) + &diamond(0.5, 6.0), "mean and 95 % interval")),
    ];
    let entries: Vec<String> = entries.into_iter().flatten().collect();
    if entries.len() < 2 { String::new() } else { format!("<ul class=\"legend\">{}</ul>\n", entries.concat()) }
}

/// Equal values lie above each other, as far as there is room.
fn dots(group: &Group, span: &Span) -> String {
    let place = |(index, value): (usize, &f64)| Some((span.at(*value).filter(|at| (0.0..=1.0).contains(at))?, index));
    let mut places: Vec<(f64, usize)> = group.values.iter().enumerate().filter_map(place).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut last, mut level) = (f64::NEG_INFINITY, 0);
    let drawn = |(place, index): (f64, usize)| {
        level = if place - last < NEAR { (level + 1) % 3 } else { 0 };
        last = place;
        let y = [11, 5, 17][level];
        let item = group.items.get(index).map_or_else(String::new, |item| format!(" data-item=\"{item}\""));
        if group.hollow.get(index) == Some(&true) { square(place, y, &item) } else { dot(place, y, &item) }
    };
    let dots: String = places.into_iter().map(drawn).collect();
    format!("<g fill=\"{0}\" fill-opacity=\"0.85\" stroke=\"{0}\">{dots}</g>", BLUE.hex())
}

fn dot(place: f64, y: u32, item: &str) -> String {
    format!("<circle cx=\"{}\" cy=\"{y}\" r=\"4\"{item}/>", share(place))
}

/// What has not come to its end, as in other charts.
fn square(place: f64, y: u32, item: &str) -> String {
    format!(
        "<rect x=\"{}\" y=\"{y}\" width=\"7\" height=\"7\" transform=\"translate(-3.5 -3.5)\" fill-opacity=\"0\"{item}/>",
        share(place)
    )
}

fn estimate(group: &Group, span: &Span) -> String {
    const Y: f64 = 29.0;
    let is_inside = |place: &f64| (0.0..=1.0).contains(place);
    // On a logarithmic axis what is not above zero lies beyond its left end.
    let ends = group.interval().and_then(|[low, high]| Some((span.at(low).unwrap_or(-1.0), span.at(high)?)));
    let bar = ends.filter(|(low, high)| *low < 1.0 && *high > 0.0).map(|(low, high)| interval(low, high, Y));
    let mean = group.mean.and_then(|mean| span.at(mean)).filter(is_inside).map(|mean| diamond(mean, Y));
    bar.unwrap_or_default() + &mean.unwrap_or_default()
}

/// From fraction to fraction; an end beyond the axis is open.
fn interval(low: f64, high: f64, y: f64) -> String {
    let line = |[x1, x2]: [f64; 2], [y1, y2]: [f64; 2]| {
        let [x1, x2] = [x1, x2].map(|end| share(end.clamp(0.0, 1.0)));
        format!("<line x1=\"{x1}\" x2=\"{x2}\" y1=\"{y1}\" y2=\"{y2}\"/>")
    };
    let marks = [low, high].into_iter().filter(|end| (0.0..=1.0).contains(end));
    let marks: String = marks.map(|end| line([end; 2], [y - 5.0, y + 5.0])).collect();
    format!("<g stroke=\"{}\" stroke-width=\"2\">{}{marks}</g>", VERMILLION.hex(), line([low, high], [y; 2]))
}

fn diamond(x: f64, y: f64) -> String {
    format!(
        "<svg x=\"{}\" y=\"{y}\" overflow=\"visible\"><path d=\"M-5 0l5 -5l5 5l-5 5z\" fill=\"{}\"/></svg>",
        share(x),
        VERMILLION.hex()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::tests::chart;

    fn count(html: &str, name: &str) -> usize {
        let document = roxmltree::Document::parse(html).unwrap();
        document.descendants().filter(|node| node.tag_name().name() == name).count()
    }

    #[test]
    fn every_value_is_a_dot_and_every_mean_has_its_interval() {
        let html = spread(&chart());
        for text in ["<p>linear</p>", "<p>two-layer</p>", ">accuracy<", ">0.0<", ">1.0<", "mean and 95 % interval"] {
            assert!(html.contains(text), "{text}: {html}");
        }
        // Four values and the legend's; two diamonds and the legend's.
        assert_eq!((count(&html, "circle"), html.matches("z\"").count()), (5, 3), "{html}");
        assert!(html.contains("<line x1=\"25%\" x2=\"75%\" y1=\"29\" y2=\"29\"/>"), "{html}");
    }

    #[test]
    fn equal_values_lie_above_each_other() {
        let mut chart = chart();
        chart.groups[1].values = vec![0.5; 3];
        let html = spread(&chart);
        for y in [5, 11, 17] {
            assert!(html.contains(&format!("<circle cx=\"50%\" cy=\"{y}\"")), "{html}");
        }
    }

    #[test]
    fn what_is_hollow_is_a_square_and_told_in_the_legend() {
        let mut chart = chart();
        chart.groups[0].hollow = vec![true, false, false];
        let html = spread(&chart);
        // Each with that of the legend.
        assert_eq!((count(&html, "rect"), count(&html, "circle")), (2, 4), "{html}");
        assert!(html.contains("<span>finished</span>") && html.contains("<span>not finished</span>"), "{html}");
        assert!(!spread(&crate::spread::tests::chart()).contains("finished"));
    }

    #[test]
    fn an_interval_that_leaves_the_axis_is_open() {
        let marks = |chart: &Spread| spread(chart).matches("y1=\"24\"").count();
        let mut chart = chart();
        let both = marks(&chart);
        chart.groups[0].half_width = Some(0.6);
        assert_eq!((both, marks(&chart)), (2, 0));
    }

    #[test]
    fn without_groups_there_is_an_axis() {
        assert_eq!(count(&spread(&Spread { alt: "nothing".into(), ..Spread::default() }), "line"), 1);
    }
}
