//! What TensorBoard shows of a run: an event file in the run folder, while it trains and when it ends, and one of the validation in a
//! folder of its own below, so that both are lines of one chart.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use files::{Error, Log};
use metrics::{ClassCounts, MeanLoss, Metric, Metrics};
use plan::{Plan, TrainingPlan};
use task::Shape;
use tensorboard::{Histogram, HyperParameter, Value};

use crate::{BatchRecord, EpochRecord, best::Best, checkpoint::TrainState, folder};

pub use tensorboard::Status as SessionStatus;

/// The beginning of every name; TensorBoard reads what has `tfevents` in its name, in the order of the names.
const NAME: &str = "events.out.tfevents.";
/// Records before the first of training: the head, and one with the plan.
const BEFORE: usize = tensorboard::HEAD_RECORDS + 1;

/// Below a run folder: what TensorBoard takes for a run beside it, with the same names for the validation's metrics.
const VALID: &str = "valid";

/// The event file of a run that trains. Its steps are optimizer steps taken, so that the batch of step 1 is the first one.
pub struct EventLog {
    log: Log,
    valid: Log,
    /// Bytes written after the file's head.
    length: usize,
    /// That of the step that is not complete yet.
    loss: MeanLoss,
    training: TrainingPlan,
    batches: usize,
}

/// An image with what is to be said of it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its place among those that stand together: their name, a `/` and a number; the same in each run.
    pub tag: String,
    /// What is to be said.
    pub text: String,
    pub shape: Shape,
    /// The file's bytes.
    pub png: Vec<u8>,
}

impl EventLog {
    /// Begins the event file of a run, or goes on with it at `state`.
    ///
    /// That is a new file, with what the one before had told up to there: a TensorBoard that is open on the run has read
    /// that one to its end and could not follow if it became shorter and grew again. The validation's is made of the `epochs` so far.
    ///
    /// # Errors
    /// Where the file before ends too early, or one cannot be written.
    pub fn open(
        run: &Path,
        plan: &Plan,
        batches: usize,
        state: &TrainState,
        epochs: &[EpochRecord],
    ) -> Result<Self, Error> {
        let before = event_files(run)?;
        let kept = kept(&before, state.event_log_bytes)?;
        let log = begin(run, before, &[beginning(plan), kept].concat())?;
        let folder = run.join(VALID);
        fs::create_dir_all(&folder).map_err(|cause| Error::Write { path: folder.clone(), cause })?;
        let valid = begin(&folder, event_files(&folder)?, &validations(epochs))?;
        let (length, training) = (state.event_log_bytes, plan.training.clone());
        Ok(Self { log, valid, length, loss: MeanLoss::default(), training, batches })
    }

    /// How far it has come, for [`TrainState`].
    pub fn length(&self) -> usize {
        self.length
    }

    /// A second handle, to flush it to the disk with.
    pub fn handle(&self) -> Result<Log, Error> {
        self.log.handle()
    }

    /// Takes in a batch of so many samples; the last one of a step writes the step's mean loss and learning rate.
    pub fn batch(&mut self, record: &BatchRecord, samples: usize) -> Result<(), Error> {
        self.loss.add(record.batch_loss.into(), samples);
        let place = record.place;
        if !self.training.completes_step(place.batch, self.batches) {
            return Ok(());
        }
        let loss = Value::scalar("step/loss", self.loss.take() as f32);
        self.append(place.step, [loss, Value::scalar("step/learning_rate", place.learning_rate as f32)])
    }

    /// Writes what an epoch came to, and how the parameters, each with its name, are spread at its end.
    pub fn epoch(&mut self, record: &EpochRecord, parameters: Vec<(String, Vec<f32>)>) -> Result<(), Error> {
        let speed = Value::scalar("speed/images_per_second", record.images_per_second as f32);
        let step = [("step/gradient_norm", record.gradient_norm), ("step/update_ratio", record.update_ratio)];
        let step = step.into_iter().filter_map(|(name, value)| Some(Value::scalar(name, value? as f32)));
        self.valid.append(&validation(now(), record))?;
        let scalars = metrics("epoch", &record.train).into_iter().chain(step).chain([speed]);
        let histograms = parameters
            .into_iter()
            .map(|(name, values)| Value::histogram(&format!("parameters/{name}"), &Histogram::of(&values)));
        self.append(record.step, scalars.chain(histograms))
    }

    /// Writes the metrics of the best epoch, images with what its model says of them, and for each class by its name how often it is found
    /// and missed by threshold, at that epoch's step.
    pub fn best(
        &mut self,
        best: &Best,
        pictures: Vec<Picture>,
        thresholds: &[(String, Vec<ClassCounts>)],
    ) -> Result<(), Error> {
        let image = |Picture { tag, text, shape, png }| {
            Value::image(&tag, shape.channels, shape.sides(), &png).described(&text)
        };
        let images = pictures.into_iter().map(image);
        let curves = thresholds.iter().map(|(class, counts)| pr_curve(class, counts));
        // Points of one epoch, behind the curves of all.
        self.append(best.step, metrics("valid_best", &best.metrics).into_iter().chain(images).chain(curves))
    }

