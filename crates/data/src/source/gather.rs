//! From PNG files in any order to splits in the order of their names.

use crate::{
    Digits, Error, png,
    source::{Limits, Splits},
};

/// Where a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// `false`: training, `true`: validation.
    pub valid: bool,
    /// 1 for the positive class, 0 for the other.
    pub label: u8,
    /// File name within its class.
    pub name: String,
}

/// Rows and columns that all images must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub height: usize,
    pub width: usize,
}

/// Images decoded together: pixels in the order of the places.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub places: Vec<Place>,
    pub pixels: Vec<u8>,
}

impl Place {
    /// The place of `<any root>/train|valid/<class>/<name>.png`; `None` for every other file.
    pub fn of(path: &str, classes: &[String; 2]) -> Option<Self> {
        let mut parts = path.rsplit('/');
        let (name, class, split) = (parts.next()?, parts.next()?, parts.next()?);
        let valid = match split {
            "train" => false,
            "valid" => true,
            _ => return None,
        };
        let label = if class == classes[0] { 1 } else { 0 };
        let is_ours = label == 1 || class == classes[1];
        let is_png = name.to_ascii_lowercase().ends_with(".png") && !name.starts_with('.');
        (is_ours && is_png).then(|| Self { valid, label, name: name.into() })
    }

    /// The name in messages, as in `train/3/10.png`.
    pub fn path(&self, classes: &[String; 2]) -> String {
        format!("{}/{}/{}", split_name(self.valid), class_name(self.label, classes), self.name)
    }
}

/// A path's or name's bytes as text; what is no UTF-8 as `\xE9`, and what looks like that as `\x5CxE9`, so that other bytes are
/// another name.
pub(crate) fn name_of(bytes: &[u8]) -> String {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    let mut name = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for (number, part) in chunk.valid().split(r"\x").enumerate() {
            let is_like_ours = part.as_bytes().first_chunk().is_some_and(|[high, low]| is_hex(*high) && is_hex(*low));
            let separator = if is_like_ours { r"\x5Cx" } else { r"\x" };
            name += if number > 0 { separator } else { "" };
            name += part;
        }
        chunk.invalid().iter().for_each(|byte| name += &format!(r"\x{byte:02X}"));
    }
    name
}

impl Size {
    /// Reads the size from the header of the first image.
    pub fn of_first(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let (height, width) = png::header_size(bytes)?;
        if height > limits.side || width > limits.side {
            let side = limits.side;
            let reason = format!("its header claims {height} x {width} pixels, the limit is {side} x {side}");
            return Err(Error::Png { reason });
        }
        Ok(Self { height, width })
    }

    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Decodes one PNG, which must have this size, into `pixels`.
    pub fn decode(self, bytes: &[u8], pixels: &mut [u8]) -> Result<(), Error> {
        let (height, width) = png::header_size(bytes)?;
        if (height, width) != (self.height, self.width) {
            let expected = format!("{} x {}", self.height, self.width);
            return Err(Error::Png {
                reason: format!("it is {height} x {width} pixels, the first image is {expected}"),
            });
        }
        pixels.copy_from_slice(&png::decode_png(bytes, height.max(width))?.pixels);
        Ok(())
    }
}

/// Joins batches into splits: positive class first, then by file name as strings.
pub(crate) fn arrange(batches: &[Batch], size: Size, classes: &[String; 2], place: &str) -> Result<Splits, Error> {
    let mut images: Vec<(&Place, &[u8])> =
        batches.iter().flat_map(|batch| batch.places.iter().zip(batch.pixels.chunks_exact(size.pixels()))).collect();
    images.sort_unstable_by(|(a, _), (b, _)| (a.valid, b.label, &a.name).cmp(&(b.valid, a.label, &b.name)));
    if let Some(twice) = images.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let reason = "it is there twice".into();
        return Err(Error::Entry { place: place.into(), entry: twice[0].0.path(classes), reason });
    }
    let middle = images.partition_point(|(image, _)| !image.valid);
    let (train, valid) = images.split_at(middle);
    for (split, images) in [(false, train), (true, valid)] {
        check_both_classes(split, images, classes, place)?;
    }
    Ok(Splits { train: join(train, size), valid: join(valid, size) })
}

