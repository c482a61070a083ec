//! From images in any order to splits: which there are, what is held out for validation, and the order by class and name.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use task::Task;

use crate::{
    Error, HeldOut, OriginalSize, Request, Split,
    source::{
        Index, Part,
        gather::{Found, Gathered},
        natural::natural,
        place::Place,
    },
};

/// What a folder or an archive must look like.
pub(crate) const LAYOUT: &str =
    "the layout is train/<class>/<image> and valid/<class>/<image>, or <class>/<image> with `data.valid_fraction`";

/// Why nothing can be held out.
pub(crate) const OWN_SPLIT: &str = "it has a validation split of its own, but `data.valid_fraction` is above 0";

/// Makes splits of what was decoded: class after class, each by file name as strings.
///
/// # Errors
/// Where a split or a class is missing, or an image is there twice.
pub(crate) fn arrange(gathered: Gathered, request: &Request, place: &str, layout: &str) -> Result<Index, Error> {
    let Gathered { mut found, shape, skipped } = gathered;
    let wrong = |reason: String| Error::Layout { place: place.into(), reason };
    if let (true, Some(classes)) = (found.is_empty(), &request.classes) {
        let classes = classes.iter().map(|class| format!("`{class}`")).collect::<Vec<_>>().join(", ");
        return Err(wrong(format!(
            "no image of the classes {classes} in it; `data.classes` = \"auto\" takes all that there are; {layout}"
        )));
    }
    if found.is_empty() {
        return Err(wrong(format!("no image in it that can be used; {layout}")));
    }
    let of_class = |class: &str| found.iter().any(|found| &*found.place.class == class);
    if let Some((lost, reason)) = skipped.iter().find(|(place, _)| !of_class(&place.class)) {
        return Err(wrong(format!(
            "no image of the class `{}` can be decoded; `{}`: {reason}",
            lost.class,
            lost.path()
        )));
    }
    let skipped = skipped.iter().map(|(place, reason)| format!("{}: {reason}", place.path())).collect();
    match request.judged {
        Some(split) => keep_judged(&mut found, split),
        None => settle_splits(&mut found, &request.held_out),
    }
    .map_err(wrong)?;
    let task = task(request.classes.as_deref(), &found).map_err(|reason| wrong(format!("{reason}; {layout}")))?;
    let labels: HashMap<&str, u16> = task.classes().iter().map(String::as_str).zip(task.labels()).collect();
    let label = |found: &Found| labels[&*found.place.class];
    found.sort_unstable_by(|a, b| {
        let key = |found: &Found| (found.place.split, label(found));
        key(a).cmp(&key(b)).then_with(|| a.place.name.cmp(&b.place.name))
    });
    if let Some(twice) = found.windows(2).find(|pair| pair[0].place == pair[1].place) {
        let reason = "it is there twice".into();
        return Err(Error::Entry { place: place.into(), entry: twice[0].place.path(), reason });
    }
    let part = |split: Split| {
        let mut part = Part::default();
        for found in found.iter().filter(|found| found.place.split == Some(split)) {
            part.slots.push(found.slot);
            part.labels.push(label(found));
            // A zero byte ends a name; none is in a name that a file system takes, but in an archive it may be.
            part.names.extend(found.place.name.replace('\0', "?").bytes().chain([0]));
        }
        part
    };
    let mut parts: Vec<Part> = Split::ALL.map(|split| part(request.judged.unwrap_or(split))).into();
    parts.pop_if(|test| test.labels.is_empty());
    // A test split may lack a class: nothing learns from it.
    let learned = if request.judged.is_some() { 0 } else { 2 };
    for (split, part) in Split::ALL.into_iter().zip(&parts).take(learned) {
        let present: BTreeSet<u16> = part.labels.iter().copied().collect();
        if let Some(missing) = task.labels().find(|label| !present.contains(label)) {
            let (split, class) = (split.name(), task.class(missing));
            return Err(wrong(format!("no image of the class `{class}` in {split}: no `{split}/{class}/`; {layout}")));
        }
    }
    let slots = found.iter().map(|found| found.slot as usize + 1).max().unwrap_or(0);
    let mut sizes = BTreeMap::new();
    found.iter().for_each(|found| *sizes.entry(found.sides).or_default() += 1);
    let sizes = sizes.into_iter().map(|(sides, images)| OriginalSize { sides, images }).collect();
    Ok(Index { task: Arc::new(task), shape, slots, parts, sizes, skipped })
}

