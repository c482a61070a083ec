//! Loss and accuracy over the epochs, beside the book's where it has trained the same.

use chapter::{
    book_curves::{self, BookEpoch},
    figures,
};
use chart::{Axis, LineChart, Series, Style, decimals};
use data::DataSet;
use metrics::Metric;
use plan::{Loss, ModelKind, Plan};
use run::EpochRecord;

/// What has to be said where the book's curves are shown.
pub const BESIDE_THE_BOOK: &str = "Dashed: the book's Learner, SGD on batches of 256 in the order of the files, all 3s before all 7s, as its notebook prints it. Its \
    training loss is fastai's, a running average over the batches that lags behind; ours is the mean of each epoch.";

/// Epochs of which each counts.
const FEW: usize = 5;

/// Epochs that are drawn one by one.
const FEW_EPOCHS: usize = 10;

/// Points of a line on a page; of a longer run every n-th epoch is drawn.
const MOST_POINTS: usize = 500;

/// What the book's Learner did on the same data with the same kind of network and the same loss, where it did that.
pub fn books(plan: &Plan, data: &DataSet) -> Option<&'static [BookEpoch]> {
    if plan.training.loss.of(data.task()) != Loss::MnistLoss || !figures::is_the_books(data) {
        return None;
    }
    match plan.model.kind {
        ModelKind::Linear => Some(&book_curves::LINEAR),
        ModelKind::TwoLayer => Some(&book_curves::TWO_LAYER),
        ModelKind::ResNet | ModelKind::SimpleCnn => None,
    }
}

/// Colours of what is measured, ours and the book's, in both charts.
pub(super) const TRAINING: usize = 0;
pub(super) const VALIDATION: usize = 1;
/// That of the best epoch, which the model is of.
pub(super) const BEST: usize = chart::BEST_SERIES;

/// Loss and accuracy by epoch, the book's dashed beside them; with
/// [`BESIDE_THE_BOOK`] to explain it. Of both the first epoch is number 1.
pub fn curves(epochs: &[EpochRecord], book: Option<&[BookEpoch]>) -> [LineChart; 2] {
    let numbered: Vec<_> = (1..).zip(book.unwrap_or_default()).collect();
    let ours = |name, value: fn(&EpochRecord) -> f64| curve(name, epochs, value);
    let books = |name, value: fn(&BookEpoch) -> f64| {
        let points = by_epoch(&numbered, |(epoch, line)| (f64::from(*epoch), value(line)));
        Series::line(name, points).drawn(Style::Dashed)
    };
    let parts = parts(epochs);
    let training = match parts.is_empty() {
        true => ours("training", |record| record.train.loss),
        false => Series::line("training, by parts of an epoch", parts),
    };
    let losses = [
        training.coloured(TRAINING),
        ours("validation", |record| record.valid.loss).coloured(VALIDATION),
        books("book, training (smoothed)", |line| line.train_loss).coloured(TRAINING),
        books("book, validation", |line| line.valid_loss).coloured(VALIDATION),
    ];
    let accuracies = [
        ours("training", |record| record.train.accuracy).coloured(TRAINING),
        ours("validation", |record| record.valid.accuracy).coloured(VALIDATION),
        books("book, validation", |line| line.accuracy).coloured(VALIDATION),
    ];
    let accuracy_axis = axis(Metric::Accuracy, &accuracies);
    [chart("Loss", loss_axis(&losses), losses), chart("Accuracy", accuracy_axis, accuracies)]
}

/// The training loss of each part of an epoch, in its middle, where all epochs have such.
fn parts(epochs: &[EpochRecord]) -> Vec<(f64, f64)> {
    let of = |record: &EpochRecord| {
        let (before, count) = (record.epoch as f64 - 1.0, record.train_losses.len() as f64);
        let point = |(part, loss): (usize, &f64)| (before + (part as f64 + 0.5) / count, *loss);
        record.train_losses.iter().enumerate().map(point).collect::<Vec<_>>()
    };
    let have_all = epochs.iter().all(|record| !record.train_losses.is_empty());
    epochs.iter().filter(|_| have_all).flat_map(of).collect()
}

