//! One image as several epochs of training see it.

use std::num::NonZeroUsize;

use anyhow::bail;
use chart::{Block, Picture, Pixels, Section, Verdict};
use data::augmented;
use train::fit;

use super::image;
use crate::cli::{ShowArgs, UsageError};

/// Pictures beside each other on a page.
const COLUMNS: usize = 5;

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
    let [height, width] = images.shape().sides();
    let picture = |caption: String, pixels: &[u8]| Picture {
        pixels: Pixels::of_planes(height, width, pixels),
        caption,
        verdict: Verdict::None,
    };
    let mut pictures = vec![picture("as it is".into(), images.image(index))];
    for epoch in 0..epochs.get() {
        let changed = augmented(&images, &[index], limits, (plan.seed, epoch));
        pictures.extend(changed.iter().map(|pixels| picture(format!("epoch {}", epoch + 1), pixels)));
    }
    let title = match limits.is_none() {
        true => format!("{name}: the plan's `[augmentation]` changes nothing"),
        false => format!("{name} as the first {epochs} epochs see it, seed {}", plan.seed),
    };
    let alt = format!("{name} as it is, and in {epochs} epochs");
    Ok(Section::new(title, [Block::Pictures { alt, pictures, columns: COLUMNS }]))
}