/// Keeps the images of a split, as people call it, or all where there are no splits.
fn keep_judged(found: &mut Vec<Found>, split: Split) -> Result<(), String> {
    let has = |split| found.iter().any(|found| found.place.split == split);
    let kept = match split {
        _ if found.iter().all(|found| found.place.split.is_none()) => None,
        // Who has two splits calls the second one either name.
        Split::Valid if !has(Some(Split::Valid)) => Some(Split::Test),
        Split::Test if !has(Some(Split::Test)) => Some(Split::Valid),
        split => Some(split),
    };
    found.retain(|found| found.place.split == kept);
    found.iter_mut().for_each(|found| found.place.split = Some(split));
    if found.is_empty() { Err(format!("no image in its split {}", split.name())) } else { Ok(()) }
}

/// Gives every image a split.
fn settle_splits(found: &mut Vec<Found>, held_out: &HeldOut) -> Result<(), String> {
    // Beside folders of splits, others are something else.
    if found.iter().any(|found| found.place.split.is_some()) {
        found.retain(|found| found.place.split.is_some());
    }
    let has = |found: &[Found], split| found.iter().any(|found| found.place.split == split);
    if has(found, Some(Split::Valid)) {
        return match held_out.fraction > 0.0 {
            true => Err(OWN_SPLIT.into()),
            false => Ok(()),
        };
    }
    if held_out.fraction > 0.0 {
        return hold_out(found, held_out);
    }
    if !has(found, Some(Split::Test)) {
        return Err(
            "it has no validation split, `valid`, `val` or `test`: set `data.valid_fraction`, as 0.2, to hold out a fifth of each class"
                .into(),
        );
    }
    // Who has two splits calls the second one either name.
    let test = found.iter_mut().filter(|found| found.place.split == Some(Split::Test));
    test.for_each(|found| found.place.split = Some(Split::Valid));
    Ok(())
}

/// Makes a part of each class of the training images validation images.
fn hold_out(found: &mut [Found], held_out: &HeldOut) -> Result<(), String> {
    let mut classes: BTreeMap<Arc<str>, Vec<&mut Place>> = BTreeMap::new();
    for found in found.iter_mut().filter(|found| matches!(found.place.split, None | Some(Split::Train))) {
        classes.entry(found.place.class.clone()).or_default().push(&mut found.place);
    }
    let too_few: Vec<(&str, usize)> = classes
        .iter()
        .filter(|(_, images)| held_out.leaves_none_for(images.len()).is_some())
        .map(|(class, images)| (&**class, images.len()))
        .collect();
    if let [(first, all), (second, _), rest @ ..] = &too_few[..] {
        let more = if rest.is_empty() { String::new() } else { format!(", and of {} others", rest.len()) };
        let split = held_out.leaves_none_for(*all).unwrap_or_default();
        return Err(format!(
            "`data.valid_fraction` {} leaves none for {split} of the class `{first}` (images: {all}), of `{second}`{more}; a class needs {} \
             images or more",
            held_out.fraction,
            held_out.fewest()
        ));
    }
    for (class, images) in classes {
        let held = held_out.of_class(&class, images.iter().map(|place| place.name.as_bytes()))?;
        for (place, is_held) in images.into_iter().zip(held) {
            place.split = Some(if is_held { Split::Valid } else { Split::Train });
        }
    }
    Ok(())
}

impl HeldOut {
    /// Which images of a class are held out: those whose names, hashed with the seed, come first. The same files are the same split, and
    /// a new file moves few others.
    ///
    /// # Errors
    /// Where that leaves none for one of the splits.
    pub(crate) fn of_class<'a>(
        &self,
        class: &str,
        names: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> Result<Vec<bool>, String> {
        let (all, fraction) = (names.len(), self.fraction);
        if let Some(split) = self.leaves_none_for(all) {
            return Err(format!(
                "`data.valid_fraction` {fraction} of the {all} images of the class `{class}` leaves none for {split}"
            ));
        }
        let rank = |name: &[u8]| -> [u8; 32] {
            Sha256::digest([&self.seed.to_le_bytes()[..], class.as_bytes(), b"\0", name].concat()).into()
        };
        let mut ranks: Vec<([u8; 32], usize)> = names.enumerate().map(|(index, name)| (rank(name), index)).collect();
        ranks.sort_unstable();
        let mut is_held = vec![false; all];
        ranks.iter().take(self.count(all)).for_each(|(_, index)| is_held[*index] = true);
        Ok(is_held)
    }

