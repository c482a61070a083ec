//! `train data --html`: what a model is to learn from, to be looked at.

mod pixels;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use chart::{
    Axis, Bar, Bars, Block, Document, LineChart, Picture, Pixels, Section, Series, Shape, Style, Table, Tile, Verdict,
};
use data::{DataSet, Images, OriginalSize, Split};

use self::pixels::PixelSums;
use crate::{counts, counts::skipped, few, grouped, room::room, words::some_of};

/// Bars of a split: of more classes the largest and the smallest.
const BARS: usize = 24;

/// Images of a class, where there is room: of few classes and of many.
const SAMPLES: [usize; 2] = [12, 6];
const FEW_CLASSES: usize = 4;

/// Classes with a sample at most; a page makes large images as small as they have to be.
const CLASSES_SHOWN: usize = 100;

/// Classes from which on there is one mean image of all.
const MANY: usize = 24;

/// Dots of a chart of sizes, and rows of a table of them.
const SIZES: usize = 300;
const MOST_FREQUENT: usize = 8;

/// Classes that are named where all of them are counted.
const NAMED: usize = 10;

/// Pictures beside each other, as many as there is room for.
const COLUMNS: usize = 12;

/// All of it: how much there is of what, how it looks, and where it comes from: the path that was read, empty where none was. What was
/// typed to have it, a config and settings, is what a run on it is begun with.
#[must_use]
pub fn document(data: &DataSet, path: &Path, typed: &str) -> Document {
    let sums = PixelSums::of(&data.train);
    let notes = data.notes.iter().map(|note| Block::Text(format!("Note: {note}.")));
    Document {
        title: format!("Data: {}", data.name),
        lead: [Block::Tiles(tiles(data))].into_iter().chain(notes).collect(),
        sections: [balance(data), samples(data), means(data, &sums), sums.section()]
            .into_iter()
            .chain(sizes(data))
            .chain([twice(data), next(typed), origin(data, path)])
            .collect(),
    }
}

fn tiles(data: &DataSet) -> Vec<Tile> {
    let splits = data.splits().map(|(split, images)| {
        let what = match split {
            Split::Train => "to learn from",
            Split::Valid => "the best epoch is chosen by them",
            Split::Test => "nothing is chosen by them",
        };
        Tile::new(format!("{} images", split.name()), grouped(images.len()), what)
    });
    let names = data.task().classes();
    let classes = Tile::new("classes", grouped(names.len()), some_of(names, NAMED));
    splits.chain([classes, Tile::new("an image", data.shape().to_string(), "as a model sees it")]).collect()
}

/// How many images each class has in each split.
fn balance(data: &DataSet) -> Section {
    let classes = data.task().classes().len();
    let mut blocks: Vec<Block> = data.splits().flat_map(|(split, images)| of_split(split, images)).collect();
    if classes > BARS {
        let summary = format!("All {classes} classes");
        blocks.push(Block::Fold { summary, blocks: vec![Block::Table(counts(data))] });
    }
    Section::new("Balance of the classes", blocks)
}

fn of_split(split: Split, images: &Images) -> Vec<Block> {
    let (task, all) = (images.task(), images.len().max(1));
    let mut classes: Vec<(&str, usize)> =
        count(images).into_iter().zip(task.labels()).map(|(count, label)| (task.class(label), count)).collect();
    let [most, least] = [classes.iter().map(|(_, count)| *count).max(), classes.iter().map(|(_, count)| *count).min()]
        .map(Option::unwrap_or_default);
    let ratio = match least {
        0 => "a class has none".into(),
        _ if most == least => format!("each class has {}", grouped(most)),
        _ => format!("the largest class has {:.2} times the images of the smallest", most as f64 / least as f64),
    };
    let mut text = format!("`{}`: {} images; {ratio}.", split.name(), grouped(images.len()));
    if classes.len() > BARS && most != least {
        classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        classes.drain(BARS / 2..classes.len() - BARS / 2);
        text += &format!(" Shown are the {} largest classes and the {} smallest.", BARS / 2, BARS / 2);
    }
    let bar = |(name, count): &(&str, usize)| Bar {
        name: (*name).to_owned(),
        amount: *count as f64,
        label: format!("{} ({:.1} %)", grouped(*count), 100.0 * *count as f64 / all as f64),
    };
    let alt = format!("Images of each class in {}, from {least} to {most}", split.name());
    let bars = Block::Bars(Bars { alt, bars: classes.iter().map(bar).collect(), ..Bars::default() });
    // Equal bars say nothing.
    [Block::Text(text)].into_iter().chain((most != least).then_some(bars)).collect()
}

