//! Where digits come from and how they reach a network: sources, packed cache, `Dataset`, `Batcher`, loader.
//!
//! The way of the data: archive, folder, IDX files or drawn strokes -> one packed, memory-mapped cache file -> [`Digits`]
//! -> [`DigitDataset`] -> [`Order`] -> [`DigitBatcher`] -> one tensor a batch, served by [`DigitLoader`]. The batching
//! itself is [`ItemLoader`]'s, which takes any of Burn's data sets.

mod augmentation;
mod batcher;
mod cache;
mod contain;
mod data_set;
mod digits;
mod error;
mod fingerprint;
mod load;
mod loader;
mod order;
mod png;
mod prefetch;
mod request;
mod retry_policy;
mod scale;
mod source;
#[cfg(test)]
mod testing;

pub use augmentation::Augmentation;
pub use batcher::{DigitBatch, DigitBatcher, HostBatch};
pub use cache::user_folder as user_cache_folder;
pub use contain::{is_contained, panic_message};
pub use data_set::{DataSet, Split};
pub use digits::{Bytes, Digit, DigitDataset, Digits};
pub use error::Error;
pub use fingerprint::{MNIST_SAMPLE_FINGERPRINT, fingerprint};
pub use load::load;
pub use loader::{DigitLoader, ItemLoader};
pub use order::Order;
pub use png::{GreyImage, decode_png};
pub use request::{Event, Remote, Request, Source};
pub use source::named::NamedSet;
