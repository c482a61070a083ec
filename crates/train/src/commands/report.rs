//! `train report`: the page of a run.

use std::path::PathBuf;

use report::Extras;
use run::RunFolder;
use train::{Error, evaluation};

use super::{baseline, load_data, show::batch, stored_run::StoredRun, summary, workbench::Workbench};
use crate::{cli::ReportArgs, terminal::Out};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let StoredRun { path, plan, chosen, .. } = StoredRun::open(&args.run, &args.backend)?;
    let folder = RunFolder::open(&path)?;
    let workbench = Workbench::on(chosen, plan, None)?;
    let page = write(&workbench, &folder)?;
    Ok(writeln!(Out, "{}", page.display())?)
}

/// Writes the page of a run on the data of this bench; returns its path.
pub fn write(workbench: &Workbench, folder: &RunFolder) -> Result<PathBuf, Error> {
    let Workbench { chosen, data, plan } = workbench;
    let scores = evaluation::of_run(chosen, &load_data::kernel_cache(), folder.path(), data)?;
    let extras = Extras {
        baseline: Some(baseline::accuracy(workbench)?),
        layers: Some(summary::layers(workbench)?),
        batch: batch::pictures(plan, data, BATCH, true).0,
    };
    Ok(report::write(folder, data, scores, extras)?)
}

/// Images of the first batch that the page shows.
const BATCH: usize = 24;
