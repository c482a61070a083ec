//! A graph under construction: operators one after the other, each with the parameters it takes.

use task::{Shape, Task};

use crate::{
    IMAGES, LOGITS, PROBABILITIES, Parameter, Parameters,
    message::{
        AttributeProto, Dimension, GraphProto, NodeProto, Size, TensorProto, TensorShapeProto, TensorTypeProto,
        TypeProto, ValueInfoProto,
    },
};

/// Numbers of `onnx.proto`: a tensor of `f32`, and kinds of attributes.
const FLOATS: i32 = 1;
const FLOAT: i32 = 1;
const INTEGER: i32 = 2;
const INTEGERS: i32 = 7;

/// What is added to a variance before its root, as in PyTorch and in Burn.
const EPSILON: f32 = 1e-5;

/// Operators so far.
pub struct Graph<'a> {
    parameters: &'a Parameters,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
}

/// What a convolution is told beside its weights.
#[derive(Clone, Copy)]
pub struct Sliding {
    pub stride: i64,
    pub has_bias: bool,
}

impl<'a> Graph<'a> {
    pub fn new(parameters: &'a Parameters) -> Self {
        Self { parameters, nodes: Vec::new(), initializers: Vec::new() }
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Result<&'a Parameter, String> {
        self.parameters.get(name).ok_or_else(|| format!("there is no parameter `{name}`"))
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// An operator on these values; returns the name of what it makes, which is the one given.
    pub fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> String {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![output.into()],
            name: output.into(),
            op_type: operator.into(),
            attribute: attributes,
        });
        output.into()
    }

    /// A number that the graph knows.
    pub fn constant(&mut self, name: &str, value: f32) -> String {
        self.initializers.push(tensor(name, &Parameter { shape: vec![], values: vec![value] }));
        name.into()
    }

    /// x · weightᵀ + bias, with the two parameters of this prefix.
    pub fn linear(&mut self, x: &str, prefix: &str, output: &str) -> Result<String, String> {
        let [weight, bias] = self.taken(["weight", "bias"].map(|name| format!("{prefix}{name}")))?;
        Ok(self.node("Gemm", &[x, &weight, &bias], output, vec![integer("transB", 1)]))
    }

    /// A convolution with zeros round it, of sides as PyTorch's `padding = size // 2` leaves them.
    pub fn convolution(&mut self, x: &str, name: &str, sliding: Sliding) -> Result<String, String> {
        let [weight] = self.taken([format!("{name}.weight")])?;
        let [height, width] = match self.parameter(&weight)?.shape[..] {
            [_, _, height, width] => [height as i64, width as i64],
            _ => return Err(format!("`{weight}` is not of a convolution")),
        };
        let bias = if sliding.has_bias { Some(self.taken([format!("{name}.bias")])?) } else { None };
        let inputs: Vec<&str> = [x, &weight].into_iter().chain(bias.iter().flatten().map(String::as_str)).collect();
        let attributes = vec![
            integers("kernel_shape", &[height, width]),
            integers("pads", &[height / 2, width / 2, height / 2, width / 2]),
            integers("strides", &[sliding.stride; 2]),
        ];
        Ok(self.node("Conv", &inputs, name, attributes))
    }

    /// Batch normalisation by the running statistics.
    pub fn batch_norm(&mut self, x: &str, name: &str) -> Result<String, String> {
        let names = ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}"));
        let [weight, bias, mean, variance] = self.taken(names)?;
        let epsilon = AttributeProto { name: "epsilon".into(), f: Some(EPSILON), r#type: FLOAT, ..Default::default() };
        Ok(self.node("BatchNormalization", &[x, &weight, &bias, &mean, &variance], name, vec![epsilon]))
    }

    pub fn relu(&mut self, x: &str) -> String {
        self.node("Relu", &[x], &format!("{x}.relu"), vec![])
    }

    /// `[batch, values]`, as `output`.
    pub fn flat(&mut self, x: &str, output: &str) -> String {
        self.node("Flatten", &[x], output, vec![integer("axis", 1)])
    }

    /// With these parameters in the file.
    fn taken<const N: usize>(&mut self, names: [String; N]) -> Result<[String; N], String> {
        for name in &names {
            let tensor = tensor(name, self.parameter(name)?);
            self.initializers.push(tensor);
        }
        Ok(names)
    }

    /// The graph from images to logits and probabilities.
    pub fn finished(self, name: &str, Shape { channels, height, width }: Shape, task: &Task) -> GraphProto {
        let output = |name: &str, values: usize| value(name, &[values]);
        GraphProto {
            node: self.nodes,
            name: name.into(),
            initializer: self.initializers,
            input: vec![value(IMAGES, &[channels, height, width])],
            output: vec![output(LOGITS, task.outputs()), output(PROBABILITIES, task.classes().len())],
        }
    }
}

pub fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: Some(value), r#type: INTEGER, ..Default::default() }
}

fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: values.into(), r#type: INTEGERS, ..Default::default() }
}

fn tensor(name: &str, Parameter { shape, values }: &Parameter) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|side| *side as i64).collect(),
        data_type: FLOATS,
        name: name.into(),
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

/// A value of any number of images.
fn value(name: &str, sides: &[usize]) -> ValueInfoProto {
    let batch = Dimension { size: Some(Size::Free("batch".into())) };
    let sides = sides.iter().map(|side| Dimension { size: Some(Size::Fixed(*side as i64)) });
    let shape = TensorShapeProto { dim: [batch].into_iter().chain(sides).collect() };
    let tensor_type = Some(TensorTypeProto { elem_type: FLOATS, shape: Some(shape) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}
