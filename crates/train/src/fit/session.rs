//! The training loop: epochs of batches, validation, records, checkpoints.

use std::{mem, sync::Arc, time::Instant};

use burn::{
    data::dataloader::DataLoader,
    module::AutodiffModule,
    train::{Interrupter, Learner, SupervisedTrainingEventProcessor},
};
use data::{DigitBatch, DigitLoader};
use model::AutodiffBackend;

use crate::{
    Error,
    classifier::StepOutput,
    evaluation::{Evaluation, READ_TOGETHER},
    fit::{
        burn_events::Events,
        checkpoint::{Checkpoint, Position},
        divergence, end_of_epoch,
        gradients::Accumulation,
        optimizer::SharedOptimizer,
        records::Records,
        schedule::{Schedule, varies_momentum},
        strategy::Components,
        writer::Writer,
    },
    metrics::Metrics,
    observer::{BatchPlace, BatchRecord, EpochProgress, Observer},
    plan::Plan,
};

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All epochs are done.
    Finished,
    /// The patience of early stopping ran out.
    StoppedEarly,
    /// It was asked to stop.
    Interrupted,
    /// It has come as far as it was to come for now.
    Paused,
    /// It lags behind the other trials of its study.
    Lagging,
}

/// Says after an epoch whether the run lags behind others.
pub type Lags = Box<dyn Fn() -> bool + Send>;

/// A run in progress: what the loop works with and where it stands.
pub struct Session<B: AutodiffBackend> {
    /// What to do.
    pub plan: Arc<Plan>,
    /// The training split.
    pub train: Arc<DigitLoader<B>>,
    /// The validation split.
    pub valid: Arc<DigitLoader<B::InnerBackend>>,
    /// A second handle on the Learner's optimizer.
    pub optimizer: SharedOptimizer<B>,
    /// Learning rate and momentum of each step.
    pub schedule: Schedule,
    /// Where the run stands.
    pub position: Position,
    /// Where checkpoints go.
    pub writer: Writer,
    /// Where metrics go.
    pub records: Records,
    /// Who hears of the progress.
    pub observer: Box<dyn Observer>,
    /// Whether there is a checkpoint to go on from.
    pub is_saved: bool,
    /// The epoch after which to pause.
    pub until: Option<usize>,
    /// Whether it is not worth going on with, as its folder tells after an epoch.
    pub lags: Option<Lags>,
    /// Whether Burn's renderer wants every batch too.
    pub burn_events: bool,
}

/// What Burn lends to its strategy.
pub struct Lent<'a, B: AutodiffBackend> {
    /// Network, optimizer and schedule.
    pub learner: &'a mut Learner<Components<B>>,
    /// The way to Burn's renderer.
    pub processor: &'a mut SupervisedTrainingEventProcessor<Components<B>>,
    /// Says when to stop.
    pub interrupter: &'a Interrupter,
}

/// Batches whose outputs are still on the device; `B` is the backend without gradients.
type Pending<B> = Vec<(BatchPlace, StepOutput<B>)>;

impl<B: AutodiffBackend> Session<B> {
    /// Trains from the position on until the plan is done, patience runs out or the interrupter says stop.
    pub fn run(&mut self, mut lent: Lent<'_, B>) -> Result<End, Error> {
        let end = self.epochs(&mut lent)?;
        self.writer.finish()?;
        Ok(end)
    }

    fn epochs(&mut self, lent: &mut Lent<'_, B>) -> Result<End, Error> {
        while self.position.epoch < self.plan.training.epochs {
            if self.position.watch.out_of_patience(&self.plan) {
                return Ok(End::StoppedEarly);
            }
            if lent.interrupter.should_stop() {
                return Ok(End::Interrupted);
            }
            if self.until.is_some_and(|until| self.position.epoch >= until) {
                return Ok(End::Paused);
            }
            if self.lags.as_ref().is_some_and(|lags| lags()) {
                return Ok(End::Lagging);
            }
            let began = Instant::now();
            let spent = self.position.seconds;
            let images = self.train_epoch(lent, began)?;
            if self.position.batch < self.train.num_batches() {
                return Ok(End::Interrupted);
            }
            let training = began.elapsed().as_secs_f64();
            let valid = self.validate(lent)?;
            self.position.seconds = spent + began.elapsed().as_secs_f64();
            end_of_epoch::settle(
                self,
                &lent.learner.model(),
                valid,
                began.elapsed().as_secs_f64(),
                images as f64 / training,
            )?;
            self.save(lent.learner)?;
        }
        Ok(End::Finished)
    }

