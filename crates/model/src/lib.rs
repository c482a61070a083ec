//! The chapter's networks, losses and the pixel-similarity baseline, each generic over Burn's `Backend`.
//!
//! Everything takes images as rows of pixels, `[batch, pixels]` with values from 0 to 1, and targets as `[batch, outputs]`: of
//! two classes one output, with 1 for the first class and 0 for the second; of more one-hot. Networks give logits,
//! `[batch, outputs]`.

mod backend;
pub mod distance;
mod dropout;
pub mod init;
mod layers;
mod linear;
pub mod loss;
mod network;
mod pixel_similarity;
mod resnet;
mod simple_cnn;
mod summary;
mod two_layer;

pub use backend::{AutodiffBackend, Backend};
pub use distance::Distance;
pub use linear::LinearBaseline;
pub use network::Network;
pub use pixel_similarity::PixelSimilarity;
pub use resnet::{ResNet, feature_sides};
pub use simple_cnn::SimpleCnn;
pub use summary::LayerSummary;
pub use two_layer::TwoLayerNet;
