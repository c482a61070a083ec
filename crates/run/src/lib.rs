//! Run folders: one folder a run. What is in it, which ones there are, and going on with one; knows no Burn.
//!
//! In: a [`plan::Plan`], and what training tells epoch by epoch. Out: `config.toml`, `run.json`, `metrics.jsonl` and
//! `metrics.csv`, checkpoints, each file whole or not there. Start at [`folder`].

pub mod about;
pub mod best;
pub mod checkpoint;
mod checkpoint_writer;
mod error;
pub mod event_log;
pub mod folder;
pub mod list;
pub mod record;
pub mod resume;
mod run_logger;
pub mod trash;

pub use about::About;
pub use checkpoint_writer::CheckpointWriter;
pub use error::Error;
pub use folder::RunFolder;
pub use record::RunRecord;
pub use run_logger::{BatchPlace, BatchRecord, EpochRecord, MetricsLog, RunLogger};
