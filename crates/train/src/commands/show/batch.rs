//! The first training batch as a grid of pictures, as fastai's `show_batch`.

use std::{cmp::Reverse, num::NonZeroUsize};

use chart::{Bar, Bars, Block, Picture, Pixels, Section, Table};
use data::{Augmentation, DataSet, ImageDataset, ItemLoader, Order, Split, augmented};
use plan::Plan;
use train::fit;

use super::variants::of_image;
use crate::{
    cli::{PlanArgs, ShowArgs},
    commands::load_data,
};

/// The batch that a run with this plan begins with, as the training sees it or as its files are.
pub fn show(args: &ShowArgs, most: usize) -> anyhow::Result<Section> {
    let plan = plan(args).resolve()?;
    let data = load_data::load(&plan, None)?;
    let of = |is_augmented| pictures(&plan, &data, most, is_augmented);
    let (pictures, all) = of(!args.raw);
    let words = plan.augmentation.in_words();
    let changed = match (&words, args.raw) {
        (None, _) => "",
        (Some(_), true) => ", as they are",
        (Some(_), false) => ", as the first epoch sees them",
    };
    let (shown, source, seed) = (pictures.len(), &data.name, plan.seed);
    let title = format!("{shown} of the {all} images of the first batch of {source}, seed {seed}{changed}");
    let labels: Vec<&str> = pictures.iter().filter_map(|picture| picture.caption.lines().next()).collect();
    let alt = format!("Images with their labels: {}", labels.join(", "));
    let named = pictures.first().and_then(|picture| picture.caption.lines().nth(1)).unwrap_or_default().to_owned();
    let named = format!("`train show {named}` shows the first as numbers; so each is named below its label.");
    let facts = Table::of_names(facts(&plan, &data, !args.raw));
    let mut blocks = vec![Block::Table(facts), Block::Bars(classes(&plan, &data))];
    let pictures = match words.filter(|_| !args.raw) {
        None => pictures,
        Some(words) => {
            blocks.push(Block::Text(format!(
                "Each as its file is, and beside it as the training sees it: {words}, anew in each epoch."
            )));
            beside(of(false).0, pictures)
        }
    };
    blocks.extend([Block::Large { alt, pictures }, Block::Text(named)]);
    Ok(Section::new(title, blocks))
}

/// The same as a page: what was asked for, whole rows with the rest in a fold, an image in its epochs, and what to type next.
pub fn page(args: &ShowArgs, most: usize) -> anyhow::Result<Section> {
    let asked = plan(args);
    let typed = asked.typed();
    let plan = asked.resolve()?;
    let data = load_data::load(&plan, None)?;
    let (pictures, all) = pictures(&plan, &data, most, !args.raw);
    let words = plan.augmentation.in_words().filter(|_| !args.raw);
    let bars = classes(&plan, &data).bars.into_iter().map(|bar| format!("{}: {}", bar.name, bar.label));
    let raw = if args.raw { " --raw" } else { "" };
    let command = format!("train show --batch{typed}{raw}");
    let rows = [("config", plan.name.clone()), ("command", command), ("seed", plan.seed.to_string())];
    let rows = rows.into_iter().chain(facts(&plan, &data, !args.raw));
    let rows = rows.chain([("classes", bars.collect::<Vec<_>>().join(", "))]);
    let mut blocks = vec![Block::Table(Table::of_names(rows))];
    let (seen, pictures) = match &words {
        None => ("Each image as its file is, which is how it is trained on.".to_owned(), pictures),
        Some(words) => {
            let raw = self::pictures(&plan, &data, most, false).0;
            (format!("Each pair: left the file, right as trained in the first epoch: {words}."), beside(raw, pictures))
        }
    };
    blocks.push(Block::Text(seen));
    let name = first_batch(&plan, &data).first().map(|index| (*index, data.image_name(Split::Train, *index)));
    let large = |pictures: &[Picture]| {
        let labels: Vec<&str> = pictures.iter().filter_map(|picture| picture.caption.lines().next()).collect();
        Block::Large { alt: format!("Images with their labels: {}", labels.join(", ")), pictures: pictures.to_vec() }
    };
    let (first, more) = pictures.split_at(pictures.len().min(WHOLE_ROWS));
    blocks.push(large(first));
    if !more.is_empty() {
        let left_out = match all - pictures.len() {
            0 => String::new(),
            some => format!("; {some} are left out, --images {all} shows all"),
        };
        let summary = format!("{} more of the {all} images of the batch{left_out}", more.len());
        blocks.push(Block::Fold { summary, blocks: vec![large(more)] });
    }
    let mut lines = format!("train{typed}\n");
    if let Some((index, name)) = name {
        if words.is_some() {
            blocks.push(Block::Text(format!("`{name}` in {EPOCHS} epochs: each sees it another way.")));
            if let Block::Pictures { alt, pictures, .. } = of_image(&plan, &data.train, index, &name, EPOCHS) {
                // As it is it stands above.
                let pictures: Vec<Picture> = pictures.into_iter().skip(1).collect();
                blocks.push(Block::Pictures { alt, columns: pictures.len(), pictures });
            }
        }
        let variants = if words.is_some() { " --variants 9" } else { "" };
        lines = format!("train show {name}{typed}{variants}\n{lines}");
    }
    blocks.push(Block::Code { caption: "What next: an image by itself, and a run".into(), lines });
    Ok(Section::new(format!("First batch of {}", data.name), blocks))
}