/// The images of each label.
fn count(images: &Images) -> Vec<usize> {
    let mut counts = vec![0; images.task().classes().len()];
    images.labels().iter().for_each(|label| counts[usize::from(*label)] += 1);
    counts
}

/// Training images of each class, at equal distances.
fn samples(data: &DataSet) -> Section {
    let (task, images, shape) = (data.task(), &data.train, data.shape());
    let labels: Vec<u16> = task.labels().collect();
    let shown = few(&labels, CLASSES_SHOWN);
    let most = SAMPLES[usize::from(labels.len() > FEW_CLASSES)];
    let of_each = (room(shape) / shown.len()).clamp(1, most);
    let mut of_class = vec![Vec::new(); labels.len()];
    for (index, label) in images.labels().iter().enumerate() {
        of_class[usize::from(*label)].push(index);
    }
    let of_label = |label: &u16| -> Vec<Picture> {
        let chosen = few(&of_class[usize::from(*label)], of_each).into_iter();
        chosen.map(|index| picture(shape, images.image(index), data.image_name(Split::Train, index))).collect()
    };
    let mut text =
        "Training images of each class, at equal distances; `train show train/CLASS/N` shows one as numbers."
            .to_owned();
    if shown.len() < labels.len() {
        text += &format!(" Shown are {} of {} classes.", shown.len(), labels.len());
    }
    let grid = |alt: String, pictures: Vec<Picture>| {
        let columns = if of_each == 1 { COLUMNS } else { of_each };
        Block::Pictures { alt, pictures, columns }
    };
    let row = |label: &u16| {
        let class = task.class(*label);
        // What the row is named after is not said below each.
        let numbered = of_label(label).into_iter().map(|picture| {
            let number = picture.caption.rsplit('/').next().unwrap_or_default().to_owned();
            Picture { caption: number, ..picture }
        });
        let pictures = grid(format!("Training images of {class}"), numbered.collect());
        Block::Together(vec![Block::text(class), pictures])
    };
    let rows: Vec<Block> = match of_each {
        1 => vec![grid("A training image of each class".into(), shown.iter().flat_map(of_label).collect())],
        _ => shown.iter().map(row).collect(),
    };
    // Short rows stand beside each other.
    let rows = if of_each <= SAMPLES[1] { vec![Block::Beside(rows)] } else { rows };
    Section::new("Samples", [Block::Text(text)].into_iter().chain(rows))
}

/// The mean image of each class, or of all.
fn means(data: &DataSet, sums: &PixelSums) -> Section {
    let classes = data.task().classes();
    let (text, means) = match sums.means() {
        of_classes if classes.len() < MANY => {
            let text = "What the images of a class have in common. The pixel-similarity baseline labels by the nearest of these.";
            (text, of_classes.into_iter().zip(classes.iter().cloned()).collect())
        }
        _ => ("What all images have in common.", vec![(sums.mean(), format!("all {} classes", classes.len()))]),
    };
    let picture = |(mean, caption): (Vec<u8>, String)| picture(data.shape(), &mean, caption);
    let pictures: Vec<Picture> = means.into_iter().map(picture).collect();
    let alt = format!("{} mean images", pictures.len());
    let all = grouped(data.train.len());
    let some =
        sums.sample().map_or_else(String::new, |some| format!(" Computed from {some} of the {all} training images."));
    Section::new(
        "Mean images",
        [Block::Text(text.to_owned() + &some), Block::Pictures { alt, pictures, columns: COLUMNS }],
    )
}

/// An image, channel after channel.
fn picture(shape: task::Shape, planes: &[u8], caption: String) -> Picture {
    let [height, width] = shape.sides();
    Picture { pixels: Pixels::of_planes(height, width, planes), caption, verdict: Verdict::None }
}

