//! What a run is to do: the command line and TOML files become a checked [`Plan`].
//!
//! ```text
//! base.toml (compiled in) <- extends .. <- the config <- --set key=value <- flags    config, layer
//!                                 | one value for each key that base.toml has        check (else known, nearest)
//!                                 | type and range of each, then all together        check, rules
//!                                 v
//!                               Plan                                                 plan, choices
//! ```
//!
//! Training takes a [`Plan`] and nothing else, so what has not been checked cannot reach it.

mod auto;
mod catalogue;
mod check;
mod choices;
mod config;
mod differences;
mod error;
mod identity;
mod keys;
mod known;
mod layer;
mod missing;
mod nearest;
mod plan;
mod rules;
mod schedule;
mod uses;

pub use auto::{Auto, ClassWeights, Size};
pub use catalogue::Entry;
pub use choices::{
    BackendChoice, BuiltIn, Fit, Loss, ModelKind, Monitor, OnBroken, OptimizerKind, Sampling, ScheduleKind, SourceKind,
};
pub use config::{Config, Template};
pub use differences::{Difference, shown};
pub use error::{Origin, PlanError, Problem};
pub use identity::{decides, decides_result};
pub use keys::Keys;
pub use layer::{Layer, Setting};
pub use nearest::did_you_mean;
pub use plan::{
    AugmentationPlan, CheckpointPlan, DataPlan, EarlyStoppingPlan, ModelPlan, OptimizerPlan, ParallelPlan, Plan,
    SchedulePlan, TrainingPlan,
};
pub use rules::Rule;
pub use schedule::Schedule;
