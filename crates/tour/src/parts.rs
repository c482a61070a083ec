//! What the sections are put together from.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use chapter::{
    curve::Curve,
    source::{self, File},
};
use chart::{Axis, Block, LineChart, Picture, Pixels, Series};
use data::{ImageDataset, ImageLoader, Images, Order};

/// Lines of code from which on they are shown to who asks.
const LONG: usize = 18;

/// The lines of functions and types of one file, with what is said above them; folded where they are many.
pub fn code(file: &File, items: &[&str]) -> Block {
    let lines = lines(file, items);
    match lines.lines().count() {
        0..=LONG => Block::Code { caption: file.path.into(), lines },
        _ => folded(file, items),
    }
}

/// The same folded: what is beside the lesson, too.
pub fn folded(file: &File, items: &[&str]) -> Block {
    let lines = lines(file, items);
    let summary = format!("The code: {}, {} lines", items.join(", "), lines.lines().count());
    Block::Fold { summary, blocks: vec![Block::Code { caption: file.path.into(), lines }] }
}

fn lines(file: &File, items: &[&str]) -> String {
    let item = |name: &&str| source::item(file, name).unwrap_or_else(|| panic!("`{}` has an item `{name}`", file.path));
    items.iter().map(item).collect::<Vec<_>>().join("\n\n")
}

pub fn line(name: impl Into<String>, curve: &Curve) -> Series {
    Series::line(name, points(curve))
}

/// The points of a curve as a chart has them.
pub fn points(curve: &Curve) -> Vec<(f64, f64)> {
    curve.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect()
}

/// A chart with named axes.
pub fn chart(alt: impl Into<String>, [x, y]: [Axis; 2], series: Vec<Series>) -> LineChart {
    LineChart { alt: alt.into(), x, y, series, ..LineChart::default() }
}

/// Numbers as a list, with so many decimals.
pub fn list(values: &[f32], decimals: usize) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:.decimals$}")).collect();
    format!("[{}]", values.join(", "))
}

/// A tensor of one image with values from 0 to 1, `[1, pixels]`, as a picture.
pub fn picture<B: Backend>(image: Tensor<B, 2>, [height, width]: [usize; 2], caption: &str) -> Picture {
    let values = image.into_data().convert::<f32>();
    let pixels = values.iter::<f32>().map(|value| (value * 255.0).round() as u8).collect();
    Picture::new(Pixels::new(height, width, pixels), caption)
}

/// The number of the n-th image of a label, or of the last there is.
pub fn nth(digits: &Images, label: u16, n: usize) -> usize {
    let numbers = (0..digits.len()).filter(|index| digits.labels()[*index] == label);
    numbers.take(n + 1).last().expect("each class has an image")
}

/// Batches of 256, as in the chapter.
pub fn loader<B: Backend>(digits: &Arc<Images>, order: Order, device: &B::Device) -> ImageLoader<B> {
    ImageLoader::new(ImageDataset::new(digits.clone()), 256, order, 0, device.clone())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// `code(&source::SGD, &["train_epoch"])` as file and items.
    fn shown(call: &str) -> Option<(&'static File, Vec<&str>)> {
        let (name, items) = call.split_once(", &[")?;
        let (items, _) = items.split_once(']')?;
        let is_of = |file: &&File| {
            let stem = Path::new(file.path).file_stem().and_then(|stem| stem.to_str());
            stem.is_some_and(|stem| stem.to_uppercase() == name)
        };
        // The seven steps are named by a list of their own, which the chapter tests.
        let items = items.split(',').filter_map(|item| item.trim().strip_prefix('"')?.strip_suffix('"'));
        Some((source::FILES.iter().find(is_of)?, items.collect()))
    }

    #[test]
    fn every_item_that_a_section_shows_is_there() {
        let mut count = 0;
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for (file, items) in text.split("code(&source::").skip(1).filter_map(shown) {
                for item in items {
                    assert!(source::item(file, item).is_some(), "`{}` has no item `{item}`", file.path);
                    count += 1;
                }
            }
        }
        assert!(count > 40, "{count} items are found in the calls");
    }
}
