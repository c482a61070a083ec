//! Where digits come from and how they reach a network: sources, packed cache, `Dataset`, `Batcher`, loader.
//!
//! The way of the data: archive, folder, IDX files or drawn strokes -> one packed, memory-mapped cache file -> [`Images`]
//! -> [`ImageDataset`] -> [`Order`] -> [`ImageBatcher`] -> one tensor a batch, served by [`ImageLoader`]. The batching
//! itself is [`ItemLoader`]'s, which takes any of Burn's data sets.

mod augmentation;
mod cache;
mod contain;
mod dataset;
mod decode;
mod error;
mod fingerprint;
mod fit;
mod images;
mod load;
mod loader;
mod nearest;
mod request;
mod retry_policy;
mod shuffle;
mod source;
#[cfg(test)]
mod testing;

pub use augmentation::Augmentation;
pub use cache::user_folder as user_cache_folder;
pub use contain::{is_contained, panic_message};
pub use dataset::{Dropout, HostBatch, ImageBatch, ImageBatcher, ImageDataset, ImageItem, augmented};
pub use decode::{DecodedImage, decode_image, is_image_name};
pub use error::Error;
pub use fingerprint::{MNIST_FINGERPRINT, MNIST_SAMPLE_FINGERPRINT, fingerprint};
pub use fit::Fit;
pub use images::{Bytes, DataSet, Images, OriginalSize, Split};
pub use load::{cached, load};
pub use loader::{ImageLoader, ItemLoader, Order, Shards};
pub use nearest::{Neighbour, nearest};
pub use request::{Decoding, Event, HeldOut, OnBroken, Remote, Request, Source};
pub use source::{csv::Columns, folder::count_classes, named::NamedSet, natural::natural};
