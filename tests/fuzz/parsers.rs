//! What reads foreign bytes: a file each.

#[path = "parsers/archive.rs"]
mod archive;
#[path = "parsers/cache.rs"]
mod cache;
#[path = "parsers/checkpoint.rs"]
mod checkpoint;
#[path = "parsers/config.rs"]
mod config;
#[path = "parsers/idx.rs"]
mod idx;
#[path = "parsers/image.rs"]
mod image;
#[path = "parsers/metrics.rs"]
mod metrics;
#[path = "parsers/png.rs"]
mod png;
#[path = "parsers/record.rs"]
mod record;
#[path = "parsers/request.rs"]
mod request;
#[path = "parsers/run.rs"]
mod run;
#[path = "parsers/safetensors.rs"]
mod safetensors;
#[path = "parsers/study.rs"]
mod study;

use std::path::Path;

use proptest::strategy::BoxedStrategy;

/// Something that reads bytes of a kind, ready in a folder of its own.
pub trait Parser {
    /// Inputs that get past the first checks more often than random bytes would.
    fn inputs(&self) -> BoxedStrategy<Vec<u8>>;

    /// Reads one, and uses what came of it as the program does; whether it was accepted.
    fn read(&mut self, bytes: &[u8]) -> bool;
}

/// The slow ones first, so that the cores end together.
pub const NAMES: [&str; 12] = [
    "checkpoint",
    "safetensors",
    "study",
    "metrics",
    "record",
    "archive",
    "cache",
    "request",
    "idx",
    "config",
    "image",
    "png",
];

/// The parser of that name, with its files in `folder`.
pub fn named(name: &str, folder: &Path) -> Box<dyn Parser> {
    match name {
        "archive" => Box::new(archive::Archive::new(folder)),
        "cache" => Box::new(cache::Cache::new(folder)),
        "checkpoint" => Box::new(checkpoint::Checkpoints::new(folder)),
        "config" => Box::new(config::Configs::new(folder)),
        "idx" => Box::new(idx::Idx::new(folder)),
        "image" => Box::new(image::Image),
        "metrics" => Box::new(metrics::Metrics::new(folder)),
        "png" => Box::new(png::Png),
        "request" => Box::new(request::Requests::new()),
        "record" => Box::new(record::Record::new(folder)),
        "safetensors" => Box::new(safetensors::Safetensors::new(folder)),
        "study" => Box::new(study::Studies::new(folder)),
        _ => panic!("no parser `{name}`; there are {}", NAMES.join(", ")),
    }
}
