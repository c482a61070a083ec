//! Gradients: slopes, steps, and how long a step should be.

use burn::tensor::activation::{relu, sigmoid};
use chapter::{
    curve::{Curve, plot_function, plot_tensor_function},
    gradient::{Path, Slope, square, step, sum_of_squares, tangent, value_and_gradient},
    learning_rate::{Descent, OTHER_RATES, descend_with, three_learning_rates},
    source,
};
use chart::{Axis, Block, LineChart, Mark, Series, Shape, Slider, Style, Table};
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{chart, code, line, list},
};

/// The learning rate of the chapter's first step.
const LEARNING_RATE: f32 = 0.01;

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let at = |x: f32| value_and_gradient::<B>(square, &[x], tour.device);
    vec![
        Block::text(
            "To make a model better, each of its parameters has to move a little, in the direction that makes the loss smaller. \
             The gradient says which: it is how fast the loss grows as the parameter grows. Take the simplest function with a \
             lowest point, x squared, and two points on it, each with its tangent: the line that touches the curve there, \
             and whose slope is the gradient.",
        ),
        Block::Lines(slopes(&at(-1.5), &at(-1.0))),
        Block::Table(values::<B>(tour.device)),
        Block::text(format!(
            "A step goes against the gradient. From -1, with a learning rate of {LEARNING_RATE}, it leads to {:.2}, where x \
             squared is {:.4} instead of 1.",
            step(&at(-1.0), LEARNING_RATE)[0],
            at(step(&at(-1.0), LEARNING_RATE)[0]).value,
        )),
        code(&source::GRADIENT, &["value_and_gradient", "tangent", "step", "descend"]),
        Block::text("Step after step leads down. How fast depends on the learning rate, from a crawl to flying apart:"),
        Block::Beside(three_learning_rates::<B>(tour.device).iter().map(|one| Block::Lines(descent(one))).collect()),
        Block::text(
            "Other learning rates, from the same start. Up to 0.5 each step stays on its side; at 0.5 the first one leads straight \
             to the lowest point; beyond it they go from side to side, and from 1 on no lower.",
        ),
        Block::Slider(other_rates::<B>(tour.device)),
        code(&source::LEARNING_RATE, &["three_learning_rates", "descend_with", "TOO_SMALL", "RIGHT", "TOO_LARGE"]),
        Block::text(
            "`plot_function` makes points of any Rust closure, which is how x squared is drawn above; `plot_tensor_function` does so \
             for a function of tensors, such as the two that make a neural network of linear layers:",
        ),
        Block::Beside(activations::<B>(tour.device).into_iter().map(Block::Lines).collect()),
        code(&source::CURVE, &["plot_function", "plot_tensor_function"]),
    ]
}

/// x squared from -2 to 2.
fn parabola() -> Curve {
    plot_function(|x| x * x, -2.0..=2.0, 81)
}

fn slopes(left: &Slope, right: &Slope) -> LineChart {
    // A point, its tangent, and what the legend says of both have one colour.
    let touching = |slope: &Slope, colour| {
        let line_there = plot_function(tangent(slope), slope.at[0] - 0.6..=slope.at[0] + 0.6, 2);
        let name = format!("tangent at {}: slope {}", slope.at[0], slope.gradient[0]);
        line(name, &line_there).drawn(Style::Dashed).coloured(colour)
    };
    let mark = |slope: &Slope, colour| {
        let at = (f64::from(slope.at[0]), f64::from(slope.value));
        Mark::new(format!("f({}) = {}", slope.at[0], slope.value), at).coloured(colour)
    };
    LineChart {
        marks: vec![mark(left, 1), mark(right, 3)],
        ..chart(
            "x squared with its tangents at -1.5, which is steep, and at -1, which is less so",
            [Axis::new("x"), Axis::new("f(x) = x²").range(0.0, 4.0)],
            vec![line("f", &parabola()), touching(left, 1), touching(right, 3)],
        )
    }
}

fn values<B: AutodiffBackend>(device: &B::Device) -> Table {
    let mut rows = Table::new(["function", "at", "value", "gradient"], usize::MAX);
    let mut add = |name: &str, slope: Slope| {
        rows.add_row([name.to_owned(), list(&slope.at, 1), format!("{}", slope.value), list(&slope.gradient, 1)]);
    };
    for x in [-1.5, -1.0, 3.0] {
        add("x squared", value_and_gradient::<B>(square, &[x], device));
    }
    add("sum of squares", value_and_gradient::<B>(sum_of_squares, &[3.0, 4.0, 10.0], device));
    rows
}

fn descent(Descent { name, learning_rate, path }: &Descent) -> LineChart {
    let last = path.last().map_or(f32::NAN, |slope| slope.at[0]);
    let alt = format!(
        "Learning rate {learning_rate}, {name}: {} steps from {} lead to {last:.3}",
        path.len() - 1,
        path[0].at[0]
    );
    let axes = [Axis::new("x").range(-3.0, 3.0), Axis::new("x²").range(0.0, 9.0)];
    let parabola = plot_function(|x| x * x, -3.0..=3.0, 31);
    let path = Series { style: Style::Path, ..Series::line(format!("{name}: {learning_rate}"), steps(path)) };
    LineChart { shape: Shape::Small, ..chart(alt, axes, vec![line("x²", &parabola), path]) }
}

/// Where each of the other learning rates leads; the middle one is where it stands.
fn other_rates<B: AutodiffBackend>(device: &B::Device) -> Slider {
    let position = |rate: f32| {
        let path = descend_with::<B>(rate, device);
        let chart = LineChart { shape: Shape::Wide, ..descent(&Descent { name: "steps", learning_rate: rate, path }) };
        (rate.to_string(), Block::Lines(chart))
    };
    Slider { name: "learning rate".into(), positions: OTHER_RATES.map(position).into(), start: OTHER_RATES.len() / 2 }
}

fn steps(path: &Path) -> Vec<(f64, f64)> {
    path.iter().map(|slope| (f64::from(slope.at[0]), f64::from(slope.value))).collect()
}

fn activations<B: AutodiffBackend>(device: &B::Device) -> [LineChart; 2] {
    let relu = plot_tensor_function::<B>(relu, -2.0..=2.0, 41, device);
    let sigmoid = plot_tensor_function::<B>(sigmoid, -4.0..=4.0, 81, device);
    [
        chart("ReLU: 0 up to 0, then x itself", [Axis::new("x"), Axis::new("relu(x)")], vec![line("relu", &relu)]),
        chart(
            "The sigmoid rises smoothly from 0 to 1",
            [Axis::new("x"), Axis::new("sigmoid(x)").range(0.0, 1.0)],
            vec![line("sigmoid", &sigmoid)],
        ),
    ]
}
