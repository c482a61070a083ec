//! Run folders: one folder a run. What is in it, which ones there are, and going on with one; knows no Burn.
//!
//! In: a [`plan::Plan`], and what training tells epoch by epoch. Out: `config.toml`, `run.json`, `metrics.jsonl` and
//! `metrics.csv`, checkpoints, each file whole or not there. Start at [`folder`].

pub mod best;
pub mod checkpoint;
mod epoch;
mod error;
pub mod event_log;
pub mod folder;
pub mod list;
mod metrics_log;
pub mod record;
mod records;
pub mod resume;
pub mod writer;

pub use epoch::{BatchPlace, BatchRecord, EpochRecord};
pub use error::Error;
pub use folder::RunFolder;
pub use metrics_log::MetricsLog;
pub use record::RunRecord;
pub use records::Records;
