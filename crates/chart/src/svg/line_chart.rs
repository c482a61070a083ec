//! Lines over two axes.
//!
//! The field is an `<svg>` whose places are shares of it, and its curves are stretched with it, so that the same elements are a
//! picture of a fixed form and, in a page, a chart as wide as there is room with text of one size.

use super::{
    escaped,
    legend::{self, DASHED, DOT, LINE, MARK, SQUARE, THIN, hole},
    png, root, share, text_width,
};
use crate::{
    clip,
    line_chart::{Axis, Field, LineChart, Scale, Series, Shape, Style},
    palette::{self, Rgb},
    span::Span,
};

/// Size of all text.
pub(super) const SIZE: f64 = 13.0;
/// Room above the field with the name of the vertical axis, below it with labels and a name, and at its right.
const ABOVE: f64 = 30.0;
const BELOW: f64 = 44.0;
const RIGHT: f64 = 14.0;
/// A ratio of the values from which on the other scale shows something else.
const WIDE: f64 = 3.0;
/// How strong a ground is beside what lies on it.
pub(super) const GROUND: f64 = 0.7;
/// Labels that a narrow window has room for.
const MOST_LABELS: usize = 6;

/// Draws lines, dots and marks with axes, a grid and a legend, as a picture.
pub fn line_chart(chart: &LineChart) -> String {
    let drawing = Drawing::new(chart);
    let [width, height] = size(chart.shape);
    let (legend, legend_height) = legend::rows(&chart.legend(), drawing.width());
    let body = format!(
        "<svg x=\"{:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{:.1}\" overflow=\"visible\">\n{}</svg>\n\
         <svg x=\"{:.1}\" y=\"{:.1}\" overflow=\"visible\">\n{legend}</svg>\n",
        drawing.left,
        drawing.width(),
        drawing.height(),
        drawing.field(),
        drawing.left,
        height,
    );
    root(&chart.alt, [width, height + legend_height].map(|side| side.ceil() as u32), &body)
}

/// The same for a page: as wide as there is room, with what a script needs to tell its values.
pub(crate) fn in_page(chart: &LineChart) -> String {
    let drawing = Drawing::new(chart);
    let shape = match chart.shape {
        Shape::Wide => "wide",
        Shape::Square => "square",
        Shape::Small => "small",
    };
    let [x, y] = [&chart.x, &chart.y].map(|axis| escaped(&axis.name));
    let right = if drawing.right > RIGHT { format!(";margin-right:{:.0}px", drawing.right) } else { String::new() };
    let entries = if chart.shares_legend { vec![] } else { chart.legend() };
    let spans = |shown: &Span, other: &Option<Span>| -> String {
        [shown].into_iter().chain(other).map(Span::data).collect::<Vec<_>>().join(";")
    };
    format!(
        "<figure class=\"lines {shape}\" data-x-name=\"{x}\" data-y-name=\"{y}\" data-x=\"{}\" data-y=\"{}\" data-of=\"{}\">\n\
         <div class=\"plot\" style=\"margin-left:{:.0}px{right}\">\n\
         <svg role=\"img\" aria-label=\"{}\" width=\"100%\" height=\"100%\" overflow=\"visible\" fill=\"currentColor\">\n{}</svg>\n\
         </div>\n{}</figure>\n",
        spans(&drawing.x, &drawing.other_x),
        spans(&drawing.y, &drawing.other),
        escaped(&chart.item),
        drawing.left,
        escaped(&chart.alt),
        drawing.field(),
        legend::list(&entries, chart.field.as_ref()),
    )
}

/// Width and height of a picture without its legend.
fn size(shape: Shape) -> [f64; 2] {
    match shape {
        Shape::Wide => [480.0, 290.0],
        Shape::Square => [360.0, 365.0],
        Shape::Small => [320.0, 230.0],
    }
}

