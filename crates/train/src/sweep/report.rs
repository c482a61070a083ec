//! A study as a page: the best, what each key does to the metric, the curves, what became of all trials.

use std::{collections::BTreeMap, path::Path, time::Duration};

use chart::{Axis, Block, Document, LineChart, Section, Series, Style, Table};
use search::{Goal, Observation, Value, importance};

use crate::{
    report::clock,
    sweep::{Status, Study, leaderboard, named, status::State},
};

/// Points in the table, curves in the chart.
const BEST: usize = 20;
const CURVES: usize = 60;

/// A ratio of ends beyond which an axis shows magnitudes.
const WIDE: f64 = 50.0;

/// Everything there is to see of a study, whose trials lie below `folder`.
pub fn report(study: &Study, folder: &Path, trials: &[Status]) -> Document {
    let parts = [
        Some(Section::new("Leaderboard", [Block::Table(leaderboard(study, trials, BEST))])),
        best(study, folder, trials),
        Some(Section::new(format!("{} against each key", study.metric), against_keys(study, trials))),
        curves(study, trials),
        Some(Section::new("Importance of the keys", importances(study, trials))),
        failures(trials),
    ];
    Document {
        title: format!("Study {}", study.name),
        lead: vec![Block::Table(outcome(study, trials))],
        sections: parts.into_iter().flatten().collect(),
    }
}

fn outcome(study: &Study, trials: &[Status]) -> Table {
    let count = |is: fn(&State) -> bool| trials.iter().filter(|status| is(&status.state)).count().to_string();
    let seconds: f64 = trials.iter().filter_map(|status| status.record.as_ref()).map(|record| record.seconds).sum();
    Table::of_names([
        ("metric", format!("{}, to be {:?}d", study.metric, study.goal).to_lowercase()),
        (
            "search",
            format!("{:?} over {}", study.search, study.keys().into_iter().collect::<Vec<_>>().join(", "))
                .to_lowercase(),
        ),
        ("trials", format!("{} of {}", trials.len(), study.total())),
        ("finished", count(|state| *state == State::Finished)),
        ("pruned or paused", count(|state| matches!(state, State::Pruned | State::Waiting))),
        ("failed", count(|state| matches!(state, State::Failed(_)))),
        ("time of training", clock(Duration::from_secs_f64(seconds))),
    ])
}

/// The trial with the best value, where one has any.
pub fn best_of<'a>(study: &Study, trials: &'a [Status]) -> Option<&'a Status> {
    let loss = |status: &Status| status.value.map_or(f64::INFINITY, |value| study.goal.loss(value));
    trials.iter().filter(|status| status.value.is_some()).min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

fn best(study: &Study, folder: &Path, trials: &[Status]) -> Option<Section> {
    let best = best_of(study, trials)?;
    let run = &best.run;
    let rows = Table::of_names([
        ("trial", (best.kept.number + 1).to_string()),
        ("point", named(&best.kept.point(), best.kept.seed)),
        (study.metric.to_string().as_str(), best.value.map_or_else(String::new, |value| format!("{value:.6}"))),
        ("its model", format!("train evaluate {}", run.display())),
        ("train it again", format!("train {}", folder.join("best.toml").display())),
    ]);
    Some(Section::new("The best trial", [Block::Table(rows)]))
}

/// A chart for each key with numbers, a table for each of names.
fn against_keys(study: &Study, trials: &[Status]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut charts = Vec::new();
    for key in study.keys() {
        let found: Vec<(Value, f64)> =
            trials.iter().filter_map(|status| Some((status.kept.point().get(key)?.clone(), status.value?))).collect();
        let numbers: Option<Vec<(f64, f64)>> = found.iter().map(|(x, y)| Some((x.number()?, *y))).collect();
        match numbers.filter(|numbers| !numbers.is_empty()) {
            Some(points) => charts.push(Block::Lines(scatter(study, key, points))),
            None => blocks.push(Block::Table(by_value(study, key, &found))),
        }
    }
    if !charts.is_empty() {
        blocks.insert(0, Block::Beside(charts));
    }
    blocks
}

