//! Where digits come from and how they reach a network: sources, packed cache, `Dataset`, `Batcher`, loader.
//!
//! The way of the data: archive, folder, IDX files or drawn strokes -> one packed, memory-mapped cache file -> [`Digits`]
//! -> [`DigitDataset`] -> [`Order`] -> [`DigitBatcher`] -> one tensor a batch, served by [`DigitLoader`]. The batching
//! itself is [`ItemLoader`]'s, which takes any of Burn's data sets.

mod augmentation;
mod cache;
mod contain;
mod data_set;
mod dataset;
mod error;
mod fingerprint;
mod load;
mod loader;
mod png;
mod request;
mod retry_policy;
mod scale;
mod source;
#[cfg(test)]
mod testing;

pub use augmentation::Augmentation;
pub use cache::user_folder as user_cache_folder;
pub use contain::{is_contained, panic_message};
pub use data_set::{DataSet, Split};
pub use dataset::{Bytes, Digit, DigitBatch, DigitBatcher, DigitDataset, Digits, HostBatch};
pub use error::Error;
pub use fingerprint::{MNIST_SAMPLE_FINGERPRINT, fingerprint};
pub use load::load;
pub use loader::{DigitLoader, ItemLoader, Order};
pub use png::{GreyImage, decode_png};
pub use request::{Event, Remote, Request, Source};
pub use source::named::NamedSet;
