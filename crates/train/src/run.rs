//! Run folders: one folder per run, what is in it, which ones there are, and going on with one.

pub mod folder;
pub mod list;
mod metrics_log;
pub mod record;
pub mod resume;

pub use folder::RunFolder;
pub use metrics_log::MetricsLog;
pub use record::RunRecord;
