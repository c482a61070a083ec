//! `train data`: what data there is; fetches it.

use super::load_data;
use crate::{
    cli::PlanArgs,
    terminal::{Out, table},
};

/// Prints source, counts, size, fingerprint and cache.
pub fn run(args: &PlanArgs) -> anyhow::Result<()> {
    let plan = args.resolve()?;
    let data = load_data::load(&plan, None)?;
    let mut out = Out;
    writeln!(out, "source       {}", data.source)?;
    for note in &data.notes {
        writeln!(out, "note         {note}")?;
    }
    let bytes = data.splits().map(|(_, images)| images.len()).sum::<usize>() * data.shape().len();
    writeln!(out, "images       {}, {bytes} bytes", data.shape())?;
    writeln!(out, "fingerprint  {}", data.fingerprint)?;
    let cache = data.cache.as_ref().map_or_else(|| "none, in memory".into(), |path| path.display().to_string());
    writeln!(out, "cache        {cache}")?;
    for file in &data.skipped {
        writeln!(out, "left out     {file}")?;
    }
    Ok(write!(out, "\n{}", table(&report::counts(&data)))?)
}
