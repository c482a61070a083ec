//! Run folders: one folder per run, what is in it, which ones there are, and going on with one.

pub mod folder;
pub mod list;
pub mod record;
pub mod resume;

pub use folder::RunFolder;
pub use record::RunRecord;
