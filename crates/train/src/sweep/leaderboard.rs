//! The trials, best first.

use std::collections::BTreeMap;

use chart::Table;
use search::{Goal, Mean};

use crate::{
    report::clock,
    sweep::{
        named,
        status::{State, Status},
        study::Study,
    },
};

/// The best `count` points of a study with their values; of several seeds the mean, with its 95 % confidence interval.
pub fn leaderboard(study: &Study, trials: &[Status], count: usize) -> Table {
    let mut points: BTreeMap<String, Vec<&Status>> = BTreeMap::new();
    for status in trials {
        points.entry(status.kept.point.to_string()).or_default().push(status);
    }
    let mut ranked: Vec<_> = points
        .into_values()
        .map(|trials| (loss(study.goal, &trials), named(&trials[0].kept.point(), None), trials))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.2[0].kept.number.cmp(&b.2[0].kept.number)));
    let metric = study.metric.to_string();
    let mut table = Table::new(["trial", metric.as_str(), "epochs", "time", "state", "point"], usize::MAX);
    for (_, point, trials) in ranked.into_iter().take(count) {
        let epochs: usize = trials.iter().map(|status| status.epochs()).sum();
        let seconds = trials.iter().filter_map(|status| status.record.as_ref()).map(|record| record.seconds).sum();
        let time = clock(std::time::Duration::from_secs_f64(seconds));
        table.add_row([numbers(&trials), value(&trials), epochs.to_string(), time, states(&trials), point]);
    }
    table
}

/// What makes a point worse: its mean, turned round where more is better; infinite where it has no value.
fn loss(goal: Goal, trials: &[&Status]) -> f64 {
    let mean = Mean::of(&values(trials)).map(|mean| mean.mean);
    mean.map_or(f64::INFINITY, |mean| goal.loss(mean))
}

fn values(trials: &[&Status]) -> Vec<f64> {
    trials.iter().filter_map(|status| status.value).collect()
}

fn value(trials: &[&Status]) -> String {
    match Mean::of(&values(trials)) {
        Some(Mean { mean, half_width: Some(half), .. }) => format!("{mean:.6} ± {half:.6}"),
        Some(Mean { mean, .. }) => format!("{mean:.6}"),
        None => "-".into(),
    }
}

fn numbers(trials: &[&Status]) -> String {
    let [first, last] = [trials.first(), trials.last()].map(|status| status.map_or(0, |status| status.kept.number + 1));
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}

fn states(trials: &[&Status]) -> String {
    let mut names: Vec<&str> = trials.iter().map(|status| name(status)).collect();
    names.dedup();
    names.join(", ")
}

/// How a trial stands, in a word.
pub(super) fn name(status: &Status) -> &'static str {
    match &status.state {
        State::Waiting if status.epochs() > 0 => "paused",
        State::Waiting => "waiting",
        State::Running => "running",
        State::Finished => "finished",
        State::Pruned => "pruned",
        State::Failed(_) => "failed",
    }
}