/// How large the images were, where they differ.
fn sizes(data: &DataSet) -> Option<Section> {
    let [first, .., last] = &data.sizes[..] else { return None };
    let dots = few(&data.sizes, SIZES);
    let shown =
        if dots.len() < data.sizes.len() { format!(", of which {} are drawn", dots.len()) } else { String::new() };
    let text = format!(
        "In their files the images have {} sizes{shown}, the lowest {} pixels high and the highest {}. All become {}.",
        grouped(data.sizes.len()),
        first.sides[0],
        last.sides[0],
        data.shape(),
    );
    let at = |OriginalSize { sides: [height, width], .. }: &OriginalSize| (*width as f64, *height as f64);
    let [x, y] = ["columns", "rows"].map(|name| Axis { is_whole: true, ..Axis::new(name) });
    let chart = LineChart {
        alt: format!("Rows and columns of {} sizes of images", dots.len()),
        x,
        y,
        series: vec![Series::line("", dots.iter().map(at).collect()).drawn(Style::Dots)],
        shape: Shape::Square,
        ..LineChart::default()
    };
    let mut frequent = data.sizes.clone();
    frequent.sort_by_key(|size| std::cmp::Reverse(size.images));
    let mut table = Table::new(["rows x columns", "images"], 1).captioned("The most frequent");
    for size in frequent.iter().take(MOST_FREQUENT) {
        table.add_row([in_words(size), grouped(size.images)]);
    }
    Some(Section::new(
        "Sizes of the files",
        [Block::Text(text), Block::Beside(vec![Block::Lines(chart), Block::Table(table)])],
    ))
}

fn in_words(OriginalSize { sides: [height, width], .. }: &OriginalSize) -> String {
    format!("{height} x {width}")
}

/// Whether images are there more than once, above all in the training split and in one that it is judged by.
fn twice(data: &DataSet) -> Section {
    let training: Vec<u64> = data.train.iter().map(hash).collect();
    let known: HashSet<u64> = training.iter().copied().collect();
    let again = training.len() - known.len();
    let mut told = vec![match again {
        0 => "No two training images have the same pixels.".to_owned(),
        1 => "One training image has the pixels of another.".to_owned(),
        count => format!("{} training images have the pixels of another.", grouped(count)),
    }];
    let mut pictures = Vec::new();
    for (split, images) in data.splits().filter(|(split, _)| *split != Split::Train) {
        let shared: Vec<usize> =
            (0..images.len()).filter(|index| known.contains(&hash(images.image(*index)))).collect();
        told.push(match shared.len() {
            0 => format!("No image of `{}` is a training image too.", split.name()),
            count => format!(
                "{} of the {} images of `{}` are training images too: what is measured with them is too good.",
                grouped(count),
                grouped(images.len()),
                split.name()
            ),
        });
        let named = |index: &usize| picture(data.shape(), images.image(*index), data.image_name(split, *index));
        pictures.extend(shared.iter().take(TWICE.min(room(data.shape()) / 20)).map(named));
    }
    let alt = "Images that are training images too".to_owned();
    let shown = (!pictures.is_empty()).then_some(Block::Pictures { alt, pictures, columns: COLUMNS });
    Section::new("The same image twice", [Block::Text(told.join(" "))].into_iter().chain(shown))
}

/// Of all pixels; two images share one by chance once in some billions of data sets.
fn hash(pixels: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    pixels.hash(&mut hasher);
    hasher.finish()
}

/// Images of each split that are shown of those that are training images too.
const TWICE: usize = 12;

/// What is done with it.
fn next(typed: &str) -> Section {
    let lines = format!("train show --batch{typed}\ntrain baseline{typed}\ntrain{typed}\n");
    let caption = "The first batch as a network sees it, what is to be beaten, and a run".into();
    Section::new("What next", [Block::Code { caption, lines }])
}

/// What images of a size become where a model sees them in another.
fn become_of(data: &DataSet, size: &OriginalSize) -> String {
    let [height, width] = data.shape().sides();
    if size.sides == [height, width] {
        String::new()
    } else {
        format!(", made {height} x {width} for a model (`data.size`)")
    }
}

