//! Groups of values along an axis, each with its mean and interval.

use super::{root, rule, text, text_width};
use crate::{
    palette::{BLUE, VERMILLION},
    span::Span,
    spread::{Group, Spread},
};

const WIDTH: f64 = 480.0;
const EDGE: f64 = 20.0;
const SIZE: f64 = 13.0;
/// From one line of a name to the next.
const LINE: f64 = 16.0;
/// Dots, and below them mean and interval.
const LANES: f64 = 38.0;
const GAP: f64 = 10.0;
/// Axis, labels and name.
const BELOW: f64 = 44.0;
/// Lines of a name; what is longer ends in an ellipsis.
const MOST_LINES: usize = 3;

/// Draws each value as a dot, each mean as a diamond with its interval.
pub fn spread(chart: &Spread) -> String {
    let span = chart.span(6);
    let mut body = String::new();
    let mut top = 4.0;
    if chart.has_intervals() {
        body += &legend(top + 12.0);
        top += 26.0;
    }
    let first = top;
    let mut groups = String::new();
    for group in &chart.groups {
        for line in lines(&group.name) {
            top += LINE;
            groups += &text(EDGE, top - 4.0, SIZE, "", &line);
        }
        groups += &dots(group, &span, top + 9.0);
        groups += &estimate(group, &span, top + 25.0);
        top += LANES + GAP;
    }
    body += &axis(&chart.axis.name, &span, first, top);
    body += &groups;
    root(&chart.alt, [WIDTH, top + BELOW].map(|side| side.ceil() as u32), &body)
}

fn x(place: f64) -> f64 {
    EDGE + place * (WIDTH - 2.0 * EDGE)
}

/// A name in lines that fit.
fn lines(name: &str) -> Vec<String> {
    let most = ((WIDTH - 2.0 * EDGE) / text_width("x", SIZE)) as usize;
    let mut lines: Vec<String> = textwrap::wrap(name, most).into_iter().map(String::from).collect();
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines[MOST_LINES - 1].push('…');
    }
    lines
}

fn legend(y: f64) -> String {
    let at = |x: f64| (x - EDGE) / (WIDTH - 2.0 * EDGE);
    let dot = format!(
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{}\" fill-opacity=\"0.85\"/>\n",
        EDGE + 4.0,
        y - 4.5,
        BLUE.hex()
    );
    let bar = interval(at(EDGE + 120.0), at(EDGE + 150.0), y - 4.5) + &diamond(EDGE + 135.0, y - 4.5);
    dot + &text(EDGE + 14.0, y, SIZE, "", "one value")
        + &bar
        + &text(EDGE + 158.0, y, SIZE, "", "mean and 95 % interval")
}

/// Equal values lie above each other, as far as there is room.
fn dots(group: &Group, span: &Span, y: f64) -> String {
    let place = |(index, value): (usize, &f64)| Some((span.at(*value).filter(|at| (0.0..=1.0).contains(at))?, index));
    let mut places: Vec<(f64, usize)> = group.values.iter().enumerate().filter_map(place).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut last, mut level) = (f64::NEG_INFINITY, 0);
    let dot = |(place, index): (f64, usize)| {
        level = if x(place) - last < 7.0 { (level + 1) % 3 } else { 0 };
        last = x(place);
        let shift = [0.0, -6.0, 6.0][level];
        let item = group.items.get(index).map_or_else(String::new, |item| format!(" data-item=\"{item}\""));
        let hollow = if group.hollow.get(index) == Some(&true) { HOLLOW } else { "" };
        format!("<circle cx=\"{:.1}\" cy=\"{:.0}\" r=\"4\"{hollow}{item}/>", x(place), y + shift)
    };
    let dots: String = places.into_iter().map(dot).collect();
    format!("<g fill=\"{0}\" fill-opacity=\"0.85\" stroke=\"{0}\">{dots}</g>\n", BLUE.hex())
}

const HOLLOW: &str = " fill-opacity=\"0\"";

