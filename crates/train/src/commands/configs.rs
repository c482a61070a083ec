//! `train configs`: the configs and studies that can be named.

use chart::Table;
use plan::Entry;
use serde_json::json;
use study::studies_by_name;

use crate::{
    cli::ConfigsArgs,
    terminal::{Out, table},
};

/// Prints a line for each, with what its file says of itself.
pub fn run(args: &ConfigsArgs) -> anyhow::Result<()> {
    let (configs, studies, mut out) = (Entry::configs(), studies_by_name(), Out);
    if args.json {
        let objects = |entries: &[Entry]| entries.iter().map(object).collect::<Vec<_>>();
        return Ok(out.json(&json!({ "configs": objects(&configs), "studies": objects(&studies) }))?);
    }
    for (kind, typed, entries) in [("config", "train NAME", configs), ("study", "train sweep NAME", studies)] {
        let mut rows = Table::new([kind, "is"], usize::MAX).captioned(format!("to run as `{typed}`"));
        entries.iter().for_each(|entry| rows.add_row([entry.name.clone(), entry.about.clone()]));
        if !rows.rows.is_empty() {
            writeln!(out, "{}", table(&rows))?;
        }
    }
    Ok(())
}

fn object(entry: &Entry) -> serde_json::Value {
    let path = entry.path.as_ref().map(|path| path.to_string_lossy());
    json!({ "name": entry.name, "about": entry.about, "path": path })
}
