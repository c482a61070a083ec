//! What a network's layers make of an image, and what that takes.

use burn::nn::{Linear, conv::Conv2d};

use crate::Backend;

/// A layer with what it makes of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSummary {
    /// Its path in the network, as in `blocks.0.one.convolution`.
    pub name: String,
    /// Its kind, as in `convolution 3 x 3`.
    pub kind: String,
    /// Channels, rows and columns, or values, of what it makes of an image.
    pub output: Vec<usize>,
    /// Values that training changes by their gradients.
    pub parameters: usize,
    /// Multiplications with an addition each, for one image; of a normalisation one for each value.
    pub multiply_adds: usize,
}

pub(crate) fn linear<B: Backend>(name: &str, layer: &Linear<B>) -> LayerSummary {
    let [inputs, outputs] = layer.weight.dims();
    LayerSummary {
        name: name.into(),
        kind: "linear".into(),
        output: vec![outputs],
        parameters: inputs * outputs + outputs,
        multiply_adds: inputs * outputs,
    }
}

/// A convolution that keeps the sides but for its stride, and the normalisation after it, of images of these sides.
pub(crate) fn step<B: Backend>(name: &str, layer: &Conv2d<B>, sides: [usize; 2]) -> ([LayerSummary; 2], [usize; 2]) {
    let [to, from, rows, columns] = layer.weight.dims();
    let sides = [sides[0].div_ceil(layer.stride[0]), sides[1].div_ceil(layer.stride[1])];
    let (weights, places, output) = (to * from * rows * columns, sides[0] * sides[1], vec![to, sides[0], sides[1]]);
    let convolution = LayerSummary {
        name: format!("{name}.convolution"),
        kind: format!("convolution {rows} x {columns}"),
        output: output.clone(),
        parameters: weights,
        multiply_adds: weights * places,
    };
    let norm = LayerSummary {
        name: format!("{name}.norm"),
        kind: "batch norm".into(),
        output,
        parameters: 2 * to,
        multiply_adds: to * places,
    };
    ([convolution, norm], sides)
}
