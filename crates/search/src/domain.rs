//! The values that a hyper-parameter may take.

use std::fmt;

use crate::{Error, value::Value};

/// The largest integer below which a float holds every one.
const EXACT: i64 = 1 << 53;

/// The values of one hyper-parameter.
///
/// A numeric domain is searched along a line of places: the value itself, or its logarithm. An integer owns the half
/// step around it, so all of them are as likely, or as likely as their logarithmic width.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// One of a list, without an order.
    Choice(Vec<Value>),
    /// Any number from `low` to `high`, all as likely.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Any number from `low` to `high`, with all magnitudes as likely.
    LogUniform {
        /// Lower end, above zero.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// `low`, `low + step` and so on, at most `high`.
    Int {
        low: i64,
        /// None is above this.
        high: i64,
        /// The distance from one to the next, 1 or more.
        step: i64,
    },
    /// Every integer from `low` to `high`, with all magnitudes as likely.
    LogInt {
        /// The first, above zero.
        low: i64,
        high: i64,
    },
}

impl Domain {
    /// Whether the value is one of these. An integer will do where a float is wanted.
    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Choice(values), value) => values.contains(value),
            (Self::Uniform { low, high } | Self::LogUniform { low, high }, value) => {
                value.number().is_some_and(|number| (*low..=*high).contains(&number))
            }
            (Self::Int { low, high, step }, Value::Integer(n)) => {
                (low..=high).contains(&n) && (n - low).rem_euclid(*step) == 0
            }
            (Self::LogInt { low, high }, Value::Integer(n)) => (low..=high).contains(&n),
            _ => false,
        }
    }

    /// The value at a fraction in [0, 1) of the domain.
    pub(crate) fn at(&self, fraction: f64) -> Value {
        match self {
            Self::Choice(values) => values[(fraction * values.len() as f64) as usize].clone(),
            _ => {
                let (low, high) = self.span();
                self.value(low + fraction * (high - low))
            }
        }
    }

    /// The first and the last place of a numeric domain.
    pub(crate) fn span(&self) -> (f64, f64) {
        match *self {
            Self::Choice(_) => (0.0, 0.0),
            Self::Uniform { low, high } => (low, high),
            Self::LogUniform { low, high } => (libm::log(low), libm::log(high)),
            Self::Int { low, high, step } => {
                let half = step as f64 / 2.0;
                (low as f64 - half, (high - (high - low) % step) as f64 + half)
            }
            Self::LogInt { low, high } => (libm::log(low as f64 - 0.5), libm::log(high as f64 + 0.5)),
        }
    }

    /// The place of a value of a numeric domain; none for a value outside.
    pub(crate) fn place(&self, value: &Value) -> Option<f64> {
        let number = value.number().filter(|_| self.contains(value))?;
        match self {
            Self::Choice(_) => None,
            Self::Uniform { .. } | Self::Int { .. } => Some(number),
            Self::LogUniform { .. } | Self::LogInt { .. } => Some(libm::log(number)),
        }
    }

    /// Where a value lies in the domain, from 0 to 1, the inverse of [`Self::at`]; none for a value outside.
    pub(crate) fn fraction(&self, value: &Value) -> Option<f64> {
        match self {
            Self::Choice(values) => {
                let index = values.iter().position(|other| other == value)?;
                Some((index as f64 + 0.5) / values.len() as f64)
            }
            _ => {
                let (low, high) = self.span();
                Some((self.place(value)? - low) / (high - low))
            }
        }
    }

    /// The value of a numeric domain that is nearest to a place.
    pub(crate) fn value(&self, place: f64) -> Value {
        match *self {
            Self::Choice(ref values) => values[0].clone(),
            Self::Uniform { low, high } => Value::Float(place.clamp(low, high)),
            Self::LogUniform { low, high } => Value::Float(libm::exp(place).clamp(low, high)),
            Self::Int { low, high, step } => {
                let nearest = ((place - low as f64) / step as f64).round() as i64;
                Value::Integer(low + step * nearest.clamp(0, (high - low) / step))
            }
            Self::LogInt { low, high } => Value::Integer((libm::exp(place).round() as i64).clamp(low, high)),
        }
    }

    pub(crate) fn check(&self, key: &str) -> Result<(), Error> {
        match *self {
            Self::Choice(ref values) => check_list(key, values),
            Self::Uniform { low, high } => check_range(key, low, high),
            Self::LogUniform { low, high } => check_range(key, low, high).and_then(|()| check_log(key, low)),
            Self::Int { low, high, step } => check_integers(key, low, high).and_then(|()| match step {
                step if (1..=high - low).contains(&step) => Ok(()),
                step => Err(Error::Step { key: key.into(), step, largest: high - low }),
            }),
            Self::LogInt { low, high } => check_integers(key, low, high).and_then(|()| check_log(key, low)),
        }
    }
}

/// A list of separate, finite values, at least one.
pub(crate) fn check_list(key: &str, values: &[Value]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::EmptyList { key: key.into() });
    }
    for (index, value) in values.iter().enumerate() {
        if let Value::Float(value) = *value
            && !value.is_finite()
        {
            return Err(Error::NotFinite { key: key.into(), value });
        }
        if values[..index].contains(value) {
            return Err(Error::DuplicateValue { key: key.into(), value: value.clone() });
        }
    }
    Ok(())
}

