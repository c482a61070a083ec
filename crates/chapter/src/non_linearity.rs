//! Why there is something between two linear layers: without it they are one.
//!
//! Weighted sums of weighted sums are weighted sums: (x·W₁ + b₁)·W₂ + b₂ = x·(W₁·W₂) + (b₁·W₂ + b₂). So a linear layer
//! after a linear layer adds parameters and nothing that the first could not do. With a ReLU between them it does.

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorData, activation::relu, backend::Backend},
};
use model::init;

use crate::host;

/// Weight `[inputs, outputs]` and bias `[1, outputs]` of a linear layer.
pub type Weights<B> = (Tensor<B, 2>, Tensor<B, 2>);

/// How far one linear layer is from two in a row: the largest difference of their outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differences {
    /// With nothing between the two: a rounding error.
    pub without_relu: f32,
    /// With a ReLU between them.
    pub with_relu: f32,
}

/// The layer on inputs `[batch, inputs]`.
pub fn apply<B: Backend>((weight, bias): &Weights<B>, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
    inputs.matmul(weight.clone()) + bias.clone()
}

/// The one linear layer that does what two in a row do.
pub fn collapse<B: Backend>(first: &Weights<B>, second: &Weights<B>) -> Weights<B> {
    let weight = first.0.clone().matmul(second.0.clone());
    let bias = first.1.clone().matmul(second.0.clone()) + second.1.clone();
    (weight, bias)
}

/// The largest difference between two layers and the one that they collapse to, on some inputs.
pub fn differences<B: Backend>(first: &Weights<B>, second: &Weights<B>, inputs: Tensor<B, 2>) -> Differences {
    let one = apply(&collapse(first, second), inputs.clone());
    let hidden = apply(first, inputs);
    let largest = |two: Tensor<B, 2>| host::scalar((two - one.clone()).abs().max());
    Differences {
        without_relu: largest(apply(second, hidden.clone())),
        with_relu: largest(apply(second, relu(hidden))),
    }
}

/// The same for the sizes of the chapter's simple net, on 100 rows of random numbers.
pub fn of_the_simple_net<B: Backend>(seed: u64, device: &B::Device) -> Differences {
    let first = weights(init::linear::<B>(seed, "first", 784, 30, device));
    let second = weights(init::linear::<B>(seed, "second", 30, 1, device));
    let images = TensorData::new(init::uniform(seed, "images", 100 * 784, 1.0), [100, 784]);
    differences(&first, &second, Tensor::from_data(images, device))
}

fn weights<B: Backend>(layer: Linear<B>) -> Weights<B> {
    let bias = layer.bias.expect("drawn with a bias");
    (layer.weight.val(), bias.val().unsqueeze())
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    use super::*;

    #[test]
    fn two_layers_collapse_to_the_one_that_hand_computation_gives() {
        let device = Default::default();
        let layer = |weight: [[f32; 1]; 1], bias: f32| -> Weights<Flex> {
            (Tensor::from_floats(weight, &device), Tensor::from_floats([[bias]], &device))
        };
        let (first, second) = (layer([[2.0]], 1.0), layer([[3.0]], -1.0));
        let (weight, bias) = collapse(&first, &second);
        assert_eq!((host::values(weight), host::values(bias)), (vec![6.0], vec![2.0]));
        // At x = -1 the hidden value is -1: ReLU makes 0 of it, and -4 becomes -1.
        let differences = differences(&first, &second, Tensor::from_floats([[-1.0]], &device));
        assert_eq!(differences, Differences { without_relu: 0.0, with_relu: 3.0 });
    }

    fn only_a_relu_makes_a_difference<B: Backend>() {
        let differences = of_the_simple_net::<B>(0, &Default::default());
        println!("{differences:?}");
        assert!(differences.without_relu < 1e-5, "{differences:?}");
        assert!(differences.with_relu > 0.05, "{differences:?}");
    }

    #[test]
    fn in_the_simple_net_only_a_relu_makes_a_difference() {
        only_a_relu_makes_a_difference::<Flex>();
        only_a_relu_makes_a_difference::<NdArray>();
    }
}
