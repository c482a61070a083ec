//! `train show`: an image as numbers or in its variants, or a batch as pictures.

pub mod batch;
mod image;
mod variants;

use chart::{Document, html, terminal};

use super::output;
use crate::{
    cli::ShowArgs,
    terminal::{Out, colours, room},
};

/// Images of a batch, where nothing else is said.
const IN_A_TERMINAL: usize = 9;
const ON_A_PAGE: usize = 64;

/// Columns where no terminal says how many there are: the numbers of a digit stand side by side.
const COLUMNS: usize = 120;

/// Prints the image or the batch; writes the page where one is asked for.
pub fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let shown = |most: usize, is_page: bool| match args.variants {
        Some(epochs) if args.batch => batch::variants(args, most, epochs),
        None if args.batch && is_page => batch::page(args, most),
        None if args.batch => batch::show(args, most),
        Some(epochs) => variants::show(args, epochs),
        None => image::show(args),
    };
    let count = |most: usize| args.images.map_or(most, usize::from);
    let mut out = Out;
    let document = Document::of(shown(count(IN_A_TERMINAL), false)?);
    write!(out, "{}", terminal::document(&document, room().unwrap_or(COLUMNS), colours()))?;
    if let Some(path) = &args.html {
        let document = if args.batch { Document::of(shown(count(ON_A_PAGE), true)?) } else { document };
        output::write(path, html::page(&document))?;
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}
