//! Where a run is written down while it trains: `metrics.jsonl` and `metrics.csv`, for programs and for tables, and TensorBoard's
//! event file.

use std::path::{Path, PathBuf};

use files::{Error, Log};
use metrics::{Metric, Metrics};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::{checkpoint::TrainState, event_log::EventLog, folder};

/// `metrics.jsonl` and `metrics.csv`, and where the plan says so events for TensorBoard.
pub struct RunLogger {
    metrics: MetricsLog,
    events: Option<EventLog>,
    /// Whether the metrics have a line for each batch too.
    log_steps: bool,
}

impl RunLogger {
    /// Opens them in a run folder, for a run that goes on from `state` with so many batches an epoch.
    pub fn open(run: &Path, plan: &Plan, batches: usize, state: &TrainState) -> Result<Self, Error> {
        let metrics = MetricsLog::open(run, state)?;
        let open = || EventLog::open(run, plan, batches, state, &folder::read_epochs(run)?);
        let events = plan.tensorboard.then(open).transpose()?;
        Ok(Self { metrics, events, log_steps: plan.training.log_steps })
    }

    /// Handles on what a resume cannot do without.
    pub fn handles(&self) -> Result<Vec<Log>, Error> {
        let events = self.events.as_ref().map(EventLog::handle);
        [Some(self.metrics.handle()), events].into_iter().flatten().collect()
    }

    /// A batch of so many samples.
    pub fn batch(&mut self, record: &BatchRecord, samples: usize) -> Result<(), Error> {
        if self.log_steps {
            self.metrics.batch(record)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.batch(record, samples))
    }

    /// An epoch; `parameters` gives the model's at its end, by name, where they are asked for.
    pub fn epoch(
        &mut self,
        record: &EpochRecord,
        parameters: impl FnOnce() -> Vec<(String, Vec<f32>)>,
    ) -> Result<(), Error> {
        self.metrics.epoch(record)?;
        self.events.as_mut().map_or(Ok(()), |events| events.epoch(record, parameters()))
    }

    /// How far the events have come, where there are any.
    pub fn event_log_bytes(&self) -> Option<usize> {
        self.events.as_ref().map(EventLog::length)
    }

    /// The events, for what is to be said at the end.
    pub fn events(&mut self) -> Option<&mut EventLog> {
        self.events.as_mut()
    }
}

/// One line of `metrics.jsonl`, one row of `metrics.csv`: an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Its last optimizer step, from 1: as many as were taken at its end.
    pub step: usize,
    /// Learning rate of that step.
    pub learning_rate: f64,
    /// Norm of that step's gradient, all parameters as one vector, before it is clipped; none in a run of an earlier version.
    #[serde(default)]
    pub gradient_norm: Option<f64>,
    /// Norm of what that step added to the weights over theirs, some thousandth where training goes well; none as before.
    #[serde(default)]
    pub update_ratio: Option<f64>,
    /// Metrics over the training batches, each with the parameters before its step.
    pub train: Metrics,
    /// Of a short run the training loss of each of some equal parts of it; else, and in a run of an earlier version, none.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Vec::is_empty")]
    pub train_losses: Vec<f64>,
    /// Metrics of the validation split at its end.
    pub valid: Metrics,
    /// Seconds it took, validation included; of an epoch that was gone on with, those since then.
    pub seconds: f64,
    /// Training images a second, validation not counted.
    pub images_per_second: f64,
}

/// Losses of parts, none where one of them is no number: such lines were written of epochs begun in a longer run.
fn whole<'de, D: serde::Deserializer<'de>>(parts: D) -> Result<Vec<f64>, D::Error> {
    let parts = Vec::<Option<f64>>::deserialize(parts)?;
    Ok(parts.into_iter().collect::<Option<_>>().unwrap_or_default())
}

/// One line of `metrics.jsonl` where `training.log_steps` is set: a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    #[serde(flatten)]
    pub place: BatchPlace,
    pub batch_loss: f32,
}

