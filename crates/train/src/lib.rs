//! Trains the chapter's models with Burn's Learner, on the backend chosen by cargo feature.
//!
//! The way of a run: command line and TOML -> [`plan::Plan`] -> backend -> [`fit::fit`] -> run folder.

pub mod backend;
pub mod baseline;
pub mod classifier;
pub mod environment;
mod error;
pub mod evaluation;
pub mod export;
pub mod files;
pub mod fit;
pub mod lr_find;
pub mod memory;
pub mod metrics;
pub mod observer;
pub mod panics;
pub mod plan;
pub mod report;
pub mod run;
pub mod sweep;
pub mod tour;

pub use error::Error;
