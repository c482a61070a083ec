//! Trials as dots: a colour for how far they came, hollow where they were stopped.

use chart::{Series, Style};

use crate::{Status, status::State};

/// Colours for how far trials came; of more different numbers of epochs the least share one.
const GROUPS: usize = 4;

/// A colour that is none of the others.
pub(super) const GREY: usize = 5;

/// How far a trial came: epochs, and whether that is its end.
type Reached = (usize, bool);

/// A series for all trials that came as far, the furthest last, so that it lies on top; each trial with its place in a chart.
pub(super) fn by_epochs(trials: &[(&Status, (f64, f64))]) -> Vec<Series> {
    let mut all: Vec<Reached> = trials.iter().map(|(status, _)| reached(status)).collect();
    all.sort_unstable();
    all.dedup();
    let least_alone = all.len().saturating_sub(GROUPS - 1);
    let (together, alone) = if all.len() > GROUPS { all.split_at(least_alone) } else { (&[][..], &all[..]) };
    let groups = (!together.is_empty()).then_some(together).into_iter().chain(alone.chunks(1));
    let series = |(number, group): (usize, &[Reached])| {
        let of = trials.iter().filter(|(status, _)| group.contains(&reached(status)));
        let (items, points): (Vec<usize>, Vec<(f64, f64)>) = of.map(|(status, at)| (item(status), *at)).unzip();
        let is_finished = group.iter().any(|(_, is_finished)| *is_finished);
        let style = if is_finished { Style::Dots } else { Style::Hollow };
        // What is finished has the first colour on every chart.
        // That of the best is kept for it; those that were stopped first are the faintest.
        let colour = if is_finished { 0 } else { [GREY, 3, 1, 2][number.min(3)] };
        Series::line(name(group), points).drawn(style).coloured(colour).of_items(items)
    };
    groups.enumerate().map(series).collect()
}

/// The number by which a page knows a trial.
pub(super) fn item(status: &Status) -> usize {
    status.number()
}

pub(super) fn is_stopped(status: &Status) -> bool {
    status.state != State::Finished
}

fn reached(status: &Status) -> Reached {
    (status.epochs(), !is_stopped(status))
}

fn name(group: &[Reached]) -> String {
    match group {
        [(epochs, true)] => format!("finished, {epochs} epochs"),
        [(epochs, false)] => format!("stopped after {epochs}"),
        [(first, _), .., (last, _)] => format!("stopped after {first} to {last}"),
        [] => String::new(),
    }
}
