//! `train data`: what data there is; fetches it.

use chart::{Table, terminal::table};
use data::Digits;

use super::load_data;
use crate::{cli::PlanArgs, terminal::Out};

/// Prints source, counts, size, fingerprint and cache.
pub fn run(args: &PlanArgs) -> anyhow::Result<()> {
    let plan = args.resolve()?;
    let data = load_data::load(&plan, None)?;
    let [positive, negative] = &data.classes;
    let mut out = Out;
    writeln!(out, "source       {}", data.source)?;
    for note in &data.notes {
        writeln!(out, "note         {note}")?;
    }
    let (height, width) = (data.train.height(), data.train.width());
    writeln!(
        out,
        "images       {height} x {width}, grey, {} bytes",
        data.train.pixels().len() + data.valid.pixels().len()
    )?;
    writeln!(out, "fingerprint  {}", data.fingerprint)?;
    let cache = data.cache.as_ref().map_or_else(|| "none, in memory".into(), |path| path.display().to_string());
    writeln!(out, "cache        {cache}")?;
    let (positive, negative) = (format!("{positive} (target 1)"), format!("{negative} (target 0)"));
    let mut counts = Table::new(["split", &positive, &negative, "all"], 1);
    counts.add_row(row("train", &data.train));
    counts.add_row(row("valid", &data.valid));
    Ok(write!(out, "\n{}", table(&counts, None))?)
}

fn row(split: &str, digits: &Digits) -> [String; 4] {
    [split.into(), digits.count(1).to_string(), digits.count(0).to_string(), digits.len().to_string()]
}
