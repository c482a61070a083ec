//! `train report`: the page of a run.

use train::{backend, report, run::RunFolder};

use super::{load_data, stored_run::StoredRun};
use crate::{cli::ReportArgs, terminal::Out};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(&args.run, &args.backend)?;
    let folder = RunFolder::open(&stored.path)?;
    backend::limit_threads(stored.plan.threads);
    let data = load_data::load(&stored.plan, None)?;
    let path = report::write(&stored.chosen, &load_data::kernel_cache(), &folder, &data)?;
    Ok(writeln!(Out, "{}", path.display())?)
}
