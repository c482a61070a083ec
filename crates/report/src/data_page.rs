//! `train data --html`: what a model is to learn from, to be looked at.

mod pixels;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use chart::{Axis, Bar, Bars, Block, Document, LineChart, Picture, Pixels, Section, Series, Shape, Style, Table, Tile};
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
    let from = (!path.as_os_str().is_empty()).then(|| Block::Text(format!("Read from `{}`.", path.display())));
    let notes = data.notes.iter().map(|note| Block::Text(format!("Note: {note}.")));
    Document {
        title: format!("Data: {}", data.name),
        lead: from.into_iter().chain([Block::Tiles(tiles(data))]).chain(notes).collect(),
        sections: [balance(data), samples(data, typed), odd(data, &sums), means(data, &sums), sums.section()]
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
            Split::Valid if data.test.is_none() && data.source.contains("idx") => {
                "the files' own test images; the best epoch is chosen by them: none are left for an honest test"
            }
            Split::Valid if data.test.is_none() => "the best epoch is chosen by them: none are left for an honest test",
            Split::Valid => "the best epoch is chosen by them",
            Split::Test => "nothing is chosen by them",
        };
        Tile::new(format!("{} images", split.name()), grouped(images.len()), what)
    });
    let names = data.task().classes();
    let classes = Tile::new("classes", grouped(names.len()), some_of(names, NAMED));
    splits.chain([classes, Tile::new("an image", data.shape().to_string(), "as a model sees it")]).collect()
}

/// How many images each class has in each split: a row for a class, with its share of each split.
fn balance(data: &DataSet) -> Section {
    let task = data.task();
    let splits: Vec<(Split, &Images, Vec<usize>)> =
        data.splits().map(|(split, images)| (split, &**images, count(images))).collect();
    let texts = splits.iter().map(|(split, images, counts)| Block::Text(evenness(*split, images, counts)));
    let largest = &splits[0].2;
    let mut classes: Vec<(usize, &str)> = task.labels().map(|label| (usize::from(label), task.class(label))).collect();
    let many = classes.len() > BARS;
    if many {
        classes.sort_by_key(|(label, _)| std::cmp::Reverse(largest[*label]));
        classes.drain(BARS / 2..classes.len() - BARS / 2);
    }
    let is_even = splits.iter().all(|(.., counts)| counts.windows(2).all(|pair| pair[0] == pair[1]));
    let share = |counts: &[usize], label: usize| {
        let all = counts.iter().sum::<usize>().max(1);
        format!("{} ({:.1} %)", grouped(counts[label]), 100.0 * counts[label] as f64 / all as f64)
    };
    let bar = |(label, name): &(usize, &str)| Bar {
        name: (*name).to_owned(),
        amount: largest[*label] as f64,
        label: splits.iter().map(|(.., counts)| share(counts, *label)).collect::<Vec<_>>().join(" · "),
    };
    let names: Vec<&str> = splits.iter().map(|(split, ..)| split.name()).collect();
    let [least, most] = [largest.iter().min(), largest.iter().max()].map(|count| count.copied().unwrap_or_default());
    let alt = format!("Images of each class in {}, from {least} to {most}", names[0]);
    // Where each class would end with its share of the validation images.
    let [all, valid] = [&splits[0].2, &splits[1].2].map(|counts| counts.iter().sum::<usize>().max(1) as f64);
    let ticks = classes.iter().map(|(label, _)| splits[1].2[*label] as f64 * all / valid).collect();
    let bars = Block::Bars(Bars { alt, bars: classes.iter().map(bar).collect(), ticks, ..Bars::default() });
    let some = if many {
        format!(" Shown are the {} largest classes and the {} smallest.", BARS / 2, BARS / 2)
    } else {
        String::new()
    };
    let key = Block::Text(format!(
        "A bar is a class of `{}`, with its images in {}; the tick is where it would end with its share of `{}`.{some}",
        names[0],
        names.join(" · "),
        names[1]
    ));
    // Equal bars say nothing.
    let bars = (!is_even).then_some([key, bars]).into_iter().flatten();
    let all = many.then(|| Block::Fold {
        summary: format!("All {} classes", task.classes().len()),
        blocks: vec![Block::Table(counts(data))],
    });
    Section::new("Balance of the classes", texts.chain(bars).chain(all))
}

