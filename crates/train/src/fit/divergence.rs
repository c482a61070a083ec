//! A loss that is no number any more ends the run.

use crate::{Error, observer::BatchPlace};

/// Refuses a loss that is NaN or infinite, naming the step and what probably caused it.
pub fn check(split: &'static str, loss: f32, place: BatchPlace, is_saved: bool) -> Result<(), Error> {
    if loss.is_finite() {
        return Ok(());
    }
    let cause = match place.learning_rate {
        rate if rate >= 1.0 => "the learning rate is probably too high: try a tenth of it",
        _ if place.step <= 1 => "the parameters or the data are no numbers from the start",
        _ => "try a tenth of the learning rate, or `training.clip_norm = 1.0`",
    };
    let (epoch, step, rate) = (place.epoch, place.step, place.learning_rate);
    Err(Error::Diverged { split, loss, epoch, step, rate, cause, is_saved })
}
