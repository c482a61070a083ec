//! The trials, best first.

use chart::Table;
use report::{clock, grouped};
use search::Mean;

use crate::{
    overview::short,
    points::{Ranked, ranked},
    status::Status,
    study::{Metric, Study},
};

/// The best `count` points of a study with their values, as a terminal has room for; of several seeds the mean, with its 95 % confidence
/// interval.
pub fn leaderboard(study: &Study, trials: &[Status], count: usize) -> Table {
    let mut table = of_points(study, &ranked(study, trials), count);
    table.rows.iter_mut().filter_map(|row| row.last_mut()).for_each(|point| *point = short(point));
    table
}

/// The same of points that are ranked already.
pub(super) fn of_points(study: &Study, points: &[Ranked<'_>], count: usize) -> Table {
    let metric = study.metric.to_string();
    let mut table = Table::new(["trial", metric.as_str(), "epochs", "time", "state", "point"], usize::MAX);
    for point in points.iter().take(count) {
        let trials = &point.trials;
        let epochs: usize = trials.iter().map(|status| status.epochs()).sum();
        let seconds = trials.iter().filter_map(|status| status.record.as_ref()).map(|record| record.seconds).sum();
        let time = clock(seconds);
        let value = value(study.metric, point.mean) + &of_seeds(point);
        table.add_row([numbers(trials), value, grouped(epochs), time, states(trials), point.named()]);
    }
    table
}

/// How many of a point's seeds the value is of, where that is not all of them: the others did not come as far.
fn of_seeds(point: &Ranked<'_>) -> String {
    let (count, all) = (point.mean.map_or(0, |mean| mean.count), point.trials.len());
    if count > 0 && count < all { format!(" ({count} of {all})") } else { String::new() }
}

fn value(metric: Metric, mean: Option<Mean>) -> String {
    match mean {
        Some(Mean { mean, half_width: Some(half), .. }) => format!("{} ± {}", metric.shown(mean), metric.shown(half)),
        Some(Mean { mean, .. }) => metric.shown(mean),
        None => "-".into(),
    }
}

fn numbers(trials: &[&Status]) -> String {
    let [first, last] =
        [trials.first(), trials.last()].map(|status| status.map_or(0, |status| status.trial.number + 1));
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}

fn states(trials: &[&Status]) -> String {
    let mut names: Vec<&str> = trials.iter().map(|status| status.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