fn check_both_classes(
    valid: bool,
    images: &[(&Place, &[u8])],
    classes: &[String; 2],
    place: &str,
) -> Result<(), Error> {
    for label in [1, 0] {
        if !images.iter().any(|(image, _)| image.label == label) {
            let missing = format!("{}/{}", split_name(valid), class_name(label, classes));
            let reason =
                format!("no `{missing}/*.png` in it; the layout is train/<class>/*.png and valid/<class>/*.png");
            return Err(Error::Layout { place: place.into(), reason });
        }
    }
    Ok(())
}

fn join(images: &[(&Place, &[u8])], size: Size) -> Digits {
    let mut pixels = Vec::with_capacity(images.len() * size.pixels());
    images.iter().for_each(|(_, image)| pixels.extend_from_slice(image));
    let labels: Vec<u8> = images.iter().map(|(image, _)| image.label).collect();
    // A zero byte ends a name; none is in a name that a file system takes, but in an archive it may be.
    let names = images.iter().map(|(image, _)| image.name.replace('\0', "?") + "\0").collect::<String>();
    Digits::new(size.height, size.width, pixels.into(), labels.into()).named(names.into_bytes().into())
}

fn split_name(valid: bool) -> &'static str {
    if valid { "valid" } else { "train" }
}

fn class_name(label: u8, classes: &[String; 2]) -> &str {
    &classes[usize::from(label == 0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> [String; 2] {
        ["3".into(), "7".into()]
    }

    fn batch(paths: &[(&str, u8)]) -> Batch {
        let places = paths.iter().map(|(path, _)| Place::of(path, &classes()).unwrap()).collect();
        Batch { places, pixels: paths.iter().map(|(_, pixel)| *pixel).collect() }
    }

    const ONE: Size = Size { height: 1, width: 1 };

    #[test]
    fn only_pngs_of_the_two_classes_in_the_two_splits_have_a_place() {
        for path in ["r/train/3/1.png", "train/7/1.PNG", "a/b/valid/3/x.png"] {
            assert!(Place::of(path, &classes()).is_some(), "{path}");
        }
        for path in ["r/labels.csv", "train/5/1.png", "test/3/1.png", "train/3/1.txt", "train/3/._1.png", "3/1.png"] {
            assert!(Place::of(path, &classes()).is_none(), "{path}");
        }
    }

    #[test]
    fn names_that_are_no_utf_8_stay_apart() {
        assert_eq!(name_of(b"train/3/caf\xe9.png"), r"train/3/caf\xE9.png");
        assert_eq!(name_of(br"train/3/caf\xE9.png"), r"train/3/caf\x5CxE9.png");
        assert_eq!(name_of(br"C:\train\x.png"), r"C:\train\x.png");
        assert_eq!(name_of("café.png".as_bytes()), "café.png");
    }

    #[test]
    fn images_lie_by_class_and_then_by_name_as_strings() {
        let one = batch(&[("train/7/2.png", 1), ("train/3/9.png", 2), ("valid/3/1.png", 3)]);
        let two = batch(&[("train/3/10.png", 4), ("valid/7/1.png", 5), ("train/7/10.png", 6)]);
        let splits = arrange(&[one, two], ONE, &classes(), "x").unwrap();
        assert_eq!(splits.train.pixels(), [4, 2, 6, 1]);
        assert_eq!(splits.train.labels(), [1, 1, 0, 0]);
        assert_eq!(splits.valid.pixels(), [3, 5]);
        let names = [0, 1, 2].map(|index| splits.train.file_name(index));
        assert_eq!(names, [Some("10.png"), Some("9.png"), Some("10.png")]);
    }

    #[test]
    fn a_missing_class_and_a_name_that_repeats_are_named() {
        let message = |paths: &[(&str, u8)]| arrange(&[batch(paths)], ONE, &classes(), "x").unwrap_err().to_string();
        let all = [("train/3/1.png", 0), ("train/7/1.png", 0), ("valid/3/1.png", 0), ("valid/7/1.png", 0)];
        assert!(message(&all[..3]).contains("`valid/7/*.png`"));
        assert!(message(&[&all[..], &all[..1]].concat()).contains("`train/3/1.png`"));
    }
}
