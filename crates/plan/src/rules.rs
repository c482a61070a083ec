//! Which values a key may have: the table of a plan's keys, read by the checks and by people. A study file has one of its own.

use std::{
    fmt,
    ops::{
        Bound::{self, Excluded, Included},
        RangeBounds,
    },
};

use task::Task;
use toml::Value;

use super::{
    auto::ClassWeights,
    choices::{
        BackendChoice, Fit, Loss, ModelKind, Monitor, OnBroken, OptimizerKind, Sampling, ScheduleKind, SourceKind,
    },
};

/// What a value must be.
#[derive(Debug)]
pub enum Rule {
    /// `true` or `false`.
    Flag,
    /// Any string.
    Text,
    /// A string that is not empty.
    Path,
    /// A string that is a folder name on every system.
    FolderName,
    /// `auto`, or two and more different folder names.
    Classes,
    /// `auto`, or 1 or 3.
    Channels,
    /// `auto`, or a side up to this, or two of them.
    Size(i64),
    /// Numbers up to this of stages, at least one.
    Stages(i64),
    /// `none`, `balanced`, or a number above 0 for each class.
    Weights,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An integer from the first to the second.
    Integer(i64, i64),
    AtLeast(i64),
    /// A number, an integer too, within the bounds.
    Number(Bound<f64>, Bound<f64>),
    /// One that backends take as f32: what that rounds it to is within the bounds too.
    F32(Bound<f64>, Bound<f64>),
    /// Three such numbers.
    ThreeF32(Bound<f64>, Bound<f64>),
    /// What a file of another kind has of its own: what a message expects, and whether a value is that.
    Custom(&'static str, fn(&Value) -> bool),
}

use Rule::{
    AtLeast, Channels, Classes, Custom, F32, Flag, FolderName, Integer, Number, Path, Size, Stages, Text, ThreeF32,
    Weights, Word,
};

/// Each halves the sides and doubles the channels.
const MOST_STAGES: usize = 6;

/// Above any useful value and within f32, in which backends compute.
const HUGE: Bound<f64> = Included(1e38);
const ZERO: Bound<f64> = Included(0.0);
const ONE: Bound<f64> = Included(1.0);
const ABOVE_ZERO: Bound<f64> = Excluded(0.0);
const BELOW_ONE: Bound<f64> = Excluded(1.0);

/// Every key of `base.toml`, in its order.
pub(super) static RULES: &[(&str, Rule)] = &[
    ("name", FolderName),
    ("runs", Path),
    ("seed", Integer(0, i64::MAX)),
    ("backend", Word(BackendChoice::NAMES)),
    ("device", Integer(0, 1023)),
    ("threads", Integer(0, 1024)),
    ("tensorboard", Flag),
    ("data.source", Word(SourceKind::NAMES)),
    ("data.path", Text),
    ("data.classes", Classes),
    ("data.channels", Channels),
    ("data.size", Size(1024)),
    ("data.fit", Word(Fit::NAMES)),
    ("data.on_broken", Word(OnBroken::NAMES)),
    ("data.valid_fraction", Number(ZERO, BELOW_ONE)),
    ("data.split_seed", Integer(0, i64::MAX)),
    ("data.transposed", Flag),
    ("data.image_folder", Text),
    ("data.path_column", Path),
    ("data.label_column", Path),
    ("data.split_column", Path),
    ("data.cache", Text),
    ("data.synthetic_seed", Integer(0, i64::MAX)),
    ("data.synthetic_train", Integer(2, 10_000_000)),
    ("data.synthetic_valid", Integer(2, 10_000_000)),
    ("data.sampling", Word(Sampling::NAMES)),
    ("data.workers", Integer(0, 256)),
    ("model.kind", Word(ModelKind::NAMES)),
    ("model.hidden", Integer(1, 65_536)),
    ("model.channels", Integer(1, 1024)),
    ("model.blocks", Stages(64)),
    ("model.dropout", Number(ZERO, BELOW_ONE)),
    ("augmentation.degrees", Number(ZERO, Included(180.0))),
    ("augmentation.translate", Number(ZERO, ONE)),
    ("augmentation.scale", Number(ZERO, Included(0.9))),
    ("augmentation.flip", Number(ZERO, ONE)),
    ("augmentation.shift", Integer(0, 512)),
    ("augmentation.crop", Number(ZERO, Included(0.9))),
    ("augmentation.brightness", Number(ZERO, ONE)),
    ("augmentation.contrast", Number(ZERO, ONE)),
    ("augmentation.erasing", Number(ZERO, ONE)),
    ("augmentation.mixup", Number(ZERO, ONE)),
    ("training.epochs", Integer(1, 1_000_000)),
    ("training.batch_size", Integer(1, 1_000_000)),
    ("training.loss", Word(Loss::NAMES)),
    ("training.class_weights", Weights),
    ("training.label_smoothing", Number(ZERO, BELOW_ONE)),
    ("training.accumulate", Integer(1, 1_000_000)),
    ("training.clip_norm", F32(ZERO, HUGE)),
    ("training.ema_decay", Number(ZERO, BELOW_ONE)),
    ("training.monitor", Word(Monitor::NAMES)),
    ("training.log_steps", Flag),
    ("optimizer.kind", Word(OptimizerKind::NAMES)),
    ("optimizer.learning_rate", F32(ABOVE_ZERO, HUGE)),
    ("optimizer.momentum", F32(ZERO, BELOW_ONE)),
    ("optimizer.weight_decay", F32(ZERO, HUGE)),
    ("optimizer.beta_1", F32(ZERO, BELOW_ONE)),
    ("optimizer.beta_2", F32(ZERO, BELOW_ONE)),
    ("optimizer.epsilon", F32(Included(1e-37), ONE)),
    ("schedule.kind", Word(ScheduleKind::NAMES)),
    ("schedule.pct_start", Number(ABOVE_ZERO, BELOW_ONE)),
    ("schedule.div", Number(ONE, HUGE)),
    ("schedule.div_final", Number(ONE, HUGE)),
    ("schedule.momentums", ThreeF32(ZERO, BELOW_ONE)),
    ("early_stopping.patience", Integer(0, 1_000_000)),
    ("early_stopping.min_delta", Number(ZERO, HUGE)),
    ("checkpoint.keep_last", Integer(1, 1_000_000)),
    ("checkpoint.every_steps", Integer(0, 1_000_000_000)),
    ("parallel.shards", Integer(1, 65_536)),
    ("parallel.timeout", Integer(1, 1_000_000)),
];

impl Rule {
    /// Whether the value has the type and is in the range.
    pub(super) fn allows(&self, value: &Value) -> bool {
        match self {
            Flag => value.is_bool(),
            Text => value.is_str(),
            Path => value.as_str().is_some_and(|text| !text.is_empty()),
            FolderName => value.as_str().is_some_and(is_folder_name),
            Classes => value.as_str() == Some("auto") || value.as_array().is_some_and(|names| are_classes(names)),
            Channels => value.as_str() == Some("auto") || matches!(value.as_integer(), Some(1 | 3)),
            Size(most) => {
                let is_side = |value: &Value| Integer(1, *most).allows(value);
                let are_sides = |sides: &Vec<Value>| sides.len() == 2 && sides.iter().all(is_side);
                value.as_str() == Some("auto") || is_side(value) || value.as_array().is_some_and(are_sides)
            }
            Stages(most) => value.as_array().is_some_and(|stages| {
                (1..=MOST_STAGES).contains(&stages.len())
                    && stages.iter().all(|blocks| Integer(1, *most).allows(blocks))
            }),
            Weights => {
                let is_weight = |value: &Value| F32(ABOVE_ZERO, Included(1e6)).allows(value);
                let are_weights = |weights: &Vec<Value>| weights.len() > 1 && weights.iter().all(is_weight);
                value.as_str().is_some_and(|word| [ClassWeights::NONE, ClassWeights::BALANCED].contains(&word))
                    || value.as_array().is_some_and(are_weights)
            }
            Word(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Integer(min, max) => value.as_integer().is_some_and(|number| (*min..=*max).contains(&number)),
            AtLeast(min) => value.as_integer().is_some_and(|number| *min <= number),
            Number(low, high) => number(value).is_some_and(|number| (*low, *high).contains(&number)),
            F32(low, high) => Number(*low, *high).allows(value) && rounds_into(*low, *high, value),
            ThreeF32(low, high) => value.as_array().is_some_and(|numbers| {
                numbers.len() == 3 && numbers.iter().all(|number| F32(*low, *high).allows(number))
            }),
            Custom(_, allows) => allows(value),
        }
    }

    /// What f32 makes of a number that would be allowed but for that.
    pub(super) fn rounded_out(&self, value: &Value) -> Option<f32> {
        match self {
            F32(low, high) if Number(*low, *high).allows(value) && !rounds_into(*low, *high, value) => {
                number(value).map(|number| number as f32)
            }
            ThreeF32(low, high) => value.as_array()?.iter().find_map(|value| F32(*low, *high).rounded_out(value)),
            _ => None,
        }
    }
}

/// Whether the number's f32 is within the f32 of the bounds.
fn rounds_into(low: Bound<f64>, high: Bound<f64>, value: &Value) -> bool {
    let single = |bound: Bound<f64>| bound.map(|limit| limit as f32);
    number(value).is_some_and(|number| (single(low), single(high)).contains(&(number as f32)))
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or(value.as_integer().map(|integer| integer as f64))
}

fn is_folder_name(text: &str) -> bool {
    let inner = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    text.starts_with(char::is_alphanumeric) && text.chars().all(inner) && !text.ends_with('.') && text.len() <= 100
}

fn are_classes(names: &[Value]) -> bool {
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    names.is_some_and(|names| Task::new(names).is_ok())
}

impl fmt::Display for Rule {
    /// What a message expects: the type and the range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flag => f.write_str("true or false"),
            Text => f.write_str("a string"),
            Path => f.write_str("a string, not empty"),
            FolderName => f.write_str("a string, a folder name of letters, digits, `-`, `_` and `.`"),
            Classes => f.write_str("\"auto\", or two or more different strings, folder names such as [\"3\", \"7\"]"),
            Channels => f.write_str("\"auto\", 1 or 3"),
            Size(most) => write!(f, "\"auto\", an integer from 1 to {most}, or rows and columns as [32, 32]"),
            Stages(most) => write!(f, "one to {MOST_STAGES} integers, each from 1 to {most}, as [1, 1, 1]"),
            Weights => f.write_str("\"none\", \"balanced\", or a number above 0 and at most 1e6 for each class"),
            Word(words) => f.write_str(&any_of(words)),
            Integer(min, max) => write!(f, "an integer from {min} to {max}"),
            AtLeast(min) => write!(f, "an integer from {min} on"),
            Number(low, high) | F32(low, high) => write!(f, "a number {}", range(*low, *high)),
            ThreeF32(low, high) => write!(f, "three numbers, each {}", range(*low, *high)),
            Custom(expected, _) => f.write_str(expected),
        }
    }
}

fn any_of(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

fn range(low: Bound<f64>, high: Bound<f64>) -> String {
    let bound = |bound, including, excluding| match bound {
        Included(limit) => format!("{including} {}", short(limit)),
        Excluded(limit) => format!("{excluding} {}", short(limit)),
        Bound::Unbounded => "of any size".to_string(),
    };
    format!("{} and {}", bound(low, "at least", "above"), bound(high, "at most", "below"))
}

fn short(limit: f64) -> String {
    if limit == 0.0 || (1e-4..1e6).contains(&limit) { format!("{limit}") } else { format!("{limit:e}") }
}
