//! `train runs stop`: what trains elsewhere stops as by Ctrl-C.

use std::path::Path;

use anyhow::bail;
use run::folder;
use study::{is_trial, status, study_folder};

use super::super::run_name;
use crate::{
    cli::{StopArgs, UsageError},
    terminal::say,
};

/// Asks runs and the drivers of studies to stop.
pub fn stop(args: &StopArgs) -> anyhow::Result<()> {
    for run in &args.run {
        say(&asked(run)?);
    }
    Ok(())
}

/// Asks one of them; returns what was asked, in a line.
pub fn asked(run: &Path) -> anyhow::Result<String> {
    let is_study = status::is_study(run);
    let found = if is_study { run.to_owned() } else { run_name::find(run)? };
    let name = found.display();
    if let Some(study) = found.parent().filter(|_| !is_study && is_trial(&found)) {
        let study = study.display();
        bail!(UsageError(format!(
            "`{name}` is a trial; `train runs stop {study}` stops its study, and it goes on later"
        )));
    }
    if is_study {
        return match study_folder::ask_to_stop(&found)? {
            true => Ok(format!("asked the drivers in `{name}` to stop")),
            false => bail!(UsageError(format!("no driver works on the study in `{name}`"))),
        };
    }
    match folder::ask_to_stop(&found)? {
        true => Ok(format!("asked `{name}` to stop; it goes on with `train --resume {}`", files::quoted(&found))),
        false => bail!(UsageError(format!("no process trains in `{name}`"))),
    }
}
