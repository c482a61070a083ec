//! The pages of the trials that a study's page leads to.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use run::{RunFolder, folder};
use study::Status;
use train::backend::choice;

use crate::{
    commands::{load_data, report, workbench::Workbench},
    terminal::tell,
};

/// Writes those of these trials that are not there yet, until that has taken so long; the first one's in any case.
pub fn write<'a>(trials: impl IntoIterator<Item = &'a Status>, most: Duration) {
    let began = Instant::now();
    let mut known = None;
    for (place, status) in trials.into_iter().enumerate() {
        if place > 0 && began.elapsed() >= most {
            return;
        }
        if is_up_to_date(&status.run) {
            continue;
        }
        if let Err(error) = page(&status.run, &mut known) {
            // What it lacks, as the data, the others lack too.
            return tell(&format!("warning: trial {} gets no page: {error:#}", status.trial.number + 1));
        }
    }
}

/// Whether the page was written after the model.
fn is_up_to_date(run: &Path) -> bool {
    let written = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let [page, model] = [folder::report_path(run), folder::model_path(run)].map(|path| written(&path));
    page.is_some() && page >= model
}

/// Writes a page; the data that the one before was written with is taken once more where it is of the same plan.
fn page(run: &Path, known: &mut Option<Workbench>) -> anyhow::Result<()> {
    let plan = folder::read_plan(run)?;
    let chosen = choice::choose(plan.backend, plan.device)?;
    let data = match known.take().filter(|known| known.plan.data == plan.data) {
        Some(known) => known.data,
        None => load_data::load(&plan, None)?,
    };
    // With all cores: the plan's threads are those of a trial beside others.
    let bench = known.insert(Workbench { data, plan, chosen });
    report::write(bench, &RunFolder::open(run)?, report::is_cheap)?;
    Ok(())
}
