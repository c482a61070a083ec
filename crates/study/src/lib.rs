//! Studies: many runs of one config, each with other values of some keys.
//!
//! In: a study file and this program to run trials with; out: an ordinary run folder for each trial, `best.toml` and the study's
//! page. It knows no Burn: a trial is a process. Start at [`Study`], then [`Driver`].
//!
//! ```text
//! study file -> Study (checked)      study, study/file, study/space, study/metric
//!   -> trials: point, plan, folder   trial, identity
//!   -> Driver: which one next        driver, study_folder; search has the mathematics
//!   -> a process per trial           process; `train trial` is what it runs
//!   -> how they stand                status, points, leaderboard, report; from trial.toml (trial_record), claim.toml (lease),
//!                                    run.json and metrics.jsonl
//! ```

mod driver;
mod error;
mod identity;
mod leaderboard;
mod lease;
mod overview;
mod points;
mod process;
mod remaining;
mod report;
mod results;
pub mod slurm;
pub mod status;
pub mod study;
pub mod study_folder;
mod trial;
mod trial_record;
mod within;

pub use driver::{Driver, Entry, Event, StopReason, Watcher};
pub use error::Error;
pub use leaderboard::leaderboard;
pub use lease::{Lease, Limits};
pub use overview::{Overview, Row, counted, ended, failed, running, short, time_left};
pub use process::{DIVERGED, DONE, INTERRUPTED, PRUNED, end_with, kill_all};
pub use remaining::{Remaining, seconds_left};
pub use report::{BEST_PLAN, PAGE, best_of, importance_of_keys, leaders, report, write as write_report, write_live};
pub use results::{StudyResults, studies};
pub use status::Status;
pub use study::{
    Study,
    named::{find_study, studies_by_name},
};
pub use study_folder::StudyFolder;
pub use trial::{Trial, named};
pub use trial_record::{TrialRecord, is_trial};
pub use within::Within;