/// Where in a run a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchPlace {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch in the epoch, from 1.
    pub batch: usize,
    /// The optimizer step it belongs to, from 1.
    pub step: usize,
    /// Learning rate of that step.
    pub learning_rate: f64,
}

/// `metrics.jsonl`, one JSON object a line, and `metrics.csv`, one epoch a row.
#[derive(Debug)]
pub struct MetricsLog {
    lines: Log,
    table: Log,
}

impl MetricsLog {
    /// Opens the two in a run folder to append to, without what a resume from `state` will write again. The table is made
    /// from the lines each time: whatever a kill or a power cut did to it, it comes to the same.
    pub fn open(run: &Path, state: &TrainState) -> Result<Self, Error> {
        let path = folder::metrics_path(run);
        if path.exists() {
            let bytes = files::read(&path)?;
            let lines = String::from_utf8_lossy(&bytes);
            let kept: Vec<&str> = lines.lines().filter(|line| is_before(line, state)).collect();
            files::replace(&path, &counted_from_1(&kept))?;
        }
        let lines = Log::open(&path)?;
        let rows: String = folder::read_epochs(run)?.iter().map(row).collect();
        let table = Log::begin(&table(run), format!("{}{rows}", header()).as_bytes())?;
        Ok(Self { lines, table })
    }

    /// A second handle on the lines, to flush them to the disk with.
    pub fn handle(&self) -> Result<Log, Error> {
        self.lines.handle()
    }

    pub fn epoch(&mut self, record: &EpochRecord) -> Result<(), Error> {
        self.lines.append(&line(record))?;
        self.table.append(row(record).as_bytes())
    }

    /// Appends a batch, to the lines.
    pub fn batch(&mut self, record: &BatchRecord) -> Result<(), Error> {
        self.lines.append(&line(record))
    }
}

/// Whether a line of `metrics.jsonl` tells of what was before `state`. A line that a kill cut short does not parse.
fn is_before(line: &str, state: &TrainState) -> bool {
    let epoch = serde_json::from_str::<EpochRecord>(line).map(|record| record.epoch <= state.epoch);
    let batch = || {
        let BatchPlace { epoch, batch, .. } = serde_json::from_str::<BatchRecord>(line)?.place;
        Ok::<_, serde_json::Error>((epoch, batch) <= (state.epoch + 1, state.batch))
    };
    epoch.or_else(|_| batch()).unwrap_or(false)
}

/// The lines with the steps of batches counted from 1: earlier versions counted them from 0, and those of epochs as now.
fn counted_from_1(lines: &[&str]) -> Vec<u8> {
    let batch = |text: &&str| serde_json::from_str::<BatchRecord>(text).ok();
    let is_from_0 = lines.iter().find_map(batch).is_some_and(|first| first.place.step == 0);
    let counted = |text: &&str| match batch(text).filter(|_| is_from_0) {
        Some(mut record) => {
            record.place.step += 1;
            line(&record)
        }
        None => format!("{text}\n").into_bytes(),
    };
    lines.iter().flat_map(counted).collect()
}

fn line(record: &impl serde::Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("a record is plain data");
    line.push(b'\n');
    line
}

fn table(run: &Path) -> PathBuf {
    run.join("metrics.csv")
}

/// The columns, each with its value; what is undefined is empty.
fn columns(record: &EpochRecord) -> Vec<(String, String)> {
    let number = |value: f64| format!("{value:?}");
    let split = |name: &'static str, of: &[Metric], metrics: &Metrics| -> Vec<(String, String)> {
        let named = |metric: &Metric| {
            let value = metrics.get(*metric).map(number).unwrap_or_default();
            (format!("{name}_{}", metric.name()), value)
        };
        of.iter().map(named).collect()
    };
    let mut columns: Vec<(String, String)> = vec![
        ("epoch".into(), record.epoch.to_string()),
        ("step".into(), record.step.to_string()),
        ("learning_rate".into(), number(record.learning_rate)),
        ("gradient_norm".into(), record.gradient_norm.map(number).unwrap_or_default()),
        ("update_ratio".into(), record.update_ratio.map(number).unwrap_or_default()),
    ];
    columns.extend(split("train", &Metric::OF_SUMS, &record.train));
    columns.extend(split("valid", &Metric::ALL, &record.valid));
    columns.push(("seconds".into(), number(record.seconds)));
    columns.push(("images_per_second".into(), number(record.images_per_second)));
    columns
}

