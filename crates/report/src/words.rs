//! Numbers as a person reads them.

use std::time::Duration;

use metrics::Metric;

/// Four decimals, or a dash where a metric is undefined.
pub fn fraction(metric: Option<f64>) -> String {
    metric.map_or_else(|| "-".into(), |value| format!("{value:.4}"))
}

/// A metric as a person reads it: of a loss more digits count, because it may be small.
pub fn shown(metric: Metric, value: Option<f64>) -> String {
    match (metric, value) {
        (Metric::Loss | Metric::LogLoss, Some(value)) => format!("{value:.6}"),
        (_, value) => fraction(value),
    }
}

/// Seconds as a person reads them; none where they come from a file that says what cannot be.
pub fn clock(seconds: f64) -> String {
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
    }
}

/// A probability: four decimals, or an exponent where they would be zeros.
pub fn small(p: f64) -> String {
    if p < 0.0001 { format!("{p:.1e}") } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let texts = [0.84, 75.0, 7500.0].map(clock);
        assert_eq!(texts, ["0.8 s", "1:15 min", "2:05 h"]);
    }

    #[test]
    fn seconds_that_cannot_be_are_none() {
        assert_eq!([-1.0, 1e300, f64::NAN, f64::INFINITY].map(clock), ["0.0 s"; 4]);
    }
}
