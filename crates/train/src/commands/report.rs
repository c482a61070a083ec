//! `train report`: the page of a run.

use run::RunFolder;
use train::evaluation;

use super::{load_data, stored_run::StoredRun, workbench::Workbench};
use crate::{cli::ReportArgs, terminal::Out};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let StoredRun { path, plan, chosen, .. } = StoredRun::open(&args.run, &args.backend)?;
    let folder = RunFolder::open(&path)?;
    let Workbench { chosen, data, .. } = Workbench::on(chosen, plan, None)?;
    let scores = evaluation::of_run(&chosen, &load_data::kernel_cache(), &path, &data)?;
    let page = report::write(&folder, &data, scores)?;
    Ok(writeln!(Out, "{}", page.display())?)
}
