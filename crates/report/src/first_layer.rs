//! What the first layer of a network looks for.

use chart::{Block, Picture, Pixels, Section, Verdict, Weights};

/// Units that are shown: some kilobytes each.
const MOST: usize = 32;

/// Pictures beside each other, as many as there is room for.
const COLUMNS: usize = 12;

/// The weights of a unit, a plane for each channel of an image, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
}

impl Unit {
    fn is_coloured(&self) -> bool {
        self.values.len() == 3 * self.height * self.width
    }

    fn largest(&self) -> f32 {
        self.values.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(0.0, f32::max)
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

/// None without a unit.
pub(crate) fn section(heading: &str, units: &[Unit]) -> Option<Section> {
    let largest = units.iter().map(Unit::largest).fold(0.0, f32::max);
    let of = if units.len() > MOST { format!("The first {MOST} of {}. ", units.len()) } else { String::new() };
    let colours = if units.first()?.is_coloured() {
        "Each in the colours that it looks for: red, green and blue are light where their weight is above zero and dark where it is \
         below, grey where it is zero"
    } else {
        "Orange is a weight above zero, blue one below"
    };
    let text = format!("{of}{colours}; the strongest stands for {largest:.3} in all.");
    let picture =
        |unit: &Unit| Picture { pixels: unit.pixels(largest), caption: String::new(), verdict: Verdict::None };
    let pictures = units.iter().take(MOST).map(picture).collect();
    let pictures = Block::Pictures { alt: heading.into(), pictures, columns: COLUMNS };
    Some(Section::new(heading, [Block::Text(text), pictures]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(values: Vec<f32>, largest: f32) -> Pixels {
        Unit { height: 1, width: 1, values }.pixels(largest)
    }

    #[test]
    fn a_unit_has_the_colours_that_it_looks_for_and_none_is_grey() {
        assert_eq!(pixels(vec![0.5, 0.0, -0.5], 0.5), Pixels::of_planes(1, 1, &[255, 128, 0]));
        assert_eq!(pixels(vec![0.0; 3], 0.0), Pixels::of_planes(1, 1, &[128; 3]));
        assert_eq!(pixels(vec![0.25], 0.25), Weights::new(1, 1, vec![1.0]).to_pixels());
        assert_eq!(section("units", &[]), None);
    }
}