fn scatter(study: &Study, key: &str, points: Vec<(f64, f64)>) -> LineChart {
    let low = points.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max);
    let axis = Axis::new(key);
    LineChart {
        alt: format!("{} of {} trials against {key} from {low} to {high}", study.metric, points.len()),
        x: if low > 0.0 && high / low > WIDE { axis.log() } else { axis },
        y: metric_axis(study),
        series: vec![Series::line("trial", points).drawn(Style::Dots)],
        ..LineChart::default()
    }
}

fn by_value(study: &Study, key: &str, found: &[(Value, f64)]) -> Table {
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (value, metric) in found {
        groups.entry(value.to_string()).or_default().push(*metric);
    }
    let metric = study.metric.to_string();
    let mut table = Table::new([key, "trials", &format!("best {metric}"), &format!("mean {metric}")], 1);
    for (value, metrics) in groups {
        let best = metrics.iter().copied().min_by(|a, b| study.goal.loss(*a).total_cmp(&study.goal.loss(*b)));
        let mean = metrics.iter().sum::<f64>() / metrics.len() as f64;
        table.add_row([
            value,
            metrics.len().to_string(),
            format!("{:.6}", best.unwrap_or(f64::NAN)),
            format!("{mean:.6}"),
        ]);
    }
    table
}

/// Losses by their magnitudes: a bad trial would press all others together.
fn metric_axis(study: &Study) -> Axis {
    let axis = Axis::new(study.metric.to_string());
    if study.metric.usual_goal() == Goal::Minimise { axis.log() } else { axis }
}

/// The metric after each epoch, of the best trials; the best of all is named and lies on top.
fn curves(study: &Study, trials: &[Status]) -> Option<Section> {
    let best = best_of(study, trials)?;
    let mut ranked: Vec<&Status> = trials.iter().filter(|status| status.value.is_some()).collect();
    ranked.sort_by(|a, b| {
        study.goal.loss(a.value.unwrap_or(f64::NAN)).total_cmp(&study.goal.loss(b.value.unwrap_or(f64::NAN)))
    });
    ranked.truncate(CURVES);
    let series = ranked.iter().rev().map(|status| {
        let values = study.metric.by_epoch(&status.run);
        let points = (1..).map(f64::from).zip(values).collect();
        Series::line(if status.kept.number == best.kept.number { "the best trial" } else { "" }, points)
    });
    let chart = LineChart {
        alt: format!("{} after each epoch of {} trials", study.metric, ranked.len()),
        x: Axis::new("epoch"),
        y: metric_axis(study),
        series: series.collect(),
        ..LineChart::default()
    };
    Some(Section::new(format!("Curves of the best {} trials", ranked.len()), [Block::Lines(chart)]))
}

fn importances(study: &Study, trials: &[Status]) -> Vec<Block> {
    let observe = |status: &Status| Observation { point: status.kept.point(), value: status.value };
    let observations: Vec<Observation> = trials.iter().map(observe).collect();
    let mut table = Table::new(["key", "share", "trials"], 1);
    for key in importance(&observations) {
        table.add_row([key.key, format!("{:.0} %", 100.0 * key.share), key.trials.to_string()]);
    }
    let metric = study.metric;
    vec![
        Block::text(format!(
            "How much of the variance of {metric} each key explains alone: the correlation ratio of the trials grouped by the \
             key's value, corrected for chance (epsilon squared). What keys do only together is not seen, and a search that \
             favours good points shows less than there is."
        )),
        Block::Table(table),
    ]
}

fn failures(trials: &[Status]) -> Option<Section> {
    let mut table = Table::new(["trial", "what", "why", "point"], usize::MAX);
    for status in trials {
        let (what, why) = match &status.state {
            State::Failed(reason) => ("failed", reason.clone()),
            State::Pruned => ("pruned", format!("behind the others after epoch {}", status.kept.pruned.unwrap_or(0))),
            State::Waiting if status.epochs() > 0 => {
                ("paused", format!("not promoted after epoch {}", status.epochs()))
            }
            State::Waiting | State::Running | State::Finished => continue,
        };
        let number = (status.kept.number + 1).to_string();
        table.add_row([number, what.into(), why, named(&status.kept.point(), status.kept.seed)]);
    }
    (!table.rows.is_empty()).then(|| Section::new("Trials that did not finish", [Block::Table(table)]))
}
