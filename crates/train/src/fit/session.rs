//! The loop, to be read from top to bottom: epochs, steps, validation, checkpoint.

use std::{mem, sync::Arc, time::Instant};

use burn::{
    data::dataloader::DataLoader as _,
    module::AutodiffModule as _,
    train::{Learner, TrainOutput},
};
use data::{ImageBatch, ImageLoader, Shards};
use metrics::{MeanLoss, MetricSums, Metrics};
use model::AutodiffBackend;
use plan::{Plan, Schedule};
use run::{BatchPlace, BatchRecord, CheckpointWriter, EpochRecord, RunFolder, RunLogger, checkpoint::TrainState};

use crate::{
    Error,
    classifier::{Classifier, StepOutput},
    evaluation::{self, SYNC_EVERY, evaluation_loader},
    fit::{
        Job, Pause, PauseWhen, SessionResult, StopReason,
        learner::{BurnEvents, Components, LoopContext},
        network_state,
        optimizer::{Accumulation, SharedLearningRate, SharedOptimizer, clip},
        parameters,
        shards::{self, ShardedStep, gather_outputs},
        start::Start,
        step_size::{StepSize, StepToCome},
        training_loader,
        weight_average::WeightAverage,
    },
    observer::{EpochProgress, Observer},
    ranks::Ranks,
};

/// Epochs from which on their mean losses are a curve, and the parts of those of a shorter run.
const FEW_EPOCHS: usize = 10;
const PARTS: usize = 20;

/// Words by which the processes that train together agree.
const GO_ON: u32 = 0;
const STOP: u32 = 1;
const PAUSE: u32 = 2;

/// What a run writes while it trains.
struct RunFiles {
    writer: CheckpointWriter,
    logger: RunLogger,
}

impl RunFiles {
    /// Of a run of so many batches an epoch that goes on from a state.
    fn open(folder: &RunFolder, plan: &Plan, batches: usize, state: &TrainState) -> Result<Self, Error> {
        let logger = RunLogger::open(folder.path(), plan, batches, state)?;
        let keep_last = plan.checkpoint.keep_last;
        let writer = CheckpointWriter::new(folder.checkpoints(), keep_last, state.step, logger.handles()?);
        Ok(Self { writer, logger })
    }
}

/// A run in progress: what the loop works with and where it stands.
pub struct Session<B: AutodiffBackend> {
    pub plan: Arc<Plan>,
    pub train: Arc<ImageLoader<B>>,
    /// Of several processes each has a part of the validation batches.
    pub valid: Arc<ImageLoader<B::InnerBackend>>,
    /// Those of this process.
    shards: Shards,
    ranks: Ranks,
    /// A second handle on the Learner's optimizer.
    optimizer: SharedOptimizer<B>,
    /// What the last step of an epoch measured.
    last_step: StepSize,
    /// What is evaluated and kept instead of the weights that are trained, where the plan says so.
    average: Option<WeightAverage<B>>,
    /// Learning rate and momentum of each step.
    schedule: Schedule,
    /// A second handle on the Learner's learning rate.
    rate: SharedLearningRate,
    state: TrainState,
    /// None where another process writes them.
    files: Option<RunFiles>,
    observer: Box<dyn Observer>,
    is_saved: bool,
    /// Whether Burn's renderer wants every batch too.
    tells_burn: bool,
    pause: Option<PauseWhen>,
}

/// Batches whose outputs, those of the own shards, are still on the device; `B` is the backend without gradients.
type Pending<B> = Vec<(BatchPlace, Vec<StepOutput<B>>)>;

/// The session and the Learner that go on from there.
pub fn prepared<B: AutodiffBackend>(
    job: Job<'_>,
    start: Start<B>,
    device: &B::Device,
) -> Result<(Session<B>, Learner<Components<B>>), Error> {
    let (plan, data, ranks) = (job.plan, job.data, job.ranks);
    let Start { state, classifier, optimizer, average, is_saved } = start;
    let shards = Shards::new(plan.parallel.shards, ranks.own_part(plan.parallel.shards));
    let train = training_loader(&plan, &data.train, device).sharded(shards);
    let steps = plan.training.steps(train.num_batches()) * plan.training.epochs;
    let files = job.folder.map(|folder| RunFiles::open(folder, &plan, train.num_batches(), &state)).transpose()?;
    let valid = evaluation_loader(&plan, &data.valid, device);
    let rate = SharedLearningRate::default();
    let session = Session {
        train: Arc::new(train),
        valid: Arc::new(valid.of_batches(ranks.own_part(valid.num_batches()))),
        shards,
        ranks,
        optimizer: optimizer.clone(),
        last_step: StepSize::default(),
        average,
        schedule: Schedule::new(&plan, steps),
        rate: rate.clone(),
        files,
        state,
        observer: job.observer,
        is_saved,
        tells_burn: job.tui,
        pause: job.pause,
        plan,
    };
    Ok((session, Learner::new(classifier, optimizer, rate)))
}