pub(super) fn curve(name: &str, epochs: &[EpochRecord], value: impl Fn(&EpochRecord) -> f64) -> Series {
    // A single epoch has no line, and of a few each is seen.
    let style = match epochs.len() {
        1 => Style::Dots,
        2..FEW_EPOCHS => Style::Path,
        _ => Style::Line,
    };
    Series::line(name, by_epoch(epochs, |record| (record.epoch as f64, value(record)))).drawn(style)
}

/// Logarithmic where the least loss would lie on the ground of the others: below a tenth of the largest.
pub(super) fn loss_axis(series: &[Series]) -> Axis {
    let losses =
        || series.iter().flat_map(|series| &series.points).map(|(_, loss)| *loss).filter(|loss| loss.is_finite());
    let (least, most) = (losses().fold(f64::INFINITY, f64::min), losses().fold(0.0, f64::max));
    let axis = Axis::new("loss");
    if least < most / 10.0 { axis.log() } else { axis }
}

/// How many times as far from the best there could be as the median, and an accuracy at least, is shown: a first epoch at a half would
/// leave the others on one line.
const FAR: f64 = 4.0;
const FAR_AT_LEAST: f64 = 0.002;

/// The axis of accuracies, or, logarithmic, of the losses of several runs, without the worst of them; to the best of each series. Of a
/// few epochs all are shown.
pub(super) fn axis(metric: Metric, series: &[Series]) -> Axis {
    let axis = Axis::new(metric.name());
    let (axis, is_loss) = if metric.is_of_error() { (axis.log(), true) } else { (axis, false) };
    match shown_errors(metric, series) {
        None => axis,
        Some([best, most]) if is_loss => axis.range(best * (best / most).powf(0.05), most),
        Some([best, most]) => axis.range(1.0 - most, 1.0 - best + 0.05 * (most - best)),
    }
}

/// How far a value is from the best there could be, and of such an error the value; of a loss the same, where it has a logarithm.
pub(super) fn error(metric: Metric, value: f64) -> f64 {
    match metric.is_of_error() {
        true if value <= 0.0 => f64::NAN,
        true => value,
        false => 1.0 - value,
    }
}

/// The least error of a series; infinite without one.
pub(super) fn least_error(metric: Metric, series: &Series) -> f64 {
    series.points.iter().map(|(_, value)| error(metric, *value)).fold(f64::INFINITY, f64::min)
}

/// Up to which error is shown what has this median.
pub(super) fn far(metric: Metric, median: f64) -> f64 {
    FAR * if metric.is_of_error() { median } else { median.max(FAR_AT_LEAST) }
}

/// The least error, and up to which they are shown, where that is not all.
fn shown_errors(metric: Metric, series: &[Series]) -> Option<[f64; 2]> {
    let values = series.iter().flat_map(|series| &series.points).map(|(_, value)| error(metric, *value));
    let mut errors: Vec<f64> = values.filter(|error| error.is_finite()).collect();
    errors.sort_by(f64::total_cmp);
    let longest = series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    let ([best, .., worst], FEW..) = (&errors[..], longest) else { return None };
    let of_each = series.iter().map(|series| least_error(metric, series)).filter(|best| best.is_finite());
    let of_each = of_each.fold(0.0, f64::max) + if metric.is_of_error() { 0.0 } else { FAR_AT_LEAST };
    let most = far(metric, errors[(errors.len() - 1) / 2]).max(of_each);
    (*worst > most).then_some([*best, most])
}

