//! The metric over the two keys of numbers that matter most.

use chart::{BEST_SERIES, Block, Cell, Field, LineChart, Mark, Section};
use search::{Mean, Parameter};

use super::{StudyView, axes, dots, importance::Importances};
use crate::Status;

/// Cells of the ground, across and up.
const CELLS: [usize; 2] = [30, 20];
/// Trials that the ground is made of, and drawn.
const TRIALS: usize = 150;
/// Pairs of keys in folds, behind the first; shades of the ground but one.
const PAIRS: usize = 2;
const STEPS: f64 = 5.0;
/// Fewer say nothing of what lies between them.
const FEWEST: usize = 6;
/// Trials that share a value of a key are as wide as if they deviated by this part of its axis.
const LEAST: f64 = 0.05;

const EXPLAINED: &str = "The ground is the rank of the trials, nearer ones counting more (kernel regression, Nadaraya 1964 and \
    Watson 1964): orange where good ones lie, grey where bad ones do. It fades where no trial is near, and a single bad trial among good ones leaves no \
    mark on it.";

/// None where there are not two keys of numbers, or few trials.
pub(super) fn section(view: &StudyView<'_>, importances: &Importances) -> Option<Section> {
    let some = view.some(TRIALS);
    let by_importance = importances.order();
    let place = |key: &str| by_importance.iter().position(|other| *other == key).unwrap_or(usize::MAX);
    let mut keys: Vec<&Parameter> =
        view.study.space.parameters().iter().filter(|parameter| numbers(parameter, &some).is_some()).collect();
    keys.sort_by_key(|parameter| place(&parameter.key));
    if some.len() < FEWEST || keys.len() < 2 {
        return None;
    }
    // A key that does no more than chance has no ground of its own.
    let idle = |parameter: &Parameter| importances.is_idle(&parameter.key);
    let (telling, others): (Vec<&Parameter>, Vec<&Parameter>) = keys.iter().copied().partition(|key| !idle(key));
    let name =
        |[first, second]: [&Parameter; 2]| format!("{} over {} and {}", view.study.metric, first.key, second.key);
    let explained = Block::text(EXPLAINED);
    let all = pairs(&telling);
    let Some((main, more)) = all.split_first() else {
        let pair = [keys[0], keys[1]];
        let why = others.iter().filter(|key| pair.iter().any(|one| one.key == key.key)).map(|key| key.key.as_str());
        let why = why.collect::<Vec<_>>().join(" and ");
        let summary = format!("{}; {why} does no more than chance", name(pair));
        let blocks = vec![Block::Lines(chart(view, pair, &some)?), explained];
        return Some(Section::new("Two keys together", [Block::Fold { summary, blocks }]));
    };
    let folded = more.iter().take(PAIRS).filter_map(|pair| {
        Some(Block::Fold { summary: name(*pair), blocks: vec![Block::Lines(chart(view, *pair, &some)?)] })
    });
    let blocks = [Block::Lines(chart(view, *main, &some)?), explained].into_iter().chain(folded);
    Some(Section::new(name(*main), blocks))
}

fn chart(view: &StudyView<'_>, [first, second]: [&Parameter; 2], some: &[(&Status, f64, f64)]) -> Option<LineChart> {
    let (xs, ys) = (numbers(first, some)?, numbers(second, some)?);
    let (x, y) = (axes::of_key(first, &xs), axes::of_key(second, &ys));
    let points: Vec<(f64, f64)> = xs.iter().copied().zip(ys.iter().copied()).collect();
    let places: Vec<(f64, f64, f64)> = points
        .iter()
        .zip(some)
        .filter_map(|((a, b), (_, _, worth))| Some((x.place(*a)?, y.place(*b)?, *worth)))
        .collect();
    let best = points.first().map(|at| Mark::new("the best", *at).coloured(BEST_SERIES));
    let shown: Vec<(&Status, (f64, f64))> = some.iter().map(|(status, ..)| *status).zip(points).collect();
    Some(LineChart {
        alt: format!("{} of {} trials over {} and {}", view.study.metric, shown.len(), first.key, second.key),
        x,
        y,
        series: dots::by_epochs(&shown),
        marks: best.into_iter().collect(),
        field: Some(Field { ends: ["worst ranks".into(), "best ranks".into()], ..stepped(ground(&places)) }),
        item: "trial".into(),
        ..LineChart::default()
    })
}