/// A chart with both its axes.
struct Drawing<'a> {
    chart: &'a LineChart,
    x: Span,
    y: Span,
    /// The vertical axis on the other scale, where that can be asked for.
    other: Option<Span>,
    /// The same for the horizontal axis, from the same end to the same end: a script moves what is drawn.
    other_x: Option<Span>,
    /// Room for the labels of the vertical axis.
    left: f64,
    /// Room for names at the ends of lines.
    right: f64,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a LineChart) -> Self {
        let (x_values, y_values) = chart.values();
        let ticks = if chart.shape == Shape::Wide { 8 } else { 5 };
        let x = Span::new(&chart.x, &x_values, ticks);
        let y = Span::new(&chart.y, &y_values, 5);
        // What lies below all series is of one scale.
        let other = other_scale(&chart.y, &y_values)
            .filter(|_| chart.field.is_none())
            .map(|axis| Span::new(&axis, &y_values, 5));
        let other_x = other_scale(&chart.x, &x_values)
            .filter(|_| chart.field.is_none() && !chart.x.is_whole)
            .map(|axis| x.on(&axis, &x_values, ticks));
        let labels = y.ticks.iter().chain(other.iter().flat_map(|span| &span.ticks));
        let widest = labels.map(|tick| text_width(&tick.label, SIZE)).fold(0.0, f64::max);
        let ends = chart.series.iter().filter(|series| !series.end.is_empty());
        let right = ends.map(|series| text_width(&series.end, SIZE) + 12.0).fold(RIGHT, f64::max).ceil();
        Self { chart, x, y, other, other_x, left: (widest + 12.0).ceil(), right }
    }

    fn width(&self) -> f64 {
        size(self.chart.shape)[0] - self.left - self.right
    }

    fn height(&self) -> f64 {
        size(self.chart.shape)[1] - ABOVE - BELOW
    }

    /// Grid, labels and all that is drawn.
    fn field(&self) -> String {
        let [width, height] = [self.width(), self.height()];
        let mut svg = self.axes();
        svg += &format!(
            "<svg viewBox=\"0 0 {width:.0} {height:.0}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\" \
             overflow=\"visible\" fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n"
        );
        svg += &self.chart.field.as_ref().map(|field| self.ground(field)).unwrap_or_default();
        let mut known: &[(f64, f64)] = &[];
        // A single dot lies above the marks, which are larger and would hide it.
        let mut above = String::new();
        for (place, series) in self.chart.series.iter().enumerate() {
            let layer = if self.is_one(series) { &mut above } else { &mut svg };
            *layer += &self.series(place, series, known);
            known = &series.points;
        }
        for (nth, mark) in self.chart.marks.iter().enumerate() {
            let place = self.chart.series.len() + nth;
            let path = |y: &Span| self.dots(&[mark.at], y);
            let colour = palette::series(self.chart.colour(place));
            let data = format!("class=\"mark\" data-name=\"{}\"", escaped(&mark.name));
            svg += &format!("<g {data}>{}</g>\n", self.strokes(path, colour, MARK, false).trim_end());
        }
        svg + &above + "</svg>\n" + &self.ends()
    }

    /// Names at the ends of lines, from the top, moved apart where they would lie on each other. The script takes them away where
    /// the lines are not where they were.
    fn ends(&self) -> String {
        let end = |(place, series): (usize, &'a Series)| {
            let at = series.points.iter().rev().find_map(|point| self.place(*point, &self.y))?;
            (!series.end.is_empty() && clip::is_inside(at)).then_some((at, &series.end, self.chart.colour(place)))
        };
        let mut ends: Vec<_> = self.chart.series.iter().enumerate().filter_map(end).collect();
        ends.sort_by(|a, b| b.0.1.total_cmp(&a.0.1));
        let tops: Vec<f64> = ends.iter().map(|((_, y), ..)| (1.0 - y) * self.height()).collect();
        let mut places = tops.clone();
        for next in 1..places.len() {
            places[next] = places[next].max(places[next - 1] + SIZE);
        }
        let mut least = self.height();
        for place in places.iter_mut().rev() {
            *place = place.min(least);
            least = *place - SIZE;
        }
        let text = |(number, ((x, y), name, colour)): (usize, ((f64, f64), &String, usize))| {
            format!(
                "<text x=\"{}\" y=\"{}\" dx=\"7\" dy=\"{}\" font-weight=\"600\"{}>{}</text>\n",
                share(x),
                share(1.0 - y),
                tenths(places[number] - tops[number] + 4.5),
                palette::text_of_series(colour),
                escaped(name)
            )
        };
        let texts: String = ends.into_iter().enumerate().map(text).collect();
        if texts.is_empty() { texts } else { format!("<g class=\"ends\" font-size=\"{SIZE}\">\n{texts}</g>\n") }
    }

    /// What lies below everything, a pixel for each of its cells.
    fn ground(&self, field: &Field) -> String {
        let [rows, columns] = [field.cells.len() / field.columns.max(1), field.columns];
        let samples = field.cells.iter().flat_map(|cell| {
            let (Rgb(red, green, blue), opacity) = palette::ranked(f64::from(cell.worth) / 255.0);
            [red, green, blue, (GROUND * opacity * f64::from(cell.known)) as u8]
        });
        let samples: Vec<u8> = samples.collect();
        if rows == 0 {
            return String::new();
        }
        png::smooth([0.0, 0.0, self.width(), self.height()], rows, columns, &samples)
    }

    fn axes(&self) -> String {
        let mut svg = String::new();
        svg += &horizontal(&self.x, if self.other_x.is_some() { " class=\"scale x\"" } else { " class=\"x\"" });
        svg += &self
            .other_x
            .as_ref()
            .map(|span| horizontal(span, " class=\"scale x\" display=\"none\""))
            .unwrap_or_default();
        svg += &vertical(&self.y, if self.other.is_some() { " class=\"scale y\"" } else { " class=\"y\"" });
        svg +=
            &self.other.as_ref().map(|span| vertical(span, " class=\"scale y\" display=\"none\"")).unwrap_or_default();
        for line in ["x1=\"0\" x2=\"100%\" y1=\"100%\" y2=\"100%\"", "x1=\"0\" x2=\"0\" y1=\"0\" y2=\"100%\""] {
            svg += &format!("<line {line} stroke=\"currentColor\" stroke-opacity=\"0.5\"/>\n");
        }
        let left = 4.0 - self.left;
        let name = |axis: &Axis, can_change: bool| {
            let log = if axis.scale == Scale::Log && !can_change { " (log)" } else { "" };
            escaped(&axis.name) + log
        };
        let [x, y] = [name(&self.chart.x, self.other_x.is_some()), name(&self.chart.y, self.other.is_some())];
        svg += &format!("<text x=\"{left}\" y=\"-12\" font-size=\"{SIZE}\">{y}</text>\n");
        svg +=
            &format!("<text x=\"50%\" y=\"100%\" dy=\"37\" font-size=\"{SIZE}\" text-anchor=\"middle\">{x}</text>\n");
        svg
    }

    /// Whether one point can be seen: a line through it is a dot.
    fn is_one(&self, series: &Series) -> bool {
        series.points.iter().filter(|point| self.place(**point, &self.y).is_some()).count() == 1
    }

    fn series(&self, place: usize, series: &Series, known: &[(f64, f64)]) -> String {
        let colour = palette::series(self.chart.colour(place));
        let lines = |y: &Span| self.lines(&series.points, y);
        let dots = |y: &Span| self.dots(&series.points, y);
        let is_one = self.is_one(series);
        let drawn = match series.style {
            Style::Ranked(worth) if is_one => {
                let (colour, opacity) = palette::ranked(f64::from(worth) / 255.0);
                self.strokes(dots, colour, &format!("{DOT} stroke-opacity=\"{opacity:.2}\""), false)
            }
            _ if is_one => self.strokes(dots, colour, DOT, series.style == Style::Hollow),
            Style::Steps => self.strokes(|y| self.area(series, y), colour, &steps(colour), false),
            Style::Line => self.strokes(lines, colour, LINE, false),
            Style::Dashed => self.strokes(lines, colour, DASHED, false),
            Style::Dots => self.strokes(dots, colour, DOT, false),
            Style::Hollow => self.strokes(dots, colour, DOT, true),
            Style::Path => self.strokes(lines, colour, THIN, false) + &self.strokes(dots, colour, DOT, false),
            Style::Ranked(worth) => {
                let (colour, opacity) = palette::ranked(f64::from(worth) / 255.0);
                self.strokes(lines, colour, &format!("{THIN} stroke-opacity=\"{opacity:.2}\""), false)
            }
        };
        let upright = |y: &Span| self.intervals(series, y);
        let intervals =
            if series.intervals.is_empty() { String::new() } else { self.strokes(upright, colour, THIN, false) };
        let stands_out = |y: &Span| self.dots(&series.dots, y);
        let dots = if series.dots.is_empty() { String::new() } else { self.strokes(stands_out, colour, DOT, false) };
        format!("<g {}>{drawn}{}</g>\n", data(series, known), (intervals + &dots).trim_end())
    }

    /// A path on the scale that is shown, which knows itself on the other.
    fn strokes(&self, path: impl Fn(&Span) -> String, colour: Rgb, style: &str, is_hollow: bool) -> String {
        let shown = path(&self.y);
        let other = self.other.as_ref().map(|span| format!(" data-d=\"{}\"", path(span))).unwrap_or_default();
        let square = if is_hollow { format!(" {SQUARE}") } else { String::new() };
        let whole = stroke(&shown, colour, &format!("{style}{square}{other}"));
        let hole = if is_hollow { hole(&shown).replacen("/>", &format!("{other}/>"), 1) } else { String::new() };
        whole + &hole
    }

    fn place(&self, (x, y): (f64, f64), span: &Span) -> Option<(f64, f64)> {
        self.x.at(x).zip(span.at(y))
    }

    fn lines(&self, points: &[(f64, f64)], y: &Span) -> String {
        let places: Vec<_> = points.iter().map(|point| self.place(*point, y)).collect();
        let mut path = String::new();
        for run in clip::cut(&places) {
            for (index, point) in run.into_iter().enumerate() {
                path.push(if index == 0 { 'M' } else { 'L' });
                path += &self.at(point);
            }
        }
        path
    }

    /// A line upright through each point, from end to end of its interval.
    fn intervals(&self, series: &Series, y: &Span) -> String {
        let upright = |((x, _), [low, high]): (&(f64, f64), &[f64; 2])| self.lines(&[(*x, *low), (*x, *high)], y);
        series.points.iter().zip(&series.intervals).map(upright).collect()
    }

    /// What lies below steps.
    fn area(&self, series: &Series, y: &Span) -> String {
        let column = |pair: &[(f64, f64)]| {
            let [left, right] = [pair[0].0, pair[1].0].map(|x| self.x.at(x));
            // On a logarithmic scale nothing has no height.
            let (left, right, top) = (left?, right?, y.at(pair[0].1)?.clamp(0.0, 1.0));
            let bottom = y.at(0.0).unwrap_or(0.0).clamp(0.0, 1.0);
            (top > bottom).then(|| {
                let corners =
                    [(left, bottom), (left, top), (right, top), (right, bottom)].map(|corner| self.at(corner));
                format!("M{}Z", corners.join("L"))
            })
        };
        series.points.windows(2).filter_map(column).collect()
    }

    fn dots(&self, points: &[(f64, f64)], y: &Span) -> String {
        let places = points.iter().filter_map(|point| self.place(*point, y)).filter(|place| clip::is_inside(*place));
        places.map(|place| format!("M{}h0.01", self.at(place))).collect()
    }

    fn at(&self, (x, y): (f64, f64)) -> String {
        format!("{} {}", tenths(x * self.width()), tenths((1.0 - y) * self.height()))
    }
}

