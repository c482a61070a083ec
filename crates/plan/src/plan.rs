//! The plan: the sections and keys of `configs/base.toml` as a struct.

use std::{env, path::PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    auto::{Auto, ClassWeights, Size},
    choices::{
        BackendChoice, Fit, Loss, ModelKind, Monitor, OnBroken, OptimizerKind, Sampling, ScheduleKind, SourceKind,
    },
    config::{Config, Template},
    error::PlanError,
    layer::Setting,
};

/// A whole run, every value checked; the fields are the keys of `configs/base.toml`, in its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The run goes to `<runs>/<name>/<id>`: a folder name.
    pub name: String,
    /// Output root, relative to the current folder.
    #[serde(deserialize_with = "in_home")]
    pub runs: PathBuf,
    /// Seed of initialisation, order and augmentation, from 0 to 2^63 - 1 (the largest integer of TOML).
    pub seed: u64,
    pub backend: BackendChoice,
    /// Which device of the backend, from 0.
    pub device: usize,
    /// CPU threads of the backend; 0: all cores.
    pub threads: usize,
    /// Whether the run folder gets event files for TensorBoard.
    pub tensorboard: bool,
    /// Where the digits come from.
    pub data: DataPlan,
    pub model: ModelPlan,
    /// How training images are changed.
    pub augmentation: AugmentationPlan,
    /// Epochs, batches and loss.
    pub training: TrainingPlan,
    /// How gradients become steps.
    pub optimizer: OptimizerPlan,
    /// How the learning rate goes over the run.
    pub schedule: SchedulePlan,
    /// When to end before the last epoch.
    pub early_stopping: EarlyStoppingPlan,
    /// What is kept to resume from.
    pub checkpoint: CheckpointPlan,
    /// How processes share a batch.
    pub parallel: ParallelPlan,
}

impl Plan {
    /// The plan of `config` with `settings` over it, of which the last wins; reads files, fetches nothing.
    ///
    /// # Errors
    ///
    /// Every unknown key and every wrong value at once, or the file that cannot be read.
    pub fn resolve(config: &Config, settings: &[Setting]) -> Result<Plan, PlanError> {
        Template::read(config)?.plan(settings)
    }

    /// The plan of such a file as [`to_toml`](Self::to_toml) makes.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn of_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The plan as a config file: every key, in the order of `base.toml`; resolves to an equal plan.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let keys = toml::to_string(self).expect("a plan holds only what TOML can hold");
        format!("# The resolved plan, every key: `train FILE` runs it again.\n{keys}")
    }
}

/// A path, of which `~` is the user's home, as a shell has it where no quotes keep it from that.
fn in_home<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    let below = |home: PathBuf| Some(home.join(path.strip_prefix("~").ok()?));
    Ok(env::home_dir().and_then(below).unwrap_or(path))
}

/// `[data]`: where the images come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPlan {
    pub source: SourceKind,
    /// The file or folder of the sources that read one, relative to the current folder; else empty.
    #[serde(deserialize_with = "in_home")]
    pub path: PathBuf,
    /// The classes to take: names of folders, labels of IDX files, or all; of two the first is the positive one, target 1.
    pub classes: Auto<Vec<String>>,
    /// 1: grey; 3: colour; auto: colour where any image is.
    pub channels: Auto<usize>,
    /// Rows and columns; auto: those of the first image, which all must have.
    pub size: Auto<Size>,
    /// How images of other proportions fit the size.
    pub fit: Fit,
    /// What a file does that cannot be decoded.
    pub on_broken: OnBroken,
    /// Part of each class that is held out for validation, from 0 to below 1; 0: the source has a validation split.
    pub valid_fraction: f64,
    /// Seed of what is held out, from 0 to 2^63 - 1.
    pub split_seed: u64,
    /// Whether IDX files have column before row, as EMNIST's.
    pub transposed: bool,
    /// Of `csv`: the folder that its paths are below, relative to the current folder; empty: the table's.
    #[serde(deserialize_with = "in_home")]
    pub image_folder: PathBuf,
    /// Of `csv`: the heading of the paths; auto: found by its name.
    pub path_column: String,
    /// Of `csv`: the heading of the labels; auto: found by its name.
    pub label_column: String,
    /// Of `csv`: the heading of the splits; auto: found by its name, if there is one.
    pub split_column: String,
    /// Folder of packed data sets, relative to the current folder; empty: the user's cache folder.
    #[serde(deserialize_with = "in_home")]
    pub cache: PathBuf,
    /// Seed of what `synthetic` draws, from 0 to 2^63 - 1.
    pub synthetic_seed: u64,
    /// Images `synthetic` draws for training, at least 2.
    pub synthetic_train: usize,
    /// Images `synthetic` draws for validation, at least 2.
    pub synthetic_valid: usize,
    /// How often the images of an epoch come.
    pub sampling: Sampling,
    /// Threads that prepare batches ahead; 0: none.
    pub workers: usize,
}