fn estimate(group: &Group, span: &Span, y: f64) -> String {
    let is_inside = |place: &f64| (0.0..=1.0).contains(place);
    // On a logarithmic axis what is not above zero lies beyond its left end.
    let ends = group.interval().and_then(|[low, high]| Some((span.at(low).unwrap_or(-1.0), span.at(high)?)));
    let bar = ends.filter(|(low, high)| *low < 1.0 && *high > 0.0).map(|(low, high)| interval(low, high, y));
    let mean = group.mean.and_then(|mean| span.at(mean)).filter(is_inside).map(|mean| diamond(x(mean), y));
    bar.unwrap_or_default() + &mean.unwrap_or_default()
}

/// From fraction to fraction; an end beyond the axis is open.
fn interval(low: f64, high: f64, y: f64) -> String {
    let [from, to] = [low, high].map(|end| x(end.clamp(0.0, 1.0)));
    let marks = [low, high].into_iter().filter(|end| (0.0..=1.0).contains(end));
    let marks: String = marks.map(|end| format!("M{:.1} {:.1}v10", x(end), y - 5.0)).collect();
    format!(
        "<path d=\"M{from:.1} {y:.1}H{to:.1}{marks}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
        VERMILLION.hex()
    )
}

fn diamond(x: f64, y: f64) -> String {
    format!("<path d=\"M{:.1} {y:.1}l5 -5l5 5l-5 5z\" fill=\"{}\"/>\n", x - 5.0, VERMILLION.hex())
}

fn axis(name: &str, span: &Span, top: f64, bottom: f64) -> String {
    let mut svg = rule([EDGE, bottom], [WIDTH - EDGE, bottom], 0.6);
    for tick in &span.ticks {
        svg += &rule([x(tick.at), top], [x(tick.at), bottom], 0.14);
        let half = text_width(&tick.label, SIZE) / 2.0;
        let middle = x(tick.at).clamp(half, WIDTH - half);
        svg += &text(middle, bottom + 17.0, SIZE, "text-anchor=\"middle\"", &tick.label);
    }
    svg + &text(WIDTH / 2.0, bottom + 36.0, SIZE, "text-anchor=\"middle\"", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        spread::tests::chart,
        svg::tests::{check, texts},
    };

    #[test]
    fn every_value_is_a_dot_and_every_mean_has_its_interval() {
        let svg = spread(&chart());
        let document = check(&svg, "two models");
        let texts = texts(&document);
        for text in ["linear", "two-layer", "accuracy", "0.0", "1.0", "mean and 95 % interval"] {
            assert!(texts.iter().any(|t| t == text), "{text}: {texts:?}");
        }
        let circles = document.descendants().filter(|node| node.tag_name().name() == "circle").count();
        // Four values and the legend's; two diamonds and the legend's; one interval and the legend's.
        assert_eq!((circles, svg.matches("z\"").count(), svg.matches("v10\"").count()), (5, 3, 2), "{svg}");
        // From 0.25 to 0.75 of the axis.
        assert!(svg.contains(&format!("M{:.1} ", x(0.25))) && svg.contains(&format!("H{:.1}", x(0.75))), "{svg}");
    }

    #[test]
    fn a_long_name_is_broken_and_equal_values_lie_beside_each_other() {
        let mut chart = chart();
        chart.groups[0].name = "optimizer.learning_rate=0.03 model.hidden=30 schedule.kind=one-cycle ".repeat(9);
        chart.groups[1].values = vec![0.5; 3];
        let svg = spread(&chart);
        let document = check(&svg, "two models");
        assert!(texts(&document).iter().all(|text| text_width(text, SIZE) <= WIDTH));
        let rows: std::collections::BTreeSet<&str> = document
            .descendants()
            .filter(|node| node.attribute("cx") == Some(format!("{:.1}", x(0.5)).as_str()))
            .filter_map(|node| node.attribute("cy"))
            .collect();
        assert!(rows.len() >= 3, "{rows:?}");
    }

    #[test]
    fn an_interval_that_leaves_the_axis_is_open() {
        let mut chart = chart();
        chart.groups[0].half_width = Some(0.6);
        let svg = spread(&chart);
        check(&svg, "two models");
        // The legend's two marks alone.
        assert_eq!(svg.matches("v10").count(), 2, "{svg}");
    }

    #[test]
    fn without_groups_there_is_an_axis() {
        check(&spread(&Spread { alt: "nothing".into(), ..Spread::default() }), "nothing");
    }
}