fn evenness(split: Split, images: &Images, counts: &[usize]) -> String {
    let [most, least] = [counts.iter().max(), counts.iter().min()].map(|count| count.copied().unwrap_or_default());
    let ratio = match least {
        0 => "a class has none".into(),
        _ if most == least => format!("each class has {}", grouped(most)),
        _ => format!("the largest class has {:.2} times the images of the smallest", most as f64 / least as f64),
    };
    format!("`{}`: {} images; {ratio}.", split.name(), grouped(images.len()))
}

/// The images of each label.
fn count(images: &Images) -> Vec<usize> {
    let mut counts = vec![0; images.task().classes().len()];
    images.labels().iter().for_each(|label| counts[usize::from(*label)] += 1);
    counts
}

/// Training images of each class, at equal distances.
fn samples(data: &DataSet, typed: &str) -> Section {
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
        let named = chosen.map(|index| (index, data.image_name(Split::Train, index)));
        let class = task.class(*label);
        named
            .map(|(index, name)| picture(shape, images.image(index), name.clone()).shows(format!("{class}, {name}")))
            .collect()
    };
    let last = if images.file_name(0).is_some() { "FILE" } else { "N" };
    let mut text = format!(
        "Training images of each class, at equal distances; `train show train/CLASS/{last}{typed}` shows one as numbers."
    );
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

/// Training images that look more like another class than like their own: of each class those that are nearest to another's mean
/// image, measured against their own.
fn odd(data: &DataSet, sums: &PixelSums) -> Section {
    let (task, images, shape) = (data.task(), &data.train, data.shape());
    let labels: Vec<u16> = task.labels().collect();
    let means = sums.means();
    let distance = |image: &[u8], mean: &[u8]| -> f64 {
        let squares = image.iter().zip(mean).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
        (squares.sum::<u64>() as f64).sqrt()
    };
    let looked_at = few(&(0..images.len()).collect::<Vec<_>>(), (ODD_VALUES / (shape.len() * labels.len())).max(1));
    let mut of_class: Vec<Vec<(f64, usize, usize)>> = vec![Vec::new(); labels.len()];
    for index in &looked_at {
        let own = usize::from(images.labels()[*index]);
        let distances: Vec<f64> = means.iter().map(|mean| distance(images.image(*index), mean)).collect();
        let other =
            (0..means.len()).filter(|class| *class != own).min_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        let Some(other) = other else { continue };
        of_class[own].push((distances[own] - distances[other], *index, other));
    }
    let shown = few(&labels, (room(shape) / ODD).clamp(1, BARS));
    let wrong = of_class.iter().flatten().filter(|(nearer, ..)| *nearer > 0.0).count();
    let mut pictures = Vec::new();
    for label in &shown {
        let all = &mut of_class[usize::from(*label)];
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        pictures.extend(all.iter().take(ODD).map(|(_, index, other)| {
            let name = data.image_name(Split::Train, *index);
            picture(
                shape,
                images.image(*index),
                format!("{} like {}\n{name}", task.class(*label), task.classes()[*other]),
            )
        }));
    }
    let percent = 100.0 * wrong as f64 / looked_at.len().max(1) as f64;
    let text = format!(
        "Of each class the {ODD} images that are nearest to another class's mean, held against their own: they are unusual, and some \
         may have a wrong label; the top losses of a trained run tell more. {} of {} training images ({percent:.1} %) are nearer to another's mean; the baseline, which labels by the nearest, has the \
         other {:.1} % right.",
        grouped(wrong),
        grouped(looked_at.len()),
        100.0 - percent,
    );
    let alt = "Training images that look like another class".to_owned();
    Section::new("Unlike their class", [Block::Text(text), Block::Pictures { alt, pictures, columns: ODD }])
}