/// Each two of some keys, those that come first before the others.
fn pairs<'a>(keys: &[&'a Parameter]) -> Vec<[&'a Parameter; 2]> {
    let seconds = keys.iter().enumerate().skip(1);
    seconds.flat_map(|(place, second)| keys[..place].iter().map(|first| [*first, *second])).collect()
}

/// The same in a few steps, which can be read from a scale.
fn stepped(field: Field) -> Field {
    let step = |worth: u8| (f64::from(worth) / 255.0 * STEPS).round() / STEPS;
    let cells = field.cells.iter().map(|cell| Cell { worth: (255.0 * step(cell.worth)).round() as u8, ..*cell });
    Field { cells: cells.collect(), ..field }
}

/// The values of a key, where all of these trials have a number and not all the same.
fn numbers(parameter: &Parameter, trials: &[(&Status, f64, f64)]) -> Option<Vec<f64>> {
    let number = |(status, ..): &(&Status, f64, f64)| status.trial.point().get(&parameter.key)?.number();
    let numbers: Vec<f64> = trials.iter().map(number).collect::<Option<_>>()?;
    numbers.windows(2).any(|pair| pair[0] != pair[1]).then_some(numbers)
}

/// Worths of 0 to 1 at places of 0 to 1; between them their mean, weighed by Gaussian kernels as wide as Scott's rule says
/// (1992; the standard deviation times the sixth root of their number, inverted). Where all weights together are less than that of
/// one trial that lies there, so much less is known.
fn ground(places: &[(f64, f64, f64)]) -> Field {
    let [columns, rows] = CELLS;
    let [wide, high] = [|place: &(f64, f64, f64)| place.0, |place: &(f64, f64, f64)| place.1].map(|of| {
        let values: Vec<f64> = places.iter().map(of).collect();
        let deviation = Mean::of(&values).and_then(|mean| mean.deviation).unwrap_or(0.0);
        deviation.max(LEAST) * (places.len() as f64).powf(-1.0 / 6.0)
    });
    let cell = |index: usize| {
        let x = ((index % columns) as f64 + 0.5) / columns as f64;
        let y = 1.0 - ((index / columns) as f64 + 0.5) / rows as f64;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (a, b, worth) in places {
            let weight = (-0.5 * (((x - a) / wide).powi(2) + ((y - b) / high).powi(2))).exp();
            sum += weight * worth;
            weights += weight;
        }
        let byte = |part: f64| (255.0 * part).round() as u8;
        if weights > 0.0 { Cell { worth: byte(sum / weights), known: byte(weights.min(1.0)) } } else { Cell::default() }
    };
    Field { columns, cells: (0..columns * rows).map(cell).collect(), ..Field::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_good_where_good_trials_lie() {
        let field = ground(&[(0.1, 0.9, 1.0), (0.9, 0.1, 0.0)]);
        let at = |row: usize, column: usize| field.cells[row * field.columns + column];
        assert!(at(2, 2).worth > 230 && at(18, 27).worth < 25, "{:?} {:?}", at(2, 2), at(18, 27));
        assert!(at(2, 2).known > 240 && at(18, 27).known > 240);
        assert_eq!(field.cells.len(), CELLS[0] * CELLS[1]);
        let worths: std::collections::BTreeSet<u8> = stepped(field).cells.iter().map(|cell| cell.worth).collect();
        assert!(worths.iter().all(|worth| worth.is_multiple_of(51)), "{worths:?}");
    }

    #[test]
    fn between_trials_is_their_mean_and_far_from_all_nothing() {
        let places: Vec<_> =
            (0..40).map(|n| (f64::from(n % 2) * 0.2, 0.9 + f64::from(n % 5) * 0.02, f64::from(n % 2))).collect();
        let field = ground(&places);
        let at = |row: usize, column: usize| field.cells[row * field.columns + column];
        // A tenth of the axis is as far from the good as from the bad, and lies between these two cells.
        let between = (u16::from(at(1, 2).worth) + u16::from(at(1, 3).worth)) / 2;
        assert!((120..150).contains(&between), "{between}");
        assert_eq!(at(19, 29).known, 0);
    }
}
