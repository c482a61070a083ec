//! Learning rate and momentum as functions of the step.

use std::f64::consts::PI;

use crate::{OptimizerKind, Plan, ScheduleKind};

/// A schedule over all optimizer steps of a run.
#[derive(Clone, Debug)]
pub struct Schedule {
    shape: Shape,
    peak: f64,
    steps: usize,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Constant,
    Cosine,
    OneCycle {
        start: f64,
        div: f64,
        div_final: f64,
        /// None where the optimizer has no momentum to vary.
        momentums: Option<[f64; 3]>,
    },
}

impl Schedule {
    /// The plan's schedule over `steps` optimizer steps.
    pub fn new(plan: &Plan, steps: usize) -> Self {
        let schedule = &plan.schedule;
        let shape = match schedule.kind {
            ScheduleKind::Constant => Shape::Constant,
            ScheduleKind::Cosine => Shape::Cosine,
            ScheduleKind::OneCycle => Shape::OneCycle {
                start: schedule.pct_start,
                div: schedule.div,
                div_final: schedule.div_final,
                momentums: varies_momentum(plan).then_some(schedule.momentums),
            },
        };
        Self { shape, peak: plan.optimizer.learning_rate, steps }
    }

    /// The learning rate of step `step`, from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        let position = self.position(step);
        match self.shape {
            Shape::Constant => self.peak,
            Shape::Cosine => anneal(self.peak, 0.0, position),
            Shape::OneCycle { start, div, div_final, .. } => {
                rise_and_fall(start, [self.peak / div, self.peak, self.peak / div_final], position)
            }
        }
    }

    /// The momentum (Adam: beta 1) of step `step`, where the schedule varies it.
    pub fn momentum(&self, step: usize) -> Option<f64> {
        match self.shape {
            Shape::OneCycle { start, momentums, .. } => {
                momentums.map(|momentums| rise_and_fall(start, momentums, self.position(step)))
            }
            Shape::Constant | Shape::Cosine => None,
        }
    }

    /// How far step `step` is along the run, from 0 to below 1, as fastai counts: step / steps.
    fn position(&self, step: usize) -> f64 {
        step as f64 / self.steps.max(1) as f64
    }
}

/// Whether an optimizer has a momentum for a schedule to vary: SGD without momentum stays without, as in fastai.
pub(super) fn varies_momentum(plan: &Plan) -> bool {
    plan.optimizer.kind != OptimizerKind::Sgd || plan.optimizer.momentum > 0.0
}

/// Cosine annealing from `from` to `to` (Loshchilov and Hutter, <https://arxiv.org/abs/1608.03983>).
fn anneal(from: f64, to: f64, position: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * position).cos()) / 2.0
}

/// fastai's `combined_cos`: from the first value to the second until `turn`, then on to the third.
fn rise_and_fall(turn: f64, [first, second, third]: [f64; 3], position: f64) -> f64 {
    if position < turn {
        anneal(first, second, position / turn)
    } else {
        anneal(second, third, (position - turn) / (1.0 - turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(shape: Shape) -> Schedule {
        Schedule { shape, peak: 1.0, steps: 100 }
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn constant_stays() {
        let schedule = schedule(Shape::Constant);
        assert_eq!([schedule.learning_rate(0), schedule.learning_rate(1)], [1.0, 1.0]);
    }

    #[test]
    fn cosine_falls_from_the_peak_through_half_towards_0() {
        let schedule = schedule(Shape::Cosine);
        near(schedule.learning_rate(0), 1.0);
        near(schedule.learning_rate(50), 0.5);
        assert!(schedule.learning_rate(99) < 0.001);
    }

    #[test]
    fn one_cycle_has_fastais_shape() {
        let momentums = Some([0.95, 0.85, 0.95]);
        let schedule = schedule(Shape::OneCycle { start: 0.25, div: 25.0, div_final: 1e5, momentums });
        near(schedule.learning_rate(0), 0.04);
        near(schedule.learning_rate(25), 1.0);
        assert!(schedule.learning_rate(99) < 0.001);
        near(schedule.momentum(0).unwrap(), 0.95);
        near(schedule.momentum(25).unwrap(), 0.85);
        assert!(schedule.momentum(99).unwrap() > 0.949);
    }
}
