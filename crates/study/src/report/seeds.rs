//! What the seed does to the metric.

use chart::{Block, Group, Section, Spread};
use report::small;
use search::welch;

use super::{StudyView, axes, dots};
use crate::points::Ranked;

/// Points of the chart: the best.
const POINTS: usize = 20;

/// None where no point has two seeds.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let several: Vec<&Ranked<'_>> =
        view.points.iter().filter(|point| point.mean.is_some_and(|mean| mean.count > 1)).collect();
    let shown = &several[..several.len().min(POINTS)];
    shown.first()?;
    let groups: Vec<Group> = shown.iter().map(|point| group(point)).collect();
    let values: Vec<f64> = groups.iter().flat_map(|group| group.values.iter().copied()).collect();
    let (axis, beyond) = axes::of_metric(view.study, &values);
    let chart = Spread {
        alt: format!("{} of each seed of {} points, with mean and 95 % interval", view.study.metric, groups.len()),
        axis: axis.clone(),
        groups,
    };
    let more = several.len() - shown.len();
    let notes = [
        Some(EXPLAINED.to_owned()),
        axes::beyond(view.study, &axis, beyond, "lie beyond the axis"),
        (more > 0).then(|| format!("{more} more points have several seeds and are worse.")),
        best_two(view, shown),
    ];
    let blocks = [Block::Spread(chart)].into_iter().chain(notes.into_iter().flatten().map(Block::Text));
    Some(Section::new("Spread over seeds", blocks))
}

/// Whether the best point differs from the second by more than noise.
fn best_two(view: &StudyView<'_>, shown: &[&Ranked<'_>]) -> Option<String> {
    let [first, second, ..] = shown else { return None };
    let Some(test) = welch(&first.values(), &second.values()) else {
        return Some("Neither of the two best points changes with the seed.".into());
    };
    let metric = view.study.metric;
    let is = if test.p < 0.05 { "more than noise" } else { "not more than noise" };
    Some(format!(
        "The best point less the second: {}, {is} (Welch's t-test, p = {}). The best of {} points was chosen for its \
         luck too: fresh seeds tell.",
        metric.shown(test.difference),
        small(test.p),
        view.points.len()
    ))
}

const EXPLAINED: &str = "The interval holds the mean over all seeds in 95 of 100 such studies (Student's t; the seeds' \
    values taken for about normal). It has no end mark where it goes on beyond the axis.";

fn group(point: &Ranked<'_>) -> Group {
    let mean = point.mean;
    Group {
        name: point.named(),
        values: point.values(),
        items: point.valued().map(dots::item).collect(),
        hollow: point.valued().map(dots::is_stopped).collect(),
        mean: mean.map(|mean| mean.mean),
        half_width: mean.and_then(|mean| mean.half_width),
    }
}
