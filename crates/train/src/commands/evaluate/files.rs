//! The page and the folder of pictures.

use std::{num::NonZeroUsize, path::Path};

use chart::{Block, Document, Section, Tile, html, svg};
use data::Split;
use metrics::TOP_LOSSES;
use report::{BesideBaseline, Evaluated, Why, clock, moment, rate};

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
    seconds: f64,
) -> Result<(), UsageError> {
    if args.html.is_none() && args.svg.is_none() {
        return Ok(());
    }
    let top = args.top_losses.unwrap_or(TOP_LOSSES);
    if let Some(folder) = &args.svg {
        output::make_folder(folder)?;
        for (name, section) in &sections(evaluated, top, &[]) {
            for (number, picture) in (1..).zip(pictures(&section.blocks)) {
                let more = if number > 1 { format!("-{number}") } else { String::new() };
                output::write(&folder.join(format!("{name}{more}.svg")), &picture)?;
            }
        }
    }
    match &args.html {
        Some(path) => {
            let baseline = beside.map(BesideBaseline::tile);
            let beside = beside.filter(|_| args.baseline).map(|beside| beside.section(top));
            // Each image once: those that are explained are not shown again, unless more of them are asked for.
            let above: Vec<&str> = whys.iter().map(|why| why.name.as_str()).collect();
            let is_more = whys.is_empty() || args.top_losses.is_some_and(|count| count.get() > whys.len());
            let mut sections = sections(evaluated, top, &above);
            let place = sections.iter().take_while(|(name, _)| *name != TOP_LOSSES_NAME).count();
            if !whys.is_empty() {
                sections.insert(place + 1, ("why", Why::of_all(whys)));
            }
            if !is_more {
                sections.remove(place);
            }
            let sections = sections.into_iter().map(|(_, section)| section).chain(beside);
            let sections = sections.chain([next(args, stored, evaluated)]).collect();
            output::write(path, page(stored, evaluated, baseline, sections, seconds))
        }
        None => Ok(()),
    }
}

/// All pictures, also those that stand beside each other.
fn pictures(blocks: &[Block]) -> Vec<String> {
    let of = |block: &Block| match block {
        Block::Beside(all) | Block::Together(all) => pictures(all),
        // A whole whose part is seen at once.
        Block::Fold { blocks, .. } if matches!(blocks[..], [Block::Lines(_)]) => pictures(blocks),
        block => svg::block(block).into_iter().collect(),
    };
    blocks.iter().flat_map(of).collect()
}

/// Each with the name of its picture.
fn sections(evaluated: &Evaluated, top_losses: NonZeroUsize, above: &[&str]) -> Vec<(&'static str, Section)> {
    let mut sections = vec![("confusion", evaluated.result())];
    sections.push((TOP_LOSSES_NAME, evaluated.top_losses_as_pictures(top_losses)));
    sections.extend(evaluated.misses(above).map(|misses| ("misses", misses)));
    sections.extend(evaluated.classes(above).map(|classes| ("classes", classes)));
    sections.extend(evaluated.charts());
    sections
}

fn page(
    stored: &StoredRun,
    evaluated: &Evaluated,
    baseline: Option<Tile>,
    sections: Vec<Section>,
    seconds: f64,
) -> String {
    let record = &stored.record;
    let tiles = evaluated.tiles().into_iter().chain(baseline).chain([evaluated.loss_tile()]).collect();
    let id = stored.path.file_name().unwrap_or_default().display();
    let title = format!("Evaluation: {}/{id} on {}, {}", stored.plan.name, evaluated.data.name, evaluated.split.name());
    let epoch = record
        .best
        .as_ref()
        .map_or_else(String::new, |best| format!(", epoch {} of {}", best.epoch, record.epochs_done));
    let of = format!("The `{}` of `{}`{epoch}, on {}.", record.model.kind, stored.path.display(), evaluated.title());
    let moments = format!(
        "Trained on {} by {} on {}; evaluated on {} in {}, {} images/s.",
        moment(&record.started),
        record.backend,
        record.device,
        moment(&run::record::now()),
        clock(seconds),
        rate(evaluated.images().len() as f64 / seconds)
    );
    let of_run = format!("{moments}{}", recorded(stored, evaluated));
    let lead = vec![Block::Tiles(tiles), Block::Text(of), Block::Text(evaluated.in_short()), Block::Text(of_run)];
    html::page(&Document { title, lead, sections })
}

/// Of the images that the run was judged by, whether the metrics are those that it wrote down.
fn recorded(stored: &StoredRun, evaluated: &Evaluated) -> String {
    let is_the_runs = evaluated.split == Split::Valid && evaluated.data.fingerprint == stored.record.data.fingerprint;
    let Some(best) = stored.record.best.as_ref().filter(|_| is_the_runs) else { return String::new() };
    let now = evaluated.evaluation.metrics();
    let same = if now.are(&best.metrics) {
        "All metrics are the same as the run recorded, to the last digit.".to_owned()
    } else {
        let [loss, accuracy] = [now.loss - best.metrics.loss, now.accuracy - best.metrics.accuracy];
        format!("Of what the run recorded the loss differs by {loss:+.1e}, the accuracy by {accuracy:+.4}.")
    };
    format!(" {same} By these images the best epoch was chosen, too: on others it may be a little worse.")
}

/// Commands for who wants to know more.
fn next(args: &EvaluateArgs, stored: &StoredRun, evaluated: &Evaluated) -> Section {
    let run = files::quoted(&stored.path);
    let data =
        args.data.as_ref().map_or_else(String::new, |data| format!(" --data {}", files::quoted(Path::new(data))));
    let split = |split: Split| if split == Split::Valid { String::new() } else { format!(" --split {}", split.name()) };
    let others = evaluated.data.splits().map(|(split, _)| split).filter(|other| *other != evaluated.split);
    let mut steps: Vec<(String, String)> = others
        .map(|other| {
            (format!("On its {} images", other.name()), format!("train evaluate {run}{data}{}\n", split(other)))
        })
        .collect();
    let counts = &evaluated.evaluation.sums.counts;
    let misses = counts.total() - counts.right();
    if misses > 0 {
        let split = split(evaluated.split);
        let command = format!("train evaluate {run}{data}{split} --top-losses {misses} --json > misses.json\n");
        steps.push(("All misses with their names, for a program".into(), command));
    }
    let mine = format!("train evaluate {run} --data folder:my-images --html mine.html\n");
    steps.push(("On images of yours, a folder for each class".into(), mine));
    steps.push(("Beside another run".into(), format!("train compare {run} runs/OTHER --html compare.html\n")));
    let steps = steps.into_iter().map(|(caption, lines)| Block::Code { caption, lines });
    let page = run::folder::report_path(&stored.path);
    let look = format!("What to train next stands on the run's own page, `{}`.", page.display());
    Section::new("What next", [Block::Text(look), Block::Beside(steps.collect())])
}