/// Curves over the same epochs; in words those that do not stand back among many, and how many others there are.
pub(super) fn chart(what: &str, y: Axis, series: impl IntoIterator<Item = Series>) -> LineChart {
    let series: Vec<Series> = series.into_iter().filter(|series| !series.points.is_empty()).collect();
    let named: Vec<&Series> = series.iter().filter(|series| !matches!(series.style, Style::Ranked(_))).collect();
    let others = match series.len() - named.len() {
        0 => None,
        1 => Some("1 other".to_owned()),
        others => Some(format!("{others} others")),
    };
    let ways: Vec<String> = named.into_iter().map(way).chain(others).collect();
    let alt = format!("{what} by epoch: {}", ways.join("; "));
    LineChart { alt, x: Axis::of_epochs(), y, series, ..LineChart::default() }
}

/// Where a curve begins and ends, in words.
fn way(Series { name, points, .. }: &Series) -> String {
    match points[..] {
        [(epoch, value)] => format!("{name} {} in epoch {epoch}", told(value)),
        [(first, from), .., (last, to)] => {
            let [from, to] = [from, to].map(told);
            format!("{name} from {from} in epoch {first} to {to} in epoch {last}")
        }
        [] => String::new(),
    }
}

/// With four decimals, or an exponent where they would be zeros.
fn told(value: f64) -> String {
    if (1e-300..1e-4).contains(&value.abs()) { format!("{value:.1e}") } else { decimals(value, 4) }
}

