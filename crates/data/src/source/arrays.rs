//! Images that lie in arrays with a number for each label: IDX files, npz files, the batches of CIFAR-10.

use std::{collections::BTreeSet, sync::Arc};

use rayon::prelude::*;
use task::{Shape, Task};

use crate::{
    DecodedImage, Error, HeldOut, OriginalSize, Request,
    cache::Store,
    source::{Index, Part, arrange::OWN_SPLIT},
};

/// A split as arrays hold it.
#[derive(Debug)]
pub(crate) struct Arrays {
    /// The file of the labels, in messages.
    pub place: String,
    pub pixels: Vec<u8>,
    pub layout: Layout,
    pub labels: Vec<u16>,
}

/// How the values of an image lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub shape: Shape,
    /// Whether the channels of a pixel are beside each other, instead of each in a plane.
    pub is_interleaved: bool,
    /// Whether column stands before row, as in EMNIST.
    pub is_transposed: bool,
}

/// Images converted together, by one thread.
const IMAGES_PER_JOB: usize = 256;

/// Puts the pixels of all splits, training first, into the store and sorts their labels: the classes asked for of each split, or all
/// that the training labels have, in the order of the arrays within a class. A label's class is its number, or has one of these `names`.
///
/// # Errors
/// Where a class is missing, or the store cannot be written.
pub(crate) fn index(
    splits: Vec<Arrays>,
    names: Option<&[&str]>,
    request: &Request,
    store: &Store,
) -> Result<Index, Error> {
    let (first, place) = (splits[0].layout.shape, splits[0].place.clone());
    let refuse = |place: &str, reason: String| Error::Layout { place: place.into(), reason };
    if splits.len() > 2 && request.held_out.fraction > 0.0 {
        return Err(refuse(&place, OWN_SPLIT.into()));
    }
    if let Some(other) = splits.iter().find(|split| split.layout.shape != first) {
        let reason = format!("its images are {}, the training images {first}", other.layout.shape);
        return Err(refuse(&other.place, reason));
    }
    let kept: Vec<u16> = match &request.classes {
        Some(classes) => labels_of(names, classes)?,
        None => splits[0].labels.iter().copied().collect::<BTreeSet<u16>>().into_iter().collect(),
    };
    let name = |label: &u16| {
        let known = names.and_then(|names| names.get(usize::from(*label)));
        known.map_or_else(|| label.to_string(), |name| (*name).into())
    };
    let task = Task::new(kept.iter().map(name)).map_err(|reason| refuse(&place, reason))?;
    let (height, width) =
        if splits[0].layout.is_transposed { (first.width, first.height) } else { (first.height, first.width) };
    let sides = [height, width];
    let [height, width] = request.decoding.size.unwrap_or(sides);
    let shape = Shape { channels: request.decoding.channels.unwrap_or(first.channels), height, width };
    let (mut slots, mut by_class) = (0, Vec::new());
    for Arrays { place, pixels, layout, labels } in splits {
        if request.cancelled() {
            return Err(Error::Cancelled);
        }
        by_class.push((place, sorted(&labels, &kept, slots)));
        put(&pixels, layout, slots, shape, request, store)?;
        slots += labels.len();
    }
    let parts = parts(by_class, &task, &request.held_out)?;
    let sizes = vec![OriginalSize { sides, images: parts.iter().map(|part| part.labels.len()).sum() }];
    Ok(Index { task: Arc::new(task), shape, slots, parts, sizes, skipped: Vec::new() })
}

/// The labels that the classes name.
pub(crate) fn labels_of(names: Option<&[&str]>, classes: &[String]) -> Result<Vec<u16>, Error> {
    let label = |class: &String| {
        let (label, there) = match names {
            Some(names) => (
                names.iter().position(|name| name == class).and_then(|label| label.try_into().ok()),
                format!("there are {}", names.join(", ")),
            ),
            None => (
                class.parse::<u16>().ok().filter(|label| label.to_string() == *class),
                "the classes of arrays are numbers from 0 on".into(),
            ),
        };
        let reason = || format!("there is no class `{class}`; {there}");
        label.ok_or_else(|| Error::Classes { classes: classes.to_vec(), reason: reason() })
    };
    classes.iter().map(label).collect()
}

/// The slots of each label that is kept, of a split whose first image is in this slot.
fn sorted(labels: &[u16], kept: &[u16], first: usize) -> Vec<Vec<u32>> {
    let most = labels.iter().chain(kept).map(|label| usize::from(*label) + 1).max().unwrap_or(0);
    let mut slots = vec![Vec::new(); most];
    labels.iter().zip(first as u32..).for_each(|(label, slot)| slots[usize::from(*label)].push(slot));
    kept.iter().map(|label| std::mem::take(&mut slots[usize::from(*label)])).collect()
}

/// The parts of training and validation images; with a part of the first held out, the second one is a test split.
fn parts(splits: Vec<(String, Vec<Vec<u32>>)>, task: &Task, held_out: &HeldOut) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for (place, classes) in &splits {
        let wrong = |reason: String| Error::Layout { place: place.clone(), reason };
        let is_test = parts.len() + usize::from(held_out.fraction > 0.0 && !parts.is_empty()) > 1;
        let missing = classes.iter().zip(task.classes()).find(|(slots, _)| slots.is_empty() && !is_test);
        if let Some((_, class)) = missing {
            return Err(wrong(format!("no image of the class {class}")));
        }
        let [mut part, mut held] = [Part::default(), Part::default()];
        for ((slots, class), label) in classes.iter().zip(task.classes()).zip(task.labels()) {
            let is_held = if parts.is_empty() && held_out.fraction > 0.0 {
                let names: Vec<[u8; 4]> = slots.iter().map(|slot| slot.to_le_bytes()).collect();
                held_out.of_class(class, names.iter().map(|name| &name[..])).map_err(wrong)?
            } else {
                vec![false; slots.len()]
            };
            for (slot, is_held) in slots.iter().zip(is_held) {
                let part = if is_held { &mut held } else { &mut part };
                part.slots.push(*slot);
                part.labels.push(label);
            }
        }
        parts.push(part);
        parts.extend((!held.labels.is_empty()).then_some(held));
    }
    Ok(parts)
}

