//! Checkpoints: one file each, with everything an exact resume needs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use files::Error;
use metrics::{MeanLoss, MetricSums, Metrics};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::{best::BestTracker, error::ANEW};

const MAGIC: &[u8; 8] = b"burnckpt";
const VERSION: u32 = 1;
const EXTENSION: &str = "checkpoint";

/// Where a run stands: everything beside the tensors that an exact resume needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    /// The data's fingerprint: the run goes on with no other.
    pub fingerprint: String,
    /// When the run began, as in `run.json`: it goes on from no other run's checkpoint. Empty in those of earlier versions.
    #[serde(default)]
    pub started: String,
    /// Epochs completed.
    pub epoch: usize,
    /// Batches of the next epoch that are already used.
    pub batch: usize,
    /// Optimizer steps taken.
    pub step: usize,
    /// Sums over the batches of the next epoch that are already used.
    #[serde(rename = "train")]
    pub epoch_sums: MetricSums,
    /// Of a short run the loss of each part of the next epoch so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_losses: Vec<MeanLoss>,
    /// Best epoch and patience.
    #[serde(rename = "watch")]
    pub best_tracker: BestTracker,
    /// Validation metrics of the last epoch completed.
    pub last: Option<Metrics>,
    /// Seconds spent so far.
    pub seconds: f64,
    /// How far the events for TensorBoard had come, in bytes after the file's head; 0 where there are none.
    #[serde(default, rename = "events")]
    pub event_log_bytes: usize,
}

impl TrainState {
    /// Whether it is of the same run on the same data as another.
    ///
    /// # Errors
    /// What differs.
    pub fn is_of_the_run(&self, other: &Self) -> Result<(), String> {
        let is_same_data = self.fingerprint == other.fingerprint;
        if is_same_data { self.began(&other.started) } else { Err("it is of a training on other data".into()) }
    }

    /// Whether it is of the run that began then; earlier versions do not say.
    ///
    /// # Errors
    /// When its run began.
    pub fn began(&self, started: &str) -> Result<(), String> {
        let is_same = self.started.is_empty() || started.is_empty() || self.started == started;
        if is_same { Ok(()) } else { Err(format!("it is of another run, that began at {}", self.started)) }
    }

    /// Whether a run of this plan over so many training images of so many classes comes past here: what else stands in the file would not go on.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, plan: &Plan, images: usize, classes: usize) -> Result<(), String> {
        let (training, batches) = (&plan.training, images.div_ceil(plan.training.batch_size));
        let steps = self.epoch.checked_mul(training.steps(batches));
        let steps = steps.and_then(|steps| steps.checked_add(training.steps(self.batch)));
        let seen = self.batch as u128 * training.batch_size as u128;
        let is_on_the_way =
            self.batch < batches && training.completes_step(self.batch, batches) && steps == Some(self.step);
        if !is_on_the_way {
            let Self { epoch, batch, step, .. } = self;
            Err(format!("a run of this plan has no step {step} after epoch {epoch} and batch {batch} of the next"))
        } else if !self.epoch_sums.counts.are_of(classes) || u128::from(self.epoch_sums.counts.total()) != seen {
            Err(format!("its sums are not over the {seen} images of this epoch so far"))
        } else if !(0.0..1e12).contains(&self.seconds) {
            Err(format!("a run does not take {} seconds", self.seconds))
        } else {
            Ok(())
        }
    }
}

/// A moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Where the run stands.
    pub state: TrainState,
    /// The classifier's record.
    pub model: Vec<u8>,
    pub optimizer: Vec<u8>,
    /// The record of the classifier with averaged weights, where the run has one.
    pub average: Option<Vec<u8>>,
}

impl Checkpoint {
    /// The file's bytes: magic, version, three or, with averaged weights, four sections with their lengths, CRC-32 of all before it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let state = serde_json::to_vec(&self.state).expect("a state is plain data");
        let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        for section in [&state, &self.model, &self.optimizer].into_iter().chain(&self.average) {
            bytes.extend((section.len() as u64).to_le_bytes());
            bytes.extend(section);
        }
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// From [these](Self::encode).
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (body, sum) = bytes.split_last_chunk().ok_or("it is cut short")?;
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return Err("its checksum does not match: cut short or altered".into());
        }
        let mut rest = body.strip_prefix(MAGIC).ok_or("it is no checkpoint")?;
        let version = u32::from_le_bytes(take(&mut rest)?);
        if version != VERSION {
            return Err(format!("it has version {version}, this program reads {VERSION}"));
        }
        let state = serde_json::from_slice(section(&mut rest)?).map_err(|error| error.to_string())?;
        let [model, optimizer] = [section(&mut rest)?.into(), section(&mut rest)?.into()];
        let average = (!rest.is_empty()).then(|| section(&mut rest)).transpose()?.map(Into::into);
        Ok(Self { state, model, optimizer, average })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, left) = rest.split_first_chunk().ok_or("it is cut short")?;
    *rest = left;
    Ok(*taken)
}

fn section<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = usize::try_from(u64::from_le_bytes(take(rest)?)).map_err(|error| error.to_string())?;
    let (section, left) = rest.split_at_checked(length).ok_or("it is cut short")?;
    *rest = left;
    Ok(section)
}