impl<B: AutodiffBackend> Session<B> {
    /// Trains from the state on until the plan is done, patience runs out, or it is to stop or to pause.
    pub fn run(&mut self, mut context: LoopContext<'_, B>) -> Result<StopReason, Error> {
        let stop = self.epochs(&mut context)?;
        self.files.as_mut().map_or(Ok(()), |files| files.writer.finish())?;
        self.ranks.agree(GO_ON)?;
        // What is left to do the first does alone.
        self.ranks.close();
        Ok(stop)
    }

    /// What came of it.
    pub fn ended(self, end: Result<StopReason, Error>) -> SessionResult {
        let Self { state, observer, files, .. } = self;
        SessionResult { state, observer: Some(observer), logger: files.map(|files| files.logger), end }
    }

    fn epochs(&mut self, context: &mut LoopContext<'_, B>) -> Result<StopReason, Error> {
        while self.state.epoch < self.plan.training.epochs {
            if let Some(stop) = self.stop_reason(context)? {
                return Ok(stop);
            }
            let began = Instant::now();
            let spent = self.state.seconds;
            let Some(images) = self.train_epoch(context, began)? else { return Ok(StopReason::Interrupted) };
            let images_per_second = images as f64 / began.elapsed().as_secs_f64();
            let valid = self.validate(context)?;
            let seconds = began.elapsed().as_secs_f64();
            self.state.seconds = spent + seconds;
            self.end_epoch(&context.learner.model(), valid, seconds, images_per_second)?;
            self.require_same_parameters(&context.learner.model())?;
            self.save(context.learner)?;
        }
        Ok(StopReason::Finished)
    }

    /// Why no further epoch begins, if so.
    fn stop_reason(&self, context: &LoopContext<'_, B>) -> Result<Option<StopReason>, Error> {
        if self.state.best_tracker.out_of_patience(&self.plan) {
            return Ok(Some(StopReason::StoppedEarly));
        }
        let stop = context.interrupter.should_stop();
        let pause = self.pause.as_ref().filter(|_| !stop).and_then(|pause| pause(self.state.epoch));
        let own = if stop { STOP } else { pause.as_ref().map_or(GO_ON, |_| PAUSE) };
        Ok(match self.ranks.agree(own)? {
            STOP => Some(StopReason::Interrupted),
            PAUSE => Some(StopReason::Paused(pause.unwrap_or(Pause { reason: None }))),
            _ => None,
        })
    }

    /// Whatever the machines are, they are to compute the same: a sum that is the same everywhere makes a step that is.
    fn require_same_parameters(&self, model: &Classifier<B>) -> Result<(), Error> {
        if self.ranks.count() == 1 {
            return Ok(());
        }
        let all = self.ranks.gather(&[parameters::digest(model.network())])?;
        match all.iter().position(|digest| *digest != all[0]) {
            Some(rank) => Err(Error::Apart { rank, epoch: self.state.epoch }),
            None => Ok(()),
        }
    }

    /// Trains what is left of the epoch; returns how many images that were, or none where it was asked to stop, which it did after
    /// a step.
    fn train_epoch(&mut self, context: &mut LoopContext<'_, B>, began: Instant) -> Result<Option<usize>, Error> {
        let spent = self.state.seconds;
        let loader = self.train.clone();
        loader.set_epoch(self.state.epoch);
        loader.set_start(self.state.batch);
        let mut accumulation = Accumulation::new(&self.plan.training);
        let (mut pending, mut images) = (Vec::with_capacity(SYNC_EVERY), 0);
        let mut batches = loader.iter();
        while self.state.batch < loader.num_batches() {
            images += loader.batch_len(self.state.batch);
            let (stepped, word) = self.train_batch(context, &mut batches, &mut accumulation, &mut pending)?;
            let last = self.state.batch == loader.num_batches();
            let stop = stepped && !last && word == STOP;
            let save = stop || (stepped && !last && self.save_is_due());
            if save || last || pending.len() == SYNC_EVERY {
                self.read_pending(&mut pending)?;
                self.tell_progress(images as f64 / began.elapsed().as_secs_f64());
            }
            if save {
                self.state.seconds = spent + began.elapsed().as_secs_f64();
                self.save(context.learner)?;
            }
            if stop {
                return Ok(None);
            }
        }
        Ok(Some(images))
    }

