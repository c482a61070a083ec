//! The curves of runs: validation accuracy and loss, of each data by itself.

use chart::{Axis, Block, LineChart, Section, Series, Style};
use metrics::{Metric, Metrics};
use plan::Loss;

use super::{BESIDE, ComparedRun, Comparison, DATA_SETS, Group, Groups, losses, more_data};
use crate::{
    curves::{axis, chart, curve, error, far, least_error},
    few, fraction, left_out,
    words::some_of,
};

/// Colours of lines: those next to each other in this order differ most.
const COLOURS: [usize; 6] = [0, 1, 3, 5, 4, 2];

/// Lines in colours where there are many. Grey is that of the others.
pub(super) const COLOURED: usize = 5;
const BEST_COLOURS: [usize; COLOURED] = [0, 1, 4, 3, 2];

/// Lines of all charts of a kind, runs that these are of, and points of them.
const LINES: usize = 40;
const RUNS: usize = 160;
const POINTS: usize = 1200;

/// The runs that share a colour: of several seeds the group, else each run by itself.
pub(super) struct Line<'a> {
    pub name: String,
    pub runs: Vec<&'a ComparedRun>,
    /// As tables and charts know it: a trial's number, or its place.
    pub item: usize,
}

impl<'a> Line<'a> {
    /// Its runs, as many as `lines` lines leave room for.
    fn some_runs(&self, lines: usize) -> Vec<&'a ComparedRun> {
        few(&self.runs, RUNS / lines)
    }
}

/// The lines of the charts, in the order of the runs, or of the groups' means.
pub(super) fn lines<'a>(runs: &'a [ComparedRun]) -> Vec<Line<'a>> {
    let groups = Groups::best_first(runs);
    if groups.all.iter().all(|group| group.runs.len() < 2) {
        let item = |place: usize, run: &ComparedRun| run.trial.as_ref().map_or(place, |trial| trial.number);
        let line = |(place, run): (usize, &'a ComparedRun)| Line {
            name: run.named(),
            runs: vec![run],
            item: item(place, run),
        };
        return (1..).zip(runs).map(line).collect();
    }
    let line = |((item, group), name): ((usize, &Group), String)| {
        let runs = group.runs.iter().map(|run| &runs[*run]).collect();
        Line { name, runs, item }
    };
    (1..).zip(&groups.all).zip(groups.labels()).map(line).collect()
}

