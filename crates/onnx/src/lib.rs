//! ONNX models: what a network computes, as a file that onnxruntime, and whatever else reads ONNX, runs.
//!
//! In: the kind of a network and its parameters by their names in `model.safetensors`; out: the bytes of the file. It knows
//! neither Burn nor run folders.

mod graph;
mod message;
mod networks;

use std::collections::BTreeMap;

use plan::ModelKind;
use prost::Message as _;
use task::{Shape, Task};

use graph::Graph;
use message::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

/// The operators' version: every operator here is as it is now since then, and onnxruntime reads it from 1.18 (2024) on.
pub const OPSET: i64 = 21;
/// The file's version, that of the same release.
const IR_VERSION: i64 = 10;

/// The input, `[batch, channels, height, width]`, values from 0 to 1.
pub const IMAGES: &str = "images";
/// An output, `[batch, outputs]`: of two classes one logit, of the first.
pub const LOGITS: &str = "logits";
/// An output, `[batch, classes]`.
pub const PROBABILITIES: &str = "probabilities";

/// Parameters by name, as PyTorch's state dict has them.
pub type Parameters = BTreeMap<String, Parameter>;

/// A tensor of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub shape: Vec<usize>,
    /// As many as the shape says, the last axis the fastest.
    pub values: Vec<f32>,
}

/// What a model file is made of.
#[derive(Debug)]
pub struct Model<'a> {
    pub kind: ModelKind,
    pub parameters: &'a Parameters,
    pub shape: Shape,
    pub task: &'a Task,
    /// What else the file says, by name.
    pub metadata: &'a [(&'a str, String)],
}

impl Model<'_> {
    /// The file: any number of images in, their logits and probabilities out.
    ///
    /// # Errors
    /// Which parameter of the network is not there.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        let mut graph = Graph::new(self.parameters);
        networks::logits(self.kind, &mut graph)?;
        networks::probabilities(self.task, &mut graph);
        let metadata = self.metadata.iter();
        let metadata = metadata.map(|(key, value)| StringStringEntryProto { key: (*key).into(), value: value.clone() });
        let model = ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            producer_name: "train".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph.finished(self.kind.name(), self.shape, self.task)),
            metadata_props: metadata.collect(),
        };
        Ok(model.encode_to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear() -> Parameters {
        let weight = Parameter { shape: vec![1, 4], values: vec![1.0, 2.0, 3.0, 4.0] };
        let bias = Parameter { shape: vec![1], values: vec![0.5] };
        Parameters::from([("weight".into(), weight), ("bias".into(), bias)])
    }

    fn encoded(parameters: &Parameters) -> Result<ModelProto, String> {
        let task = Task::new(["3", "7"]).unwrap();
        let metadata = [("classes", "[\"3\",\"7\"]".to_owned())];
        let (kind, shape) = (ModelKind::Linear, Shape::grey([2, 2]));
        let bytes = Model { kind, parameters, shape, task: &task, metadata: &metadata }.encode()?;
        Ok(ModelProto::decode(&bytes[..]).unwrap())
    }

    #[test]
    fn a_file_has_the_network_its_parameters_and_what_is_said_of_it() {
        let model = encoded(&linear()).unwrap();
        let graph = model.graph.unwrap();
        let operators: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(operators, ["Flatten", "Gemm", "Sigmoid", "Sub", "Concat"]);
        let weight = graph.initializer.iter().find(|tensor| tensor.name == "weight").unwrap();
        assert_eq!((&weight.dims[..], weight.raw_data.len()), (&[1, 4][..], 16));
        assert_eq!(weight.raw_data[4..8], 2f32.to_le_bytes());
        assert_eq!((graph.input.len(), graph.output.len()), (1, 2));
        assert_eq!(model.metadata_props[0].key, "classes");
    }

    #[test]
    fn a_parameter_that_is_missing_is_named() {
        let mut parameters = linear();
        parameters.remove("bias");
        assert_eq!(encoded(&parameters), Err("there is no parameter `bias`".into()));
    }
}
