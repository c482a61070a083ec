//! Lines over two axes, drawn by plotters.

use plotters::{chart::ChartContext, prelude::*};

use super::{
    coordinate::Coordinate,
    legend,
    pen::{Area, DASH, DETAIL, DOT, LINE, MARK, THIN, Trouble, colour, text, units},
    root, text_width,
};
use crate::{
    clip,
    line_chart::{LineChart, Mark, Series, Shape, Style},
    palette,
    span::Span,
};

/// Free room at the left, so that the name of the axis is not cut.
const EDGE: u32 = 3 * DETAIL;

type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Coordinate, Coordinate>>;

/// Draws lines, dots and marks with axes, a grid and a legend.
pub fn line_chart(chart: &LineChart) -> String {
    let (size, ticks) = match chart.shape {
        Shape::Wide => ([480, 300], 9),
        Shape::Square => ([360, 390], 5),
        Shape::Small => ([320, 240], 6),
    };
    let (x_values, y_values) = chart.values();
    let frame = Frame { x: Span::new(&chart.x, &x_values, ticks), y: Span::new(&chart.y, &y_values, 5) };
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (size[0] * DETAIL, size[1] * DETAIL)).into_drawing_area();
    frame.draw(chart, &area).expect("a string takes all that is written");
    drop(area);
    root(&chart.alt, size, DETAIL, &themed(&svg))
}

/// The elements that plotters wrote, with its black and its font replaced by those of the page.
fn themed(svg: &str) -> String {
    let body = svg.split_once(">\n").map_or("", |(_, body)| body).trim_end().trim_end_matches("</svg>");
    body.replace("\"#000000\"", "\"currentColor\"").replace(" font-family=\"sans-serif\"", "")
}

/// Both axes.
struct Frame {
    x: Span,
    y: Span,
}

impl Frame {
    fn draw(&self, chart: &LineChart, area: &Area<'_>) -> Result<(), Trouble> {
        let left = self.margin_left();
        let below = legend::draw(chart.legend(), EDGE + left, area)?;
        let mut plot = ChartBuilder::on(&below)
            .margin_top(units(0.6))
            .margin_left(EDGE)
            .margin_right(units(1.2))
            .x_label_area_size(units(if chart.x.name.is_empty() { 1.8 } else { 3.2 }))
            .y_label_area_size(left)
            .build_cartesian_2d(Coordinate(self.x.clone()), Coordinate(self.y.clone()))?;
        draw_axes(chart, &mut plot)?;
        for (number, series) in chart.series.iter().enumerate() {
            self.draw_series(series, colour(palette::series(chart.colour(number))), &mut plot)?;
        }
        for (number, mark) in (chart.series.len()..).zip(&chart.marks) {
            self.draw_mark(mark, colour(palette::series(chart.colour(number))), &mut plot)?;
        }
        area.present()
    }

    /// Room for the widest label and the axis' name.
    fn margin_left(&self) -> u32 {
        let widest = self.y.ticks.iter().map(|tick| text_width(&tick.label, 1.0)).fold(0.0, f64::max);
        units(widest + 2.4)
    }

    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        self.x.at(x).zip(self.y.at(y))
    }

    fn draw_series(&self, series: &Series, colour: RGBColor, plot: &mut Plot<'_, '_>) -> Result<(), Trouble> {
        let places: Vec<_> = series.points.iter().map(|point| self.place(*point)).collect();
        let runs = clip::cut(&places);
        // A line through one point is a dot.
        let is_one = places.iter().flatten().count() == 1;
        let colour = match series.style {
            Style::Ranked(worth) => {
                let (rgb, opacity) = palette::ranked(f64::from(worth) / 255.0);
                super::pen::colour(rgb).mix(opacity)
            }
            _ => colour.to_rgba(),
        };
        match series.style {
            Style::Line => draw_lines(runs, colour.stroke_width(LINE), plot)?,
            Style::Path => draw_lines(runs, colour.stroke_width(THIN), plot)?,
            Style::Dashed => draw_dashes(runs, colour.stroke_width(LINE), plot)?,
            Style::Ranked(_) => draw_lines(runs, colour.stroke_width(THIN), plot)?,
            Style::Dots => {}
        }
        if is_one || matches!(series.style, Style::Dots | Style::Path) {
            let inside = places.into_iter().flatten().filter(|place| clip::is_inside(*place));
            plot.draw_series(inside.map(|place| Circle::new(place, units(DOT), colour.filled())))?;
        }
        Ok(())
    }

    fn draw_mark(&self, mark: &Mark, colour: RGBColor, plot: &mut Plot<'_, '_>) -> Result<(), Trouble> {
        let place = self.place(mark.at).filter(|place| clip::is_inside(*place));
        plot.draw_series(place.map(|place| Circle::new(place, units(MARK), colour.filled()))).map(drop)
    }
}

