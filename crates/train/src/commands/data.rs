//! `train data`: what data there is; fetches it.

use chart::{Table, terminal::table};
use data::Digits;

use super::load_data;
use crate::{cli::PlanArgs, terminal::Out};

/// Prints source, counts, size, fingerprint and cache.
pub fn run(args: &PlanArgs) -> anyhow::Result<()> {
    let plan = args.resolve()?;
    let data = load_data::load(&plan, None)?;
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
    let counts = if let [positive, negative] = data.task().classes() {
        let targets = [format!("{positive} (target 1)"), format!("{negative} (target 0)")];
        let mut counts = Table::new(["split", &targets[0], &targets[1], "all"], 1);
        counts.add_row(row("train", &data.train));
        counts.add_row(row("valid", &data.valid));
        counts
    } else {
        let mut counts = Table::new(["class", "train", "valid"], 1);
        for (label, class) in data.task().labels().zip(data.task().classes()) {
            counts.add_row([class.clone(), data.train.count(label).to_string(), data.valid.count(label).to_string()]);
        }
        counts.add_row(["all".into(), data.train.len().to_string(), data.valid.len().to_string()]);
        counts
    };
    Ok(write!(out, "\n{}", table(&counts, None))?)
}

fn row(split: &str, digits: &Digits) -> [String; 4] {
    [split.into(), digits.count(0).to_string(), digits.count(1).to_string(), digits.len().to_string()]
}