/// Images that fill whole rows on wide pages and on narrow ones, where what comes below them is not far.
const WHOLE_ROWS: usize = 10;

/// Epochs that an image is shown in.
const EPOCHS: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// Each file beside what the training sees of it.
fn beside(raw: Vec<Picture>, seen: Vec<Picture>) -> Vec<Picture> {
    let both = raw.into_iter().zip(seen);
    both.map(|(raw, seen)| Picture { pixels: raw.pixels.beside(&seen.pixels), ..seen }).collect()
}

/// Images of that batch, each as so many epochs see it.
pub fn variants(args: &ShowArgs, most: usize, epochs: NonZeroUsize) -> anyhow::Result<Section> {
    let plan = plan(args).resolve()?;
    let data = load_data::load(&plan, None)?;
    let batch = first_batch(&plan, &data);
    let (shown, all, source) = (most.min(batch.len()), batch.len(), &data.name);
    let changed = match fit::augmentation(&plan).is_none() {
        true => ": the plan's `[augmentation]` changes nothing".to_owned(),
        false => format!(", as the first {epochs} epochs see them"),
    };
    let title = format!("{shown} of the {all} images of the first batch of {source}, seed {}{changed}", plan.seed);
    let of = |index: &usize| {
        let name = data.image_name(Split::Train, *index);
        let label = data.class(data.train.labels()[*index]);
        [Block::Text(format!("{label}: {name}")), of_image(&plan, &data.train, *index, &name, epochs)]
    };
    Ok(Section::new(title, batch.iter().take(shown).flat_map(of)))
}

/// The first `count` images of the first batch, as they are or as the first epoch sees them, and how many that batch has.
pub fn pictures(plan: &Plan, data: &DataSet, count: usize, is_augmented: bool) -> (Vec<Picture>, usize) {
    let batch = first_batch(plan, data);
    let images = images(plan, data, &batch, is_augmented);
    let shown = batch.iter().zip(images).take(count).map(|(index, image)| picture(data, *index, &image));
    (shown.collect(), batch.len())
}

/// What a network gets: shape and values of the whole batch, and how many images of each class.
fn facts(plan: &Plan, data: &DataSet, is_augmented: bool) -> [(&'static str, String); 2] {
    let batch = first_batch(plan, data);
    let values: Vec<f64> =
        images(plan, data, &batch, is_augmented).iter().flatten().map(|value| f64::from(*value) / 255.0).collect();
    let [low, high] = [f64::min, f64::max].map(|pick| values.iter().copied().reduce(pick).unwrap_or_default());
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let deviation =
        (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64).sqrt();
    let shape = data.shape();
    [
        (
            "batch",
            format!(
                "[{}, {}, {}, {}]: images, channels, rows, columns",
                batch.len(),
                shape.channels,
                shape.height,
                shape.width
            ),
        ),
        ("values", format!("{low:.2} to {high:.2}, mean {mean:.4}, standard deviation {deviation:.4}")),
    ]
}

/// The images of each class in that batch, the most first.
fn classes(plan: &Plan, data: &DataSet) -> Bars {
    let (batch, task) = (first_batch(plan, data), data.task());
    let of_class = |label: u16| batch.iter().filter(|index| data.train.labels()[**index] == label).count();
    let mut classes: Vec<(usize, u16)> = task.labels().map(|label| (of_class(label), label)).collect();
    classes.sort_by_key(|(count, _)| Reverse(*count));
    let bar = |(count, label): &(usize, u16)| Bar {
        name: task.class(*label).to_owned(),
        amount: *count as f64,
        label: count.to_string(),
    };
    Bars {
        alt: "Images of each class in the batch".into(),
        bars: classes.iter().take(CLASSES).map(bar).collect(),
        ..Bars::default()
    }
}

/// Classes of a batch that have a bar.
const CLASSES: usize = 12;

/// The images of a batch, as they are or as the first epoch sees them.
fn images(plan: &Plan, data: &DataSet, batch: &[usize], is_augmented: bool) -> Vec<Vec<u8>> {
    let limits = if is_augmented { fit::augmentation(plan) } else { Augmentation::default() };
    // The whole batch, because images of it may be mixed.
    augmented(&data.train, batch, limits, (plan.seed, 0))
}

/// The numbers of its images.
fn first_batch(plan: &Plan, data: &DataSet) -> Vec<usize> {
    let dataset = ImageDataset::new(data.train.clone());
    let batches = ItemLoader::new(dataset, plan.training.batch_size, Order::Shuffled { seed: plan.seed }).indices(0);
    batches[0].clone()
}

/// There is no image to name, so what stands in its place is the config.
fn plan(args: &ShowArgs) -> PlanArgs {
    let mut plan = args.plan.clone();
    plan.config = plan.config.or_else(|| args.image.clone());
    plan
}

fn picture(data: &DataSet, index: usize, image: &[u8]) -> Picture {
    let caption = format!("{}\n{}", data.class(data.train.labels()[index]), data.image_name(Split::Train, index));
    let [height, width] = data.shape().sides();
    Picture::new(Pixels::of_planes(height, width, image), caption)
}
