//! Parallel coordinates: what good trials have in common.

use chart::{Axis, Block, Dimension, Parallel, Section, Strand};
use report::left_out;
use search::{Domain, Parameter, Point, Value};

use super::{StudyView, axes, dots};

/// Lines of the chart.
const LINES: usize = 200;

const EXPLAINED: &str = "Each line is a trial, from key to key and to its metric at the bottom: the worst grey, the \
    better the more orange. Where few values share many lines, these lie side by side, the better ones further right.";

/// None with fewer than two trials to tell apart; of one key it would say what the metric against it does.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let [worst, best] = view.ends()?;
    if view.study.space.parameters().len() < 2 {
        return None;
    }
    let some = view.some(LINES);
    let points: Vec<Point> = some.iter().map(|(status, _, _)| status.trial.point()).collect();
    let keys = view.study.space.parameters().iter().filter_map(|parameter| column(parameter, &points));
    let (mut dimensions, mut columns): (Vec<Dimension>, Vec<Vec<Option<f64>>>) = keys.unzip();
    let metrics: Vec<f64> = some.iter().map(|(_, value, _)| *value).collect();
    let (axis, beyond) = axes::of_metric(view.study, &metrics);
    dimensions.push(Dimension { axis: axis.clone(), names: vec![] });
    columns.push(metrics.iter().copied().map(Some).collect());
    let strand = |place: usize, worth: f64| {
        let values = columns.iter().map(|column| column[place]).collect();
        let status = some[place].0;
        Strand { values, worth, item: Some(dots::item(status)), is_dashed: dots::is_stopped(status) }
    };
    let lines = some.iter().enumerate().skip(1).rev().map(|(place, (_, _, worth))| strand(place, *worth));
    let chart = Parallel {
        alt: format!("Parallel coordinates of {} trials: {}", some.len(), names(&dimensions)),
        lines: lines.collect(),
        best: Some(strand(0, 1.0)),
        axes: dimensions,
        names: [worst, best, "the best trial".into()],
    };
    let notes = [
        Some(EXPLAINED.to_owned()),
        left_out(some.len(), view.valued.len(), "trials"),
        axes::beyond(view.study, &axis, beyond, "are drawn at the axis' end"),
    ];
    let blocks = [Block::Parallel(chart)].into_iter().chain(notes.into_iter().flatten().map(Block::Text));
    Some(Section::new("Parallel coordinates", blocks))
}

fn names(dimensions: &[Dimension]) -> String {
    dimensions.iter().map(|dimension| dimension.axis.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The axis of a key, and the value of each trial on it; none where no trial has one.
fn column(parameter: &Parameter, points: &[Point]) -> Option<(Dimension, Vec<Option<f64>>)> {
    let values: Vec<Option<&Value>> = points.iter().map(|point| point.get(&parameter.key)).collect();
    let set: Vec<&Value> = values.iter().copied().flatten().collect();
    if set.is_empty() {
        return None;
    }
    let numbers: Option<Vec<f64>> = set.iter().map(|value| value.number()).collect();
    if let Some(numbers) = numbers {
        let dimension = Dimension { axis: axes::of_key(parameter, &numbers), names: vec![] };
        return Some((dimension, values.iter().map(|value| value.and_then(Value::number)).collect()));
    }
    let names = listed(parameter, &set);
    let number = |value: &Value| names.iter().position(|name| *name == value.to_string()).map(|place| place as f64);
    let numbers = values.iter().map(|value| value.and_then(number)).collect();
    Some((Dimension { axis: Axis::new(parameter.key.as_str()), names }, numbers))
}

/// The names that a key has, in the order of the study file.
fn listed(parameter: &Parameter, set: &[&Value]) -> Vec<String> {
    let mut names: Vec<String> = match &parameter.domain {
        Domain::Choice(values) => values.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    };
    // A study file that has changed since may not list all that was tried.
    for value in set {
        let name = value.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
