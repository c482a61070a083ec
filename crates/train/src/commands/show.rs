//! `train show`: an image as numbers or in its variants, or a batch as pictures.

pub mod batch;
mod image;
mod variants;

use chart::{Document, html, terminal};

use super::output;
use crate::{
    cli::ShowArgs,
    terminal::{Out, colours, width},
};

/// Prints the image or the batch; writes the page where one is asked for.
pub fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let shown = match args.variants {
        Some(epochs) if args.batch => batch::variants(args, epochs)?,
        None if args.batch => batch::show(args)?,
        Some(epochs) => variants::show(args, epochs)?,
        None => image::show(args)?,
    };
    let mut out = Out;
    let document = Document::of(shown);
    write!(out, "{}", terminal::document(&document, width(), colours()))?;
    if let Some(path) = &args.html {
        output::write(path, html::page(&document))?;
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}