    /// Forward, backward and, where the batch completes one, the optimizer's step; returns whether it did, and whether all processes
    /// are to go on.
    fn train_batch(
        &mut self,
        context: &mut LoopContext<'_, B>,
        batches: &mut dyn Iterator<Item = ImageBatch<B>>,
        accumulation: &mut Accumulation<B>,
        pending: &mut Pending<B::InnerBackend>,
    ) -> Result<(bool, u32), Error> {
        let samples = self.train.batch_len(self.state.batch);
        let ShardedStep { gradients, outputs, word } = self.step(context, batches, samples)?;
        self.state.batch += 1;
        let place = self.batch_place();
        outputs.iter().for_each(|output| self.burn_events().train::<B>(context.processor, place, output));
        pending.push((place, outputs));
        let completes = self.plan.training.completes_step(self.state.batch, self.train.num_batches());
        let model = context.learner.model();
        let Some(gradients) = accumulation.add(&model, gradients, samples, completes) else {
            return Ok((false, word));
        };
        // Holding the weights costs a copy of them: once an epoch.
        let is_last = self.state.batch == self.train.num_batches();
        let measured = is_last.then(|| StepToCome::new(&model, &gradients));
        let gradients = clip(&model, gradients, self.plan.training.clip_norm as f32);
        drop(model);
        if let Some(momentum) = self.schedule.momentum(self.state.step) {
            self.optimizer.set_momentum(momentum);
        }
        self.rate.set(self.schedule.learning_rate(self.state.step));
        context.learner.lr_step();
        context.learner.optimizer_step(gradients);
        self.state.step += 1;
        if let Some(step) = measured {
            self.last_step = step.taken(&context.learner.model());
        }
        if let Some(average) = &mut self.average {
            average.update(&context.learner.model(), self.state.step);
        }
        Ok((true, word))
    }

    /// Forward and backward of the next batch, by the Learner where it is in one piece.
    fn step(
        &self,
        context: &LoopContext<'_, B>,
        batches: &mut dyn Iterator<Item = ImageBatch<B>>,
        samples: usize,
    ) -> Result<ShardedStep<B>, Error> {
        let word = || if context.interrupter.should_stop() { STOP } else { GO_ON };
        if self.shards.count() > 1 {
            return shards::step(&context.learner.model(), batches, (self.shards, samples), &self.ranks, word());
        }
        let batch = batches.next().expect("the loader has the batches of an epoch");
        let TrainOutput { grads, item } = context.learner.train_step(batch);
        Ok(ShardedStep { gradients: grads, outputs: vec![item], word: word() })
    }

    fn save_is_due(&self) -> bool {
        let every = self.plan.checkpoint.every_steps;
        every > 0 && self.state.step.is_multiple_of(every)
    }

    fn batch_place(&self) -> BatchPlace {
        BatchPlace {
            epoch: self.state.epoch + 1,
            batch: self.state.batch,
            step: self.state.step + 1,
            learning_rate: self.schedule.learning_rate(self.state.step),
        }
    }

    /// The last batch of an epoch that has been trained.
    fn last_place(&self) -> BatchPlace {
        let step = self.state.step;
        BatchPlace { step, learning_rate: self.schedule.learning_rate(step.saturating_sub(1)), ..self.batch_place() }
    }

    /// What Burn's renderer hears of this epoch.
    fn burn_events(&self) -> BurnEvents {
        let epoch = [self.state.epoch + 1, self.plan.training.epochs];
        BurnEvents::new(self.tells_burn, epoch, [self.train.num_batches(), self.valid.num_batches()])
    }

    /// Brings the pending outputs to the host: into the epoch's sums and the log.
    fn read_pending(&mut self, pending: &mut Pending<B::InnerBackend>) -> Result<(), Error> {
        let (places, outputs): (Vec<_>, Vec<_>) = mem::take(pending).into_iter().unzip();
        let shards: Vec<usize> = outputs.iter().map(Vec::len).collect();
        let mut read = StepOutput::read(outputs.into_iter().flatten().collect()).into_iter();
        let own = shards.into_iter().map(|shards| read.by_ref().take(shards).collect()).collect();
        for (place, shards) in places.into_iter().zip(gather_outputs(&self.ranks, own)?) {
            let samples = shards.iter().map(|shard| shard.labels.len()).sum();
            let mut mean = MeanLoss::default();
            shards.iter().for_each(|shard| mean.add(f64::from(shard.loss), shard.labels.len()));
            let batch_loss = mean.take() as f32;
            refuse_divergence("training", batch_loss, place, self.is_saved)?;
            let sums = &mut self.state.epoch_sums;
            shards.iter().for_each(|shard| sums.add(shard.loss, &shard.predictions(), &shard.labels));
            self.add_to_part(place.batch, batch_loss, samples);
            let record = BatchRecord { place, batch_loss };
            self.files.as_mut().map_or(Ok(()), |files| files.logger.batch(&record, samples))?;
        }
        Ok(())
    }

