//! The metric against each key.

use chart::{Block, Group, LineChart, Section, Shape, Spread};
use report::left_out;
use search::{Parameter, Value};

use super::{StudyView, axes, dots};
use crate::Status;

/// Dots of a chart, and of all charts together.
const DOTS: std::ops::RangeInclusive<usize> = 50..=200;
const ALL_DOTS: usize = 600;
/// Rows of a chart: of more names the best.
const NAMES: usize = 24;

/// A chart for each key: of numbers over two axes, of names a row each.
pub(super) fn section(view: &StudyView<'_>) -> Section {
    let keys = view.study.space.parameters().len().max(1);
    let some = view.some((ALL_DOTS / keys).clamp(*DOTS.start(), *DOTS.end()));
    let trials: Vec<(&Status, f64)> = some.iter().map(|(status, value, _)| (*status, *value)).collect();
    let charts = view.study.space.parameters().iter().filter_map(|parameter| against(view, parameter, &trials));
    let mut charts: Vec<Block> = charts.collect();
    // Three and more are small, and one has the legend of those like it that follow.
    let (are_many, mut told) = (charts.len() > 2, Vec::new());
    for chart in &mut charts {
        if let Block::Lines(chart) = chart {
            chart.shape = if are_many { Shape::Small } else { Shape::Wide };
            let names: Vec<String> = chart.series.iter().map(|series| series.name.clone()).collect();
            chart.shares_legend = told == names;
            told = names;
        }
    }
    let values: Vec<f64> = trials.iter().map(|(_, value)| *value).collect();
    let (axis, count) = axes::of_metric(view.study, &values);
    let notes = [
        left_out(trials.len(), view.valued.len(), "trials"),
        axes::beyond(view.study, &axis, count, "lie beyond the axis"),
    ];
    let none = charts.is_empty().then(|| "No trial has a value yet.".to_owned());
    let notes = notes.into_iter().flatten().chain(none).map(Block::Text);
    let charts = [Block::Beside(charts)];
    Section::new(format!("{} against each key", view.study.metric), charts.into_iter().chain(notes))
}

fn against<'a>(view: &StudyView<'_>, parameter: &Parameter, trials: &[(&'a Status, f64)]) -> Option<Block> {
    let with_value =
        |(status, metric): &(&'a Status, f64)| Some((*status, status.trial.point().remove(&parameter.key)?, *metric));
    let found: Vec<(&Status, Value, f64)> = trials.iter().filter_map(with_value).collect();
    if found.is_empty() {
        return None;
    }
    let numbers: Option<Vec<(&Status, (f64, f64))>> =
        found.iter().map(|(status, x, y)| Some((*status, (x.number()?, *y)))).collect();
    Some(match numbers {
        Some(points) => Block::Lines(scatter(view, parameter, points)),
        None => Block::Spread(by_name(view, parameter, &found)),
    })
}

fn scatter(view: &StudyView<'_>, parameter: &Parameter, points: Vec<(&Status, (f64, f64))>) -> LineChart {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().map(|(_, point)| *point).unzip();
    LineChart {
        alt: format!("{} of {} trials against {}", view.study.metric, points.len(), parameter.key),
        x: axes::of_key(parameter, &xs),
        y: axes::of_metric(view.study, &ys).0,
        series: dots::by_epochs(&points),
        item: "trial".into(),
        ..LineChart::default()
    }
}

/// The trials of each value; the value with the best of them comes first, as they do.
fn by_name(view: &StudyView<'_>, parameter: &Parameter, found: &[(&Status, Value, f64)]) -> Spread {
    let mut groups: Vec<Group> = Vec::new();
    for (status, value, metric) in found {
        let name = value.to_string();
        let place = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            groups.push(Group { name, ..Group::default() });
            groups.len() - 1
        });
        groups[place].values.push(*metric);
        groups[place].items.push(dots::item(status));
        groups[place].hollow.push(dots::is_stopped(status));
    }
    groups.truncate(NAMES);
    for group in &mut groups {
        let best = group.values[0];
        group.name = format!("{} = {}: best {}", parameter.key, group.name, view.study.metric.shown(best));
    }
    let values: Vec<f64> = found.iter().map(|(.., metric)| *metric).collect();
    Spread {
        alt: format!("{} of {} trials by {}", view.study.metric, found.len(), parameter.key),
        axis: axes::of_metric(view.study, &values).0,
        groups,
    }
}