/// Images of each class that look like another, and values that are looked at for it, each against each mean.
const ODD: usize = 3;
const ODD_VALUES: usize = 1 << 29;

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
    // In rows that are full, of twice as many where the page is wide.
    let columns = (4..=6).rev().find(|columns| pictures.len().is_multiple_of(*columns)).unwrap_or(COLUMNS);
    let all = grouped(data.train.len());
    let some =
        sums.sample().map_or_else(String::new, |some| format!(" Computed from {some} of the {all} training images."));
    Section::new(
        "Mean images",
        [Block::Text(text.to_owned() + &some + &closest(classes, sums)), Block::Pictures { alt, pictures, columns }],
    )
}

/// Which two classes have the mean images that are nearest to each other, of more than two.
fn closest(classes: &[String], sums: &PixelSums) -> String {
    let means = sums.means();
    if !(3..MANY).contains(&means.len()) {
        return String::new();
    }
    let apart = |[a, b]: [usize; 2]| -> u64 {
        means[a].iter().zip(&means[b]).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum()
    };
    let pairs = (1..means.len()).flat_map(|b| (0..b).map(move |a| [a, b]));
    let nearest = pairs.min_by_key(|pair| apart(*pair));
    nearest.map_or_else(String::new, |[a, b]| format!(" Nearest to each other are {} and {}.", classes[a], classes[b]))
}

/// An image, channel after channel.
fn picture(shape: task::Shape, planes: &[u8], caption: String) -> Picture {
    let [height, width] = shape.sides();
    Picture::new(Pixels::of_planes(height, width, planes), caption)
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
            "Unlike their class",
            "Mean images",
            "Values of the pixels",
            "Sizes of the files",
            "The same image twice",
            "What next",
            "Where it comes from",
        ];
        assert_eq!(headings, expected);
        assert_eq!(page.lead[0], Block::text("Read from `kinds`."));
        assert_eq!(page.lead[2], Block::text("Note: some of it is odd."));
        let samples = pictures(&page.sections[1]);
        assert_eq!(samples[49].alt, "kind 9, train/kind 9/4", "what is heard names the class");
        assert_eq!((samples.len(), samples[0].caption.as_str(), samples[49].caption.as_str()), (50, "0", "4"));
        let odd = pictures(&page.sections[2]);
        assert!(odd.len().is_multiple_of(ODD) && odd[0].caption.starts_with("kind 0 like kind "), "{}", odd[0].caption);
        assert_eq!(pictures(&page.sections[3]).len(), 10);
        assert!(
            matches!(&page.sections[5].blocks[0], Block::Text(text) if text.contains("400 sizes, of which 300 are drawn, the lowest 1 pixels high and the highest 400"))
        );
        let twice =
            "No two training images have the same pixels. 50 of the 50 images of `valid` are training images too";
        assert!(
            matches!(&page.sections[6].blocks[0], Block::Text(text) if text.starts_with(twice)),
            "{:?}",
            page.sections[6].blocks[0]
        );
        assert_eq!(pictures(&page.sections[6]).len(), 2 * 8, "as many as there is room for");
        assert!(
            matches!(&page.sections[7].blocks[0], Block::Code { lines, .. } if lines.contains("\ntrain folder --set data.path=kinds\n"))
        );
        assert!(
            matches!(page.sections[8].blocks.last(), Some(Block::Code { lines, .. }) if lines == "a.png: it is broken\n")
        );
    }

    #[test]
    fn of_many_classes_the_ends_are_drawn_and_there_is_one_mean() {
        let mut of_classes = [1; 40];
        of_classes[7] = 11;
        let page = document(&noise(&of_classes, 8), Path::new("kinds"), " folder");
        let Block::Bars(bars) = &page.sections[0].blocks[4] else { panic!("bars") };
        assert_eq!((bars.ticks.len(), bars.ticks[0]), (BARS, 11.0));
        assert_eq!((bars.bars.len(), bars.bars[0].label.as_str()), (BARS, "11 (22.0 %) · 11 (22.0 %) · 11 (22.0 %)"));
        assert!(matches!(&page.sections[0].blocks[5], Block::Fold { summary, .. } if summary == "All 40 classes"));
        assert_eq!(
            pictures(&page.sections[3]).iter().map(|mean| mean.caption.as_str()).collect::<Vec<_>>(),
            ["all 40 classes"]
        );
    }
}
