//! The metric after each epoch.

use chart::{Axis, BEST_SERIES, Block, LineChart, Section, Series, Style};
use report::{few, left_out};

use super::{StudyView, axes, dots};
use crate::Status;

/// Curves of the chart, and points of a curve.
const CURVES: usize = 60;
const POINTS: usize = 80;

/// None before the first epoch.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let some = view.some(CURVES);
    let metric = view.study.metric;
    let curve = |run| few(&(1..).map(f64::from).zip(metric.by_epoch(run)).collect::<Vec<_>>(), POINTS);
    let curves: Vec<Vec<(f64, f64)>> = some.iter().map(|(status, _, _)| curve(&status.run)).collect();
    let values: Vec<f64> = curves.iter().flatten().map(|(_, value)| *value).collect();
    if values.is_empty() {
        return None;
    }
    let (y, beyond) = axes::of_metric(view.study, &values);
    let is_stopped = |(status, points): &(&Status, &Vec<(f64, f64)>)| dots::is_stopped(status) && !points.is_empty();
    let stopped = some.iter().map(|(status, ..)| *status).zip(&curves).filter(is_stopped);
    let ends = stopped.filter_map(|(status, points)| {
        let end = points.iter().rev().find(|(_, value)| value.is_finite())?;
        Some((dots::item(status), *end))
    });
    let (items, ends): (Vec<usize>, Vec<(f64, f64)>) = ends.unzip();
    let drawn = |(place, points): (usize, Vec<(f64, f64)>)| {
        let (status, _, worth) = some[place];
        Series::line("", points).drawn(Style::Ranked((worth * 255.0) as u8)).of_items(vec![dots::item(status)])
    };
    let mut series: Vec<Series> = curves.into_iter().enumerate().map(drawn).collect();
    let best = series.remove(0);
    series.reverse();
    series.push(Series { name: "the best trial".into(), style: Style::Line, colour: Some(BEST_SERIES), ..best });
    let count = series.len();
    if !ends.is_empty() {
        series.push(Series::line("not finished", ends).drawn(Style::Hollow).coloured(dots::GREY).of_items(items));
    }
    let chart = LineChart {
        alt: format!("{metric} after each epoch of {count} trials"),
        x: Axis::of_epochs(),
        y: y.clone(),
        series,
        item: "trial".into(),
        ..LineChart::default()
    };
    let heading = format!("Curves of {} trials", some.len());
    let notes = [
        Some("From the worst trial, in grey, to the better ones, in orange.".to_owned()),
        left_out(some.len(), view.valued.len(), "trials"),
        (beyond > 0).then(|| match beyond {
            1 => "1 epoch lies far below the others and outside of the chart.".to_owned(),
            _ => format!("{beyond} epochs lie far below the others and outside of the chart."),
        }),
    ];
    let notes = notes.into_iter().flatten().map(Block::Text);
    Some(Section::new(heading, [Block::Lines(chart)].into_iter().chain(notes)))
}
