//! Parameters drawn on the host, so that one seed gives the same bits on every backend.
//!
//! Burn's own initialisers draw from a random state that is global to the process and differs between backends. Here
//! each parameter has a stream of its own, named by the seed and the parameter's path: adding a layer changes no other.

use std::f64::consts::TAU;

use burn::{
    module::Param,
    nn::{Linear, PaddingConfig2d, conv::Conv2d},
    tensor::{TensorData, backend::Backend},
};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// A linear layer that starts as PyTorch's `nn.Linear` does: weight `[inputs, outputs]` and bias `[outputs]` uniform in
/// ±1/√inputs (Kaiming uniform with a = √5, <https://pytorch.org/docs/stable/generated/torch.nn.Linear.html>).
pub fn linear<B: Backend>(seed: u64, path: &str, inputs: usize, outputs: usize, device: &B::Device) -> Linear<B> {
    let bound = 1.0 / (inputs as f32).sqrt();
    let weight = uniform(seed, &format!("{path}.weight"), inputs * outputs, bound);
    let bias = uniform(seed, &format!("{path}.bias"), outputs, bound);
    Linear {
        weight: Param::from_data(TensorData::new(weight, [inputs, outputs]), device),
        bias: Some(Param::from_data(TensorData::new(bias, [outputs]), device)),
    }
}

/// A convolution without bias that starts as PyTorch's `nn.Conv2d` does: kernels uniform in ±1/√(inputs · size²), `size` x
/// `size`, with zeros around the image such that stride 1 keeps its size.
pub fn convolution<B: Backend>(
    seed: u64,
    path: &str,
    [inputs, outputs]: [usize; 2],
    [size, stride]: [usize; 2],
    device: &B::Device,
) -> Conv2d<B> {
    let per_output = inputs * size * size;
    let bound = 1.0 / (per_output as f32).sqrt();
    let weight = uniform(seed, &format!("{path}.weight"), outputs * per_output, bound);
    let pad = size / 2;
    Conv2d {
        weight: Param::from_data(TensorData::new(weight, [outputs, inputs, size, size]), device),
        bias: None,
        stride: [stride; 2],
        kernel_size: [size; 2],
        dilation: [1; 2],
        groups: 1,
        padding: PaddingConfig2d::Explicit(pad, pad, pad, pad),
    }
}

/// `count` values, uniform in [-bound, bound), of the parameter at `path`.
pub fn uniform(seed: u64, path: &str, count: usize, bound: f32) -> Vec<f32> {
    let mut stream = stream(seed, path);
    (0..count).map(|_| (unit(&mut stream) * 2.0 - 1.0) * bound).collect()
}

/// `count` values of the parameter at `path`, normal with mean 0 and this standard deviation (Box and Muller,
/// <https://doi.org/10.1214/aoms/1177706645>).
pub fn normal(seed: u64, path: &str, count: usize, std: f32) -> Vec<f32> {
    let mut stream = stream(seed, path);
    let mut draw = || {
        let radius = (-2.0 * (1.0 - f64::from(unit(&mut stream))).ln()).sqrt();
        let angle = TAU * f64::from(unit(&mut stream));
        (radius * angle.cos()) as f32 * std
    };
    (0..count).map(|_| draw()).collect()
}

/// The random stream of one parameter.
fn stream(seed: u64, path: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(b"init");
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(fnv_1a(path));
    stream
}

/// Uniform in [0, 1) with the 24 bits that an `f32` holds exactly.
pub(crate) fn unit(stream: &mut ChaCha8Rng) -> f32 {
    (stream.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A stable 64-bit hash of a path (FNV-1a, <https://www.rfc-editor.org/rfc/rfc9923>).
fn fnv_1a(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_and_path_give_the_same_bits() {
        assert_eq!(uniform(7, "first.weight", 100, 1.0), uniform(7, "first.weight", 100, 1.0));
    }

    #[test]
    fn another_seed_or_path_gives_another_stream() {
        let values = uniform(7, "first.weight", 8, 1.0);
        assert_ne!(values, uniform(8, "first.weight", 8, 1.0));
        assert_ne!(values, uniform(7, "first.bias", 8, 1.0));
    }

    #[test]
    fn values_fill_the_bounds_evenly() {
        let values = uniform(0, "w", 100_000, 0.5);
        assert!(values.iter().all(|v| (-0.5..0.5).contains(v)));
        let mean = values.iter().sum::<f32>() / 100_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / 100_000.0;
        assert!(mean.abs() < 0.005, "mean {mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.002, "variance {variance}");
    }

    #[test]
    fn normal_values_have_their_mean_and_deviation() {
        let values = normal(0, "w", 100_000, 2.0);
        let mean = values.iter().sum::<f32>() / 100_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / 100_000.0;
        let within_one = values.iter().filter(|v| v.abs() < 2.0).count();
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 4.0).abs() < 0.1, "variance {variance}");
        assert!((67_800..68_700).contains(&within_one), "68.27 % within one deviation: {within_one}");
    }

    #[test]
    fn values_never_change_between_releases() {
        assert_eq!(uniform(0, "linear.weight", 3, 1.0), [0.9924543, 0.27617383, -0.54390395]);
    }

    #[test]
    fn hash_agrees_with_the_published_vectors() {
        assert_eq!(fnv_1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a("foobar"), 0x8594_4171_f739_67e8);
    }
}