/// The checkpoint taken after `step` optimizer steps.
pub fn read(folder: &Path, step: usize) -> Result<Checkpoint, Error> {
    let path = path(folder, step);
    let decoded = Checkpoint::decode(&files::read(&path)?).and_then(|checkpoint| match checkpoint.state.step {
        right if right == step => Ok(checkpoint),
        other => Err(format!("it is of step {other}")),
    });
    decoded.map_err(|reason| Error::Damaged { path, reason })
}

/// The newest checkpoint, of those up to `step`, that is whole and from which `open` makes something, and what is wrong with
/// newer ones. `None` where there is no checkpoint at all.
///
/// # Errors
/// Where there are some and none does: what is wrong with the oldest.
pub fn newest<T>(
    folder: &Path,
    step: usize,
    mut open: impl FnMut(Checkpoint) -> Result<T, String>,
) -> Result<(Option<T>, Vec<Error>), Error> {
    let mut damaged = Vec::new();
    for step in steps(folder)?.into_iter().rev().filter(|other| *other <= step) {
        let unfit = |reason| Error::Damaged { path: path(folder, step), reason };
        match read(folder, step).and_then(|checkpoint| open(checkpoint).map_err(unfit)) {
            Ok(opened) => return Ok((Some(opened), damaged)),
            Err(error) => damaged.push(error),
        }
    }
    match damaged.pop() {
        None => Ok((None, Vec::new())),
        Some(Error::Damaged { path, reason }) => {
            Err(Error::Damaged { path, reason: format!("{reason}; no other is left; {ANEW}") })
        }
        Some(error) => Err(error),
    }
}

/// Steps of the checkpoints in a folder, ascending.
pub fn steps(folder: &Path) -> Result<Vec<usize>, Error> {
    let failed = |cause| Error::Read { path: folder.into(), cause };
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        steps.extend(step_of(&entry.map_err(failed)?.path()));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The file of the checkpoint taken after `step` steps.
pub fn path(folder: &Path, step: usize) -> PathBuf {
    folder.join(format!("step-{step:08}.{EXTENSION}"))
}

fn step_of(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?;
    let step = name.strip_prefix("step-")?.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    (path.is_file() && self::path(path.parent()?, step) == path).then_some(step)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{CheckpointWriter, best::Best};

    pub(crate) fn checkpoint(step: usize, best: usize) -> Checkpoint {
        let metrics = Metrics { loss: 0.1, accuracy: 0.9, ..Metrics::default() };
        let best = Best { epoch: 1, step: best, value: 0.1, metrics };
        let mut state = TrainState { epoch: 1, step, seconds: 0.1 + 0.2, ..TrainState::default() };
        state.best_tracker.best = Some(best);
        Checkpoint { state, model: vec![1, 2, 3], optimizer: vec![4], average: None }
    }

    pub(crate) fn written(steps: &[usize], best: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = CheckpointWriter::new(folder.path().into(), 2, 0, Vec::new());
        for step in steps {
            writer.write(checkpoint(*step, best)).unwrap();
        }
        writer.finish().unwrap();
        folder
    }

    #[test]
    fn a_checkpoint_is_read_back_as_it_was_written() {
        let folder = written(&[7], 7);
        assert_eq!(read(folder.path(), 7).unwrap(), checkpoint(7, 7));
        let averaged = Checkpoint { average: Some(vec![5, 6]), ..checkpoint(7, 7) };
        assert_eq!(Checkpoint::decode(&averaged.encode()), Ok(averaged));
    }

    #[test]
    fn a_damaged_newest_gives_way_to_the_one_before() {
        let folder = written(&[10, 20], 10);
        let last = path(folder.path(), 20);
        let whole = fs::read(&last).unwrap();
        let altered = [&whole[..20], &[whole[20] ^ 1], &whole[21..]].concat();
        for bytes in [&whole[..whole.len() - 1], &whole[..10], b"", &altered] {
            fs::write(&last, bytes).unwrap();
            let (found, damaged) = newest(folder.path(), usize::MAX, Ok).unwrap();
            assert_eq!(found.unwrap().state.step, 10);
            assert_eq!(damaged.len(), 1);
        }
    }

    #[test]
    fn one_that_cannot_be_opened_gives_way_too_and_only_those_up_to_a_step_count() {
        let folder = written(&[10, 20, 30], 10);
        let open = |checkpoint: Checkpoint| match checkpoint.state.step {
            10 => Ok(10),
            step => Err(format!("not {step}")),
        };
        let (found, unfit) = newest(folder.path(), 29, open).unwrap();
        assert_eq!((found, unfit.len()), (Some(10), 1));
        assert!(unfit[0].to_string().ends_with("step-00000020.checkpoint` is damaged: not 20"));
    }

    #[test]
    fn without_a_whole_one_the_damage_is_reported() {
        let folder = written(&[10], 10);
        fs::write(path(folder.path(), 10), b"x").unwrap();
        let error = newest(folder.path(), usize::MAX, Ok).unwrap_err().to_string();
        assert!(
            error.contains("step-00000010.checkpoint` is damaged: ")
                && error.ends_with(&format!("; no other is left; {ANEW}")),
            "{error}"
        );
    }

    #[test]
    fn an_empty_folder_has_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        assert!(newest(folder.path(), usize::MAX, Ok).unwrap().0.is_none());
    }
}
