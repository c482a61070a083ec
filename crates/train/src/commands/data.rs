//! `train data`: what data there is; fetches it.

use chart::html;

use super::{load_data, output};
use crate::{
    cli::DataArgs,
    terminal::{Out, table},
};

/// Prints source, counts, size, fingerprint and cache; writes the page where one is asked for.
pub fn run(args: &DataArgs) -> anyhow::Result<()> {
    let plan = args.plan.resolve()?;
    args.html.iter().try_for_each(|path| output::check(path))?;
    let data = load_data::load(&plan, None)?;
    let mut out = Out;
    writeln!(out, "source       {}", data.source)?;
    for note in &data.notes {
        writeln!(out, "note         {note}")?;
    }
    let bytes: usize = data.splits().map(|(_, images)| images.len()).sum::<usize>() * data.shape().len();
    writeln!(out, "images       {}, {}", data.shape(), files::size(bytes as u64))?;
    writeln!(out, "fingerprint  {}", data.fingerprint)?;
    let cache = data.cache.as_ref().map_or_else(|| "none, in memory".into(), |path| path.display().to_string());
    writeln!(out, "cache        {cache}")?;
    for file in &data.skipped {
        writeln!(out, "left out     {file}")?;
    }
    write!(out, "\n{}", table(&report::counts(&data)))?;
    if let Some(path) = &args.html {
        output::write(path, html::page(&report::data_page(&data, &plan.data.path, &args.plan.typed())))?;
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}