/// Puts images from this slot on into the store, in the shape of all.
fn put(pixels: &[u8], from: Layout, first: usize, to: Shape, request: &Request, store: &Store) -> Result<(), Error> {
    let is_as_kept = from.shape == to && !from.is_transposed && (from.shape.channels == 1 || !from.is_interleaved);
    if is_as_kept {
        return store.put(first * to.len(), pixels);
    }
    let jobs = pixels.par_chunks(IMAGES_PER_JOB * from.shape.len()).enumerate();
    jobs.try_for_each(|(job, pixels)| {
        let mut values = vec![0; pixels.len() / from.shape.len() * to.len()];
        for (pixels, values) in pixels.chunks_exact(from.shape.len()).zip(values.chunks_exact_mut(to.len())) {
            from.image(pixels).fit_into(to, request.decoding.fit, values);
        }
        store.put((first + job * IMAGES_PER_JOB) * to.len(), &values)
    })
}

impl Layout {
    /// Planes, each row by row.
    pub fn planes(shape: Shape) -> Self {
        Self { shape, is_interleaved: false, is_transposed: false }
    }

    fn image(self, values: &[u8]) -> DecodedImage {
        let Shape { channels, height, width } = self.shape;
        let at = |row: usize, column: usize, channel: usize| {
            values[if self.is_interleaved {
                (row * width + column) * channels + channel
            } else {
                (channel * height + row) * width + column
            }]
        };
        let (rows, columns) = if self.is_transposed { (width, height) } else { (height, width) };
        let pixel = |row: usize, column: usize| {
            let [row, column] = if self.is_transposed { [column, row] } else { [row, column] };
            (0..channels).map(move |channel| at(row, column, channel))
        };
        let pixel = &pixel;
        let pixels = (0..rows).flat_map(|row| (0..columns).flat_map(move |column| pixel(row, column))).collect();
        DecodedImage { shape: Shape { channels, height: rows, width: columns }, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoding, Fit};

    fn arrays(labels: &[u16], layout: Layout, pixels: &[u8]) -> Arrays {
        Arrays { place: "x".into(), pixels: pixels.to_vec(), layout, labels: labels.to_vec() }
    }

    fn pixels(layout: Layout, values: &[u8], decoding: Decoding) -> (Shape, Vec<u8>) {
        let (request, store) = (Request { classes: None, decoding, ..Request::default() }, Store::memory());
        let split = || arrays(&[0, 1], layout, values);
        let index = index(vec![split(), split()], None, &request, &store).unwrap();
        (index.shape, store.pixels(2 * index.shape.len()).unwrap().as_slice().to_vec())
    }

    #[test]
    fn values_become_planes_whatever_lies_beside_what() {
        let shape = Shape { channels: 3, height: 1, width: 2 };
        let interleaved = Layout { is_interleaved: true, ..Layout::planes(shape) };
        let values: Vec<u8> = (0..12).collect();
        assert_eq!(pixels(Layout::planes(shape), &values, Decoding::default()).1, values);
        assert_eq!(pixels(interleaved, &values, Decoding::default()).1, [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
        let transposed = Layout { is_transposed: true, ..Layout::planes(Shape::grey([2, 3])) };
        let (shape, turned) = pixels(transposed, &values, Decoding::default());
        assert_eq!((shape, turned), (Shape::grey([3, 2]), vec![0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]));
    }

    #[test]
    fn size_and_channels_are_those_that_were_asked_for() {
        let decoding = Decoding { channels: Some(3), size: Some([2, 2]), fit: Fit::Pad, ..Decoding::default() };
        let (shape, pixels) = pixels(Layout::planes(Shape::grey([1, 1])), &[5, 9], decoding);
        assert_eq!(shape, Shape { channels: 3, height: 2, width: 2 });
        assert_eq!(pixels, [[5; 12], [9; 12]].concat());
    }

    #[test]
    fn what_is_held_out_leaves_the_second_split_to_be_the_test() {
        let layout = Layout::planes(Shape::grey([1, 1]));
        let labels: Vec<u16> = (0..20).map(|index| index % 2).collect();
        let request = Request { classes: None, held_out: HeldOut { fraction: 0.2, seed: 0 }, ..Request::default() };
        let splits = || vec![arrays(&labels, layout, &[0; 20]), arrays(&[1], layout, &[0])];
        let index = super::index(splits(), None, &request, &Store::memory()).unwrap();
        assert_eq!(index.parts.iter().map(|part| part.labels.len()).collect::<Vec<_>>(), [16, 4, 1]);
        assert_eq!(index.parts[1].labels, [0, 0, 1, 1]);
        let message = super::index(splits(), None, &Request { classes: None, ..Request::default() }, &Store::memory());
        assert!(message.unwrap_err().to_string().contains("no image of the class 0"));
    }
}
