//! What TensorBoard reads: event files, as bytes.
//!
//! It takes plain values and gives bytes to append to a file, and knows neither Burn nor files. An event file is [`head`]
//! and then any number of [`event`]s; its name has to contain `tfevents`. Each of the two is made of records, which
//! [`after`] counts.
//!
//! The formats are those of TensorFlow: `TFRecord` around each event, and the protocol buffers `event.proto`,
//! `summary.proto`, `tensor.proto` and, of TensorBoard's plugins for hyper-parameters and precision-recall curves,
//! `plugin_data.proto`. Of their fields only those are written that a training run has something to say for.

mod event;
mod histogram;
mod hyper_parameters;
mod record;
mod value;
mod wire;

pub use event::{HEAD_RECORDS, event, head};
pub use histogram::Histogram;
pub use hyper_parameters::{HyperParameter, Status, session_end, session_start};
pub use record::after;
pub use value::Value;