fn draw_axes(chart: &LineChart, plot: &mut Plot<'_, '_>) -> Result<(), Trouble> {
    plot.configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.14).stroke_width(DETAIL))
        .axis_style(BLACK.mix(0.5).stroke_width(DETAIL))
        .set_all_tick_mark_size(units(0.25))
        .label_style(text())
        .axis_desc_style(text())
        .x_desc(&chart.x.name)
        .y_desc(&chart.y.name)
        .draw()
}

fn draw_lines(runs: Vec<Vec<(f64, f64)>>, style: ShapeStyle, plot: &mut Plot<'_, '_>) -> Result<(), Trouble> {
    runs.into_iter().try_for_each(|run| plot.draw_series(LineSeries::new(run, style)).map(drop))
}

fn draw_dashes(runs: Vec<Vec<(f64, f64)>>, style: ShapeStyle, plot: &mut Plot<'_, '_>) -> Result<(), Trouble> {
    let [dash, gap] = DASH.map(units);
    runs.into_iter().try_for_each(|run| plot.draw_series(DashedLineSeries::new(run, dash, gap, style)).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line_chart::Axis,
        svg::tests::{check, texts},
    };

    fn chart() -> LineChart {
        LineChart {
            alt: "loss by epoch".into(),
            x: Axis::new("epoch").range(0.0, 4.0),
            y: Axis::new("loss").range(0.0, 1.0),
            series: vec![
                Series::line("ours", vec![(0.0, 1.0), (2.0, 0.5), (4.0, 0.0)]),
                Series::line("the book's", vec![(0.0, 0.5), (4.0, 0.5)]).drawn(Style::Dashed),
            ],
            ..LineChart::default()
        }
    }

    fn elements(svg: &str, name: &str, colour: usize) -> Vec<String> {
        let document = check(svg, "loss by epoch");
        let hex = palette::series(colour).hex().to_uppercase();
        let is_wanted = |node: &roxmltree::Node<'_, '_>| {
            node.tag_name().name() == name
                && [node.attribute("stroke"), node.attribute("fill")].contains(&Some(hex.as_str()))
        };
        let shape = |node: roxmltree::Node<'_, '_>| node.attribute("points").unwrap_or_default().trim().to_owned();
        document.descendants().filter(is_wanted).map(shape).collect()
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
    fn a_line_goes_from_corner_to_corner_and_a_dashed_one_is_in_pieces() {
        let svg = line_chart(&chart());
        let lines = elements(&svg, "polyline", 0);
        let points: Vec<(i32, i32)> = lines[1]
            .split(' ')
            .map(|point| point.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(points.len(), 3);
        let (dx, dy) = (points[2].0 - points[0].0, points[2].1 - points[0].1);
        assert!((points[1].0 - points[0].0 - dx / 2).abs() <= 1 && (points[1].1 - points[0].1 - dy / 2).abs() <= 1);
        assert!(dx > 1000 && dy > 600, "{points:?}");
        assert!(elements(&svg, "polyline", 1).len() > 10);
    }

    #[test]
    fn what_is_not_finite_breaks_the_line_and_a_divergence_leaves_the_chart() {
        let mut chart = chart();
        chart.series =
            vec![Series::line("loss", vec![(0.0, 0.1), (1.0, 0.2), (2.0, f64::NAN), (3.0, 0.5), (4.0, 1e30)])];
        assert_eq!(elements(&line_chart(&chart), "polyline", 0).len(), 2);
        chart.y.range = None;
        let texts = texts(&check(&line_chart(&chart), "loss by epoch"));
        assert!(texts.iter().any(|text| text == "0.5") && texts.iter().all(|text| !text.contains("e3")), "{texts:?}");
    }

    #[test]
    fn marks_and_the_steps_of_a_path_are_dots() {
        let mut chart = chart();
        chart.series[0].style = Style::Path;
        chart.marks = vec![Mark { name: "steep".into(), at: (1.0, 0.5) }, Mark { name: "gone".into(), at: (9.0, 9.0) }];
        let svg = line_chart(&chart);
        // Three steps and the key of the legend; a mark and its key; a key whose mark lies outside.
        let dots = [0, 2, 3].map(|colour| elements(&svg, "circle", colour).len());
        assert_eq!(dots, [4, 2, 1]);
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
                assert!(texts.len() < 30, "{x} {y}: {texts:?}");
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
