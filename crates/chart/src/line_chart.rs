//! What a chart of lines shows.

use crate::{palette, span::Span};

/// Lines, dots and marks over two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// What there is to see, in a sentence, for who cannot see it.
    pub alt: String,
    pub x: Axis,
    pub y: Axis,
    /// What is drawn, the first at the bottom. Each has a colour of its own, by its place in this list without those that
    /// are [`Style::Ranked`].
    pub series: Vec<Series>,
    /// Single points, drawn above all series.
    pub marks: Vec<Mark>,
    /// What lies below all series.
    pub field: Option<Field>,
    /// What a number of [`Series::items`] counts, such as a trial.
    pub item: String,
    /// The form of the whole.
    pub shape: Shape,
    /// Whether the chart that it stands beside has the legend of both.
    pub shares_legend: bool,
}

/// A value for each cell of a grid over both axes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub columns: usize,
    /// Row by row, from the top left.
    pub cells: Vec<Cell>,
    /// What the worst and the best shade stand for.
    pub ends: [String; 2],
}

/// A cell of a [`Field`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How good it is, from 0, the worst, to 255, the best.
    pub worth: u8,
    /// How much is known of it, from 0, nothing, which leaves it bare, to 255.
    pub known: u8,
}

/// A direction of the chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What is counted, with its unit.
    pub name: String,
    /// How values become places.
    pub scale: Scale,
    /// From where to where; what lies beyond is cut off. `None`: all finite values, except for those that dwarf the
    /// others as in a divergence: more than a hundred times the upper quartile of the magnitudes.
    pub range: Option<[f64; 2]>,
    /// Whether only whole numbers are labelled: half an epoch is none.
    pub is_whole: bool,
    /// What is labelled in the place of round numbers: the values that there are.
    pub labelled: Vec<f64>,
}

/// How values become places on an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// In proportion.
    #[default]
    Linear,
    /// In proportion to the logarithm; values that are not above 0 are left out.
    Log,
}

/// Points that belong together. Where one is not finite, it is left out and the line is broken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// As the legend calls it.
    pub name: String,
    /// x and y, in the order of the line.
    pub points: Vec<(f64, f64)>,
    pub style: Style,
    /// The number of its colour, for what is of one kind in several series or charts. `None`: its place in the list.
    pub colour: Option<usize>,
    /// The ends of an interval at each point, drawn upright; none, or as many as points.
    pub intervals: Vec<[f64; 2]>,
    /// The number of what each point stands for, or a single one for the whole series: the same one stands out everywhere on a page
    /// where it is pointed at.
    pub items: Vec<usize>,
    /// A short name at the end of the line; may be empty.
    pub end: String,
    /// Points of the line that stand out.
    pub dots: Vec<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Line,
    /// A dashed line: what ours is compared with.
    Dashed,
    /// Dots without a line.
    Dots,
    /// Hollow dots: what has not come to its end.
    Hollow,
    /// A thin line with a dot at each point: steps one after the other.
    Path,
    /// A filled step from each point to the next, as high as it: a histogram, whose last point is its right end.
    Steps,
    /// A thin line, one of many; its shade says how good it is among them, from 0, the worst, to 255, the best.
    Ranked(u8),
}

/// A point that stands out, named in the legend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    /// As the legend calls it.
    pub name: String,
    /// x and y.
    pub at: (f64, f64),
    /// As that of a series.
    pub colour: Option<usize>,
}

/// The form of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Wider than high.
    #[default]
    Wide,
    /// As wide as high, for axes of the same unit.
    Square,
    /// One of three or more beside each other.
    Small,
}

impl Axis {
    /// A linear axis over all values.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Of epochs, which are whole numbers.
    pub fn of_epochs() -> Self {
        Self { is_whole: true, ..Self::new("epoch") }
    }

    /// The same with a logarithmic scale.
    pub fn log(self) -> Self {
        Self { scale: Scale::Log, ..self }
    }

    /// Where a value lies on an axis with a range, from 0 at its low end to 1 at its high one; none without a range, and for what has
    /// no place.
    pub fn place(&self, value: f64) -> Option<f64> {
        self.range.and_then(|_| Span::new(self, &[], 2).at(value))
    }

    /// The same from `low` to `high`.
    pub fn range(self, low: f64, high: f64) -> Self {
        Self { range: Some([low, high]), ..self }
    }
}

impl Series {
    pub fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, ..Self::default() }
    }

    /// The same, drawn in another way.
    pub fn drawn(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// The corners of its line: of steps two for each point.
    pub(crate) fn drawn_points(&self) -> Vec<(f64, f64)> {
        if self.style != Style::Steps {
            return self.points.clone();
        }
        self.points.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]).collect()
    }

    /// The same, of these items.
    pub fn of_items(self, items: Vec<usize>) -> Self {
        Self { items, ..self }
    }

    /// The same in the colour with this number.
    pub fn coloured(self, number: usize) -> Self {
        Self { colour: Some(number), ..self }
    }
}

