//! One image as several epochs of training see it.

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::bail;
use chart::{Block, Picture, Pixels, Section};
use data::{Images, augmented};
use plan::Plan;
use train::fit;

use super::image;
use crate::cli::{ShowArgs, UsageError};

/// Pictures beside each other on a page, and how many may stand in one row.
const COLUMNS: usize = 5;
const MOST_COLUMNS: usize = 6;

/// The image as it is, and in each of the first epochs.
pub fn show(args: &ShowArgs, epochs: NonZeroUsize) -> anyhow::Result<Section> {
    let path = args.image.as_deref().expect("clap asks for an image where there is no batch");
    let name = path.to_string_lossy();
    if path.exists() || name == "-" {
        let reason = "it is a file; `--variants` takes an image of the data, as `train/3/1`, whose number decides how it is changed";
        bail!(UsageError(format!("`{name}`: {reason}")));
    }
    let plan = args.plan.resolve()?;
    let (images, index) = image::of_data(&name, &plan)?;
    let limits = fit::augmentation(&plan);
    let title = match limits.is_none() {
        true => format!("{name}: the plan's `[augmentation]` changes nothing"),
        false => format!("{name} as the first {epochs} epochs see it, seed {}", plan.seed),
    };
    Ok(Section::new(title, [of_image(&plan, &images, index, &name, epochs)]))
}

/// The image with this number and name as it is, and in each of the first epochs.
pub fn of_image(plan: &Plan, images: &Arc<Images>, index: usize, name: &str, epochs: NonZeroUsize) -> Block {
    let limits = fit::augmentation(plan);
    let [height, width] = images.shape().sides();
    let picture = |caption: &str, alt: String, pixels: &[u8]| {
        Picture::new(Pixels::of_planes(height, width, pixels), caption).shows(alt)
    };
    let mut pictures = vec![picture("as it is", format!("{name} as it is"), images.image(index))];
    for epoch in 0..epochs.get() {
        let changed = augmented(images, &[index], limits, (plan.seed, epoch));
        let caption = format!("epoch {}", epoch + 1);
        pictures.extend(changed.iter().map(|pixels| picture(&caption, format!("{name} in {caption}"), pixels)));
    }
    let alt = format!("{name} as it is, and in {epochs} epochs");
    let columns = if pictures.len() <= MOST_COLUMNS { MOST_COLUMNS } else { COLUMNS };
    Block::Pictures { alt, pictures, columns }
}
