//! The metric of each trial in the order in which they ended, and the best so far.

use chart::{Axis, BEST_SERIES, Block, LineChart, Section, Series};

use report::few;
use run::RunRecord;

use super::{StudyView, axes, dots};
use crate::Status;

/// Dots of the chart.
const DOTS: usize = 300;

/// None before two trials have a value.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let mut trials: Vec<(&Status, f64)> = view.valued.clone();
    // One that is not over yet comes last.
    let ended = |status: &Status| status.record.as_ref().and_then(RunRecord::ended);
    trials.sort_by_cached_key(|(status, _)| (ended(status).is_none(), ended(status), status.trial.number));
    if trials.len() < 2 {
        return None;
    }
    let trials: Vec<(&Status, (f64, f64))> =
        (1..).zip(trials).map(|(place, (status, value))| (status, (f64::from(place), value))).collect();
    let mut best: Vec<(f64, f64)> = Vec::new();
    for (number, value) in trials.iter().map(|(_, place)| *place) {
        let so_far = best.last().map(|(_, best)| *best);
        match so_far {
            Some(so_far) if view.study.goal.loss(so_far) <= view.study.goal.loss(value) => {}
            // A step up: as it was until here, and as it is from here on.
            Some(so_far) => best.extend([(number, so_far), (number, value)]),
            None => best.push((number, value)),
        }
    }
    best.extend(best.last().map(|(_, value)| (trials.len() as f64, *value)));
    let shown = few(&trials, DOTS);
    let values: Vec<f64> = shown.iter().map(|(_, (_, value))| *value).collect();
    let (y, beyond) = axes::of_metric(view.study, &values);
    let metric = view.study.metric;
    let (first, at_last) = (best.first()?.1, best.last()?.1);
    let series = dots::by_epochs(&shown).into_iter().chain([Series::line("best so far", best).coloured(BEST_SERIES)]);
    let chart = LineChart {
        alt: format!(
            "{metric} of {} trials; the best so far from {} to {}",
            trials.len(),
            metric.shown(first),
            metric.shown(at_last)
        ),
        x: Axis { is_whole: true, ..Axis::new("trials ended") },
        y: y.clone(),
        series: series.collect(),
        item: "trial".into(),
        ..LineChart::default()
    };
    let note = axes::beyond(view.study, &y, beyond, "lie beyond the axis").map(Block::Text);
    Some(Section::new("Best so far", [Block::Lines(chart)].into_iter().chain(note)))
}
