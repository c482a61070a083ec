//! The first training batch as a grid of pictures, as fastai's `show_batch`.

use chart::{Block, Picture, Section, Verdict};
use data::{DataSet, ImageDataset, ItemLoader, Order};
use report::pixels;

use crate::{
    cli::{PlanArgs, ShowArgs},
    commands::load_data,
};

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// The batch that a run with this plan begins with, before augmentation.
pub fn show(args: &ShowArgs) -> anyhow::Result<Section> {
    let plan = plan(args).resolve()?;
    let data = load_data::load(&plan, None)?;
    let dataset = ImageDataset::new(data.train.clone());
    let batches = ItemLoader::new(dataset, plan.training.batch_size, Order::Shuffled { seed: plan.seed }).indices(0);
    let batch = &batches[0];
    let shown = &batch[..args.images.get().min(batch.len())];
    let pictures: Vec<Picture> = shown.iter().map(|index| picture(&data, *index)).collect();
    let title = format!(
        "{} of the {} images of the first batch of {}, seed {}",
        shown.len(),
        batch.len(),
        data.source,
        plan.seed
    );
    let labels: Vec<&str> = pictures.iter().map(|picture| picture.caption.as_str()).collect();
    let alt = format!("Images with their labels: {}", labels.join(", "));
    Ok(Section::new(title, [Block::Pictures { alt, pictures, columns: COLUMNS }]))
}

/// There is no image to name, so what stands in its place is the config.
fn plan(args: &ShowArgs) -> PlanArgs {
    let mut plan = args.plan.clone();
    plan.config = plan.config.or_else(|| args.image.clone());
    plan
}

fn picture(data: &DataSet, index: usize) -> Picture {
    let caption = data.class(data.train.labels()[index]).to_owned();
    Picture { pixels: pixels(&data.train, index), caption, verdict: Verdict::None }
}