    /// Images that a class needs so that both splits have some of it.
    pub fn fewest(&self) -> usize {
        (2..10_000).find(|all| self.leaves_none_for(*all).is_none()).unwrap_or(10_000)
    }

    /// Images that are held out of so many.
    fn count(&self, all: usize) -> usize {
        (all as f64 * self.fraction).round() as usize
    }

    /// The split that gets no image of so many.
    fn leaves_none_for(&self, all: usize) -> Option<&'static str> {
        match self.count(all) {
            0 => Some("validation"),
            held if held == all => Some("training"),
            _ => None,
        }
    }
}

/// The classes asked for, or all that there are in natural order.
fn task(asked: Option<&[String]>, found: &[Found]) -> Result<Task, String> {
    let all = || {
        let distinct: BTreeSet<&str> = found.iter().map(|found| &*found.place.class).collect();
        let mut distinct: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
        distinct.sort_by(|a, b| natural(a, b));
        distinct
    };
    Task::new(asked.map_or_else(all, <[String]>::to_vec))
}

#[cfg(test)]
mod tests {
    use task::Shape;

    use super::*;
    use crate::source::place::Root;

    fn gathered(paths: &[&str]) -> Gathered {
        let found = paths.iter().zip(0..).map(|(path, slot)| Found {
            place: Place::of(path, Root::Here, None).unwrap(),
            slot,
            sides: [1, 1],
        });
        Gathered { found: found.collect(), shape: Shape::grey([1, 1]), skipped: Vec::new() }
    }

    fn arranged(paths: &[&str], fraction: f64, classes: Option<&[&str]>) -> Result<Index, String> {
        let classes = classes.map(|classes| classes.iter().map(|class| (*class).to_owned()).collect());
        let request = Request { classes, held_out: HeldOut { fraction, seed: 1 }, ..Request::default() };
        arrange(gathered(paths), &request, "x", LAYOUT).map_err(|error| error.to_string())
    }

    #[test]
    fn images_lie_by_class_and_then_by_name_as_strings() {
        let paths =
            ["train/7/2.png", "train/3/9.png", "valid/3/1.png", "train/3/10.png", "valid/7/5.png", "train/7/10.png"];
        let index = arranged(&paths, 0.0, Some(&["3", "7"])).unwrap();
        assert_eq!(index.parts[0].slots, [3, 1, 5, 0]);
        assert_eq!(index.parts[0].labels, [0, 0, 1, 1]);
        assert_eq!(index.parts[0].names, b"10.png\x009.png\x0010.png\x002.png\0");
        assert_eq!((index.parts[1].slots.as_slice(), index.parts.len(), index.slots), (&[2, 4][..], 2, 6));
    }

    #[test]
    fn without_names_all_folders_are_classes_in_natural_order() {
        let all =
            ["train/10/a.png", "train/2/a.png", "train/x/a.png", "valid/x/a.png", "valid/2/a.png", "valid/10/a.png"];
        let index = arranged(&all, 0.0, None).unwrap();
        assert_eq!(index.task.classes(), ["2", "10", "x"]);
        assert_eq!(index.parts[1].labels, [0, 1, 2]);
        let lone = arranged(&["train/3/1.png", "valid/3/1.png"], 0.0, None).unwrap_err();
        assert!(lone.contains("`3` is the only class"), "{lone}");
        let missing = arranged(&all[..5], 0.0, None).unwrap_err();
        assert!(missing.contains("no image of the class `10` in valid"), "{missing}");
        let missing = arranged(&all[1..], 0.0, None).unwrap_err();
        assert!(missing.contains("no image of the class `10` in train"), "{missing}");
    }

