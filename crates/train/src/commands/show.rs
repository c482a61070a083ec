//! `train show`: an image as numbers, or a batch as pictures.

mod batch;
mod image;

use std::{fs, io::Write as _, path::Path};

use chart::html;

use crate::cli::{ShowArgs, UsageError};

/// The same for a terminal and as the body of a page.
struct Shown {
    title: String,
    text: String,
    body: String,
}

/// Prints the image or the batch; writes the page where one is asked for.
pub fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let shown = if args.batch { batch::show(args)? } else { image::show(args)? };
    let mut out = std::io::stdout();
    write!(out, "{}\n\n{}", shown.title, shown.text)?;
    if let Some(path) = &args.html {
        write(path, &html::page(&shown.title, &shown.body))?;
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}

fn write(path: &Path, page: &str) -> Result<(), UsageError> {
    let refused = |cause| UsageError(format!("cannot write `{}`: {cause}; does its folder exist?", path.display()));
    fs::write(path, page).map_err(refused)
}
