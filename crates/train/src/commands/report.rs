//! `train report`: the page of a run.

use std::path::{Path, PathBuf};

use data::{DataSet, Split};
use report::Extras;
use run::{RunFolder, RunRecord, folder, record::State};
use train::{Error, evaluation};

use super::{baseline, load_data, run_name, show::batch, stored_run::StoredRun, summary, why, workbench::Workbench};
use crate::{
    cli::ReportArgs,
    terminal::{Out, tell},
};

/// Writes it and prints its path.
pub fn run(args: &ReportArgs) -> anyhow::Result<()> {
    // Not the newest with a model: another run's page is not to be written.
    let path = run_name::find(&args.run)?;
    let record = RunRecord::read(&path).ok();
    let has_ended = record.as_ref().is_some_and(|record| record.state == State::Finished);
    let page = if has_ended || folder::model_path(&path).is_file() {
        let StoredRun { path, plan, chosen, .. } = StoredRun::open(path.clone(), &args.backend)?;
        let folder = RunFolder::open(&path)?;
        write(&Workbench::on(chosen, plan, None)?, &folder, |_, _| true)?
    } else {
        of_what_there_is(&path, record.as_ref())?
    };
    // Standard output is the page's path alone, as `$(train report latest)` takes it.
    tell(&run_name::line(&path));
    Ok(writeln!(Out, "{}", page.display())?)
}

/// Writes the page of a run that ended, or was killed, before it had a model, and says why it has none.
fn of_what_there_is(path: &Path, record: Option<&RunRecord>) -> anyhow::Result<PathBuf> {
    // Before this process holds the folder.
    let why = run::Error::no_model(path, record).to_string();
    let folder = RunFolder::open(path)?;
    let data = load_data::load(&folder::read_plan(path)?, None)?;
    if let Some(record) = record.filter(|record| record.data.fingerprint != data.fingerprint) {
        let (then, now) = (record.data.fingerprint.clone(), data.fingerprint.clone());
        return Err(run::Error::OtherData { path: path.into(), then, now }.into());
    }
    let page = ::report::write_live(folder.path(), &data, false)?;
    tell(&format!("note: {why}; its page has what there is"));
    Ok(page)
}

/// Writes the page of a run on the data of this bench, beside the pixel-similarity baseline where that is wanted of the data and the
/// seconds of the run; returns its path.
pub fn write(
    workbench: &Workbench,
    folder: &RunFolder,
    with_baseline: fn(&DataSet, f64) -> bool,
) -> Result<PathBuf, Error> {
    let Workbench { chosen, data, plan } = workbench;
    let scores = evaluation::of_run(chosen, &load_data::kernel_cache(), folder.path(), data)?;
    let record = RunRecord::read(folder.path())?;
    let (whys, first_layer) = why::of_top_losses(workbench, Split::Valid, folder.path(), &record, &scores)?;
    let extras = Extras {
        baseline: if with_baseline(data, record.seconds) { Some(baseline::accuracy(workbench)?) } else { None },
        layers: summary::layers(workbench)?,
        batch: batch::pictures(plan, data, BATCH, true).0,
        whys,
        first_layer,
    };
    Ok(report::write(folder, data, scores, extras)?)
}

/// Whether the baseline takes a fiftieth of a run's time at most, or next to none: it looks at each pixel once to fit, and once for
/// each class and distance to compare.
pub fn is_cheap(data: &DataSet, seconds: f64) -> bool {
    let images = data.train.len() + 2 * data.valid.len() * data.task().classes().len();
    let pixels = (images * data.shape().len()) as f64;
    pixels <= FEW_PIXELS || pixels <= 0.02 * seconds * PIXELS_A_SECOND
}

/// As many take a few milliseconds, and as many a second are compared on a slow processor.
const FEW_PIXELS: f64 = 4e6;
const PIXELS_A_SECOND: f64 = 1e9;

/// Images of the first batch that the page shows.
const BATCH: usize = 24;
