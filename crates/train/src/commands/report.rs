//! `train report`: the page of a run.

use std::path::PathBuf;

use data::DataSet;
use model::AutodiffBackend;
use train::{
    Error,
    backend::{self, Visitor},
    report,
    run::RunFolder,
};

use super::{load_data, stored_run::StoredRun};
use crate::{cli::ReportArgs, terminal::Out};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let stored = StoredRun::open(&args.run, &args.backend)?;
    let folder = RunFolder::open(&stored.path)?;
    backend::limit_threads(stored.plan.threads);
    let data = load_data::load(&stored.plan, None)?;
    let work = Report { folder: &folder, data: &data };
    let path = backend::dispatch(stored.chosen.kind, stored.chosen.index, &load_data::kernel_cache(), work)??;
    Ok(writeln!(Out, "{}", path.display())?)
}

struct Report<'a> {
    folder: &'a RunFolder,
    data: &'a DataSet,
}

impl Visitor for Report<'_> {
    const WORK: &'static str = "writing the report";

    type Output = Result<PathBuf, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        report::write::<B::InnerBackend>(self.folder, self.data, &device)
    }
}