    /// Writes how the run ended, after so many steps.
    pub fn end(&mut self, step: usize, status: SessionStatus) -> Result<(), Error> {
        self.append(step, [tensorboard::session_end(now(), status)])
    }

    fn append(&mut self, step: usize, values: impl IntoIterator<Item = Value>) -> Result<(), Error> {
        let event = tensorboard::event(now(), step, values);
        self.length += event.len();
        self.log.append(&event)
    }
}

/// Begins the file of the next number in a folder that has these.
fn begin(folder: &Path, before: Vec<(usize, PathBuf)>, content: &[u8]) -> Result<Log, Error> {
    let number = before.last().map_or(0, |(number, _)| number + 1);
    let log = Log::begin(&folder.join(format!("{NAME}{number:05}")), content)?;
    if !before.is_empty() {
        log.flush()?;
        retire(before)?;
    }
    Ok(log)
}

/// The event file of the validation so far, each epoch at about the time that it ended.
fn validations(epochs: &[EpochRecord]) -> Vec<u8> {
    let now = now();
    let mut since: f64 = epochs.iter().map(|record| record.seconds).sum();
    let mut file = tensorboard::head(now - since);
    for record in epochs {
        since -= record.seconds;
        file.extend(validation(now - since, record));
    }
    file
}

fn validation(at: f64, record: &EpochRecord) -> Vec<u8> {
    tensorboard::event(at, record.step, metrics("epoch", &record.valid))
}

/// Empties the last of these files and removes the others. A reader that has the last one open goes on to the next file
/// from an empty one, but waits for ever for one that is gone.
fn retire(files: Vec<(usize, PathBuf)>) -> Result<(), Error> {
    let Some(((_, last), others)) = files.split_last() else { return Ok(()) };
    for (_, path) in others {
        fs::remove_file(path).map_err(|cause| Error::Write { path: path.clone(), cause })?;
    }
    Log::begin(last, &[]).map(drop)
}

/// The event files in a run folder with their numbers, the newest last.
fn event_files(run: &Path) -> Result<Vec<(usize, PathBuf)>, Error> {
    let failed = |cause| Error::Read { path: run.into(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(run).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_prefix(NAME)?.parse().ok());
        files.extend(number.map(|number| (number, path)));
    }
    files.sort_unstable();
    Ok(files)
}

/// The first `length` bytes that the newest of these files that has as many had after its head. Without any file, whoever
/// removed it wants no more of it than what is to come.
fn kept(files: &[(usize, PathBuf)], length: usize) -> Result<Vec<u8>, Error> {
    for (_, path) in files.iter().rev() {
        let bytes = files::read(path)?;
        if let Some(kept) = tensorboard::after(&bytes, BEFORE).and_then(|body| body.get(..length)) {
            return Ok(kept.into());
        }
    }
    let Some((_, path)) = files.last() else { return Ok(Vec::new()) };
    let reason = "it ends before the checkpoint to go on from; remove it to have events from there on only".to_owned();
    Err(Error::Damaged { path: path.clone(), reason })
}

/// Head and plan. There is no list of all runs' settings and metrics, which TensorBoard would take from any one of them: so it
/// makes its own, and shows the settings first in which the runs differ.
fn beginning(plan: &Plan) -> Vec<u8> {
    let now = now();
    let start = tensorboard::session_start(now, &hyper_parameters(plan));
    let text: String = folder::plan_text(plan).lines().map(|line| format!("    {line}\n")).collect();
    [tensorboard::head(now), tensorboard::event(now, 0, [start, Value::text("plan", &text)])].concat()
}

/// Of a class, by the probability from which on it is said.
fn pr_curve(class: &str, counts: &[ClassCounts]) -> Value {
    // From a probability of 0 on every sample is said to be of it.
    let samples = counts.first().map_or(0, |all| all.predicted);
    let row = |class: &ClassCounts| {
        let ClassCounts { right, predicted, actual } = *class;
        let missed = actual - right;
        let rates = [class.precision().unwrap_or(0.0), class.recall().unwrap_or(0.0)];
        let counts = [right, predicted - right, samples.saturating_sub(predicted + missed), missed];
        let [a, b, c, d] = counts.map(|count| count as f32);
        [a, b, c, d, rates[0] as f32, rates[1] as f32]
    };
    Value::pr_curve(&format!("class/{class}"), &counts.iter().map(row).collect::<Vec<_>>())
}

