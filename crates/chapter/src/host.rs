//! Numbers from the device to the host.

use burn::tensor::{Bool, Int, Tensor, backend::Backend};

/// All values of a tensor, row by row.
pub(crate) fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().iter::<f32>().collect()
}

/// The value of a tensor that holds one.
pub(crate) fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
    values(tensor)[0]
}

/// How many are true.
pub(crate) fn count<B: Backend, const D: usize>(tensor: Tensor<B, D, Bool>) -> usize {
    let sum: Tensor<B, 1, Int> = tensor.int().sum();
    sum.into_data().iter::<i64>().sum::<i64>() as usize
}