/// `[model]`: which network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPlan {
    pub kind: ModelKind,
    /// Units of the hidden layer of `two-layer`, at least 1.
    pub hidden: usize,
    /// Channels of the stem of `resnet` or the first layer of `simple-cnn`, at least 1.
    pub channels: usize,
    /// Residual blocks of each stage of `resnet`, at least 1.
    pub blocks: Vec<usize>,
    /// Probability that a feature before the head of `resnet` is left out in training, from 0 to below 1.
    pub dropout: f64,
}

/// `[augmentation]`: how far training images are changed, anew in each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentationPlan {
    /// Largest turn in degrees, from 0 to 180.
    pub degrees: f64,
    /// Largest shift as a fraction of the side, from 0 to 1.
    pub translate: f64,
    /// Largest change of the size as a fraction, from 0 to 0.9.
    pub scale: f64,
    /// Probability that left and right change places.
    pub flip: f64,
    /// Largest shift in whole pixels.
    pub shift: usize,
    /// Part of the sides that may be cut off, from 0 to 0.9.
    pub crop: f64,
    /// Largest change of all values as a fraction, from 0 to 1.
    pub brightness: f64,
    /// Largest change of the distances to the mean as a fraction, from 0 to 1.
    pub contrast: f64,
    /// Probability that a rectangle becomes black.
    pub erasing: f64,
    /// Parameter of the beta distribution by which two images are mixed, from 0 to 1.
    pub mixup: f64,
}

impl AugmentationPlan {
    /// What it does to an image, in words; none where it does nothing.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let percent = |part: f64| format!("{} %", short_percent(part));
        let up_to = |part: f64, what: &str| (part > 0.0).then(|| format!("{what} by up to {}", percent(part)));
        let sometimes =
            |chance: f64, what: &str| (chance > 0.0).then(|| format!("{what} in {} of the cases", percent(chance)));
        let all = [
            (self.degrees > 0.0).then(|| format!("turned by up to {} degrees", self.degrees)),
            up_to(self.translate, "shifted").map(|text| text + " of the side"),
            (self.shift > 0).then(|| format!("shifted by up to {} pixels", self.shift)),
            up_to(self.scale, "resized"),
            up_to(self.crop, "cut").map(|text| text + " of the sides"),
            sometimes(self.flip, "flipped"),
            up_to(self.brightness, "lightened or darkened"),
            up_to(self.contrast, "changed in contrast"),
            sometimes(self.erasing, "partly erased"),
            (self.mixup > 0.0).then(|| format!("mixed with another (beta distribution of {})", self.mixup)),
        ];
        let all: Vec<String> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// Per cent of a part, without the noise of binary fractions.
fn short_percent(part: f64) -> f64 {
    (part * 1e4).round() / 1e2
}

/// `[training]`: epochs, batches and loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingPlan {
    /// Passes over the training split, at least 1.
    pub epochs: usize,
    /// Images of a batch, at least 1.
    pub batch_size: usize,
    pub loss: Loss,
    /// How much the images of each class count in the loss.
    pub class_weights: ClassWeights,
    /// How much of each target is spread evenly over all classes, from 0 to below 1.
    pub label_smoothing: f64,
    /// Batches whose gradients are averaged into one step, at least 1.
    pub accumulate: usize,
    /// Largest global norm of the gradients; 0: no clipping.
    pub clip_norm: f64,
    /// Decay of the moving average of the weights that is evaluated and kept, from 0 to below 1; 0: none.
    pub ema_decay: f64,
    /// What "best" means for checkpoints and early stopping.
    pub monitor: Monitor,
    /// Whether metrics.jsonl also has one line per batch.
    pub log_steps: bool,
}

