//! Round numbers along an axis, each with its label.

use crate::numbers::grouped;

/// From this magnitude on a number is written with an exponent.
const LARGE: f64 = 1e6;
/// Below this magnitude too.
const SMALL: f64 = 1e-4;

/// Multiples of 1, 2 or 5 times a power of ten, about `wanted` of them; whole ones where nothing lies between.
pub(crate) fn linear(low: f64, high: f64, wanted: usize, are_whole: bool) -> Vec<(f64, String)> {
    let step = round_step((high - low) / wanted.max(1) as f64).max(if are_whole { 1.0 } else { 0.0 });
    let ticks = multiples(low, high, step);
    ticks.iter().map(|tick| (*tick, linear_label(*tick, &ticks, step))).collect()
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    // A hair of slack: 0.3 / 0.1 is a little below 3.
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    (0..=(last - first).max(0.0) as usize).map(|n| (first + n as f64) * step).collect()
}

/// The nearest of 1, 2, 5, 10 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.999).unwrap_or(10.0);
    factor * power
}

/// Powers of ten (as logarithms), at most about `wanted`; where there are fewer than three, their doubles and fives too, or what is
/// round between them.
pub(crate) fn log(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let places = powers(low, high, wanted);
    if places.len() < 3 {
        let round = linear(10f64.powf(low), 10f64.powf(high), wanted.max(3), false);
        return round.into_iter().map(|(value, label)| (value.log10(), label)).collect();
    }
    places.into_iter().map(|place| (place, log_label(place))).collect()
}

fn powers(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    let is_inside = |place: &f64| (low - 1e-9..=high + 1e-9).contains(place);
    let powers: Vec<f64> = (first..=last).map(f64::from).filter(is_inside).collect();
    if powers.len() < 3 {
        let fine = (first..=last).flat_map(|power| [1.0f64, 2.0, 5.0].map(|n| f64::from(power) + n.log10()));
        return fine.filter(is_inside).collect();
    }
    let stride = powers.len().div_ceil(wanted.max(1));
    powers.into_iter().step_by(stride).collect()
}

/// As many decimals as the distance between the ticks needs.
fn linear_label(tick: f64, ticks: &[f64], step: f64) -> String {
    let largest = ticks.iter().fold(0.0f64, |largest, tick| largest.max(tick.abs()));
    // What is left of a subtraction is no number of its own.
    let tick = if tick.abs() < step * 1e-6 { 0.0 } else { tick };
    if tick == 0.0 && (largest >= LARGE || step < SMALL) {
        return "0".into();
    }
    if largest >= LARGE || step < SMALL {
        let digits = ((largest / step).log10().ceil().max(0.0) as usize).min(8);
        return shortened(&format!("{tick:.digits$e}"));
    }
    let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
    with_thousands(&format!("{tick:.decimals$}"))
}

/// The thousands of a whole number apart.
fn with_thousands(number: &str) -> String {
    match number.strip_prefix('-') {
        _ if number.contains('.') => number.to_owned(),
        Some(number) => format!("-{}", grouped(number)),
        None => grouped(number),
    }
}

/// `1e-7`, `0.01`, `5`, `1,000`: a power of ten as it is typed.
fn log_label(tick: f64) -> String {
    let value = 10f64.powf(tick);
    if (-2.0 - 1e-9..5.0 - 1e-9).contains(&tick) {
        let decimals = (-tick - 1e-9).ceil().max(0.0) as usize;
        return with_thousands(&format!("{value:.decimals$}"));
    }
    format!("{value:.0e}")
}

/// `1.50e3` as `1.5e3`.
fn shortened(number: &str) -> String {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}e{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, wanted: usize) -> Vec<String> {
        linear(low, high, wanted, false).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(0.0, 1.0, 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(0.5, 40.6, 6), ["10", "20", "30", "40"]);
        assert_eq!(labels(-2.1, 2.1, 5), ["-2", "-1", "0", "1", "2"]);
        assert_eq!(labels(0.9801, 0.9829, 5), ["0.981", "0.982"]);
        assert_eq!(labels(0.0, 26_000.0, 5), ["0", "10,000", "20,000"]);
        assert_eq!(labels(-2_000.0, 1_000.0, 4), ["-2,000", "-1,000", "0", "1,000"]);
        assert_eq!(labels(0.9704, 0.9777, 3), ["0.975"]);
    }

    #[test]
    fn between_whole_numbers_there_is_no_tick() {
        assert_eq!([true, false].map(|are_whole| linear(0.0, 4.0, 8, are_whole).len()), [5, 9]);
    }

    #[test]
    fn very_large_and_very_small_ticks_have_an_exponent() {
        assert_eq!(labels(0.0, 4e9, 4), ["0", "1e9", "2e9", "3e9", "4e9"]);
        assert_eq!(labels(0.0, 3.1e-5, 3), ["0", "2e-5"]);
        assert_eq!(labels(1e6, 1.5e6, 2), ["1e6", "1.5e6"]);
    }

    #[test]
    fn log_ticks_are_powers_of_ten_and_finer_where_there_are_few() {
        let texts = |low, high, wanted| log(low, high, wanted).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(texts(-7.0, 1.0, 9), ["1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "0.01", "0.1", "1", "10"]);
        assert_eq!(texts(-7.0, 1.0, 4), ["1e-7", "1e-4", "0.1"]);
        assert_eq!(texts(-1.0, 0.0, 9), ["0.1", "0.2", "0.5", "1"]);
        assert_eq!(texts(3.0, 5.0, 9), ["1,000", "10,000", "1e5"]);
        assert_eq!(texts(-0.7, -0.2, 5), ["0.2", "0.3", "0.4", "0.5", "0.6"]);
    }
}
