//! Modules: layers in a row, what goes through them, and how many parameters they hold.

use burn::{
    module::{Module, ModuleVisitor, Param},
    nn::{Linear, Relu},
    tensor::{Tensor, backend::Backend},
};
use model::init;

/// A layer of a [`Sequential`].
#[allow(clippy::large_enum_variant, reason = "a network has few layers")]
#[derive(Module, Debug)]
pub enum Layer<B: Backend> {
    /// Weighted sums plus a bias.
    Linear(Linear<B>),
    /// Every number below 0 becomes 0.
    Relu(Relu),
}

/// Layers in a row: each takes what the one before it gives.
#[derive(Module, Debug)]
pub struct Sequential<B: Backend> {
    layers: Vec<Layer<B>>,
}

/// One layer in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `Linear` or `ReLU`.
    pub layer: &'static str,
    /// The shape that comes out of it, for the batch that was sent through.
    pub output: [usize; 2],
    /// The shape of each of its parameter tensors.
    pub parameters: Vec<Vec<usize>>,
}

impl<B: Backend> Layer<B> {
    /// `[batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Linear(linear) => linear.forward(inputs),
            Self::Relu(relu) => relu.forward(inputs),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "Linear",
            Self::Relu(_) => "ReLU",
        }
    }
}

impl<B: Backend> Sequential<B> {
    /// Linear layers of these sizes with a ReLU between any two: `[784, 30, 1]` is the chapter's simple net.
    pub fn new(sizes: &[usize], seed: u64, device: &B::Device) -> Self {
        let mut layers = Vec::new();
        for (number, pair) in sizes.windows(2).enumerate() {
            if number > 0 {
                layers.push(Layer::Relu(Relu::new()));
            }
            layers.push(Layer::Linear(init::linear(seed, &format!("{number}"), pair[0], pair[1], device)));
        }
        Self { layers }
    }

    /// Through all layers, the first to the last.
    pub fn forward(&self, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
        self.layers.iter().fold(inputs, |activations, layer| layer.forward(activations))
    }

    /// The layers, with the shapes that a batch takes on its way through them.
    pub fn table(&self, inputs: Tensor<B, 2>) -> Vec<Row> {
        let mut activations = inputs;
        let row = |layer: &Layer<B>| {
            activations = layer.forward(activations.clone());
            Row { layer: layer.name(), output: activations.dims(), parameters: parameter_shapes(layer) }
        };
        self.layers.iter().map(row).collect()
    }
}

/// The shape of each parameter tensor of any module, in its own order.
pub fn parameter_shapes<B: Backend>(module: &impl Module<B>) -> Vec<Vec<usize>> {
    let mut shapes = Shapes(Vec::new());
    module.visit(&mut shapes);
    shapes.0
}

struct Shapes(Vec<Vec<usize>>);

impl<B: Backend> ModuleVisitor<B> for Shapes {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        self.0.push(parameter.dims().to_vec());
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    fn net(sizes: &[usize]) -> Sequential<Flex> {
        Sequential::new(sizes, 0, &Default::default())
    }

    fn elements(net: &Sequential<Flex>) -> Vec<usize> {
        parameter_shapes(net).iter().map(|shape| shape.iter().product()).collect()
    }

    #[test]
    fn parameters_are_counted_as_in_the_book() {
        assert_eq!(net(&[784, 1]).num_params(), 785);
        assert_eq!(net(&[784, 30, 1]).num_params(), 23_581);
        assert_eq!(elements(&net(&[784, 1, 10])), [784, 1, 10, 10]);
    }

    #[test]
    fn a_table_follows_a_batch_through_the_layers() {
        let table = net(&[784, 30, 1]).table(Tensor::zeros([64, 784], &Default::default()));
        let row = |layer, output, parameters: &[Vec<usize>]| Row { layer, output, parameters: parameters.to_vec() };
        assert_eq!(
            table,
            [
                row("Linear", [64, 30], &[vec![784, 30], vec![30]]),
                row("ReLU", [64, 30], &[]),
                row("Linear", [64, 1], &[vec![30, 1], vec![1]]),
            ]
        );
    }

    #[test]
    fn the_simple_net_is_the_two_layer_net_of_the_model_crate() {
        let device = Default::default();
        let ours = net(&[784, 30, 1]);
        let theirs = model::TwoLayerNet::<Flex>::new([784, 30, 1], 0, &device);
        assert_eq!(parameter_shapes(&ours), parameter_shapes(&theirs));
    }
}
