//! What TensorBoard's HPARAMS page shows: the settings of a run beside what came of it.
//!
//! Two values with fixed tags: the settings of a run, and how it ended. The page takes the metrics from the scalars. A third
//! value could list settings and metrics for all runs; without it the page lists those first in which the runs differ.

use crate::{value::Value, wire::Message};

const PLUGIN: &str = "hparams";

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum HyperParameter {
    /// `true` or `false`.
    Flag(bool),
    Number(f64),
    /// Anything else, as text.
    Text(String),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did not: it was stopped.
    Unknown,
    Success,
    Failure,
}

/// The settings of a run that starts.
pub fn session_start<S: AsRef<str>>(time: f64, parameters: &[(S, HyperParameter)]) -> Value {
    let parameters = parameters.iter().map(|(name, value)| {
        let value = match value {
            HyperParameter::Number(number) => Message::default().double(2, *number),
            HyperParameter::Text(text) => Message::default().bytes(3, text),
            HyperParameter::Flag(flag) => Message::default().integer(4, u64::from(*flag)),
        };
        Message::default().bytes(1, name.as_ref()).message(2, value)
    });
    value("_hparams_/session_start_info", 3, Message::default().messages(1, parameters).double(5, time))
}

pub fn session_end(time: f64, status: Status) -> Value {
    let status = match status {
        Status::Unknown => 0,
        Status::Success => 1,
        Status::Failure => 2,
    };
    value("_hparams_/session_end_info", 4, Message::default().integer(1, status).double(2, time))
}

fn value(tag: &str, field: u64, data: Message) -> Value {
    Value::of_plugin(tag, PLUGIN, &Message::default().message(field, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(value: &Value) -> String {
        value.0.encoded().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The expected bytes are those of TensorBoard's own classes with the same content.
    #[test]
    fn the_values_are_those_of_tensorboards_own_classes() {
        assert_eq!(
            hex(&session_start(2.0, &[("a", HyperParameter::Number(1.5))])),
            "0a1c5f68706172616d735f2f73657373696f6e5f73746172745f696e666f42060801120212004a280a260a0768706172616d73121b\
             1a190a0e0a0161120911000000000000f83f290000000000000040"
        );
        assert_eq!(
            hex(&session_end(3.0, Status::Success)),
            "0a1a5f68706172616d735f2f73657373696f6e5f656e645f696e666f42060801120212004a1a0a180a0768706172616d73120d220b\
             0801110000000000000840"
        );
    }
}
