//! Convolution and batch normalisation on slices of memory, by all cores: what flex and ndarray compute with.
//!
//! Burn 0.21 itself takes ten times as long as PyTorch for a small residual net on flex, and fifty times on ndarray. It is a
//! crate without Burn, so that these loops are compiled as one piece at full optimisation, and the generic code above them
//! is not.

mod batch_norm;
mod convolution;
mod product;

pub use batch_norm::Channels;
pub use convolution::Convolution;
