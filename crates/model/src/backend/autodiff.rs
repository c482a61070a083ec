//! The operations of [`Backend`] with their gradients, on any backend.

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::ops::FloatTensor,
};

use super::Backend;

impl<B: Backend, C: CheckpointStrategy> Backend for Autodiff<B, C> {
    fn linear_layer(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [inputs.node.clone(), weight.node.clone(), bias.node.clone()];
        let state = (inputs.primitive.clone(), weight.primitive.clone());
        let result = B::linear_layer(inputs.primitive, weight.primitive, bias.primitive);
        match LinearLayer.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, result),
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}

/// [`Backend::linear_layer`] of inputs, weight and bias.
#[derive(Debug)]
struct LinearLayer;

impl<B: Backend> Backward<B, 3> for LinearLayer {
    /// Inputs and weight.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (inputs, weight) = ops.state;
        let [of_inputs, of_weight, of_bias] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = of_inputs {
            gradients.register::<B>(node.id, B::linear_x_backward(weight, gradient.clone()));
        }
        if let Some(node) = of_weight {
            gradients.register::<B>(node.id, B::linear_weight_gradient(inputs, gradient.clone()));
        }
        if let Some(node) = of_bias {
            gradients.register::<B>(node.id, B::linear_bias_backward(gradient));
        }
    }
}
