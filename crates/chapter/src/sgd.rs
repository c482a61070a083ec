//! Stochastic gradient descent by hand: seven steps, one function each, without Learner and without optimizer.
//!
//! 1. initialise: [`init_params`], for a whole model [`init_linear`] or [`init_two_layer`]
//! 2. predict: [`linear`] or [`two_layer`]
//! 3. loss: [`loss`]
//! 4. gradient: [`gradient`]
//! 5. step: [`step`]
//! 6. repeat: [`train_epoch`]
//! 7. stop: [`train`]
//!
//! From the same start and with the same batches it ends with the same parameters as Burn's Learner with SGD does.

use burn::{
    data::dataloader::DataLoader,
    tensor::{
        Tensor, TensorData,
        activation::relu,
        backend::{AutodiffBackend, Backend},
    },
};
use data::{ImageBatch, ImageLoader};
use model::{init, loss::mnist_loss};

use crate::accuracy::{Accuracy, over_batches};

/// The names of the steps, each with the function that takes it.
pub const STEPS: [(&str, &str); 7] = [
    ("initialise", "init_params"),
    ("predict", "linear"),
    ("loss", "loss"),
    ("gradient", "gradient"),
    ("step", "step"),
    ("repeat", "train_epoch"),
    ("stop", "train"),
];

/// Weights and biases, layer after layer: weights `[inputs, outputs]`, bias `[1, outputs]`.
pub type Parameters<B> = Vec<Tensor<B, 2>>;

/// A model is a function: images `[batch, pixels]` and parameters to logits `[batch, 1]`.
pub type Model<B> = fn(Tensor<B, 2>, &[Tensor<B, 2>]) -> Tensor<B, 2>;

/// A training by hand: what it needs to know beside the start.
#[derive(Clone, Copy, Debug)]
pub struct Training<B: AutodiffBackend> {
    pub model: Model<B>,
    /// How far a step goes for a gradient.
    pub learning_rate: f64,
    /// The most epochs it may take.
    pub epochs: usize,
    /// The validation accuracy at which it is good enough to stop; above 1 it never is.
    pub good_enough: f32,
}

#[derive(Clone, Debug)]
pub struct Trained<B: AutodiffBackend> {
    /// The parameters at the end.
    pub parameters: Parameters<B>,
    /// The accuracy on the validation images after each epoch.
    pub accuracies: Vec<Accuracy>,
}

/// Step 1, initialise: random numbers, normal with this standard deviation, the same for the same seed and name.
pub fn init_params<B: Backend>(
    size: [usize; 2],
    std: f32,
    (seed, name): (u64, &str),
    device: &B::Device,
) -> Tensor<B, 2> {
    let values = init::normal(seed, name, size[0] * size[1], std);
    Tensor::from_data(TensorData::new(values, size), device)
}

/// Weights and bias of the linear model, with the standard deviation 1 of the chapter.
pub fn init_linear<B: Backend>(pixels: usize, seed: u64, device: &B::Device) -> Parameters<B> {
    let random = |size, name| init_params(size, 1.0, (seed, name), device);
    vec![random([pixels, 1], "weights"), random([1, 1], "bias")]
}

/// Weights and biases of the two-layer net. A layer adds up as many numbers as it has inputs: dividing by the root of
/// that keeps the sums near 1, where a sigmoid is not flat.
pub fn init_two_layer<B: Backend>(pixels: usize, hidden: usize, seed: u64, device: &B::Device) -> Parameters<B> {
    let random = |size, inputs: usize, name| init_params(size, 1.0 / (inputs as f32).sqrt(), (seed, name), device);
    vec![
        random([pixels, hidden], pixels, "first.weights"),
        random([1, hidden], pixels, "first.bias"),
        random([hidden, 1], hidden, "second.weights"),
        random([1, 1], hidden, "second.bias"),
    ]
}

/// Step 2, predict: the linear model, a weighted sum of the pixels plus the bias, for all images in one product.
pub fn linear<B: Backend>(images: Tensor<B, 2>, parameters: &[Tensor<B, 2>]) -> Tensor<B, 2> {
    images.matmul(parameters[0].clone()) + parameters[1].clone()
}

/// Step 2 for the two-layer net: linear, everything below 0 set to 0, linear.
pub fn two_layer<B: Backend>(images: Tensor<B, 2>, parameters: &[Tensor<B, 2>]) -> Tensor<B, 2> {
    let activations = relu(linear(images, &parameters[..2])); // [batch, hidden]
    linear(activations, &parameters[2..])
}

/// Step 3, loss: one number that says how wrong the predictions are.
pub fn loss<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1> {
    mnist_loss(logits, targets)
}

/// Step 4, gradient: for each parameter, how the loss grows as it grows. Parameters are watched from here on; what is
/// computed with them is noted, and `backward` goes through the notes from the loss back to them.
pub fn gradient<B: AutodiffBackend>(
    model: Model<B>,
    parameters: &[Tensor<B, 2>],
    batch: ImageBatch<B>,
) -> Parameters<B::InnerBackend> {
    let watched: Parameters<B> = parameters.iter().map(|parameter| parameter.clone().require_grad()).collect();
    let loss = loss(model(batch.images, &watched), batch.targets);
    let gradients = loss.backward();
    watched.iter().map(|parameter| parameter.grad(&gradients).expect("the loss depends on it")).collect()
}

/// Step 5, step: each parameter a little against its gradient, `w -= lr * grad`.
pub fn step<B: AutodiffBackend, const D: usize>(
    parameters: &mut [Tensor<B, D>],
    gradients: Vec<Tensor<B::InnerBackend, D>>,
    learning_rate: f64,
) {
    for (w, grad) in parameters.iter_mut().zip(gradients) {
        *w = Tensor::from_inner(w.clone().inner() - grad * learning_rate);
    }
}

/// Step 6, repeat: gradient and step for each batch, until all images have been seen once.
pub fn train_epoch<B: AutodiffBackend>(
    model: Model<B>,
    parameters: &mut [Tensor<B, 2>],
    batches: &ImageLoader<B>,
    learning_rate: f64,
) {
    for batch in batches.iter() {
        let gradients = gradient(model, parameters, batch);
        step(parameters, gradients, learning_rate);
    }
}

/// Step 7, stop: epoch after epoch, until the model is good enough or the epochs are used up.
pub fn train<B: AutodiffBackend>(
    training: &Training<B>,
    mut parameters: Parameters<B>,
    batches: &ImageLoader<B>,
    valid: &ImageLoader<B>,
) -> Trained<B> {
    let mut accuracies = Vec::new();
    for epoch in 0..training.epochs {
        batches.set_epoch(epoch);
        train_epoch(training.model, &mut parameters, batches, training.learning_rate);
        let accuracy = over_batches(|images| (training.model)(images, &parameters), valid);
        accuracies.push(accuracy);
        if accuracy.by_sample >= training.good_enough {
            break;
        }
    }
    Trained { parameters, accuracies }
}

#[cfg(test)]
mod tests;