fn steps(colour: Rgb) -> String {
    format!("fill=\"{}\" fill-opacity=\"0.45\" stroke-width=\"1\"", colour.hex())
}

/// The same axis on the other scale: where all values are above zero and far enough apart for it to show something else.
fn other_scale(axis: &Axis, values: &[f64]) -> Option<Axis> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max));
    let is_wide = least > 0.0 && most > WIDE * least;
    let scale = match axis.scale {
        Scale::Log => Scale::Linear,
        Scale::Linear => Scale::Log,
    };
    let has_room = axis.range.is_none_or(|[low, _]| low > 0.0);
    (is_wide && has_room).then(|| Axis { scale, ..axis.clone() })
}

fn horizontal(span: &Span, class: &str) -> String {
    let mut svg = format!("<g{class}>\n");
    // Where there are many labels, every other one gives way in a narrow window.
    let many = span.ticks.len() > MOST_LABELS || span.ticks.iter().any(|tick| tick.label.len() > 4);
    for (number, tick) in span.ticks.iter().enumerate() {
        let at = share(tick.at);
        let class = if many && number % 2 == 1 { " class=\"more\"" } else { "" };
        svg += &format!(
            "<line x1=\"{at}\" x2=\"{at}\" y1=\"0\" y2=\"100%\" stroke=\"currentColor\" stroke-opacity=\"0.14\"/>\n\
             <text x=\"{at}\" y=\"100%\" dy=\"18\" font-size=\"{SIZE}\" text-anchor=\"middle\"{class}>{}</text>\n",
            escaped(&tick.label)
        );
    }
    svg + "</g>\n"
}

