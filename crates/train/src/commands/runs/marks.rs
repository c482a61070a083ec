//! `train runs note` and `train runs tag`: what a person writes to a run.

use std::path::Path;

use anyhow::bail;
use run::{About, folder};

use super::super::run_name;
use crate::{
    cli::{NoteArgs, TagArgs, UsageError},
    terminal::say,
};

/// Writes the note of a run, in place of the one before; without a text, shows it.
pub fn note(args: &NoteArgs) -> anyhow::Result<()> {
    let run = run_name::find(&args.run)?;
    let mut about = About::read(&run)?;
    say(&run_name::line(&run));
    if !args.text.is_empty() {
        about.note = note_of(&args.text.join(" "));
        about.write(&run)?;
    }
    say(&format!("note     {}", about.note.as_deref().unwrap_or("-")));
    Ok(())
}

/// A note of this text; of one without a letter none.
pub fn note_of(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Adds tags to a run, or takes some away.
pub fn tag(args: &TagArgs) -> anyhow::Result<()> {
    let run = run_name::find(&args.run)?;
    let mut about = About::read(&run)?;
    if let Some(missing) = args.remove.iter().find(|tag| !about.tags.contains(tag)) {
        bail!(UsageError(format!("run `{}` has no tag `{missing}`{}", run.display(), there_are(&about.tags))));
    }
    about.tags.retain(|tag| !args.remove.contains(tag));
    for tag in &args.tags {
        if !about.tags.contains(tag) {
            about.tags.push(tag.clone());
        }
    }
    say(&run_name::line(&run));
    if !(args.tags.is_empty() && args.remove.is_empty()) {
        about.write(&run)?;
    }
    let tags = about.tags.join(", ");
    say(&format!("tags     {}", if tags.is_empty() { "-" } else { &tags }));
    Ok(())
}

fn there_are(tags: &[String]) -> String {
    if tags.is_empty() { String::new() } else { format!("; it has {}", tags.join(", ")) }
}

/// Whether somebody has marked a run as one to keep.
pub fn has_marks(run: &Path) -> bool {
    // Of a damaged file nobody knows; the run is kept.
    folder::check(run).is_ok() && About::read(run).map_or(true, |about| about.note.is_some() || !about.tags.is_empty())
}
