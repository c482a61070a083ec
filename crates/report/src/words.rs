//! Numbers as a person reads them.

use std::time::Duration;

use chart::decimals;
use metrics::Metric;
use plan::Monitor;
use run::{
    EpochRecord,
    best::{self, Best},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// Four decimals, or a dash where a metric is undefined; what is not quite 1 is not rounded to it.
pub fn fraction(metric: Option<f64>) -> String {
    metric.map_or_else(|| "-".into(), chart::fraction)
}

/// The loss of an image: two decimals of one that counts, else four; rounding leaves it a little below zero at times.
pub fn loss(value: f32) -> String {
    match value {
        ..0.00005 => "< 0.0001".into(),
        ..0.1 => format!("{value:.4}"),
        value => decimals(value.into(), 2),
    }
}

/// What an image is taken for, and what it is where that is known and something else.
pub(crate) fn taken(said: &str, is: Option<&str>) -> String {
    match is.filter(|is| *is != said) {
        Some(is) => format!("{is}, taken for {said}"),
        None => said.to_owned(),
    }
}

/// Four decimals of what a model takes for probable, which is never quite 0 or 1.
pub fn probability(p: f32) -> String {
    match p {
        0.99995.. => "> 0.9999".into(),
        ..0.00005 => "< 0.0001".into(),
        p => format!("{p:.4}"),
    }
}

/// A metric as a person reads it: of a loss more digits count, because it may be small.
pub fn shown(metric: Metric, value: Option<f64>) -> String {
    match (metric, value) {
        (Metric::Loss | Metric::LogLoss, Some(value)) => decimals(value, 6),
        (_, value) => fraction(value),
    }
}

/// Which epoch is the best and by what, what accuracy it has, and where another has a higher one.
pub fn best_epoch(monitor: Monitor, best: &Best, epochs: &[EpochRecord]) -> String {
    let metric = best::metric(monitor);
    let by = format!("epoch {}, by {} {}", best.epoch, name(monitor), shown(metric, best.metrics.get(metric)));
    let accuracy = best.metrics.accuracy;
    let highest = best::highest_accuracy(epochs).filter(|(_, highest)| *highest > accuracy);
    let highest = highest.map_or_else(String::new, |(epoch, value)| format!("; highest {value:.4}, epoch {epoch}"));
    match metric {
        Metric::Accuracy => format!("{by}: valid loss {}", decimals(best.metrics.loss, 6)),
        _ => format!("{by}: accuracy {accuracy:.4}{highest}"),
    }
}

/// A monitor as a person reads it.
pub fn name(monitor: Monitor) -> String {
    monitor.to_string().replace('_', " ")
}

/// Seconds as a person reads them; a dash where they come from a file that says what cannot be.
pub fn clock(seconds: f64) -> String {
    let Ok(duration) = Duration::try_from_secs_f64(seconds) else { return "-".into() };
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
    }
}

/// The same of what has been spent on a run; a dash where nothing has yet, or where it is not known.
pub fn spent(seconds: f64) -> String {
    if seconds == 0.0 { "-".into() } else { clock(seconds) }
}

/// A moment of a run's record, as `2026-11-27T14:03:05.1Z`, to the minute: `27 November 2026, 14:03 UTC`; what is none as it is.
pub fn moment(recorded: &str) -> String {
    let parts = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    let moment = OffsetDateTime::parse(recorded, &Rfc3339).ok();
    moment.and_then(|moment| moment.to_utc().format(parts).ok()).unwrap_or_else(|| recorded.into())
}

/// A number a second: `850`, `5.9 k`, `1.2 M`.
pub fn rate(number: f64) -> String {
    match number {
        ..1e3 => format!("{number:.0}"),
        ..1e4 => format!("{:.1} k", number / 1e3),
        ..1e6 => format!("{:.0} k", number / 1e3),
        _ => format!("{:.1} M", number / 1e6),
    }
}

/// A number of a plan by its first four digits: `0.04012`, `1e37`.
pub fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.3e}").parse().unwrap_or(number);
    match rounded.abs() {
        1e3..1e6 => format!("{rounded:.0}"),
        0.0 | 1e-4..1e3 => format!("{rounded:?}"),
        _ => format!("{rounded:e}"),
    }
}

/// A probability: four decimals, or an exponent where they would be zeros.
pub fn small(p: f64) -> String {
    if p < 0.0001 { format!("{p:.1e}") } else { format!("{p:.4}") }
}

/// The first of these names, and how many more there are.
pub(crate) fn some_of(names: &[String], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    names[..names.len().min(most)].join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let texts = [0.84, 5.04, 75.0, 7500.0].map(clock);
        assert_eq!(texts, ["840 ms", "5.0 s", "1:15 min", "2:05 h"]);
    }

    #[test]
    fn a_probability_is_never_quite_0_or_1() {
        let texts = [1.0, 0.99996, 0.99994, 0.5, 0.00006, 0.0].map(probability);
        assert_eq!(texts, ["> 0.9999", "> 0.9999", "0.9999", "0.5000", "0.0001", "< 0.0001"]);
        let texts = [Some(1.0), Some(0.99996), Some(0.0), None].map(fraction);
        assert_eq!(texts, ["1.0000", "> 0.9999", "0.0000", "-"]);
    }

    #[test]
    fn seconds_that_cannot_be_are_a_dash() {
        assert_eq!([-1.0, 1e300, f64::NAN, f64::INFINITY].map(clock), ["-"; 4]);
    }

    #[test]
    fn no_time_is_a_dash() {
        assert_eq!([0.0, 0.0004, 5.04].map(spent), ["-", "0 ms", "5.0 s"]);
    }

    #[test]
    fn a_moment_is_written_out_and_what_is_none_stays() {
        assert_eq!(moment("2026-11-07T14:03:05.123Z"), "7 November 2026, 14:03 UTC");
        assert_eq!(["", "2026-13-07T14:03:05Z", "ünd"].map(moment), ["", "2026-13-07T14:03:05Z", "ünd"]);
    }

    #[test]
    fn a_loss_is_never_below_zero() {
        assert_eq!([0.0, -0.0, -1e-9, 1.5].map(loss), ["< 0.0001", "< 0.0001", "< 0.0001", "1.50"]);
    }

    #[test]
    fn a_number_of_a_plan_has_four_digits() {
        let texts = [0.966_927_882_575_07, 1.0, 0.0, 1e37, 3e-5, 1234.567].map(short);
        assert_eq!(texts, ["0.9669", "1.0", "0.0", "1e37", "3e-5", "1235"]);
    }

    #[test]
    fn a_loss_beyond_a_million_has_an_exponent() {
        let losses = [0.25, 1.950_770_788e28].map(|value| shown(Metric::LogLoss, Some(value)));
        assert_eq!(losses, ["0.250000", "1.951e28"]);
        assert_eq!(loss(2.5e7), "2.500e7");
    }

    #[test]
    fn large_numbers_are_readable() {
        assert_eq!([850.4, 5_912.0, 59_120.0, 1_234_567.0].map(rate), ["850", "5.9 k", "59 k", "1.2 M"]);
    }

    #[test]
    fn of_many_names_the_rest_is_counted() {
        let names = ["a", "b", "c"].map(String::from);
        assert_eq!([some_of(&names, 3), some_of(&names, 1)], ["a, b, c", "a and 2 more"]);
    }
}