    /// Trains what is left of the epoch; returns how many images that were. Asked to stop, it ends after a step.
    fn train_epoch(&mut self, lent: &mut Lent<'_, B>, began: Instant) -> Result<usize, Error> {
        let spent = self.position.seconds;
        let loader = self.train.clone();
        loader.set_epoch(self.position.epoch);
        loader.set_start(self.position.batch);
        let mut accumulation = Accumulation::new(&self.plan.training);
        let (mut pending, mut images) = (Vec::with_capacity(READ_TOGETHER), 0);
        for batch in loader.iter() {
            images += batch.labels.len();
            let stepped = self.train_batch(lent, batch, &mut accumulation, &mut pending);
            let last = self.position.batch == loader.num_batches();
            let stop = stepped && !last && lent.interrupter.should_stop();
            let save = stop || (stepped && !last && self.save_is_due());
            if save || last || pending.len() == READ_TOGETHER {
                self.read(&mut pending)?;
                self.report(images as f64 / began.elapsed().as_secs_f64());
            }
            if save {
                self.position.seconds = spent + began.elapsed().as_secs_f64();
                self.save(lent.learner)?;
            }
            if stop {
                break;
            }
        }
        Ok(images)
    }

    /// Forward, backward and, where the batch completes one, the optimizer's step; returns whether it did.
    fn train_batch(
        &mut self,
        lent: &mut Lent<'_, B>,
        batch: DigitBatch<B>,
        accumulation: &mut Accumulation<B>,
        pending: &mut Pending<B::InnerBackend>,
    ) -> bool {
        let samples = batch.labels.len();
        let output = lent.learner.train_step(batch);
        self.position.batch += 1;
        let place = self.place();
        Events::new(self).train::<B>(lent.processor, place, &output.item);
        pending.push((place, output.item));
        let last = self.position.batch == self.train.num_batches();
        let gradients = accumulation.add(&lent.learner.model(), output.grads, samples, last);
        let Some(gradients) = gradients else { return false };
        if let Some(momentum) = self.schedule.momentum(self.position.step).filter(|_| varies_momentum(&self.plan)) {
            self.optimizer.set_momentum(momentum);
        }
        lent.learner.lr_step();
        lent.learner.optimizer_step(gradients);
        self.position.step += 1;
        true
    }

    fn save_is_due(&self) -> bool {
        let every = self.plan.checkpoint.every_steps;
        every > 0 && self.position.step.is_multiple_of(every)
    }

    fn place(&self) -> BatchPlace {
        BatchPlace {
            epoch: self.position.epoch + 1,
            batch: self.position.batch,
            step: self.position.step + 1,
            learning_rate: self.schedule.learning_rate(self.position.step),
        }
    }

    /// The last batch of an epoch that has been trained.
    fn last_place(&self) -> BatchPlace {
        let step = self.position.step;
        BatchPlace { step, learning_rate: self.schedule.learning_rate(step.saturating_sub(1)), ..self.place() }
    }

    /// Brings the pending outputs to the host: sums, records, progress.
    fn read(&mut self, pending: &mut Pending<B::InnerBackend>) -> Result<(), Error> {
        let (places, outputs): (Vec<_>, Vec<_>) = mem::take(pending).into_iter().unzip();
        for (place, scored) in places.into_iter().zip(StepOutput::read(outputs)) {
            divergence::check("training", scored.loss, place, self.is_saved)?;
            self.position.train.add(scored.loss, &scored.logits, &scored.labels);
            self.records.batch(&BatchRecord { place, batch_loss: scored.loss }, scored.labels.len())?;
        }
        Ok(())
    }

    fn report(&mut self, images_per_second: f64) {
        let so_far = self.position.train.metrics();
        self.observer.batches(&EpochProgress {
            epoch: self.position.epoch + 1,
            epochs: self.plan.training.epochs,
            images: self.position.train.confusion.total() as usize,
            images_total: self.train.num_items(),
            loss: so_far.loss,
            accuracy: so_far.accuracy,
            images_per_second,
        });
    }

    fn validate(&mut self, lent: &mut Lent<'_, B>) -> Result<Metrics, Error> {
        let classifier = lent.learner.model().valid();
        let (mut batch, events) = (0, Events::new(self));
        let evaluation = Evaluation::telling(&classifier, &self.valid, |output| {
            batch += 1;
            events.valid::<B>(lent.processor, batch, output);
        });
        events.end_epoch::<B>(lent.processor);
        let metrics = evaluation.metrics();
        divergence::check("validation", metrics.loss as f32, self.last_place(), self.is_saved)?;
        Ok(metrics)
    }

    /// Hands a checkpoint of this moment to the writer.
    fn save(&mut self, learner: &Learner<Components<B>>) -> Result<(), Error> {
        self.position.events = self.records.events_length().unwrap_or(self.position.events);
        let checkpoint = Checkpoint::take(&self.position, learner.model(), &self.optimizer)?;
        self.is_saved = true;
        self.writer.write(checkpoint)
    }
}
