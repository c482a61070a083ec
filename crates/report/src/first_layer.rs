//! What the first layer of a network looks for.

use chart::{Block, Picture, Pixels, Section, Weights};

/// Units that are seen at once, and that are shown at all: some kilobytes each.
const SEEN: usize = 8;
const MOST: usize = 32;

/// Pictures beside each other, as many as there is room for.
const COLUMNS: usize = 12;

/// The weights of a unit, a plane for each channel of an image, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
    /// Its weight in each output, where it leads there.
    pub outputs: Vec<f32>,
}

impl Unit {
    fn is_coloured(&self) -> bool {
        self.values.len() == 3 * self.height * self.width
    }

    fn largest(&self) -> f32 {
        self.values.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(0.0, f32::max)
    }

    /// How much the outputs listen to it.
    fn strength(&self) -> f32 {
        self.outputs.iter().map(|weight| weight * weight).sum::<f32>().sqrt()
    }

    /// The output that listens to it most, by its class; one output speaks for the first class, or against it for the other.
    fn caption(&self, number: usize, classes: &[String]) -> String {
        let strongest = self.outputs.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let Some((output, weight)) = strongest else { return String::new() };
        let (word, class) = match (self.outputs.len(), *weight < 0.0) {
            (1, true) => ("for", &classes[1]),
            (_, true) => ("against", &classes[output]),
            (_, false) => ("for", &classes[output]),
        };
        format!("unit {number}\n{word} {class}, {weight:+.2}")
    }

    /// Of one plane by the sign, of three in the colours that it looks for: middle grey where nothing is.
    fn pixels(&self, largest: f32) -> Pixels {
        if !self.is_coloured() {
            return Weights::new(self.height, self.width, self.values.clone()).to_pixels_up_to(largest);
        }
        let light = |value: &f32| (127.5 + 127.5 * value / largest.max(f32::MIN_POSITIVE)).round() as u8;
        Pixels::of_planes(self.height, self.width, &self.values.iter().map(light).collect::<Vec<u8>>())
    }
}

/// The units that the outputs listen to most come first, where there are no layers between; `classes` are the outputs' names. None
/// without a unit.
pub(crate) fn section(heading: &str, units: &[Unit], classes: &[String]) -> Option<Section> {
    let largest = units.iter().map(Unit::largest).fold(0.0, f32::max);
    let is_ranked = !units.first()?.outputs.is_empty();
    let mut units: Vec<(usize, &Unit)> = (1..).zip(units).collect();
    units.sort_by(|(_, a), (_, b)| b.strength().total_cmp(&a.strength()));
    let of = match (is_ranked, units.len() > MOST) {
        (true, _) => format!("Of {} units those first that have the largest weights in the output. ", units.len()),
        (false, true) => format!("The first {MOST} of {}. ", units.len()),
        (false, false) => String::new(),
    };
    let colours = if units[0].1.is_coloured() {
        "Each in the colours that it looks for: red, green and blue are light where their weight is above zero and dark where it is \
         below, grey where it is zero"
    } else if is_ranked {
        "A unit answers to ink where it is orange and is silenced by ink where it is blue; below it stands for which class its answer \
         speaks, and with what weight"
    } else {
        "Orange is a weight above zero, blue one below"
    };
    let text = format!("{of}{colours}; the strongest stands for {largest:.3} in all.");
    // What has no caption is told by its number among all, not among those of its row.
    let picture = |(number, unit): &(usize, &Unit)| match unit.caption(*number, classes) {
        none if none.is_empty() => {
            Picture::new(unit.pixels(largest), none).shows(format!("{heading}: {number} of {}", units.len()))
        }
        caption => Picture::new(unit.pixels(largest), caption),
    };
    let mut pictures: Vec<Picture> = units.iter().take(MOST).map(picture).collect();
    let more = pictures.split_off(pictures.len().min(SEEN));
    let summary = format!("{} more", more.len());
    let block = |pictures| Block::Pictures { alt: heading.into(), pictures, columns: COLUMNS };
    let blocks = [Block::Text(text), block(pictures)];
    let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: vec![block(more)] });
    Some(Section::new(heading, blocks.into_iter().chain(more)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(values: Vec<f32>, largest: f32) -> Pixels {
        Unit { height: 1, width: 1, values, outputs: vec![] }.pixels(largest)
    }

    #[test]
    fn the_unit_that_the_output_listens_to_most_comes_first_with_what_it_speaks_for() {
        let of = |weight: f32| Unit { height: 1, width: 1, values: vec![1.0], outputs: vec![weight] };
        let section = section("units", &[of(0.1), of(-0.8), of(0.5)], &["3".into(), "7".into()]).unwrap();
        let Block::Pictures { pictures, .. } = &section.blocks[1] else { panic!("{section:?}") };
        let captions: Vec<&str> = pictures.iter().map(|picture| &picture.caption[..]).collect();
        assert_eq!(captions, ["unit 2\nfor 7, -0.80", "unit 3\nfor 3, +0.50", "unit 1\nfor 3, +0.10"]);
    }

    #[test]
    fn a_unit_has_the_colours_that_it_looks_for_and_none_is_grey() {
        assert_eq!(pixels(vec![0.5, 0.0, -0.5], 0.5), Pixels::of_planes(1, 1, &[255, 128, 0]));
        assert_eq!(pixels(vec![0.0; 3], 0.0), Pixels::of_planes(1, 1, &[128; 3]));
        assert_eq!(pixels(vec![0.25], 0.25), Weights::new(1, 1, vec![1.0]).to_pixels());
        assert_eq!(section("units", &[], &[]), None);
    }
}
