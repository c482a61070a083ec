//! Lines over two axes.

use super::{
    Colours,
    axis::axis,
    canvas::{Canvas, Ink},
    cut, legend,
};
use crate::{
    clip,
    line_chart::{LineChart, Series, Shape, Style},
    span::{Span, Tick},
};

/// The narrowest and the lowest field that still shows a line.
const LEAST_COLUMNS: usize = 10;
const LEAST_ROWS: usize = 10;

/// Draws lines, dots and marks with axes and a legend.
///
/// Without colours, several series are told apart by a sign each.
pub fn line_chart(chart: &LineChart, width: usize, colours: Colours) -> String {
    let (x_values, y_values) = chart.values();
    let y = Span::new(&chart.y, &y_values, 5);
    let labels = y.ticks.iter().map(|tick| tick.label.chars().count()).max().unwrap_or(0);
    let [columns, rows] = size(chart.shape, width.saturating_sub(labels + 2));
    let x = Span::new(&chart.x, &x_values, (columns / 10).max(2));
    let frame = Frame { x, y, columns, rows, labels };
    let alone = chart.series.len() + chart.marks.len() < 2;
    let ink = if colours == Colours::Plain && !alone { Ink::Signs } else { Ink::Braille };
    let mut lines = vec![cut(&chart.y.name, width)];
    lines.extend(frame.rows(&frame.canvas(chart, ink).lines(colours)));
    lines.extend(frame.below(&chart.x.name));
    lines.extend(legend::lines(chart, width, ink, colours));
    lines.iter().filter(|line| !line.is_empty()).map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Columns and rows of the field; a character is about twice as high as wide.
fn size(shape: Shape, columns: usize) -> [usize; 2] {
    let columns = columns.max(LEAST_COLUMNS);
    match shape {
        Shape::Wide | Shape::Small => [columns.min(120), (columns / 4).clamp(LEAST_ROWS, 18)],
        Shape::Square => [columns.min(40), (columns.min(40) / 2).max(LEAST_ROWS)],
    }
}

/// The field with its axes.
struct Frame {
    x: Span,
    y: Span,
    columns: usize,
    rows: usize,
    /// Width of the widest label at the left.
    labels: usize,
}

impl Frame {
    fn canvas(&self, chart: &LineChart, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(self.columns, self.rows, ink);
        for (number, series) in chart.series.iter().enumerate() {
            // Each has a sign of its own where there are no colours.
            let number = if ink == Ink::Signs { chart.number(number) } else { chart.colour(number) };
            self.draw(series, number, ink, &mut canvas);
        }
        for (nth, mark) in chart.marks.iter().enumerate() {
            if let Some(place) = self.place(mark.at).filter(|place| clip::is_inside(*place)) {
                canvas.mark(place, nth, chart.colour(chart.series.len() + nth));
            }
        }
        canvas
    }

    fn draw(&self, series: &Series, number: usize, ink: Ink, canvas: &mut Canvas) {
        let places: Vec<_> = series.drawn_points().iter().map(|point| self.place(*point)).collect();
        for ((x, _), [low, high]) in series.points.iter().zip(&series.intervals) {
            let ends = [low, high].map(|end| self.place((*x, *end)));
            for pair in clip::cut(&ends).iter().flat_map(|run| run.windows(2)) {
                canvas.line(pair[0], pair[1], false, number);
            }
        }
        let is_dotted = matches!(series.style, Style::Dots | Style::Hollow | Style::Path);
        // A path's own signs would not stand out from a line of the same sign.
        if !is_dotted || series.style == Style::Path && ink == Ink::Braille {
            for pair in clip::cut(&places).iter().flat_map(|run| run.windows(2)) {
                canvas.line(pair[0], pair[1], series.style == Style::Dashed, number);
            }
        }
        for place in places.into_iter().flatten().filter(|place| is_dotted && clip::is_inside(*place)) {
            canvas.point(place, number);
        }
    }

    /// A point as fractions of the field.
    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        self.x.at(x).zip(self.y.at(y))
    }

    /// The field's lines behind the vertical axis.
    fn rows(&self, field: &[String]) -> Vec<String> {
        let row_of = |tick: &Tick| self.rows - 1 - ((tick.at * self.rows as f64) as usize).min(self.rows - 1);
        let line = |(row, field): (usize, &String)| match self.y.ticks.iter().find(|tick| row_of(tick) == row) {
            Some(tick) => format!("{:>w$} ┤{field}", tick.label, w = self.labels),
            None => format!("{:w$} │{field}", "", w = self.labels),
        };
        field.iter().enumerate().map(line).collect()
    }

    /// The horizontal axis, its labels and its name.
    fn below(&self, name: &str) -> Vec<String> {
        let [axis, labels] = axis(&self.x.ticks, self.columns, '┬');
        let margin = " ".repeat(self.labels + 1);
        let name = format!("{:^w$}", cut(name, self.columns), w = self.columns);
        vec![format!("{margin}└{axis}"), format!("{margin} {labels}"), format!("{margin} {name}").trim_end().into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line_chart::{Axis, Mark},
        terminal::tests::check_plain,
    };

    fn chart() -> LineChart {
        LineChart {
            x: Axis::new("epoch").range(0.0, 10.0),
            y: Axis::new("loss").range(0.0, 1.0),
            series: vec![Series::line("ours", vec![(0.0, 1.0), (10.0, 0.0)])],
            ..LineChart::default()
        }
    }

    #[test]
    fn a_single_line_is_fine_and_needs_no_legend() {
        const EXPECTED: &str = "\
loss
1.0 ┤⠉⠢⣀
0.8 ┤   ⠑⢄⡀
    │     ⠈⠢⣀
0.6 ┤        ⠑⢄⡀
    │          ⠈⠢⣀
0.4 ┤             ⠑⡄⡀
    │               ⠈⠢⣀
0.2 ┤                  ⠑⢄
    │                    ⠉⠢⡀
0.0 ┤                      ⠈⠑⢄
    └┬───────────┬───────────┬
     0           5          10
               epoch
";
        let text = line_chart(&chart(), 30, Colours::Plain);
        assert_eq!(text, EXPECTED);
        check_plain(&text, 30);
    }

    #[test]
    fn without_colours_each_series_has_a_sign() {
        let mut chart = chart();
        chart.series.push(Series::line("the book's", vec![(0.0, 0.5), (10.0, 0.5)]).drawn(Style::Dashed));
        chart.marks.push(Mark::new("steep", (5.0, 0.9)));
        let text = line_chart(&chart, 40, Colours::Plain);
        check_plain(&text, 40);
        assert!(text.contains("* ours   + the book's   A steep"), "{text}");
        assert!(text.contains(" + + + ") && text.contains('A'), "{text}");
        let coloured = line_chart(&chart, 40, Colours::Ansi256);
        assert!(coloured.contains("╌╌\u{1b}[0m the book's"), "{coloured}");
    }

    #[test]
    fn any_width_and_any_values_have_a_chart() {
        let mut chart = chart();
        (chart.x.range, chart.y.range) = (None, None);
        chart.series[0].points = vec![(0.0, f64::NAN), (1.0, 1e30), (2.0, -5.0), (3.0, f64::INFINITY)];
        for width in [0, 1, 20, 40, 80, 500] {
            line_chart(&chart, width, Colours::Plain);
        }
        check_plain(&line_chart(&LineChart::default(), 40, Colours::Plain), 40);
    }
}
