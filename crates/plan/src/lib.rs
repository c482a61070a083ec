//! What a run is to do: the command line and TOML files become a checked [`Plan`].
//!
//! ```text
//! base.toml (compiled in) <- extends .. <- the config <- --set key=value <- flags    config, chain, layer, setting
//!                                 | one value for each key that base.toml has        merge (else known, nearest)
//!                                 | type and range of each, then all together        check, rules
//!                                 v
//!                               Plan                                                 here, sections, choices
//! ```
//!
//! Training takes a [`Plan`] and nothing else, so what has not been checked cannot reach it.

mod chain;
mod check;
mod choices;
mod config;
mod differences;
mod error;
mod identity;
mod keys;
mod known;
mod layer;
mod merge;
mod missing;
mod nearest;
mod rules;
mod schedule;
mod sections;
mod setting;
mod template;

pub use choices::{BackendChoice, BuiltIn, Loss, ModelKind, Monitor, OptimizerKind, ScheduleKind, SourceKind};
pub use config::Config;
pub use differences::Difference;
pub use error::{Origin, PlanError, Problem};
pub use identity::{decides, decides_result};
pub use keys::Keys;
pub use rules::Rule;
pub use schedule::Schedule;
pub use sections::{
    AugmentationPlan, CheckpointPlan, Classes, DataPlan, EarlyStoppingPlan, ModelPlan, OptimizerPlan, SchedulePlan,
    TrainingPlan,
};
pub use setting::Setting;
pub use template::Template;

pub use layer::Layer;
pub use nearest::did_you_mean;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A whole run, every value checked; the fields are the keys of `configs/base.toml`, in its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The run goes to `<runs>/<name>/<id>`: a folder name.
    pub name: String,
    /// Output root, relative to the current folder.
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

    /// The plan as a config file: every key, in the order of `base.toml`; resolves to an equal plan.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let keys = toml::to_string(self).expect("a plan holds only what TOML can hold");
        format!("# The resolved plan, every key: `train FILE` runs it again.\n{keys}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        assert_eq!(plan.model, ModelPlan { kind: ModelKind::TwoLayer, hidden: 30, channels: 16 });
        assert_eq!(plan.training.epochs, 40);
        assert_eq!(plan.training.batch_size, 256);
        assert_eq!(plan.training.loss, Loss::MnistLoss);
        assert_eq!(plan.optimizer.learning_rate, 0.1);
        assert_eq!(plan.data.classes.named().unwrap(), ["3", "7"]);
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
            --set model.kind=lineer: `model.kind` is \"lineer\", expected linear, two-layer or resnet; did you mean `linear`?\n\
            --set training.epochs=0: `training.epochs` is 0, expected an integer from 1 to 1000000";
        assert_eq!(error.to_string(), expected);
    }
}