impl TrainingPlan {
    /// Steps of an epoch of so many batches.
    #[must_use]
    pub fn steps(&self, batches: usize) -> usize {
        batches.div_ceil(self.accumulate)
    }

    /// Whether batch number `batch`, from 1, of an epoch of so many completes a step: the last one always does.
    #[must_use]
    pub fn completes_step(&self, batch: usize, batches: usize) -> bool {
        batch.is_multiple_of(self.accumulate) || batch == batches
    }
}

/// `[optimizer]`: how gradients become steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerPlan {
    pub kind: OptimizerKind,
    /// Above 0; the peak, where the schedule varies it.
    pub learning_rate: f64,
    /// Of sgd, at least 0 and below 1; 0: none.
    pub momentum: f64,
    /// At least 0. Of sgd and adam an L2 penalty, of adamw decoupled.
    pub weight_decay: f64,
    /// Of adam and adamw, at least 0 and below 1: decay of the mean gradient.
    pub beta_1: f64,
    /// Of adam and adamw, at least 0 and below 1: decay of the mean squared gradient.
    pub beta_2: f64,
    /// Of adam and adamw, above 0: keeps the division finite.
    pub epsilon: f64,
}

/// `[schedule]`: how the learning rate goes over the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchedulePlan {
    pub kind: ScheduleKind,
    /// Of one-cycle, above 0 and below 1: the part of all steps that warms up.
    pub pct_start: f64,
    /// Of one-cycle, at least 1: it starts at learning_rate / div.
    pub div: f64,
    /// Of one-cycle, at least 1: it ends at learning_rate / div_final.
    pub div_final: f64,
    /// Of one-cycle, each at least 0 and below 1: momentum (adam: beta_1) at start, peak and end.
    pub momentums: [f64; 3],
}

/// `[early_stopping]`: when to end before the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStoppingPlan {
    /// Epochs without improvement of the monitored metric before the run ends; 0: never.
    pub patience: usize,
    /// The least change that counts as improvement, in the metric's own unit, at least 0.
    pub min_delta: f64,
}

/// `[checkpoint]`: what is kept to resume from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointPlan {
    /// Newest checkpoints kept, at least 1; the best is always kept.
    pub keep_last: usize,
    /// Also within the epoch, each so many steps; 0: only at an epoch's end.
    pub every_steps: usize,
}