/// What it is made of, and what was left out.
fn origin(data: &DataSet, path: &Path) -> Section {
    let bytes = data.splits().map(|(_, images)| images.len()).sum::<usize>() * data.shape().len();
    let cache = data.cache.as_ref().map_or_else(|| "none, in memory".into(), |path| path.display().to_string());
    let size = if let [size] = &data.sizes[..] {
        Some(("size of each", in_words(size) + " pixels" + &become_of(data, size)))
    } else {
        None
    };
    let path = Some(("read from", path.display().to_string())).filter(|(_, path)| !path.is_empty());
    let facts = [("data", data.name.clone())].into_iter().chain(path).chain(size).chain([
        ("values", format!("{}, a byte each", grouped(bytes))),
        ("fingerprint", data.fingerprint.clone()),
        ("cache", cache),
    ]);
    let facts = Table::of_names(facts);
    Section::new("Where it comes from", [Block::Table(facts)].into_iter().chain(skipped(data)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chart::html;
    use task::Task;

    use super::*;

    /// Images of noise, which no PNG makes smaller, with these names of their classes.
    fn noise(of_classes: &[usize], side: usize) -> DataSet {
        let task = Arc::new(Task::new((0..of_classes.len()).map(|class| format!("kind {class}"))).unwrap());
        let labels: Vec<u16> = task.labels().zip(of_classes).flat_map(|(label, count)| vec![label; *count]).collect();
        let shape = task::Shape { channels: 3, height: side, width: side };
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let pixels: Vec<u8> = (0..labels.len() * shape.len()).map(|_| next()).collect();
        let images = Arc::new(Images::new(&task, shape, pixels.into(), labels));
        DataSet {
            test: Some(images.clone()),
            notes: vec!["some of it is odd".into()],
            sizes: (1..=400).map(|side| OriginalSize { sides: [side, 2 * side], images: side }).collect(),
            skipped: vec!["a.png: it is broken".into()],
            ..DataSet::in_memory("folder", images.clone(), images)
        }
    }

    fn pictures(section: &Section) -> Vec<&Picture> {
        fn of(blocks: &[Block]) -> Vec<&Picture> {
            let mut found = Vec::new();
            for block in blocks {
                match block {
                    Block::Beside(blocks) | Block::Together(blocks) => found.extend(of(blocks)),
                    Block::Pictures { pictures, .. } => found.extend(pictures),
                    _ => {}
                }
            }
            found
        }
        of(&section.blocks)
    }

    #[test]
    fn a_page_of_photographs_of_a_hundred_classes_is_below_300_kb() {
        for (classes, side) in [(100, 64), (10, 64), (23, 224), (1000, 32)] {
            let page = html::page(&document(&noise(&vec![2; classes], side), Path::new("kinds"), " folder"));
            let most = if classes > 100 { 450_000 } else { 300_000 };
            assert!(page.len() < most, "{classes} classes of {side}: {} bytes", page.len());
        }
    }

    #[test]
    fn it_shows_each_class_and_says_what_is_left_out() {
        let page = document(&noise(&[5; 10], 16), Path::new("kinds"), " folder --set data.path=kinds");
        let headings: Vec<&str> = page.sections.iter().map(|section| section.heading.as_str()).collect();
        let expected = [
            "Balance of the classes",
            "Samples",
            "Mean images",
            "Values of the pixels",
            "Sizes of the files",
            "The same image twice",
            "What next",
            "Where it comes from",
        ];
        assert_eq!(headings, expected);
        assert_eq!(page.lead[1], Block::text("Note: some of it is odd."));
        let samples = pictures(&page.sections[1]);
        assert_eq!((samples.len(), samples[0].caption.as_str(), samples[49].caption.as_str()), (50, "0", "4"));
        assert_eq!(pictures(&page.sections[2]).len(), 10);
        assert!(
            matches!(&page.sections[4].blocks[0], Block::Text(text) if text.contains("400 sizes, of which 300 are drawn, the lowest 1 pixels high and the highest 400"))
        );
        let twice =
            "No two training images have the same pixels. 50 of the 50 images of `valid` are training images too";
        assert!(
            matches!(&page.sections[5].blocks[0], Block::Text(text) if text.starts_with(twice)),
            "{:?}",
            page.sections[5].blocks[0]
        );
        assert_eq!(pictures(&page.sections[5]).len(), 2 * 8, "as many as there is room for");
        assert!(
            matches!(&page.sections[6].blocks[0], Block::Code { lines, .. } if lines.contains("\ntrain folder --set data.path=kinds\n"))
        );
        assert!(
            matches!(page.sections[7].blocks.last(), Some(Block::Code { lines, .. }) if lines == "a.png: it is broken\n")
        );
    }

    #[test]
    fn of_many_classes_the_ends_are_drawn_and_there_is_one_mean() {
        let mut of_classes = [1; 40];
        of_classes[7] = 11;
        let page = document(&noise(&of_classes, 8), Path::new("kinds"), " folder");
        let Block::Bars(bars) = &page.sections[0].blocks[1] else { panic!("bars") };
        assert_eq!((bars.bars.len(), bars.bars[0].label.as_str()), (BARS, "11 (22.0 %)"));
        assert!(matches!(&page.sections[0].blocks[6], Block::Fold { summary, .. } if summary == "All 40 classes"));
        assert_eq!(
            pictures(&page.sections[2]).iter().map(|mean| mean.caption.as_str()).collect::<Vec<_>>(),
            ["all 40 classes"]
        );
    }
}
