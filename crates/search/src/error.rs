//! What is wrong with a space or a search.

use crate::value::Value;

/// Every message is one line: the key, the cause and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parameters have one key.
    #[error("`{key}` stands in the space twice; remove one")]
    DuplicateKey { key: String },
    /// A list without values, of a parameter or of its condition.
    #[error("`{key}`: the list is empty; give it a value")]
    EmptyList { key: String },
    /// A list that holds a value twice.
    #[error("`{key}`: the list has {value} twice; remove one")]
    DuplicateValue { key: String, value: Value },
    /// NaN, an infinity, or a range that is not finite.
    #[error("`{key}`: {value} is not a finite number")]
    NotFinite {
        key: String,
        /// The number, or the width of the range.
        value: f64,
    },
    /// A range that holds nothing, or one value.
    #[error("`{key}`: low {low} is not below high {high}")]
    EmptyRange {
        key: String,
        /// Its lower end.
        low: Value,
        /// Its upper end.
        high: Value,
    },
    /// A logarithmic range that begins at zero or below.
    #[error("`{key}`: low {low} has no logarithm; take a low above zero, or a range that is not logarithmic")]
    NoLogarithm {
        key: String,
        /// Its lower end.
        low: Value,
    },
    /// A step below one, or one that leaves a single value.
    #[error("`{key}`: step {step} does not fit; take one from 1 to {largest}")]
    Step {
        key: String,
        step: i64,
        /// The largest that leaves two values.
        largest: i64,
    },
    /// An integer that a float cannot hold exactly.
    #[error("`{key}`: {value} is beyond 2^53; take a smaller range")]
    TooLarge { key: String, value: i64 },
    /// A condition on a key that the space does not have.
    #[error("`{key}`: it depends on `{parent}`, which is not in the space; add `{parent}` or remove the condition")]
    UnknownParent {
        key: String,
        /// The key that it names.
        parent: String,
    },
    /// A key that depends on itself, maybe through others.
    #[error("`{key}`: it depends on itself; remove a condition")]
    Cycle { key: String },
    /// A condition on a key without separate values.
    #[error("`{key}`: it depends on values of `{parent}`, which has a continuous range; make that a list")]
    ContinuousParent {
        key: String,
        /// The key that it names.
        parent: String,
    },
    /// A condition on a value that the other key does not have.
    #[error("`{key}`: it depends on `{parent}` being {value}, which is outside of its values, {domain}")]
    OutsideOfParent {
        key: String,
        /// The key that it names.
        parent: String,
        value: Value,
        /// The values that the other key has, in words.
        domain: String,
    },
    /// A value that the domain of its key does not have.
    #[error("`{key}`: {value} is outside of its values, {domain}")]
    Outside {
        key: String,
        value: Value,
        /// The values that it has, in words.
        domain: String,
    },
    /// A point without one of its keys.
    #[error("`{key}`: the point has no value for it")]
    Missing { key: String },
    /// A point with a key that is inactive there or not in the space.
    #[error("`{key}`: the point has a value for it, but there it is inactive or unknown")]
    Inactive { key: String },
    /// A grid over something that is no list.
    #[error("`{key}`: a grid takes lists and `int` in steps; list its values, or search with random, sobol or tpe")]
    NoList { key: String },
    /// More keys than the Sobol sequence has dimensions.
    #[error("a space of {found} keys; sobol takes at most {limit}; search with random or tpe")]
    Dimensions {
        /// How many keys there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More points than the Sobol sequence has.
    #[error("point {index} of a sobol search, which has points 0 to {}; search with random or tpe", limit - 1)]
    Points {
        index: u64,
        /// How many points there are.
        limit: u64,
    },
    /// Settings of ASHA that give no rungs.
    #[error(
        "asha from {min} to {max} epochs with reduction factor {factor}; it takes a minimum of 1 or more, below the \
         maximum, and a factor of 2 or more"
    )]
    Asha {
        /// Epochs to the first rung.
        min: usize,
        /// Epochs of a whole trial.
        max: usize,
        factor: usize,
    },
}