/// `[parallel]`: how processes share a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParallelPlan {
    /// Parts of a batch whose gradients are computed apart and added in a fixed order, from 1 to the batch size.
    pub shards: usize,
    /// Seconds without a word from the other processes after which one ends, at least 1.
    pub timeout: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BuiltIn;
    use std::fs;

    #[test]
    fn a_path_may_begin_at_the_users_home() {
        let of = |text| {
            let settings = [set("data.source=folder"), set(&format!("data.path={text}"))];
            Plan::resolve(&Config::default(), &settings).unwrap().data.path
        };
        let home = env::home_dir().unwrap();
        assert_eq!((of("~/digits"), of("~")), (home.join("digits"), home));
        assert_eq!(of("~digits/a"), PathBuf::from("~digits/a"), "the home of another is left to shells");
    }

    fn set(text: &str) -> Setting {
        Setting::parse(text).unwrap()
    }

    fn reread(plan: &Plan) -> Plan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, plan.to_toml()).unwrap();
        Plan::resolve(&Config::File(path), &[]).unwrap()
    }

    #[test]
    fn two_layer_is_the_chapters_net() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::TwoLayer), &[]).unwrap();
        assert_eq!(plan.name, "two-layer");
        assert_eq!(
            plan.model,
            ModelPlan { kind: ModelKind::TwoLayer, hidden: 30, channels: 16, blocks: vec![1, 1, 1], dropout: 0.0 }
        );
        assert_eq!(plan.training.epochs, 40);
        assert_eq!(plan.training.batch_size, 256);
        assert_eq!(plan.training.loss, Loss::MnistLoss);
        assert_eq!(plan.optimizer.learning_rate, 0.1);
        assert_eq!(plan.data.classes.known().unwrap().as_slice(), ["3", "7"]);
    }

    #[test]
    fn linear_is_the_chapters_baseline() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::Linear), &[]).unwrap();
        assert_eq!(plan.model.kind, ModelKind::Linear);
        assert_eq!(plan.training.epochs, 20);
        assert_eq!(plan.optimizer.learning_rate, 1.0);
    }

    #[test]
    fn the_last_setting_wins() {
        let settings = [set("training.epochs=3"), set("model.kind=linear"), set("training.epochs=5")];
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::TwoLayer), &settings).unwrap();
        assert_eq!((plan.training.epochs, plan.model.kind), (5, ModelKind::Linear));
    }

    #[test]
    fn every_shipped_config_resolves_and_is_read_back_equal() {
        let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
        let paths = fs::read_dir(configs).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
        assert!(files.len() >= 3);
        for path in files {
            let plan = Plan::resolve(&Config::File(path), &[]).unwrap();
            assert_eq!(reread(&plan), plan);
        }
    }

    #[test]
    fn awkward_values_are_read_back_equal() {
        let mut plan = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]).unwrap();
        plan.seed = i64::MAX as u64;
        plan.runs = PathBuf::from("a \"quoted\" 'path'\\ with\nlines and ü");
        plan.optimizer.learning_rate = 0.1 + 0.2;
        plan.optimizer.epsilon = 1e-8;
        plan.optimizer.weight_decay = f64::MIN_POSITIVE;
        plan.schedule.div_final = 1e38;
        plan.schedule.pct_start = 1.0 - f64::EPSILON;
        plan.schedule.momentums = [1.0 / 3.0, 0.0, 1.0 - f64::from(f32::EPSILON)];
        assert_eq!(reread(&plan), plan);
    }

    #[test]
    fn the_written_plan_has_the_order_of_the_base() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]).unwrap();
        let keys = |text: &str| -> Vec<String> {
            let code = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
            code.map(|line| line.split(" =").next().unwrap().to_string()).collect()
        };
        assert_eq!(keys(&plan.to_toml()), keys(include_str!("../../../configs/base.toml")));
    }

    #[test]
    fn an_integer_will_do_for_a_number() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[set("optimizer.learning_rate=1")]).unwrap();
        assert_eq!(plan.optimizer.learning_rate, 1.0);
        assert_eq!(reread(&plan), plan);
    }

    #[test]
    fn all_problems_come_at_once() {
        let settings = [set("training.epoch=3"), set("training.epochs=0"), set("model.kind=lineer")];
        let error = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &settings).unwrap_err();
        let expected = "\
            --set training.epoch=3: unknown key `training.epoch`; did you mean `training.epochs`?\n\
            --set model.kind=lineer: `model.kind` is \"lineer\", expected linear, two-layer, resnet or simple-cnn; did you mean `linear`?\n\
            --set training.epochs=0: `training.epochs` is 0, expected an integer from 1 to 1000000";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_augmentation_is_told_in_words() {
        let of = |settings: &[&str]| {
            let settings: Vec<Setting> = settings.iter().map(|text| set(text)).collect();
            Plan::resolve(&Config::default(), &settings).unwrap().augmentation.in_words()
        };
        assert_eq!(of(&[]), None);
        let all = ["augmentation.degrees=10", "augmentation.translate=0.07", "augmentation.flip=0.5"];
        let words = "turned by up to 10 degrees, shifted by up to 7 % of the side, flipped in 50 % of the cases";
        assert_eq!(of(&all).unwrap(), words);
    }
}
