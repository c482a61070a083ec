//! Gradients: how steep a function is at a point, by Burn's autodiff, and the way down that they show.

use burn::tensor::{Tensor, TensorData, backend::AutodiffBackend};

use crate::host;

/// A function at a point. With one input the gradient is the slope; with several it has a slope for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    pub at: Vec<f32>,
    /// What the function gives there.
    pub value: f32,
    /// How fast that grows as each input grows.
    pub gradient: Vec<f32>,
}

/// A way down: the start, then the point after each step.
pub type Path = Vec<Slope>;

/// The chapter's first function, x squared, of one or several values.
pub fn square<B: AutodiffBackend>(x: Tensor<B, 1>) -> Tensor<B, 1> {
    x.clone() * x
}

/// The sum of the squares of all values.
pub fn sum_of_squares<B: AutodiffBackend>(x: Tensor<B, 1>) -> Tensor<B, 1> {
    square(x).sum()
}

/// Value and gradient of a function at a point. The forward pass notes each operation on `x`; `backward` goes through
/// them from the last to the first, and leaves what each adds to the gradient.
///
/// # Panics
/// When the value of `f` does not depend on its input: there is nothing to go backward through.
pub fn value_and_gradient<B: AutodiffBackend>(
    f: impl Fn(Tensor<B, 1>) -> Tensor<B, 1>,
    at: &[f32],
    device: &B::Device,
) -> Slope {
    let x = Tensor::<B, 1>::from_data(TensorData::from(at), device).require_grad();
    let value = f(x.clone());
    let gradients = value.backward();
    let gradient = x.grad(&gradients).expect("the function depends on its input");
    Slope { at: at.to_vec(), value: host::scalar(value), gradient: host::values(gradient) }
}

/// The straight line that touches a function of one input at a point, as a function of its own.
pub fn tangent(slope: &Slope) -> impl Fn(f32) -> f32 + use<> {
    let (at, value, gradient) = (slope.at[0], slope.value, slope.gradient[0]);
    move |x| value + gradient * (x - at)
}

/// One step against the gradient: down, and further where it is steeper.
pub fn step(slope: &Slope, learning_rate: f32) -> Vec<f32> {
    slope.at.iter().zip(&slope.gradient).map(|(x, gradient)| x - gradient * learning_rate).collect()
}

/// Gradient descent: step after step from a point.
pub fn descend<B: AutodiffBackend>(
    f: impl Fn(Tensor<B, 1>) -> Tensor<B, 1>,
    start: &[f32],
    learning_rate: f32,
    steps: usize,
    device: &B::Device,
) -> Path {
    let mut path = vec![value_and_gradient(&f, start, device)];
    for _ in 0..steps {
        let next = step(&path[path.len() - 1], learning_rate);
        path.push(value_and_gradient(&f, &next, device));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Flex, NdArray, near};

    fn at<B: AutodiffBackend>(x: f32) -> Slope {
        value_and_gradient::<B>(square, &[x], &Default::default())
    }

    fn squares_are_as_in_the_book<B: AutodiffBackend>() {
        assert_eq!((at::<B>(3.0).value, at::<B>(3.0).gradient), (9.0, vec![6.0]));
        assert_eq!((at::<B>(-1.5).value, at::<B>(-1.5).gradient), (2.25, vec![-3.0]));
        assert_eq!((at::<B>(-1.0).value, at::<B>(-1.0).gradient), (1.0, vec![-2.0]));
        let sum = value_and_gradient::<B>(sum_of_squares, &[3.0, 4.0, 10.0], &Default::default());
        assert_eq!((sum.value, sum.gradient), (125.0, vec![6.0, 8.0, 20.0]));
    }

    #[test]
    fn values_and_gradients_are_those_of_the_book() {
        squares_are_as_in_the_book::<Flex>();
        squares_are_as_in_the_book::<NdArray>();
    }

    #[test]
    fn a_tangent_touches_the_function_and_has_its_slope() {
        let tangent = tangent(&at::<Flex>(-1.5));
        assert_eq!((tangent(-1.5), tangent(-0.5), tangent(0.0)), (2.25, -0.75, -2.25));
    }

    #[test]
    fn one_step_from_minus_1_with_rate_0_01_ends_at_0_9604() {
        let path = descend::<Flex>(square, &[-1.0], 0.01, 1, &Default::default());
        near(&[path[1].at[0], path[1].value], &[-0.98, 0.9604], 1e-6);
    }

    #[test]
    fn a_closure_that_holds_values_of_its_own_has_a_gradient_too() {
        let (scale, shift) = (2.0, 1.0);
        let slope = value_and_gradient::<Flex>(|x| (x * scale + shift).exp().sum(), &[0.0], &Default::default());
        near(&[slope.value, slope.gradient[0]], &[1f32.exp(), 2.0 * 1f32.exp()], 1e-5);
    }

    #[test]
    fn descent_of_several_values_goes_down_in_all_of_them() {
        let path = descend::<Flex>(sum_of_squares, &[3.0, 4.0, 10.0], 0.1, 20, &Default::default());
        assert!(path.windows(2).all(|pair| pair[1].value < pair[0].value));
        assert!(path[20].at.iter().all(|x| x.abs() < 0.2), "{:?}", path[20]);
    }
}
