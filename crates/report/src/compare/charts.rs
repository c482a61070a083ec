//! The curves of runs: validation accuracy and loss, of each data by itself.

use chart::{Axis, Block, LineChart, Section, Series, Style};
use metrics::Metrics;
use plan::Loss;

use super::{BESIDE, ComparedRun, Comparison, Group, Groups, losses};
use crate::{
    curves::{accuracy_axis, chart, curve},
    fraction,
    words::some_of,
};

/// Colours of lines: those next to each other in this order differ most.
const COLOURS: [usize; 6] = [0, 1, 3, 5, 4, 2];

/// Lines in colours where there are many. Grey is that of the others.
pub(super) const COLOURED: usize = 5;
const BEST_COLOURS: [usize; COLOURED] = [0, 1, 4, 3, 2];

/// The runs that share a colour: of several seeds the group, else each run by itself.
pub(super) struct Line<'a> {
    pub name: String,
    pub runs: Vec<&'a ComparedRun>,
    /// As tables and charts know it: a trial's number, or its place.
    pub item: usize,
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
        title.into_iter().chain(blocks(&own, are_named, comparison.noun(), is_page)).collect::<Vec<_>>()
    };
    Section::new("Curves", sets.iter().flat_map(of_set))
}

/// The charts of lines on the same data, each with the place of its colour; losses have their names where there are several. Of many
/// lines the best have colours.
fn blocks(lines: &[(usize, &Line<'_>)], are_named: bool, noun: &str, is_page: bool) -> Vec<Block> {
    let are_many = lines.len() > BESIDE;
    let curves = |value: fn(&Metrics) -> f64, loss: Option<Loss>| -> Vec<Series> {
        let wanted = lines.iter().filter(|(_, line)| loss.is_none_or(|loss| line.runs[0].plan.training.loss == loss));
        let series = wanted.map(|(place, line)| {
            let curves = line.runs.iter().map(|run| curve(&line.name, &run.epochs, |record| value(&record.valid)));
            let series = together(&line.name, curves).of_items(vec![line.item]);
            match &line.runs[..] {
                _ if are_many && *place >= COLOURED => series.drawn(Style::Ranked(0)),
                [run] if are_many => {
                    let dots = vec![(run.best.epoch as f64, value(&run.best.metrics))];
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
    let (of_bulk, below) = bulk(&accuracies);
    let told_below = |series: &Series| {
        let line = lines.iter().find(|(_, line)| series.items == [line.item]).map(|(_, line)| line);
        let name = match line.map(|line| &line.runs[..]) {
            Some([run]) => &run.key,
            _ => &series.name,
        };
        format!("{name} ({})", fraction(Some(highest(series))))
    };
    let below: Vec<String> = below.into_iter().map(told_below).collect();
    let axis = Axis { name: "validation accuracy".into(), ..of_bulk };
    let losses = losses(lines.iter().flat_map(|(_, line)| line.runs.iter().copied()));
    let shares_legend = losses.len() == 1;
    // A tip is of the one line that is pointed at.
    let told = |chart: LineChart| LineChart { item: if are_many { noun.into() } else { String::new() }, ..chart };
    let of_loss = |loss: Loss| {
        let name = if are_named { format!("validation loss, {loss}") } else { "validation loss".into() };
        let what = if are_named { format!("Validation {loss}") } else { "Validation loss".into() };
        let chart = told(chart(&what, Axis::new(name).log(), curves(|metrics| metrics.loss, Some(loss))));
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
    let below = (!below.is_empty()).then(|| {
        let lie = if below.len() == 1 { format!("1 {noun} lies") } else { format!("{} {noun}s lie", below.len()) };
        format!("{lie} below the axis of the accuracy: {}.", some_of(&below, NAMED_BELOW))
    });
    let charts = [accuracy].into_iter().chain(losses.into_iter().map(of_loss)).map(Block::Lines).collect();
    [Block::Beside(charts)].into_iter().chain([rest, below].into_iter().flatten().map(Block::Text)).collect()
}

/// Runs below the axis that are named.
const NAMED_BELOW: usize = 5;

fn highest(series: &Series) -> f64 {
    series.points.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max)
}

/// The axis of the accuracies without those of runs far below the others, and these.
fn bulk(series: &[Series]) -> (Axis, Vec<&Series>) {
    let mut all: Vec<f64> = series.iter().map(highest).collect();
    all.sort_by(f64::total_cmp);
    let Some(middle) = all.get(all.len() / 2) else {
        return (accuracy_axis(series), vec![]);
    };
    let least = if all.len() > BESIDE { 1.0 - 4.0 * (1.0 - middle).max(0.002) } else { f64::NEG_INFINITY };
    let (within, below): (Vec<&Series>, Vec<&Series>) = series.iter().partition(|series| highest(series) >= least);
    let within: Vec<Series> = within.into_iter().cloned().collect();
    let axis = accuracy_axis(&within);
    // What is left out must not stretch an axis that has all the others.
    let ends =
        within.iter().flat_map(|series| &series.points).map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if !below.is_empty() && axis.range.is_none() { (axis.range(low, high), below) } else { (axis, below) }
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

    #[test]
    fn one_run_far_below_the_others_does_not_stretch_the_axis() {
        let line = |accuracy: f64| Series::line("", (1..=9).map(|epoch| (f64::from(epoch), accuracy)).collect());
        let mut series: Vec<Series> = (0..8).map(|run| line(0.98 + 0.001 * f64::from(run))).collect();
        series.push(line(0.5));
        let (axis, below) = bulk(&series);
        assert_eq!((axis.range, below), (Some([0.98, 0.987]), vec![&series[8]]));
        assert!(bulk(&series[4..]).1.is_empty(), "of a few all are shown");
    }
}
