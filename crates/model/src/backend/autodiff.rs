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
    tensor::{backend::AutodiffBackend as _, ops::FloatTensor},
};

use super::{Backend, Normalised, Sliding};

impl<B: Backend, C: CheckpointStrategy> Backend for Autodiff<B, C> {
    const CHANNELS_LAST: bool = B::CHANNELS_LAST;

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

    fn convolution(images: FloatTensor<Self>, kernels: FloatTensor<Self>, sliding: Sliding) -> FloatTensor<Self> {
        let nodes = [images.node.clone(), kernels.node.clone()];
        let state = (images.primitive.clone(), kernels.primitive.clone(), sliding);
        let result = B::convolution(images.primitive, kernels.primitive, sliding);
        match Convolution.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, result),
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }

    fn batch_norm(
        inputs: FloatTensor<Self>,
        [scale, shift]: [FloatTensor<Self>; 2],
        epsilon: f64,
        shortcut: Option<FloatTensor<Self>>,
        relu: bool,
    ) -> Normalised<Self> {
        let affine = [&scale, &shift].map(|tensor| tensor.primitive.clone());
        let of_shortcut = shortcut.as_ref().map(|tensor| tensor.primitive.clone());
        let Normalised { output, mean, variance } =
            B::batch_norm(inputs.primitive.clone(), affine, epsilon, of_shortcut, relu);
        let state = BatchNormState {
            inputs: inputs.primitive.clone(),
            scale: scale.primitive.clone(),
            statistics: [mean.clone(), variance.clone()],
            epsilon,
            rectified: relu.then(|| output.clone()),
        };
        let output = match shortcut {
            Some(shortcut) => track::<B, C, 4>([inputs, scale, shift, shortcut], state, output),
            None => track::<B, C, 3>([inputs, scale, shift], state, output),
        };
        Normalised { output, mean: Self::from_inner(mean), variance: Self::from_inner(variance) }
    }
}

fn track<B: Backend, C: CheckpointStrategy, const PARENTS: usize>(
    parents: [FloatTensor<Autodiff<B, C>>; PARENTS],
    state: BatchNormState<B>,
    output: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = parents.map(|tensor| tensor.node);
    match Backward::<B, PARENTS>::prepare::<C>(BatchNorm, nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
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

/// [`Backend::convolution`] of images with kernels.
#[derive(Debug)]
struct Convolution;

impl<B: Backend> Backward<B, 2> for Convolution {
    /// Images, kernels and how they slide.
    type State = (FloatTensor<B>, FloatTensor<B>, Sliding);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (images, kernels, sliding) = ops.state;
        let [of_images, of_kernels] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = of_images {
            let of_images = B::convolution_image_gradient(images.clone(), kernels.clone(), gradient.clone(), sliding);
            gradients.register::<B>(node.id, of_images);
        }
        if let Some(node) = of_kernels {
            gradients.register::<B>(node.id, B::convolution_kernel_gradient(images, kernels, gradient, sliding));
        }
    }
}

/// [`Backend::batch_norm`] of inputs, scale and shift, and of a shortcut where there are four parents.
#[derive(Debug)]
struct BatchNorm;

#[derive(Clone, Debug)]
struct BatchNormState<B: Backend> {
    inputs: FloatTensor<B>,
    scale: FloatTensor<B>,
    /// Mean and variance.
    statistics: [FloatTensor<B>; 2],
    epsilon: f64,
    rectified: Option<FloatTensor<B>>,
}

impl<B: Backend, const PARENTS: usize> Backward<B, PARENTS> for BatchNorm {
    type State = BatchNormState<B>;

    fn backward(self, ops: Ops<Self::State, PARENTS>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let BatchNormState { inputs, scale, statistics, epsilon, rectified } = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let found = B::batch_norm_gradients(inputs, scale, statistics, gradient, epsilon, rectified, PARENTS == 4);
        let found = [found.inputs, found.scale, found.shift].into_iter().chain(found.shortcut);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}
