//! Training: a checked plan, data and a device become a run folder with a model.
//!
//! In: a [`plan::Plan`], a [`data::DataSet`], a device. Out: what [`run`] keeps of it, and values that others show. It knows
//! no study, no page and no terminal. Start at [`fit`]; a batch goes through [`fit`] and [`classifier`].

pub mod backend;
pub mod baseline;
pub mod classifier;
mod error;
pub mod evaluation;
pub mod explain;
pub mod export;
pub mod fit;
pub mod lr_find;
pub mod observer;
pub mod panics;
pub mod ranks;

pub use error::Error;
