//! Speed against time, fitted by gradient descent.

use chapter::{
    quadratic_fit::{Fit, LEARNING_RATE, PRINTED, SPEED, descend},
    source,
};
use chart::{Axis, Block, LineChart, Series, Style, Table};
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{chart, code},
};

/// Steps that the book prints.
const STEPS: usize = PRINTED.len() - 1;

/// Steps whose curves are drawn.
const DRAWN: [usize; 5] = [0, 1, 2, 3, 10];

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let fits = descend::<B>(STEPS, tour.device);
    vec![
        Block::text(format!(
            "The first model that learns is a quadratic, a·t² + b·t + c: the speed of a roller coaster, measured twenty times on \
             its way over a hill. Its loss is the mean squared error. Each step takes the gradient of the loss by a, b and c, \
             times {LEARNING_RATE}, off the three. The book draws its measurements at random and does not print them; these \
             have the loss and the gradient that it prints for the start, which decide all that follows. The book \
             names no unit of speed."
        )),
        Block::Lines(drawn(&fits)),
        Block::text(
            "After ten steps the left half is still missed: t² is up to 361, so the gradient by a is some hundred times that by c, and a \
             rate that a can bear hardly moves b and c. To bring inputs to one scale, or an optimizer that does so for each \
             parameter as Adam, is what helps.",
        ),
        Block::Table(losses(&fits)),
        code(&source::QUADRATIC_FIT, &["f", "mse", "apply_step", "descend"]),
    ]
}

/// The curves of some steps over what was measured.
fn drawn(fits: &[Fit]) -> LineChart {
    let points = |values: &[f32]| values.iter().zip(0..).map(|(y, t)| (f64::from(t), f64::from(*y))).collect();
    let of_step = |step: &usize| Series::line(format!("step {step}"), points(&fits[*step].predictions));
    // What is measured has the grey of what all are compared with.
    let measured = Series::line("measured", points(&SPEED)).drawn(Style::Dots).coloured(MEASURED);
    let losses = DRAWN.map(|step| format!("{:.0} at step {step}", fits[step].loss)).join(", ");
    chart(
        format!("Each step brings the quadratic nearer to what was measured; its mean squared error is {losses}"),
        [Axis::new("time in s"), Axis::new("speed").range(-300.0, 100.0)],
        DRAWN.iter().zip(0..).map(|(step, colour)| of_step(step).coloured(colour)).chain([measured]).collect(),
    )
}

/// The number of grey among the colours of series.
const MEASURED: usize = 5;

fn losses(fits: &[Fit]) -> Table {
    let mut rows = Table::new(["step", "loss", "the book prints", "a", "b", "c"], 1);
    for (step, (fit, printed)) in fits.iter().zip(PRINTED).enumerate() {
        let parameters = fit.parameters.map(|parameter| format!("{parameter:.4}"));
        // A 32-bit float has seven digits.
        let seven = |loss: f64| if loss < 1000.0 { format!("{loss:.4}") } else { format!("{loss:.2}") };
        let losses = [step.to_string(), seven(f64::from(fit.loss)), seven(printed)];
        rows.add_row(losses.into_iter().chain(parameters));
    }
    rows.captioned("The loss before the first step and after each, and the parameters.")
}
