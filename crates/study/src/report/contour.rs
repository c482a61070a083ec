//! The metric over the two keys of numbers that matter most.

use chart::{Block, Field, LineChart, Section};
use search::Parameter;

use super::{StudyView, axes, dots};
use crate::Status;

/// Cells of the ground, across and up.
const CELLS: [usize; 2] = [48, 32];
/// Trials that the ground is made of, and drawn.
const TRIALS: usize = 200;
/// Fewer say nothing of what lies between them.
const FEWEST: usize = 6;

const EXPLAINED: &str = "The ground is the rank of the trials, nearer ones counting more (inverse distance weighting, Shepard 1968): \
    orange where good ones lie, grey where bad ones do. Where no trial lies it is a guess.";

/// None where there are not two keys of numbers, or few trials.
pub(super) fn section(view: &StudyView<'_>, by_importance: &[&str]) -> Option<Section> {
    let some = view.some(TRIALS);
    let place = |key: &str| by_importance.iter().position(|other| *other == key).unwrap_or(usize::MAX);
    let mut keys: Vec<&Parameter> =
        view.study.space.parameters().iter().filter(|parameter| numbers(parameter, &some).is_some()).collect();
    keys.sort_by_key(|parameter| place(&parameter.key));
    let [first, second, ..] = keys[..] else { return None };
    let (xs, ys) = (numbers(first, &some)?, numbers(second, &some)?);
    if some.len() < FEWEST {
        return None;
    }
    let (x, y) = (axes::of_key(first, &xs), axes::of_key(second, &ys));
    let points: Vec<(f64, f64)> = xs.iter().copied().zip(ys.iter().copied()).collect();
    let places: Vec<(f64, f64, f64)> = points
        .iter()
        .zip(&some)
        .filter_map(|((a, b), (_, _, worth))| Some((x.place(*a)?, y.place(*b)?, *worth)))
        .collect();
    let shown: Vec<(&Status, (f64, f64))> = some.iter().map(|(status, ..)| *status).zip(points).collect();
    let chart = LineChart {
        alt: format!("{} of {} trials over {} and {}", view.study.metric, shown.len(), first.key, second.key),
        x,
        y,
        series: dots::by_epochs(&shown),
        field: Some(ground(&places)),
        item: "trial".into(),
        ..LineChart::default()
    };
    let heading = format!("{} over {} and {}", view.study.metric, first.key, second.key);
    Some(Section::new(heading, [Block::Lines(chart), Block::text(EXPLAINED)]))
}

/// The values of a key, where all of these trials have a number and not all the same.
fn numbers(parameter: &Parameter, trials: &[(&Status, f64, f64)]) -> Option<Vec<f64>> {
    let number = |(status, ..): &(&Status, f64, f64)| status.trial.point().get(&parameter.key)?.number();
    let numbers: Vec<f64> = trials.iter().map(number).collect::<Option<_>>()?;
    numbers.windows(2).any(|pair| pair[0] != pair[1]).then_some(numbers)
}

/// Worths of 0 to 1 at places of 0 to 1, between them by the inverse of the squared distance.
fn ground(places: &[(f64, f64, f64)]) -> Field {
    let [columns, rows] = CELLS;
    let cell = |index: usize| {
        let x = ((index % columns) as f64 + 0.5) / columns as f64;
        let y = 1.0 - ((index / columns) as f64 + 0.5) / rows as f64;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (a, b, worth) in places {
            let weight = 1.0 / ((x - a).powi(2) + (y - b).powi(2) + 1e-4);
            sum += weight * worth;
            weights += weight;
        }
        if weights > 0.0 { (255.0 * sum / weights).round() as u8 } else { 0 }
    };
    Field { columns, worths: (0..columns * rows).map(cell).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_good_where_good_trials_lie() {
        let field = ground(&[(0.1, 0.9, 1.0), (0.9, 0.1, 0.0)]);
        let at = |row: usize, column: usize| field.worths[row * field.columns + column];
        assert!(at(3, 4) > 240 && at(28, 43) < 15, "{} {}", at(3, 4), at(28, 43));
        assert_eq!(field.worths.len(), CELLS[0] * CELLS[1]);
    }
}