fn vertical(span: &Span, class: &str) -> String {
    let (mut lines, mut labels) = (String::new(), String::new());
    for tick in &span.ticks {
        let at = share(1.0 - tick.at);
        lines += &format!("<line x2=\"100%\" y1=\"{at}\" y2=\"{at}\"/>\n");
        labels += &format!("<text x=\"-7\" y=\"{at}\" dy=\"4.5\">{}</text>\n", escaped(&tick.label));
    }
    format!("<g{class}>\n{}</g>\n", grid(&lines, &labels, "end"))
}

/// The lines of an axis' ticks with their labels.
fn grid(lines: &str, labels: &str, anchor: &str) -> String {
    format!(
        "<g stroke=\"currentColor\" stroke-opacity=\"0.14\">\n{lines}</g>\n\
         <g font-size=\"{SIZE}\" text-anchor=\"{anchor}\">\n{labels}</g>\n"
    )
}

/// What a series is, for a script: its name, its values, and what its points stand for. The x values are left out where
/// they are those of the series before.
fn data(series: &Series, known: &[(f64, f64)]) -> String {
    let all = |values: &mut dyn Iterator<Item = f64>| values.map(compact).collect::<Vec<_>>().join(" ");
    let xs = |points: &[(f64, f64)]| points.iter().map(|point| point.0.to_bits()).collect::<Vec<_>>();
    let mut data = format!("class=\"series\" data-name=\"{}\"", escaped(&series.name));
    if known.is_empty() || xs(known) != xs(&series.points) {
        data += &format!(" data-x=\"{}\"", all(&mut series.points.iter().map(|point| point.0)));
    }
    data += &format!(" data-y=\"{}\"", all(&mut series.points.iter().map(|point| point.1)));
    if !series.items.is_empty() {
        let items: Vec<String> = series.items.iter().map(usize::to_string).collect();
        data += &format!(" data-items=\"{}\"", items.join(" "));
    }
    data
}