/// Points of the first and the last epoch and of as many between as a page can hold.
pub(crate) fn by_epoch<T>(epochs: &[T], point: impl Fn(&T) -> (f64, f64)) -> Vec<(f64, f64)> {
    let stride = epochs.len().div_ceil(MOST_POINTS).max(1);
    let is_drawn = |index: usize| index.is_multiple_of(stride) || index + 1 == epochs.len();
    epochs.iter().enumerate().filter(|(index, _)| is_drawn(*index)).map(|(_, epoch)| point(epoch)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Metrics;

    fn epochs(count: usize) -> Vec<EpochRecord> {
        let metrics = |epoch: usize| Metrics { loss: 1.0 / epoch as f64, accuracy: 0.5, ..Metrics::default() };
        let record = |epoch| EpochRecord {
            epoch,
            step: epoch,
            learning_rate: 1.0,
            train: metrics(epoch),
            valid: metrics(epoch + 1),
            seconds: 1.0,
            images_per_second: 1.0,
            ..EpochRecord::default()
        };
        (1..=count).map(record).collect()
    }

    fn names(chart: &LineChart) -> Vec<&str> {
        chart.series.iter().map(|series| series.name.as_str()).collect()
    }

    #[test]
    fn the_books_curves_stand_dashed_beside_ours_from_epoch_1() {
        let [loss, accuracy] = curves(&epochs(3), Some(&book_curves::LINEAR));
        assert_eq!(names(&loss), ["training", "validation", "book, training (smoothed)", "book, validation"]);
        assert_eq!(names(&accuracy), ["training", "validation", "book, validation"]);
        let colours = |chart: &LineChart| chart.series.iter().map(|series| series.colour).collect::<Vec<_>>();
        assert_eq!(colours(&loss), [Some(0), Some(1), Some(0), Some(1)], "what is measured has a colour, ours or not");
        assert_eq!(colours(&accuracy), [Some(0), Some(1), Some(1)]);
        assert_eq!(loss.series[0].points, [(1.0, 1.0), (2.0, 0.5), (3.0, 1.0 / 3.0)]);
        assert_eq!(loss.series[3].points[0], (1.0, 0.503549));
        assert!(loss.series[3].style == Style::Dashed && loss.series[1].style == Style::Path);
        let alt = "Accuracy by epoch: training from 0.5000 in epoch 1 to 0.5000 in epoch 3; validation from 0.5000 in epoch 1 to 0.5000 in epoch 3; \
            book, validation from 0.4956 in epoch 1 to 0.9676 in epoch 10";
        assert_eq!(accuracy.alt, alt);
    }

    #[test]
    fn of_many_curves_those_that_stand_out_are_told_in_words() {
        let line = |name: &str| Series::line(name, vec![(1.0, 0.5), (2.0, 0.75)]);
        let grey = line("worst").drawn(Style::Ranked(0));
        let alt = |series: Vec<Series>| chart("Loss", Axis::new("loss"), series).alt;
        let best = "Loss by epoch: best from 0.5000 in epoch 1 to 0.7500 in epoch 2";
        assert_eq!(alt(vec![grey.clone(), line("best")]), format!("{best}; 1 other"));
        assert_eq!(alt(vec![grey.clone(), grey.clone(), line("best")]), format!("{best}; 2 others"));
        assert_eq!(alt(vec![grey.clone(), grey]), "Loss by epoch: 2 others");
    }

    #[test]
    fn without_the_book_there_is_ours_alone() {
        let [loss, accuracy] = curves(&epochs(2), None);
        assert_eq!((names(&loss), names(&accuracy)), (vec!["training", "validation"], vec!["training", "validation"]));
    }

    #[test]
    fn early_accuracies_far_below_the_others_are_cut_off() {
        let [_, of_the_book] = curves(&[], Some(&book_curves::TWO_LAYER));
        let [floor, top] = of_the_book.y.range.unwrap();
        // The median of the book's 40 epochs is 0.977920.
        assert!((floor - (1.0 - 4.0 * 0.02208)).abs() < 1e-9 && top > 0.982826 && top < 0.99, "{floor} {top}");
        let [_, all_alike] = curves(&epochs(3), None);
        assert_eq!(all_alike.y.range, None);
    }

    #[test]
    fn the_start_of_one_loss_does_not_press_the_others_into_a_line() {
        let line = |losses: &[f64]| Series::line("", (1..).map(f64::from).zip(losses.iter().copied()).collect());
        let good = line(&[0.03, 0.02, 0.01, 0.01, 0.01]);
        let bad = line(&[0.69, 0.5, 0.03, 0.02, 0.0]);
        let [low, high] = axis(Metric::Loss, &[good.clone(), bad]).range.unwrap();
        // The median of nine: zero has no logarithm.
        assert!((high - 0.08).abs() < 1e-9 && (low - 0.01 * 0.125f64.powf(0.05)).abs() < 1e-9, "{low} {high}");
        let [_, high] = axis(Metric::Loss, &[good.clone(), good.clone(), line(&[0.5, 0.2])]).range.unwrap();
        assert_eq!(high, 0.2, "the best of each is shown");
        assert_eq!(axis(Metric::Loss, &[good]).range, None, "nothing is far off");
    }

    #[test]
    fn one_epoch_is_a_dot_and_none_is_an_empty_chart() {
        let [loss, _] = curves(&epochs(1), None);
        assert_eq!(loss.series[0].style, Style::Dots);
        assert!(curves(&[], None).iter().all(|chart| chart.series.is_empty()));
    }

    #[test]
    fn a_short_run_shows_its_training_loss_within_epochs() {
        let mut epochs = epochs(2);
        epochs.iter_mut().for_each(|record| record.train_losses = vec![4.0, 3.0]);
        let [loss, _] = curves(&epochs, None);
        assert_eq!(loss.series[0].points, [(0.25, 4.0), (0.75, 3.0), (1.25, 4.0), (1.75, 3.0)]);
        epochs[0].train_losses.clear();
        assert_eq!(curves(&epochs, None)[0].series[0].name, "training", "one that was gone on with has both kinds");
    }

    #[test]
    fn a_value_near_zero_is_not_told_as_zero() {
        let steps =
            chart("Update ratio", Axis::new("update ratio"), [Series::line("step", vec![(1.0, 0.01), (2.0, 3.2e-7)])]);
        assert_eq!(steps.alt, "Update ratio by epoch: step from 0.0100 in epoch 1 to 3.2e-7 in epoch 2");
    }

    #[test]
    fn a_long_run_is_thinned_but_keeps_both_ends() {
        let [loss, _] = curves(&epochs(10_001), None);
        let points = &loss.series[0].points;
        assert!(points.len() <= MOST_POINTS + 1, "{}", points.len());
        assert_eq!((points[0].0, points[points.len() - 1].0), (1.0, 10_001.0));
    }
}