/// Of each data the accuracy, and a chart for each loss: values of other images or losses mean different things.
pub(super) fn section(comparison: &Comparison, is_page: bool) -> Section {
    let lines = lines(&comparison.runs);
    let sets = comparison.data_sets();
    let are_named = comparison.losses().len() > 1;
    let shown = &sets[..sets.len().min(DATA_SETS)];
    let of_set = |set: &Vec<&ComparedRun>| {
        let is_of = |line: &Line<'_>| line.runs[0].fingerprint() == set[0].fingerprint();
        let mut own: Vec<(usize, &Line<'_>)> = lines.iter().enumerate().filter(|(_, line)| is_of(line)).collect();
        if lines.len() > BESIDE {
            own = own.into_iter().map(|(_, line)| line).enumerate().collect();
        }
        // One line has no legend.
        let title = match (&own[..], set[0].data_name()) {
            ([(_, alone)], data) => format!("{} on {data}", alone.name),
            (_, data) => data,
        };
        let title = (sets.len() > 1).then_some(Block::Text(title));
        title.into_iter().chain(blocks(&own, shown.len(), are_named, comparison.noun(), is_page)).collect::<Vec<_>>()
    };
    let more = more_data(sets.len(), DATA_SETS).map(|more| Block::Text(format!("Without a chart: {more}.")));
    Section::new("Curves", shown.iter().flat_map(of_set).chain(more))
}

/// The charts of lines on the same data, one of so many, each with the place of its colour; losses have their names where there are several. Of many
/// lines the best have colours.
fn blocks(lines: &[(usize, &Line<'_>)], sets: usize, are_named: bool, noun: &str, is_page: bool) -> Vec<Block> {
    let (all, are_many) = (lines, lines.len() > BESIDE);
    let (best, others) = lines.split_at(if are_many { COLOURED } else { lines.len() });
    let lines = [best, &few(others, LINES / sets - COLOURED)].concat();
    let drawn_runs: usize = lines.iter().map(|(_, line)| line.some_runs(sets * lines.len()).len()).sum();
    let points = POINTS / sets / drawn_runs.max(1);
    let curves = |value: fn(&Metrics) -> f64, loss: Option<Loss>| -> Vec<Series> {
        let wanted = lines.iter().filter(|(_, line)| loss.is_none_or(|loss| line.runs[0].plan.training.loss == loss));
        let series = wanted.map(|(place, line)| {
            let of_run = |run: &ComparedRun| {
                let whole = curve(&line.name, &run.epochs, |record| value(&record.valid));
                let mut points = few(&whole.points, points);
                // A dot lies on its line.
                let best = best_point(run, value);
                if let Err(place) = points.binary_search_by(|(epoch, _)| epoch.total_cmp(&best.0)) {
                    points.insert(place, best);
                }
                Series { points, ..whole }
            };
            let curves = line.some_runs(sets * lines.len()).into_iter().map(of_run);
            let series = together(&line.name, curves).of_items(vec![line.item]);
            match &line.runs[..] {
                _ if are_many && *place >= COLOURED => series.drawn(Style::Ranked(0)),
                [run] if are_many => {
                    let dots = vec![best_point(run, value)];
                    Series { end: run.key.clone(), dots, ..series.coloured(BEST_COLOURS[*place]) }
                }
                _ => series.coloured(COLOURS[place % COLOURS.len()]),
            }
        });
        // The best lie above the others.
        let (many, few): (Vec<Series>, Vec<Series>) =
            series.partition(|series| matches!(series.style, Style::Ranked(_)));
        many.into_iter().rev().chain(few).collect()
    };
    let accuracies = curves(|metrics| metrics.accuracy, None);
    let accuracies_have_dots = accuracies.iter().any(|series| !series.dots.is_empty());
    let mut beyond = Vec::new();
    let mut axis_of = |name: String, series: &[Series], metric: Metric| {
        let (axis, outside) = bulk(metric, series);
        let told = |series: &&Series| {
            let line = lines.iter().find(|(_, line)| series.items == [line.item]).map(|(_, line)| line);
            let name = match line.map(|line| &line.runs[..]) {
                Some([run]) => &run.key,
                _ => &series.name,
            };
            format!("{name} ({})", fraction(Some(error(metric, least_error(metric, series)))))
        };
        let outside: Vec<String> = outside.iter().map(told).collect();
        if !outside.is_empty() {
            let of = if lines.len() < all.len() { "of these " } else { "" };
            let lie = match outside.len() {
                1 if of.is_empty() => format!("1 {noun} lies"),
                1 => format!("1 {of}{noun}s lies"),
                several => format!("{several} {of}{noun}s lie"),
            };
            let names = some_of(&outside, NAMED_BEYOND);
            let side = if metric.is_of_error() { "above" } else { "below" };
            beyond.push(format!("{lie} {side} the axis of the {}: {names}.", metric.name()));
        }
        Axis { name, ..axis }
    };
    let axis = axis_of("validation accuracy".into(), &accuracies, Metric::Accuracy);
    let losses = losses(lines.iter().flat_map(|(_, line)| line.runs.iter().copied()));
    let shares_legend = losses.len() == 1;
    // A tip is of the one line that is pointed at.
    let told = |chart: LineChart| LineChart { item: if are_many { noun.into() } else { String::new() }, ..chart };
    let mut of_loss = |loss: Loss| {
        let name = if are_named { format!("validation loss, {loss}") } else { "validation loss".into() };
        let what = if are_named { format!("Validation {loss}") } else { "Validation loss".into() };
        let series = curves(|metrics| metrics.loss, Some(loss));
        let chart = told(chart(&what, axis_of(name, &series, Metric::Loss), series));
        LineChart { shares_legend, ..chart }
    };
    let accuracy = told(chart("Validation accuracy", axis, accuracies));
    let rest = are_many.then(|| match (is_page, accuracies_have_dots) {
        (false, _) => format!("The best {COLOURED} are in colours, the others in grey."),
        (true, dots) => {
            let dots = if dots { ", with a dot at their best epochs" } else { "" };
            format!(
                "The best {COLOURED} are in colours{dots}; the others, in grey, are named where they are pointed at."
            )
        }
    });
    let are_groups = all.iter().any(|(_, line)| line.runs.len() > 1);
    let what = if are_groups { "groups".into() } else { format!("{noun}s") };
    let left_out = [
        left_out(lines.len() - best.len(), others.len(), &format!("other {what}")),
        left_out(drawn_runs, lines.iter().map(|(_, line)| line.runs.len()).sum(), &format!("{noun}s of these groups")),
    ];
    let rest = rest.into_iter().chain(left_out.into_iter().flatten());
    let charts = [accuracy].into_iter().chain(losses.into_iter().map(&mut of_loss)).map(Block::Lines).collect();
    [Block::Beside(charts)].into_iter().chain(rest.chain(beyond).map(Block::Text)).collect()
}

/// What a run came to at its best epoch.
fn best_point(run: &ComparedRun, value: fn(&Metrics) -> f64) -> (f64, f64) {
    (run.best.epoch as f64, value(&run.best.metrics))
}

/// Runs beyond an axis that are named.
const NAMED_BEYOND: usize = 5;

/// The axis without runs that are far worse than the others, and these.
fn bulk(metric: Metric, series: &[Series]) -> (Axis, Vec<&Series>) {
    let best = |series: &Series| least_error(metric, series);
    let mut all: Vec<f64> = series.iter().map(best).collect();
    all.sort_by(f64::total_cmp);
    let Some(middle) = all.get(all.len().saturating_sub(1) / 2) else {
        return (axis(metric, series), vec![]);
    };
    let most = if all.len() > BESIDE { far(metric, *middle) } else { f64::INFINITY };
    let (within, beyond): (Vec<&Series>, Vec<&Series>) = series.iter().partition(|series| best(series) <= most);
    let within: Vec<Series> = within.into_iter().cloned().collect();
    let axis = axis(metric, &within);
    // What is left out must not stretch an axis that has all the others.
    let ends =
        within.iter().flat_map(|series| &series.points).map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if !beyond.is_empty() && axis.range.is_none() { (axis.range(low, high), beyond) } else { (axis, beyond) }
}

/// Curves as one series: what is no number breaks the line between two.
fn together(name: &str, curves: impl Iterator<Item = Series>) -> Series {
    let joined = curves.reduce(|mut all, next| {
        all.points.push((f64::NAN, f64::NAN));
        all.points.extend(next.points);
        all
    });
    joined.unwrap_or_else(|| Series::line(name, vec![]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::groups;
    use run::{EpochRecord, best::Best};

    #[test]
    fn the_best_epoch_is_drawn_however_few_others_are() {
        let record = |epoch| EpochRecord { epoch, ..EpochRecord::default() };
        let run = |number: usize| {
            let best = Best { epoch: 777, step: 1, value: 0.1, metrics: Metrics::default() };
            let run = groups::tests::run(&[&format!("model.hidden={}", number + 1)], 0.9);
            ComparedRun { epochs: (1..=1000).map(record).collect(), best, ..run }
        };
        let comparison = Comparison { runs: (0..40).map(run).collect(), study: None };
        let [Block::Beside(charts), ..] = &section(&comparison, true).blocks[..] else { panic!("no charts") };
        let Block::Lines(chart) = &charts[0] else { panic!("no chart") };
        let epochs = |series: &Series| series.points.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>();
        assert_eq!(chart.series.len(), 40);
        for epochs in chart.series.iter().map(epochs) {
            assert!(epochs.is_sorted() && epochs.contains(&777.0) && epochs.len() == 31, "{epochs:?}");
        }
    }

    #[test]
    fn one_run_far_below_the_others_does_not_stretch_the_axis() {
        let line = |accuracy: f64| Series::line("", (1..=9).map(|epoch| (f64::from(epoch), accuracy)).collect());
        let mut series: Vec<Series> = (0..8).map(|run| line(0.98 + 0.001 * f64::from(run))).collect();
        series.push(line(0.5));
        let (axis, below) = bulk(Metric::Accuracy, &series);
        assert_eq!((axis.range, below), (Some([0.98, 0.987]), vec![&series[8]]));
        let losses = |series: &Series| Series::line("", series.points.iter().map(|(x, y)| (*x, 1.0 - y)).collect());
        let losses: Vec<Series> = series.iter().map(losses).collect();
        let (axis, above) = bulk(Metric::Loss, &losses);
        let [low, high] = axis.range.unwrap();
        assert!((low - 0.013).abs() < 1e-9 && (high - 0.02).abs() < 1e-9 && above == [&losses[8]], "{low} {high}");
        assert!(bulk(Metric::Accuracy, &series[4..]).1.is_empty(), "of a few all are shown");
    }
}