/// Every key of the plan.
fn hyper_parameters(plan: &Plan) -> Vec<(&'static str, HyperParameter)> {
    let parameter = |value: toml::Value| match value {
        toml::Value::Boolean(flag) => HyperParameter::Flag(flag),
        // What a double does not hold to the last digit stays text.
        toml::Value::Integer(number) if number < 1 << f64::MANTISSA_DIGITS => HyperParameter::Number(number as f64),
        toml::Value::Float(number) => HyperParameter::Number(number),
        toml::Value::String(text) => HyperParameter::Text(text),
        other => HyperParameter::Text(other.to_string()),
    };
    plan.entries().into_iter().map(|(key, value)| (key, parameter(value))).collect()
}

/// The metrics that are defined, each under its name and where it was measured.
fn metrics(at: &str, metrics: &Metrics) -> Vec<Value> {
    let scalar = |metric: Metric| Some(Value::scalar(&format!("{at}/{}", metric.name()), metrics.get(metric)? as f32));
    Metric::ALL.into_iter().filter_map(scalar).collect()
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BatchPlace;
    use plan::{Config, Setting};

    const BATCHES: usize = 5;

    fn open(run: &Path, accumulate: usize, events: usize) -> Result<EventLog, Error> {
        let settings = [Setting::parse(&format!("training.accumulate={accumulate}")).unwrap()];
        let plan = Plan::resolve(&Config::default(), &settings).unwrap();
        EventLog::open(run, &plan, BATCHES, &TrainState { event_log_bytes: events, ..TrainState::default() }, &[])
    }

    fn batch(step: usize, batch: usize, batch_loss: f32) -> BatchRecord {
        BatchRecord { place: BatchPlace { epoch: 1, batch, step, learning_rate: 0.1 }, batch_loss }
    }

    /// The newest event file, after its beginning; the one before is empty, if there is one.
    fn body(run: &Path) -> Vec<u8> {
        let mut files = event_files(run).unwrap();
        let newest = fs::read(files.pop().unwrap().1).unwrap();
        assert!(files.len() <= 1 && files.iter().all(|(_, path)| fs::read(path).unwrap().is_empty()));
        tensorboard::after(&newest, BEFORE).unwrap().to_vec()
    }

    #[test]
    fn a_step_of_several_batches_is_their_mean_by_sample() {
        let run = tempfile::tempdir().unwrap();
        let mut log = open(run.path(), 2, 0).unwrap();
        for (step, number, loss, samples) in
            [(1, 1, 1.0, 64), (1, 2, 2.0, 64), (2, 3, 1.0, 64), (2, 4, 1.0, 64), (3, 5, 4.0, 1)]
        {
            log.batch(&batch(step, number, loss), samples).unwrap();
        }
        let body = body(run.path());
        assert_eq!(tensorboard::after(&body, 3), Some(&[][..]), "the last batch of an epoch completes a step");
        let loss = |value: f32| [&b"step/loss\x15"[..], &value.to_le_bytes()].concat();
        for mean in [1.5, 1.0, 4.0] {
            assert!(body.windows(14).any(|bytes| bytes == loss(mean)), "{mean}");
        }
    }

    #[test]
    fn a_resume_goes_on_in_a_new_file_with_what_was_told_up_to_its_checkpoint() {
        let run = tempfile::tempdir().unwrap();
        let mut log = open(run.path(), 1, 0).unwrap();
        log.batch(&batch(1, 1, 0.5), 64).unwrap();
        let (length, before) = (log.length(), body(run.path()));
        log.batch(&batch(2, 2, 0.25), 64).unwrap();
        // A kill in the middle of a record, and one while the next file was being made.
        log.log.append(b"half a record").unwrap();
        fs::write(run.path().join(format!("{NAME}00001")), b"not even a head").unwrap();
        let mut log = open(run.path(), 1, length).unwrap();
        assert_eq!(body(run.path()), before);
        assert_eq!(event_files(run.path()).unwrap().last().unwrap().0, 2);
        log.batch(&batch(2, 2, 0.25), 64).unwrap();
        assert_eq!(body(run.path()).len(), log.length());
    }

    #[test]
    fn a_file_that_ends_before_the_checkpoint_is_damaged_and_one_that_was_removed_is_not_missed() {
        let run = tempfile::tempdir().unwrap();
        drop(open(run.path(), 1, 0).unwrap());
        let message = open(run.path(), 1, 1).err().unwrap().to_string();
        assert!(message.contains("events.out.tfevents.00000` is damaged: it ends before the checkpoint"), "{message}");
        fs::remove_file(run.path().join(format!("{NAME}00000"))).unwrap();
        assert!(open(run.path(), 1, 1).is_ok());
    }

    #[test]
    fn a_large_seed_keeps_its_digits() {
        let seed = Setting::parse("seed=9223372036854775807").unwrap();
        let plan = Plan::resolve(&Config::default(), &[seed]).unwrap();
        let parameters = hyper_parameters(&plan);
        assert!(parameters.contains(&("seed", HyperParameter::Text("9223372036854775807".into()))));
        assert!(parameters.contains(&("data.classes", HyperParameter::Text("[\"3\", \"7\"]".into()))));
    }
}