fn check_range(key: &str, low: f64, high: f64) -> Result<(), Error> {
    if let Some(value) = [low, high, high - low].into_iter().find(|value| !value.is_finite()) {
        return Err(Error::NotFinite { key: key.into(), value });
    }
    check_order(key, low, high)
}

fn check_integers(key: &str, low: i64, high: i64) -> Result<(), Error> {
    if let Some(value) = [low, high].into_iter().find(|value| !(-EXACT..=EXACT).contains(value)) {
        return Err(Error::TooLarge { key: key.into(), value });
    }
    check_order(key, low, high)
}

fn check_order<T: PartialOrd + Into<Value>>(key: &str, low: T, high: T) -> Result<(), Error> {
    match low < high {
        true => Ok(()),
        false => Err(Error::EmptyRange { key: key.into(), low: low.into(), high: high.into() }),
    }
}

fn check_log<T: PartialOrd + Default + Into<Value>>(key: &str, low: T) -> Result<(), Error> {
    match low > T::default() {
        true => Ok(()),
        false => Err(Error::NoLogarithm { key: key.into(), low: low.into() }),
    }
}

/// In words, for a message.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                f.write_str(&values.join(", "))
            }
            Self::Uniform { low, high } | Self::LogUniform { low, high } => write!(f, "{low:?} to {high:?}"),
            Self::Int { low, high, step: 1 } | Self::LogInt { low, high } => write!(f, "integers from {low} to {high}"),
            Self::Int { low, high, step } => write!(f, "integers from {low} to {high} in steps of {step}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(domain: Domain) -> String {
        domain.check("lr").unwrap_err().to_string()
    }

    #[test]
    fn fractions_reach_both_ends_and_nothing_beyond() {
        let below_one = 1.0 - f64::EPSILON / 2.0;
        assert_eq!(Domain::Uniform { low: -1.0, high: 3.0 }.at(0.5), Value::Float(1.0));
        let lr = Domain::LogUniform { low: 1e-4, high: 1.0 };
        for (fraction, end) in [(0.0, 1e-4), (below_one, 1.0)] {
            let value = lr.at(fraction);
            assert!(lr.contains(&value) && (value.number().unwrap() / end - 1.0).abs() < 1e-12, "{value}");
        }
        assert_eq!(Domain::Choice(vec!["a".into(), "b".into()]).at(below_one), "b".into());
        let int = Domain::Int { low: 1, high: 6, step: 2 };
        assert_eq!([0.0, 0.34, below_one].map(|at| int.at(at)), [1, 3, 5].map(Value::Integer));
        let log = Domain::LogInt { low: 1, high: 1024 };
        assert_eq!([0.0, below_one].map(|at| log.at(at)), [1, 1024].map(Value::Integer));
    }

    #[test]
    fn a_logarithmic_range_has_its_geometric_mean_in_the_middle() {
        let middle = Domain::LogUniform { low: 1e-4, high: 1.0 }.at(0.5).number().unwrap();
        assert!((middle - 1e-2).abs() < 1e-16, "{middle}");
    }

    #[test]
    fn every_integer_is_as_likely() {
        let int = Domain::Int { low: -3, high: 3, step: 1 };
        let drawn = |n: i64| (0..7000).filter(|i| int.at((f64::from(*i) + 0.5) / 7000.0) == Value::Integer(n)).count();
        assert_eq!([-3, 0, 3].map(drawn), [1000, 1000, 1000]);
    }

    #[test]
    fn contains_what_it_gives_and_no_other_kind() {
        let even = Domain::Int { low: 2, high: 8, step: 2 };
        assert!(even.contains(&4.into()) && !even.contains(&5.into()) && !even.contains(&4.0.into()));
        let lr = Domain::LogUniform { low: 0.1, high: 2.0 };
        assert!(lr.contains(&1.into()) && !lr.contains(&3.0.into()) && !lr.contains(&f64::NAN.into()));
        assert_eq!(lr.place(&3.0.into()), None);
        assert_eq!(even.place(&4.into()), Some(4.0));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(error(Domain::Choice(vec![])), "`lr`: the list is empty; give it a value");
        assert!(error(Domain::Choice(vec![1.0.into(), 1.0.into()])).contains("has 1.0 twice"));
        assert!(error(Domain::Choice(vec![f64::NAN.into()])).contains("NaN is not a finite number"));
        assert!(error(Domain::Uniform { low: 1.0, high: 1.0 }).contains("low 1.0 is not below high 1.0"));
        assert!(error(Domain::Uniform { low: -f64::MAX, high: f64::MAX }).contains("inf is not a finite"));
        assert!(error(Domain::LogUniform { low: 0.0, high: 1.0 }).contains("low 0.0 has no logarithm"));
        assert!(error(Domain::LogInt { low: 0, high: 9 }).contains("low 0 has no logarithm"));
        assert!(error(Domain::Int { low: 5, high: 2, step: 1 }).contains("low 5 is not below high 2"));
        assert!(error(Domain::Int { low: 1, high: 9, step: 0 }).contains("take one from 1 to 8"));
        assert!(error(Domain::Int { low: 0, high: i64::MAX, step: 1 }).contains("beyond 2^53"));
    }
}
