//! `train report`: the page of a run.

use run::RunFolder;
use train::evaluation;

use super::{load_data, run_name, stored_run::StoredRun, workbench::Workbench};
use crate::{
    cli::ReportArgs,
    terminal::{Out, tell},
};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    // Not the newest with a model: another run's page is not to be written.
    let StoredRun { path, plan, chosen, .. } = StoredRun::open(run_name::find(&args.run)?, &args.backend)?;
    let folder = RunFolder::open(&path)?;
    let Workbench { chosen, data, .. } = Workbench::on(chosen, plan, None)?;
    let scores = evaluation::of_run(&chosen, &load_data::kernel_cache(), &path, &data)?;
    let page = report::write(&folder, &data, scores)?;
    // Standard output is the page's path alone, as `$(train report latest)` takes it.
    tell(&run_name::line(&path));
    Ok(writeln!(Out, "{}", page.display())?)
}