/// Five significant digits, and `x` for what is no number.
fn compact(value: f64) -> String {
    if !value.is_finite() {
        return "x".into();
    }
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    match rounded.abs() {
        size if size != 0.0 && !(1e-4..1e6).contains(&size) => format!("{rounded:e}"),
        _ => format!("{rounded}"),
    }
}

/// As few characters as a tenth of a unit takes.
fn tenths(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    format!("{}", if tenths == 0.0 { 0.0 } else { tenths })
}

/// A line as thick as it is, however the chart is stretched.
pub(super) fn stroke(path: &str, colour: Rgb, style: &str) -> String {
    format!("<path d=\"{path}\" stroke=\"{}\" vector-effect=\"non-scaling-stroke\" {style}/>\n", colour.hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line_chart::Mark,
        svg::tests::{check, texts},
    };

    fn chart() -> LineChart {
        LineChart {
            alt: "loss by epoch".into(),
            x: Axis::of_epochs().range(0.0, 4.0),
            y: Axis::new("loss").range(0.0, 1.0),
            series: vec![
                Series::line("ours", vec![(0.0, 1.0), (2.0, 0.5), (4.0, 0.0)]),
                Series::line("the book's", vec![(0.0, 0.5), (4.0, 0.5)]).drawn(Style::Dashed),
            ],
            ..LineChart::default()
        }
    }

    /// The paths of the series and marks in this colour.
    fn paths(svg: &str, colour: usize) -> Vec<String> {
        let document = check(svg, "loss by epoch");
        let hex = palette::series(colour).hex();
        let is_wanted = |node: &roxmltree::Node<'_, '_>| {
            node.attribute("stroke") == Some(hex.as_str())
                && node.parent().is_some_and(|group| group.attribute("data-name").is_some())
        };
        let path = |node: roxmltree::Node<'_, '_>| node.attribute("d").unwrap_or_default().to_owned();
        document.descendants().filter(is_wanted).map(path).collect()
    }

    #[test]
    fn a_chart_names_its_axes_ticks_and_series() {
        let svg = line_chart(&chart());
        let texts = texts(&check(&svg, "loss by epoch"));
        for text in ["epoch", "loss", "ours", "the book's", "0", "0.2", "1.0", "4", "0.0"] {
            assert!(texts.iter().any(|t| t == text), "{text}: {texts:?}");
        }
    }

    #[test]
    fn a_line_goes_from_corner_to_corner_and_a_dashed_one_is_one_path() {
        let svg = line_chart(&chart());
        let drawing = chart();
        let Drawing { left, .. } = Drawing::new(&drawing);
        let (width, height) = (480.0 - left - RIGHT, 290.0 - ABOVE - BELOW);
        let expected = format!("M0 0L{} {}L{} {}", tenths(width / 2.0), tenths(height / 2.0), width, height);
        assert_eq!(paths(&svg, 0), [expected]);
        assert_eq!(paths(&svg, 1).len(), 1);
    }

    #[test]
    fn a_mark_lies_above_lines_and_below_a_single_dot() {
        let mut chart = chart();
        chart.series.push(Series::line("validation", vec![(1.0, 0.2)]));
        chart.marks = vec![Mark { name: "best".into(), at: (1.0, 0.2), colour: None }];
        let svg = line_chart(&chart);
        let at = |name: &str| svg.find(&format!("data-name=\"{name}\"")).unwrap();
        assert!(at("ours") < at("best") && at("best") < at("validation"), "{svg}");
    }

    #[test]
    fn what_is_not_finite_breaks_the_line_and_a_divergence_leaves_the_chart() {
        let mut chart = chart();
        chart.series =
            vec![Series::line("loss", vec![(0.0, 0.1), (1.0, 0.2), (2.0, f64::NAN), (3.0, 0.5), (4.0, 1e30)])];
        let svg = line_chart(&chart);
        assert_eq!(paths(&svg, 0)[0].matches('M').count(), 2);
        assert!(svg.contains("data-y=\"0.1 0.2 x 0.5 1e30\""), "{svg}");
        chart.y.range = None;
        let texts = texts(&check(&line_chart(&chart), "loss by epoch"));
        assert!(texts.iter().any(|text| text == "0.5") && texts.iter().all(|text| !text.contains("e3")), "{texts:?}");
    }

    #[test]
    fn marks_and_the_steps_of_a_path_are_dots_and_hollow_ones_show_the_ground() {
        let mut chart = chart();
        chart.series[0].style = Style::Path;
        chart.series[1].style = Style::Hollow;
        chart.marks = vec![Mark::new("steep", (1.0, 0.5)), Mark::new("gone", (9.0, 9.0))];
        let svg = line_chart(&chart);
        let dots = [0, 1, 2, 3].map(|colour| paths(&svg, colour).concat().matches("h0").count());
        assert_eq!(dots, [3, 2, 1, 0]);
        assert_eq!(svg.matches("stroke=\"Canvas\"").count(), 2, "the dots and the key: {svg}");
    }

    #[test]
    fn a_point_of_a_line_that_stands_out_is_a_dot_of_its_colour() {
        let mut chart = chart();
        chart.series[0].dots = vec![(2.0, 0.5)];
        let of_line = paths(&line_chart(&chart), 0);
        assert_eq!((of_line.len(), of_line[1].matches("h0.01").count()), (2, 1), "{of_line:?}");
        let middle = of_line[0].split('L').nth(1).unwrap();
        assert_eq!(of_line[1], format!("M{middle}h0.01"), "it lies on the line");
        let style = include_str!("../html/style.css");
        assert!(style.contains(&format!(".lit path:not([{DOT}])")), "it does not shrink where its line is pointed at");
    }

    #[test]
    fn values_far_apart_have_the_other_scale_too() {
        let mut chart = chart();
        assert!(!in_page(&chart).contains("data-d="), "a given range");
        chart.y.range = None;
        assert!(!in_page(&chart).contains("data-d="), "zero has no logarithm");
        chart.series[0].points[2].1 = 0.01;
        let page = in_page(&chart);
        let spans = page.split("data-y=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(spans.matches(';').count() == 1 && spans.ends_with(" log"), "{spans}");
        assert_eq!((page.matches("data-d=").count(), page.matches("class=\"scale y\"").count()), (2, 2));
        let labels = page.matches("class=\"scale x\"").count();
        chart.x = Axis::new("rate").range(0.5, 50.0);
        chart.series.iter_mut().for_each(|series| series.points.iter_mut().for_each(|point| point.0 += 1.0));
        let page = in_page(&chart);
        assert_eq!((labels, page.matches("class=\"scale x\"").count()), (0, 2));
        let ends = page.split("data-x=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert_eq!(ends, format!("5e-1 5e1;{:e} {:e} log", 0.5f64.log10(), 50f64.log10()));
    }

    #[test]
    fn x_values_are_written_once_for_series_that_share_them_and_items_with_their_series() {
        let mut chart = chart();
        chart.series[1].points = chart.series[0].points.iter().map(|(x, y)| (*x, y / 3.0)).collect();
        chart.series[1].items = vec![7];
        let page = in_page(&chart);
        assert_eq!(page.matches("data-x=\"0 2 4\"").count(), 1, "{page}");
        assert!(page.contains("data-y=\"0.333333 0.166667 0\" data-items=\"7\""), "{page}");
    }

    #[test]
    fn names_at_the_ends_of_lines_do_not_lie_on_each_other() {
        let mut chart = chart();
        chart.series[1].points = vec![(0.0, 0.5), (4.0, 0.0)];
        chart.series[0].end = "A".into();
        chart.series[1].end = "B".into();
        let page = in_page(&chart);
        // At the bottom the upper one gives way.
        let of = |name: &str| page.lines().find(|line| line.ends_with(&format!(">{name}</text>"))).unwrap().to_owned();
        assert!(
            of("A").contains(&palette::text_of_series(0)) && of("B").contains(&palette::text_of_series(1)),
            "{page}"
        );
        assert!(of("A").contains("dy=\"-8.5\"") && of("B").contains("dy=\"4.5\""), "{page}");
        assert!(page.contains("margin-right:") && !in_page(&LineChart::default()).contains("margin-right"), "{page}");
    }

    #[test]
    fn a_chart_that_shares_its_legend_has_none() {
        let chart = LineChart { shares_legend: true, ..chart() };
        assert!(!in_page(&chart).contains("legend") && line_chart(&chart).contains(">ours</text>"));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.1 + 0.2, 1234567.0, 0.00001234567, -0.5].map(compact),
            ["0.3", "1.23457e6", "1.23457e-5", "-0.5"]
        );
    }

    #[test]
    fn extreme_values_make_well_formed_charts_with_few_ticks() {
        let extremes = [0.0, -0.0, 1e-320, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 1.0, 1.0 + 1e-12, -7.0];
        for (x, y) in extremes.iter().flat_map(|x| extremes.map(|y| (*x, y))) {
            for axis in [Axis::new("x"), Axis::new("x").log(), Axis::new("x").range(x, y)] {
                let line = Series::line("line", vec![(x, y), (x, y), (y, x), (1.0, 2.0)]);
                let series = vec![line.clone().drawn(Style::Path), line.drawn(Style::Dashed)];
                let chart =
                    LineChart { alt: "extreme".into(), x: axis.clone(), y: axis, series, ..LineChart::default() };
                let texts = texts(&check(&line_chart(&chart), "extreme"));
                assert!(texts.len() < 40, "{x} {y}: {texts:?}");
                crate::terminal::line_chart(&chart, 60, crate::terminal::Colours::Plain);
            }
        }
    }

    #[test]
    fn a_chart_without_a_point_still_has_axes() {
        let chart = LineChart { alt: "nothing".into(), ..LineChart::default() };
        check(&line_chart(&chart), "nothing");
        let log = LineChart { alt: "nothing".into(), x: Axis::new("rate").log(), ..LineChart::default() };
        check(&line_chart(&log), "nothing");
    }
}