    /// Of a short run also the parts of an epoch have their losses: a few epochs alone are no curve.
    fn add_to_part(&mut self, batch: usize, loss: f32, samples: usize) {
        if self.plan.training.epochs < FEW_EPOCHS {
            let batches = self.train.num_batches();
            let part = (batch - 1) * PARTS.min(batches) / batches;
            let parts = &mut self.state.part_losses;
            parts.resize(parts.len().max(part + 1), MeanLoss::default());
            parts[part].add(f64::from(loss), samples);
        }
    }

    fn tell_progress(&mut self, images_per_second: f64) {
        let so_far = self.state.epoch_sums.metrics();
        self.observer.batches(&EpochProgress {
            epoch: self.state.epoch + 1,
            epochs: self.plan.training.epochs,
            images: self.state.epoch_sums.counts.total() as usize,
            images_total: self.train.num_items(),
            step: self.state.step,
            steps: self.plan.training.steps(self.train.num_batches()) * self.plan.training.epochs,
            loss: so_far.loss,
            accuracy: so_far.accuracy,
            images_per_second,
        });
    }

    fn validate(&mut self, context: &mut LoopContext<'_, B>) -> Result<Metrics, Error> {
        let averaged = self.average.as_ref().map(|average| average.classifier().clone());
        let classifier = averaged.unwrap_or_else(|| context.learner.model().valid());
        let (mut batch, events) = (0, self.burn_events());
        let own = evaluation::outputs(&classifier, &self.valid, |output| {
            batch += 1;
            events.valid::<B>(context.processor, batch, output);
        });
        events.end_epoch::<B>(context.processor);
        let outputs = gather_outputs(&self.ranks, vec![own])?;
        let evaluation = evaluation::of_outputs(self.valid.task(), &outputs.concat());
        let metrics = evaluation.metrics();
        refuse_divergence("validation", metrics.loss as f32, self.last_place(), self.is_saved)?;
        Ok(metrics)
    }

    /// Moves the state to the next epoch and records this one: best so far, metrics, observer.
    fn end_epoch(
        &mut self,
        model: &Classifier<B>,
        valid: Metrics,
        seconds: f64,
        images_per_second: f64,
    ) -> Result<(), Error> {
        let state = &mut self.state;
        state.epoch += 1;
        state.batch = 0;
        state.best_tracker.observe(&self.plan, state.epoch, state.step, &valid);
        state.last = Some(valid);
        let record = EpochRecord {
            epoch: state.epoch,
            step: state.step,
            learning_rate: self.schedule.learning_rate(state.step - 1),
            gradient_norm: self.last_step.gradient_norm,
            update_ratio: self.last_step.update_ratio,
            train: mem::replace(&mut state.epoch_sums, MetricSums::new(self.train.task().classes().len())).metrics(),
            train_losses: whole(mem::take(&mut state.part_losses), PARTS.min(self.train.num_batches())),
            valid,
            seconds,
            images_per_second,
        };
        let parameters = || parameters::values(model.network());
        self.files.as_mut().map_or(Ok(()), |files| files.logger.epoch(&record, parameters))?;
        let is_best = self.state.best_tracker.best.as_ref().is_some_and(|best| best.epoch == record.epoch);
        self.observer.epoch(&record, self.plan.training.epochs, is_best);
        Ok(())
    }

    /// Hands a checkpoint of this moment to the writer.
    fn save(&mut self, learner: &Learner<Components<B>>) -> Result<(), Error> {
        self.is_saved = true;
        let Some(files) = &mut self.files else { return Ok(()) };
        self.state.event_log_bytes = files.logger.event_log_bytes().unwrap_or(self.state.event_log_bytes);
        let checkpoint =
            network_state::checkpoint(&self.state, learner.model(), &self.optimizer, self.average.as_ref())?;
        Ok(files.writer.write(checkpoint)?)
    }
}

/// The loss of each part of an epoch; none where not all of it was trained by a plan that counts by parts, as where it was begun in a
/// longer run.
fn whole(mut parts: Vec<MeanLoss>, count: usize) -> Vec<f64> {
    let losses: Vec<f64> = parts.iter_mut().map(MeanLoss::take).collect();
    if losses.len() == count && losses.iter().all(|loss| loss.is_finite()) { losses } else { vec![] }
}

/// Refuses a loss that is NaN or infinite, naming the step and what probably caused it.
fn refuse_divergence(split: &'static str, loss: f32, place: BatchPlace, is_saved: bool) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_the_losses_of_all_its_parts_or_none() {
        let part = |loss: f64| {
            let mut part = MeanLoss::default();
            part.add(loss, 2);
            part
        };
        assert_eq!(whole(vec![part(0.5), part(0.25)], 2), [0.5, 0.25]);
        assert!(whole(vec![MeanLoss::default(), part(0.25)], 2).is_empty(), "begun in a longer run");
        assert!(whole(vec![part(0.5)], 2).is_empty(), "ended in a longer run");
    }
}
