//! The chapter's first model that learns: speed against time, fitted with a quadratic by gradient descent.

mod measurements;

use burn::tensor::{Tensor, backend::AutodiffBackend};

use crate::host;

pub use measurements::SPEED;

/// Where the book's parameters a, b and c happened to start.
pub const START: [f32; 3] = [-0.7658, -0.7506, 1.3525];

/// The chapter's learning rate here. The gradient is in the ten thousands.
pub const LEARNING_RATE: f64 = 1e-5;

/// The loss that the book prints for the start and after each of ten steps.
pub const PRINTED: [f64; 11] =
    [25823.8086, 5435.5366, 1577.4496, 847.3781, 709.2227, 683.0757, 678.1245, 677.1840, 677.0025, 676.9644, 676.9537];

/// The model with the parameters of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// a, b and c.
    pub parameters: [f32; 3],
    /// The mean squared error.
    pub loss: f32,
    /// The loss's gradient by a, b and c.
    pub gradient: [f32; 3],
    /// The speed that the model gives for each moment of [`time`].
    pub predictions: Vec<f32>,
}

/// The moments at which the speed was measured: 0, 1 .. 19.
pub fn time<B: AutodiffBackend>(device: &B::Device) -> Tensor<B, 1> {
    Tensor::arange(0..SPEED.len() as i64, device).float()
}

/// The measured speed at each of them.
pub fn speed<B: AutodiffBackend>(device: &B::Device) -> Tensor<B, 1> {
    Tensor::from_floats(SPEED, device)
}

/// The model: a·t² + b·t + c, with a, b and c in one tensor.
pub fn f<B: AutodiffBackend>(t: Tensor<B, 1>, parameters: Tensor<B, 1>) -> Tensor<B, 1> {
    let [a, b, c] = [0, 1, 2].map(|i| parameters.clone().narrow(0, i, 1));
    a * t.clone() * t.clone() + b * t + c
}

/// The loss: the mean squared error. (One printed edition takes its root; the printed losses do not.)
pub fn mse<B: AutodiffBackend>(predictions: Tensor<B, 1>, targets: Tensor<B, 1>) -> Tensor<B, 1> {
    (predictions - targets).square().mean()
}

/// Predictions, loss and gradient, and the parameters one step further.
pub fn apply_step<B: AutodiffBackend>(parameters: Tensor<B, 1>) -> (Fit, Tensor<B, 1>) {
    let device = parameters.device();
    let parameters = parameters.require_grad();
    let predictions = f(time(&device), parameters.clone());
    let loss = mse(predictions.clone(), speed(&device));
    let gradient = parameters.grad(&loss.backward()).expect("the loss depends on the parameters");
    let next = parameters.clone().inner() - gradient.clone() * LEARNING_RATE;
    (fit(parameters, loss, gradient, predictions), Tensor::from_inner(next))
}

/// The fit at the start and after each step.
pub fn descend<B: AutodiffBackend>(steps: usize, device: &B::Device) -> Vec<Fit> {
    let mut parameters = Tensor::<B, 1>::from_floats(START, device);
    let mut fits = Vec::with_capacity(steps + 1);
    for _ in 0..=steps {
        let (fit, next) = apply_step(parameters);
        fits.push(fit);
        parameters = next;
    }
    fits
}

/// All of it on the host.
fn fit<B: AutodiffBackend>(
    parameters: Tensor<B, 1>,
    loss: Tensor<B, 1>,
    gradient: Tensor<B::InnerBackend, 1>,
    predictions: Tensor<B, 1>,
) -> Fit {
    let three = |values: Vec<f32>| values.try_into().expect("a, b and c");
    Fit {
        parameters: three(host::values(parameters)),
        loss: host::scalar(loss),
        gradient: three(host::values(gradient)),
        predictions: host::values(predictions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Flex, NdArray, near};

    fn descends_as_printed<B: AutodiffBackend>() {
        let fits = descend::<B>(10, &Default::default());
        near(&[fits[0].loss], &[25823.81], 0.005);
        near(&fits[0].gradient, &[-53195.86, -3419.7146, -253.8908], 0.01);
        near(&fits[0].gradient[1..], &[-3419.7146, -253.8908], 0.001);
        let losses: Vec<f32> = fits[1..].iter().map(|fit| fit.loss).collect();
        let printed: Vec<f32> = PRINTED[1..].iter().map(|loss| *loss as f32).collect();
        println!("{losses:?}");
        near(&losses, &printed, 0.002);
    }

    #[test]
    fn ten_losses_are_those_of_the_book() {
        descends_as_printed::<Flex>();
        descends_as_printed::<NdArray>();
    }

    #[test]
    fn a_step_goes_against_the_gradient() {
        let fits = descend::<Flex>(1, &Default::default());
        let expected = [0, 1, 2].map(|i| START[i] - 1e-5 * fits[0].gradient[i]);
        near(&fits[1].parameters, &expected, 1e-6);
    }

    #[test]
    fn each_fit_is_the_quadratic_of_its_parameters() {
        for fit in descend::<Flex>(3, &Default::default()) {
            let [a, b, c] = fit.parameters;
            let expected: Vec<f32> = (0..20).map(|t| t as f32).map(|t| a * t * t + b * t + c).collect();
            near(&fit.predictions, &expected, 1e-3);
        }
    }
}
