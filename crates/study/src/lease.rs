//! `claim.toml`: which driver has taken a trial, from before its process has the run folder's lock.

use std::{fs, path::Path};

use files::Error;
use serde::{Deserialize, Serialize};

use crate::Limits;

/// A driver's word that it works on a trial. It holds while the driver lives and the trial has not come so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// The driver's name.
    pub driver: String,
    /// The epoch up to which it trains.
    pub until: usize,
    /// Where it stops on the way, in a study with the median rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl Lease {
    /// What was leased last in the trial's folder; none where that cannot be read.
    pub fn read(run: &Path) -> Option<Self> {
        toml::from_str(&fs::read_to_string(run.join(NAME)).ok()?).ok()
    }

    /// Writes it. It is not flushed to the disk: whom a power cut hits holds no lease any more.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).expect("a lease is plain data");
        files::replace_unflushed(&run.join(NAME), text.as_bytes())
    }
}

const NAME: &str = "claim.toml";