    #[test]
    fn a_test_split_is_its_own_beside_a_validation_split_and_else_is_that() {
        let two = ["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"];
        assert_eq!(arranged(&two, 0.0, None).unwrap().parts.len(), 2);
        let three = [&two[..], &["val/a/1.png", "val/b/1.png"]].concat();
        let index = arranged(&three, 0.0, None).unwrap();
        assert_eq!(index.parts.iter().map(|part| part.slots.clone()).collect::<Vec<_>>(), [[0, 1], [4, 5], [2, 3]]);
        let held = [&two[..], &["train/a/2.png", "train/b/2.png"]].concat();
        let index = arranged(&held, 0.5, None).unwrap();
        assert_eq!(index.parts.iter().map(|part| part.labels.clone()).collect::<Vec<_>>(), [[0, 1]; 3]);
        assert!(arranged(&three, 0.2, None).unwrap_err().contains("it has a validation split of its own"));
    }

    #[test]
    fn what_judges_a_model_is_one_split_or_all_there_is() {
        let judged = |paths: &[&str], split| {
            let classes = Some(["a", "b"].map(str::to_owned).to_vec());
            let held_out = HeldOut { fraction: 0.5, seed: 1 };
            let request = Request { classes, held_out, judged: Some(split), ..Request::default() };
            let index = arrange(gathered(paths), &request, "x", LAYOUT).map_err(|error| error.to_string())?;
            Ok::<_, String>(index.parts.into_iter().map(|part| part.slots).collect::<Vec<_>>())
        };
        let all = vec![vec![1, 0]; 3];
        assert_eq!(judged(&["b/1.png", "a/1.png"], Split::Valid), Ok(all.clone()));
        assert_eq!(judged(&["b/1.png", "a/1.png"], Split::Test), Ok(all));
        let splits = ["train/a/1.png", "test/b/1.png"];
        assert_eq!(judged(&splits, Split::Valid), Ok(vec![vec![1]; 3]));
        assert_eq!(judged(&splits, Split::Train), Ok(vec![vec![0]; 3]));
        assert!(judged(&splits[..1], Split::Test).unwrap_err().contains("no image in its split test"));
    }

    #[test]
    fn what_is_held_out_is_a_fraction_of_each_class_by_the_seed() {
        let paths: Vec<String> =
            ["a", "b"].iter().flat_map(|class| (0..10).map(move |number| format!("{class}/{number}.png"))).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let index = arranged(&paths, 0.3, None).unwrap();
        assert_eq!((index.parts[0].labels.len(), index.parts[1].labels.as_slice()), (14, &[0, 0, 0, 1, 1, 1][..]));
        assert_eq!(arranged(&paths, 0.3, None).unwrap().parts, index.parts);
        // A file more leaves what was held out of the other class as it was, and moves at most one of its own.
        let more = [&paths[..], &["a/new.png"]].concat();
        let of_b = |index: &Index| index.parts[1].slots.iter().filter(|slot| **slot >= 10 && **slot < 20).count();
        assert_eq!(of_b(&arranged(&more, 0.3, None).unwrap()), 3);
        let rare = ["a/1.png", "b/1.png", "c/1.png", "c/2.png", "c/3.png", "d/1.png"];
        assert_eq!(
            arranged(&rare, 0.2, None).unwrap_err(),
            "`x`: `data.valid_fraction` 0.2 leaves none for validation of the class `a` (images: 1), of `b`, and of 1 others; a \
             class needs 3 images or more"
        );
        for (fraction, left) in [(0.01, "leaves none for validation"), (0.99, "leaves none for training")] {
            let message = arranged(&paths, fraction, None).unwrap_err();
            assert!(message.contains(left) && message.contains("of the class `a` (images: 10), of `b`; "), "{message}");
        }
        assert!(arranged(&paths, 0.0, None).unwrap_err().contains("set `data.valid_fraction`, as 0.2"));
    }

    #[test]
    fn a_name_that_repeats_is_named() {
        let all = ["train/3/1.png", "train/7/1.png", "valid/3/1.png", "valid/7/1.png", "train/3/1.png"];
        assert!(arranged(&all, 0.0, None).unwrap_err().contains("`train/3/1.png` is refused: it is there twice"));
    }
}