impl Mark {
    pub fn new(name: impl Into<String>, at: (f64, f64)) -> Self {
        Self { name: name.into(), at, colour: None }
    }

    /// The same in the colour with this number.
    pub fn coloured(self, number: usize) -> Self {
        Self { colour: Some(number), ..self }
    }
}

/// What the legend explains.
pub(crate) struct Entry<'a> {
    pub name: &'a str,
    pub key: Key,
    /// Its place among all series, and behind them all marks.
    pub place: usize,
    /// Its number among all series and marks.
    pub number: usize,
    /// Its colour's number in the palette.
    pub colour: usize,
}

/// What stands before a name in the legend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Series(Style),
    Mark,
}

impl LineChart {
    /// Every series and mark in the order of drawing, but for those of many. A single series without marks is named by the axis alone.
    pub(crate) fn legend(&self) -> Vec<Entry<'_>> {
        let series = self.series.iter().map(|series| (series.name.as_str(), Key::Series(series.style)));
        let marks = self.marks.iter().map(|mark| (mark.name.as_str(), Key::Mark));
        let entry =
            |(place, (name, key))| Entry { name, key, place, number: self.number(place), colour: self.colour(place) };
        let entries: Vec<_> = series.chain(marks).enumerate().map(entry).collect();
        let is_told = |entry: &Entry<'_>| !entry.name.is_empty() && !matches!(entry.key, Key::Series(Style::Ranked(_)));
        if entries.len() > 1 { entries.into_iter().filter(is_told).collect() } else { vec![] }
    }

    /// The colour's number of the series in this place, or of the mark in a place behind the series.
    pub(crate) fn colour(&self, place: usize) -> usize {
        let marks = self.marks.iter().map(|mark| mark.colour);
        let mut colours = self.series.iter().map(|series| series.colour).chain(marks);
        colours.nth(place).flatten().unwrap_or_else(|| self.number(place))
    }

    /// The number of the series in this place, or of the mark in a place behind the series, among those that are not one of
    /// many; those are all grey where there are no shades.
    pub(crate) fn number(&self, place: usize) -> usize {
        let is_ranked = |series: &Series| matches!(series.style, Style::Ranked(_));
        if self.series.get(place).is_some_and(is_ranked) {
            return palette::GREY_SERIES;
        }
        place - self.series.iter().take(place).filter(|series| is_ranked(series)).count()
    }

    /// All x and y values.
    pub(crate) fn values(&self) -> (Vec<f64>, Vec<f64>) {
        let points = self.series.iter().flat_map(|series| series.points.iter().copied());
        let of_interval = |series: &'_ Series| -> Vec<(f64, f64)> {
            let pairs = series.points.iter().zip(&series.intervals);
            pairs.flat_map(|((x, _), ends)| ends.map(|end| (*x, end))).collect()
        };
        let points = points.chain(self.series.iter().flat_map(of_interval));
        points.chain(self.marks.iter().map(|mark| mark.at)).unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_series_needs_no_legend_and_two_do() {
        let mut chart = LineChart { series: vec![Series::line("loss", vec![(0.0, 1.0)])], ..LineChart::default() };
        assert!(chart.legend().is_empty());
        chart.marks.push(Mark::new("valley", (0.0, 1.0)));
        let names: Vec<_> = chart.legend().iter().map(|entry| (entry.name, entry.colour)).collect();
        assert_eq!(names, [("loss", 0), ("valley", 1)]);
    }

    #[test]
    fn series_of_one_kind_can_share_a_colour() {
        let line = |name: &str| Series::line(name, vec![(0.0, 1.0)]);
        let chart = LineChart { series: vec![line("ours"), line("theirs").coloured(0)], ..LineChart::default() };
        assert_eq!(
            chart.legend().iter().map(|entry| (entry.number, entry.colour)).collect::<Vec<_>>(),
            [(0, 0), (1, 0)]
        );
    }

    #[test]
    fn one_of_many_takes_no_colour_from_the_others() {
        let ranked = Series::line("one of many", vec![]).drawn(Style::Ranked(9));
        let series = vec![ranked.clone(), ranked, Series::line("the best", vec![])];
        let chart = LineChart { series, marks: vec![Mark::default()], ..LineChart::default() };
        assert_eq!([0, 2, 3].map(|place| chart.colour(place)), [palette::GREY_SERIES, 0, 1]);
        assert_eq!(chart.legend().iter().map(|entry| entry.name).collect::<Vec<_>>(), ["the best"]);
    }
}
