//! The page and the folder of pictures.

use std::num::NonZeroUsize;

use chart::{Block, Document, Section, Tile, html, svg};
use data::Split;
use metrics::TOP_LOSSES;
use report::{BesideBaseline, Evaluated, Why, moment};

use crate::{
    cli::{EvaluateArgs, UsageError},
    commands::{output, stored_run::StoredRun},
};

/// The name of the pictures of the highest losses.
const TOP_LOSSES_NAME: &str = "top-losses";

/// Writes what is asked for.
pub fn write(
    args: &EvaluateArgs,
    stored: &StoredRun,
    evaluated: &Evaluated,
    whys: &[Why],
    beside: Option<&BesideBaseline>,
) -> Result<(), UsageError> {
    if args.html.is_none() && args.svg.is_none() {
        return Ok(());
    }
    let top = args.top_losses.unwrap_or(TOP_LOSSES);
    let sections = sections(evaluated, top);
    let after_top_losses = sections.iter().take_while(|(name, _)| *name != TOP_LOSSES_NAME).count() + 1;
    if let Some(folder) = &args.svg {
        output::make_folder(folder)?;
        for (name, section) in &sections {
            for (number, picture) in (1..).zip(pictures(&section.blocks)) {
                let more = if number > 1 { format!("-{number}") } else { String::new() };
                output::write(&folder.join(format!("{name}{more}.svg")), &picture)?;
            }
        }
    }
    match &args.html {
        Some(path) => {
            let baseline = beside.map(BesideBaseline::tile);
            let beside = beside.map(|beside| beside.section(top));
            let mut sections: Vec<Section> = sections.into_iter().map(|(_, section)| section).chain(beside).collect();
            if !whys.is_empty() {
                sections.insert(after_top_losses, Why::of_all(whys));
            }
            output::write(path, page(stored, evaluated, baseline, sections))
        }
        None => Ok(()),
    }
}

/// All pictures, also those that stand beside each other.
fn pictures(blocks: &[Block]) -> Vec<String> {
    let of = |block: &Block| match block {
        Block::Beside(all) | Block::Together(all) => pictures(all),
        block => svg::block(block).into_iter().collect(),
    };
    blocks.iter().flat_map(of).collect()
}

/// Each with the name of its picture.
fn sections(evaluated: &Evaluated, top_losses: NonZeroUsize) -> Vec<(&'static str, Section)> {
    let mut sections = vec![("confusion", evaluated.result())];
    sections.push((TOP_LOSSES_NAME, evaluated.top_losses_as_pictures(top_losses)));
    sections.extend(evaluated.misses(&[]).map(|misses| ("misses", misses)));
    sections.extend(evaluated.classes(&[]).map(|classes| ("classes", classes)));
    sections.extend(evaluated.charts());
    sections
}

fn page(stored: &StoredRun, evaluated: &Evaluated, baseline: Option<Tile>, sections: Vec<Section>) -> String {
    let best = stored
        .record
        .best
        .as_ref()
        .map(|best| format!("epoch {} of {}", best.epoch, stored.record.epochs_done))
        .unwrap_or_default();
    let model = Tile::new("model", &stored.record.model.kind, best);
    let tiles = evaluated.tiles().into_iter().chain(baseline).chain([evaluated.loss_tile(), model]).collect();
    let title = format!("{} on {}", stored.path.display(), evaluated.title());
    let record = &stored.record;
    let trained = format!("Trained on {} by {} on {}.", moment(&record.started), record.backend, record.device);
    let chosen = evaluated.split == Split::Valid && evaluated.data.fingerprint == record.data.fingerprint;
    let chosen = if chosen {
        " By these images the best epoch was chosen, too: on others it may be a little worse."
    } else {
        ""
    };
    let lead = vec![Block::Tiles(tiles), Block::Text(trained + chosen)];
    html::page(&Document { title, lead, sections })
}
