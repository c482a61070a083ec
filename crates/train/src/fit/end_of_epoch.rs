//! What is written down when an epoch ends.

use model::AutodiffBackend;
use std::mem;

use crate::{Error, classifier::Classifier, fit::session::Session, metrics::Metrics, observer::EpochRecord};

/// Moves the position to the next epoch and records this one: best so far, metrics, observer.
pub fn settle<B: AutodiffBackend>(
    session: &mut Session<B>,
    model: &Classifier<B>,
    valid: Metrics,
    seconds: f64,
    images_per_second: f64,
) -> Result<(), Error> {
    let position = &mut session.position;
    position.epoch += 1;
    position.batch = 0;
    position.watch.observe(&session.plan, position.epoch, position.step, &valid);
    position.last = Some(valid);
    let record = EpochRecord {
        epoch: position.epoch,
        step: position.step,
        learning_rate: session.schedule.learning_rate(position.step - 1),
        train: mem::take(&mut position.train).metrics(),
        valid,
        seconds,
        images_per_second,
    };
    session.records.epoch(&record, model)?;
    session.observer.epoch(&record, session.plan.training.epochs);
    Ok(())
}
