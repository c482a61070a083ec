//! Whether the best value of a key lies at an end of what was searched: what lies beyond may be better.

use chart::Block;
use search::{Domain, Parameter, Value};

use super::{StudyView, dots, importance::Importances};
use crate::{Status, trial::short};

/// How near to an end counts, as a part of the whole.
const NEAR: f64 = 0.03;
/// A list of fewer numbers has little but ends.
const FEWEST: usize = 3;

/// A sentence for each key of which the best trial has such a value, but for keys that are known to do nothing.
pub(super) fn hints(view: &StudyView<'_>, importances: &Importances) -> Vec<Block> {
    let Some((best, _)) = view.valued.first() else { return vec![] };
    let point = best.trial.point();
    let of = |Parameter { key, domain, .. }: &Parameter| {
        let (value, number) = (point.get(key)?, point.get(key)?.number()?);
        let end = End::of(domain, number)?;
        Some(end.hint(key, value) + &against(view, key, number, &end) + &beyond(key, domain, &end))
    };
    let parameters = view.study.space.parameters().iter().filter(|parameter| !importances.is_idle(&parameter.key));
    parameters.filter_map(of).map(Block::Text).collect()
}

/// How many of the trials nearer to that end than the best one are among the worse half, where there are some.
fn against(view: &StudyView<'_>, key: &str, best: f64, end: &End) -> String {
    let number = |status: &Status| status.trial.point().get(key)?.number();
    let is_nearer = |number: f64| if end.is_upper { number > best } else { number < best };
    let half = view.valued.len().div_ceil(2);
    let nearer = view.valued.iter().enumerate().filter_map(|(place, (status, value))| {
        let at = number(status).filter(|number| is_nearer(*number))?;
        Some((place >= half, dots::item(status), report::short(at), view.study.metric.shown(*value)))
    });
    let nearer: Vec<_> = nearer.collect();
    let bad = nearer.iter().filter(|(is_bad, ..)| *is_bad).count();
    let Some((true, trial, at, value)) = nearer.last() else { return String::new() };
    let (are, all) = (if bad == 1 { "is" } else { "are" }, nearer.len());
    let of = if all == 1 { "the one trial".to_owned() } else { format!("{bad} of the {all} trials") };
    format!(" Or fail: {of} nearer to that end {are} among the worse half (trial {trial}, at {at}, came to {value}).")
}

/// What to write in the study to look beyond that end, where it is plain.
fn beyond(key: &str, domain: &Domain, end: &End) -> String {
    let factor = |low: f64, high: f64| if end.is_upper { [low, 10.0 * high] } else { [low / 10.0, high] };
    let range = match domain {
        Domain::LogUniform { low, high } => {
            let [low, high] = factor(*low, *high);
            format!("{{ log_uniform = [{low}, {high}] }}")
        }
        Domain::LogInt { low, high } if end.is_upper => format!("{{ int = [{low}, {}], log = true }}", 10 * high),
        Domain::Int { low, high, step } if end.is_upper => {
            format!("{{ int = [{low}, {}], step = {step} }}", 2 * high)
        }
        _ => return String::new(),
    };
    format!(" To see, write `\"{key}\" = {range}` in the study's file and begin it again: what is done counts.")
}

/// An end of what was searched.
struct End {
    value: f64,
    is_upper: bool,
}

impl End {
    /// The end that a number lies at; none for one within, and where there is no order.
    fn of(domain: &Domain, number: f64) -> Option<Self> {
        let (low, high, is_log) = match domain {
            Domain::Uniform { low, high } => (*low, *high, false),
            Domain::LogUniform { low, high } => (*low, *high, true),
            Domain::Int { low, high, .. } => (*low as f64, *high as f64, false),
            Domain::LogInt { low, high } => (*low as f64, *high as f64, true),
            Domain::Choice(values) => {
                let numbers: Vec<f64> = values.iter().map(Value::number).collect::<Option<_>>()?;
                let ends = numbers
                    .iter()
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| (low.min(*n), high.max(*n)));
                (numbers.len() >= FEWEST).then_some((ends.0, ends.1, false))?
            }
        };
        let scaled = |number: f64| if is_log { number.ln() } else { number };
        let near = if matches!(domain, Domain::Choice(_)) { 0.0 } else { NEAR };
        match (scaled(number) - scaled(low)) / (scaled(high) - scaled(low)) {
            part if part <= near => Some(Self { value: low, is_upper: false }),
            part if part >= 1.0 - near => Some(Self { value: high, is_upper: true }),
            _ => None,
        }
    }

    fn hint(&self, key: &str, value: &Value) -> String {
        let (side, beyond) = if self.is_upper { ("upper", "larger") } else { ("lower", "smaller") };
        format!(
            "The best trial has `{key}` = {}, at the {side} end of what was searched, {}: {beyond} values may be better still.",
            short(value),
            self.value
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_best_value_at_an_end_is_told_and_one_within_is_not() {
        let log = Domain::LogUniform { low: 0.01, high: 10.0 };
        let told = |domain: &Domain, value: Value| Some(End::of(domain, value.number()?)?.hint("k", &value));
        let upper = told(&log, 9.5.into()).unwrap();
        assert_eq!(
            upper,
            "The best trial has `k` = 9.5, at the upper end of what was searched, 10: larger values may be better still."
        );
        let further = beyond("k", &log, &End::of(&log, 9.5).unwrap());
        assert!(further.contains("`\"k\" = { log_uniform = [0.01, 100] }`"), "{further}");
        assert_eq!(told(&log, 0.3.into()), None);
        let list = Domain::Choice(vec![1.into(), 2.into(), 3.into()]);
        assert!(told(&list, 1.into()).unwrap().contains("at the lower end"));
        assert_eq!((told(&list, 2.into()), told(&Domain::Choice(vec!["sgd".into()]), "sgd".into())), (None, None));
    }
}