fn row(record: &EpochRecord) -> String {
    columns(record).into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(",") + "\n"
}

fn header() -> String {
    columns(&EpochRecord::default()).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn record(epoch: usize) -> EpochRecord {
        let valid = Metrics { loss: 0.1 + 0.2, accuracy: 0.5, roc_auc: Some(1e-7), ..Metrics::default() };
        let gradient_norm = Some(0.5);
        EpochRecord { epoch, step: 10 * epoch, learning_rate: 1.0, gradient_norm, valid, ..EpochRecord::default() }
    }

    #[test]
    fn an_epoch_whose_parts_are_not_all_known_is_one_without_parts() {
        let of = |losses: &str| {
            let mut line = serde_json::to_value(record(1)).unwrap();
            line["train_losses"] = serde_json::from_str(losses).unwrap();
            serde_json::from_value::<EpochRecord>(line).unwrap().train_losses
        };
        assert_eq!((of("[0.5, 0.25]"), of("[null, 0.25]")), (vec![0.5, 0.25], vec![]));
    }

    fn table_of(run: &Path) -> String {
        fs::read_to_string(table(run)).unwrap()
    }

    #[test]
    fn the_table_has_a_header_and_a_row_an_epoch_with_the_values_of_the_lines() {
        let run = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(run.path(), &TrainState::default()).unwrap();
        log.epoch(&record(1)).unwrap();
        let expected = "epoch,step,learning_rate,gradient_norm,update_ratio,train_loss,train_accuracy,train_precision,train_recall,train_f1,\
                        valid_loss,valid_accuracy,valid_precision,valid_recall,valid_f1,valid_roc_auc,\
                        valid_top_3,valid_log_loss,valid_calibration_error,seconds,images_per_second\n\
                        1,10,1.0,0.5,,0.0,0.0,,,,0.30000000000000004,0.5,,,,1e-7,,,,0.0,0.0\n";
        assert_eq!(table_of(run.path()), expected);
    }

    #[test]
    fn a_resume_counts_the_steps_of_an_earlier_versions_batches_from_1() {
        let run = tempfile::tempdir().unwrap();
        let batch = |batch: usize, step: usize| {
            format!("{{\"epoch\":1,\"batch\":{batch},\"step\":{step},\"learning_rate\":0.1,\"batch_loss\":0.1}}\n")
        };
        let state = TrainState { epoch: 0, batch: 2, step: 2, ..TrainState::default() };
        for before in [[0, 1], [1, 2]] {
            let text = batch(1, before[0]) + &batch(2, before[1]);
            fs::write(folder::metrics_path(run.path()), text).unwrap();
            drop(MetricsLog::open(run.path(), &state).unwrap());
            assert_eq!(
                fs::read_to_string(folder::metrics_path(run.path())).unwrap(),
                batch(1, 1) + &batch(2, 2),
                "{before:?}"
            );
        }
    }

    #[test]
    fn a_resume_cuts_both_back_whatever_a_kill_left() {
        let run = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(run.path(), &TrainState::default()).unwrap();
        log.epoch(&record(1)).unwrap();
        let before = table_of(run.path());
        log.epoch(&record(2)).unwrap();
        log.table.append(b"3,30,0.").unwrap();
        log.lines.append(b"{\"epoch\":3").unwrap();
        let state = TrainState { epoch: 1, ..TrainState::default() };
        let mut log = MetricsLog::open(run.path(), &state).unwrap();
        assert_eq!(table_of(run.path()), before);
        log.epoch(&record(2)).unwrap();
        assert_eq!(folder::read_epochs(run.path()).unwrap(), [record(1), record(2)]);
        assert_eq!(table_of(run.path()).lines().count(), 3);
    }
}
