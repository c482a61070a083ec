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
    let mut out = Out;
    if args.json {
        return Ok(out.json(&object())?);
    }
    let (configs, studies) = (Entry::configs(), studies_by_name());
    for (kind, typed, entries) in [("config", "train NAME", configs), ("study", "train sweep NAME", studies)] {
        let mut rows = Table::new([kind, "is"], usize::MAX).captioned(format!("to run as `{typed}`"));
        entries.iter().for_each(|entry| rows.add_row([entry.name.clone(), entry.about.clone()]));
        if !rows.rows.is_empty() {
            writeln!(out, "{}", table(&rows))?;
        }
    }
    Ok(())
}

/// All of them, with what their files say of themselves.
pub fn object() -> serde_json::Value {
    let objects = |entries: &[Entry]| entries.iter().map(entry_object).collect::<Vec<_>>();
    json!({ "configs": objects(&Entry::configs()), "studies": objects(&studies_by_name()) })
}

fn entry_object(entry: &Entry) -> serde_json::Value {
    let path = entry.path.as_ref().map(|path| path.to_string_lossy());
    json!({ "name": entry.name, "about": entry.about, "path": path })
}
