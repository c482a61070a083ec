//! Figures of the chapter's snippets.

use burn::{
    module::Module as _,
    tensor::{Int, Tensor, backend::AutodiffBackend},
};

use crate::{
    figures::Figure,
    gradient::{descend, square, sum_of_squares, value_and_gradient},
    host,
    layers::{Sequential, parameter_shapes},
    letters, losses,
    quadratic_fit::{self, PRINTED},
    tensors,
};

/// A computed number that has no printed digits to round to: one rounding error of a 32-bit float.
const EXACT: f64 = 1e-6;

/// Half of the last of four printed digits, and a rounding error.
const FOUR_DIGITS: f64 = 5.1e-5;

pub(super) fn figures<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    [
        of_tensors::<B>(device),
        of_gradients::<B>(device),
        of_the_quadratic_fit::<B>(device),
        of_losses::<B>(device),
        of_letters(),
        of_layers::<B>(device),
    ]
    .concat()
}

fn of_tensors<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    let table = tensors::table::<B>(device);
    let whole = |tensor: Tensor<B, 1, Int>| host::values(tensor.float());
    let product = host::values(tensors::times_one_and_a_half(table.clone()));
    vec![
        Figure::computed("row 1 of [[1,2,3],[4,5,6]]", &[4.0, 5.0, 6.0], &whole(tensors::row(table.clone(), 1)), 0.0),
        Figure::computed("its column 1", &[2.0, 5.0], &whole(tensors::column(table.clone(), 1)), 0.0),
        Figure::computed("columns 1 and 2 of its row 1", &[5.0, 6.0], &whole(tensors::part(table)), 0.0),
        Figure::computed("the same times 1.5", &[1.5, 3.0, 4.5, 6.0, 7.5, 9.0], &product, EXACT),
    ]
}

fn of_gradients<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    let square_at = |x| value_and_gradient::<B>(square, &[x], device);
    let sum = value_and_gradient::<B>(sum_of_squares, &[3.0, 4.0, 10.0], device);
    let stepped = &descend::<B>(square, &[-1.0], 0.01, 1, device)[1];
    let pair = |x| [square_at(x).value, square_at(x).gradient[0]];
    vec![
        Figure::computed("x squared at 3: value, gradient", &[9.0, 6.0], &pair(3.0), EXACT),
        Figure::computed("sum of squares of [3,4,10]", &[125.0], &[sum.value], EXACT),
        Figure::computed("its gradient", &[6.0, 8.0, 20.0], &sum.gradient, EXACT),
        Figure::computed("x squared at -1.5", &[2.25], &[square_at(-1.5).value], EXACT),
        Figure::computed("x squared at -1: value, gradient", &[1.0, -2.0], &pair(-1.0), EXACT),
        Figure::computed(
            "one step from -1 at 0.01: x, value",
            &[-0.98, 0.9604],
            &[stepped.at[0], stepped.value],
            EXACT,
        ),
    ]
}

fn of_the_quadratic_fit<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    let fits = quadratic_fit::descend::<B>(10, device);
    let losses: Vec<f32> = fits[1..].iter().map(|fit| fit.loss).collect();
    vec![
        Figure::computed("quadratic fit: first loss", &PRINTED[..1], &[fits[0].loss], 0.01),
        Figure::computed(
            "quadratic fit: first gradient",
            &[-53195.8594, -3419.7146, -253.8908],
            &fits[0].gradient,
            0.02,
        ),
        Figure::computed("quadratic fit: losses of ten steps", &PRINTED[1..], &losses, 0.002),
    ]
}

fn of_losses<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    let missed = losses::mnist_loss_of_probabilities::<B>(&[0.9, 0.4, 0.2], &[1.0, 0.0, 1.0], device);
    let better = losses::mnist_loss_of_probabilities::<B>(&[0.9, 0.4, 0.8], &[1.0, 0.0, 1.0], device);
    let first = losses::mnist_loss_of_logits::<B>(&[-11.1002, 5.9263, 9.9627, -8.1484], &[1.0; 4], device);
    vec![
        Figure::computed("misses of [0.9,0.4,0.2] from [1,0,1]", &[0.1, 0.4, 0.8], &missed.each, EXACT),
        Figure::computed("their mean, mnist_loss", &[0.4333], &[missed.mean], FOUR_DIGITS),
        Figure::computed("mnist_loss with 0.8 for the last", &[0.2333], &[better.mean], FOUR_DIGITS),
        Figure::computed("mnist_loss of the first four logits", &[0.5006], &[first.loss], FOUR_DIGITS),
        Figure::computed("their accuracy", &[0.5], &[first.accuracy], 0.0),
    ]
}

fn of_letters() -> Vec<Figure> {
    let sizes: Vec<usize> = letters::batches(0, 0).iter().map(Vec::len).collect();
    vec![Figure::counted("sizes of batches of 6 of 26 letters", &[6, 6, 6, 6, 2], &sizes)]
}

fn of_layers<B: AutodiffBackend>(device: &B::Device) -> Vec<Figure> {
    let net = |sizes: &[usize]| Sequential::<B>::new(sizes, 0, device);
    let elements = |net: &Sequential<B>| -> Vec<usize> {
        parameter_shapes(net).iter().map(|shape| shape.iter().product()).collect()
    };
    vec![
        Figure::counted("weights and bias of a linear layer 784 -> 1", &[784, 1], &elements(&net(&[784, 1]))),
        Figure::counted("its parameters", &[785], &[net(&[784, 1]).num_params()]),
        Figure::counted("parameters of 784 -> 30 -> 1", &[23_581], &[net(&[784, 30, 1]).num_params()]),
        Figure::counted("parameter tensors of 784 -> 1 -> 10", &[784, 1, 10, 10], &elements(&net(&[784, 1, 10]))),
    ]
}
