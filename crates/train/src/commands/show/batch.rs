//! The first training batch as a grid of pictures, as fastai's `show_batch`.

use chart::{Block, Picture, Pixels, Section, Verdict};
use data::{Augmentation, DataSet, ImageDataset, ItemLoader, Order, augmented};
use plan::Plan;
use train::fit;

use crate::{
    cli::{PlanArgs, ShowArgs},
    commands::load_data,
};

/// The batch that a run with this plan begins with, as the training sees it or as its files are.
pub fn show(args: &ShowArgs) -> anyhow::Result<Section> {
    let plan = plan(args).resolve()?;
    let data = load_data::load(&plan, None)?;
    let (pictures, all) = pictures(&plan, &data, args.images.get(), !args.raw);
    let changed = match (fit::augmentation(&plan).is_none(), args.raw) {
        (true, _) => "",
        (false, true) => ", as they are",
        (false, false) => ", as the first epoch sees them",
    };
    let (shown, source, seed) = (pictures.len(), &data.source, plan.seed);
    let title = format!("{shown} of the {all} images of the first batch of {source}, seed {seed}{changed}");
    let labels: Vec<&str> = pictures.iter().map(|picture| picture.caption.as_str()).collect();
    let alt = format!("Images with their labels: {}", labels.join(", "));
    let columns = pictures.len();
    Ok(Section::new(title, [Block::Pictures { alt, pictures, columns }]))
}

/// The first `count` images of the first batch, as they are or as the first epoch sees them, and how many that batch has.
pub fn pictures(plan: &Plan, data: &DataSet, count: usize, is_augmented: bool) -> (Vec<Picture>, usize) {
    let dataset = ImageDataset::new(data.train.clone());
    let batches = ItemLoader::new(dataset, plan.training.batch_size, Order::Shuffled { seed: plan.seed }).indices(0);
    let batch = &batches[0];
    let limits = if is_augmented { fit::augmentation(plan) } else { Augmentation::default() };
    // The whole batch, because images of it may be mixed.
    let images = augmented(&data.train, batch, limits, (plan.seed, 0));
    let shown = batch.iter().zip(images).take(count).map(|(index, image)| picture(data, *index, &image));
    (shown.collect(), batch.len())
}

/// There is no image to name, so what stands in its place is the config.
fn plan(args: &ShowArgs) -> PlanArgs {
    let mut plan = args.plan.clone();
    plan.config = plan.config.or_else(|| args.image.clone());
    plan
}

fn picture(data: &DataSet, index: usize, image: &[u8]) -> Picture {
    let caption = data.class(data.train.labels()[index]).to_owned();
    let [height, width] = data.shape().sides();
    Picture { pixels: Pixels::of_planes(height, width, image), caption, verdict: Verdict::None }
}
