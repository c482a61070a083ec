//! Signed values in the place of pixels.

use crate::{
    palette::{BLUE, Rgb, VERMILLION},
    picture::Pixels,
};

/// What is left of the darkness of an image below weights, and of what lies there where a weight is the largest.
const PALE: f32 = 0.4;
const COVERING: f32 = 0.8;

/// The weights of a linear model, one per pixel, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    height: usize,
    width: usize,
    values: Vec<f32>,
    pub(crate) name: Option<String>,
}

impl Weights {
    /// Weights of an image of `height` rows and `width` columns.
    ///
    /// # Panics
    /// When there are not `height` times `width` values, or none.
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        assert!(!values.is_empty() && values.len() == height * width, "an image needs all its weights");
        Self { height, width, values, name: None }
    }

    /// The same with what they speak for above the picture.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// As an image: white where nothing is, and as much of a colour as the value is of the largest.
    #[must_use]
    pub fn to_pixels(&self) -> Pixels {
        self.to_pixels_up_to(self.largest())
    }

    /// The same with the full colour for values of this magnitude, so that several can be held against each other.
    #[must_use]
    pub fn to_pixels_up_to(&self, largest: f32) -> Pixels {
        let scaled = self.scaled(largest);
        let mixed = |scaled: &f32, of: fn(Rgb) -> u8| {
            let (rgb, opacity) = colour(*scaled);
            (255.0 + (f32::from(of(rgb)) - 255.0) * opacity).round() as u8
        };
        let planes: [fn(Rgb) -> u8; 3] = [|rgb| rgb.0, |rgb| rgb.1, |rgb| rgb.2];
        let planes: Vec<u8> = planes.iter().flat_map(|of| scaled.iter().map(|value| mixed(value, *of))).collect();
        Pixels::of_planes(self.height, self.width, &planes)
    }

    /// On the image that they are of, which is pale below them.
    ///
    /// # Panics
    /// When the image has other sides.
    #[must_use]
    pub fn over(&self, image: &Pixels) -> Pixels {
        assert_eq!((self.height, self.width), (image.height(), image.width()), "weights lie on an image of their size");
        let scaled = self.scaled(self.largest());
        let mixed = |place: usize, of: fn(Rgb) -> u8| {
            let (rgb, opacity) = colour(scaled[place]);
            let ground = 255.0 - PALE * (255.0 - f32::from(of(image.colour(place / self.width, place % self.width))));
            // Half of a colour is seen through.
            (ground + (f32::from(of(rgb)) - ground) * opacity.sqrt() * COVERING).round() as u8
        };
        let planes: [fn(Rgb) -> u8; 3] = [|rgb| rgb.0, |rgb| rgb.1, |rgb| rgb.2];
        let planes: Vec<u8> = planes.iter().flat_map(|of| (0..scaled.len()).map(|place| mixed(place, *of))).collect();
        Pixels::of_planes(self.height, self.width, &planes)
    }

    /// Of at most so many weights a side, each the mean of those in its place.
    pub(crate) fn reduced(&self, side: usize) -> Self {
        let step = self.height.max(self.width).div_ceil(side).max(1);
        let [height, width] = [self.height, self.width].map(|side| side.div_ceil(step));
        let mean = |row: usize, column: usize| {
            let rows = row * step..((row + 1) * step).min(self.height);
            let columns = column * step..((column + 1) * step).min(self.width);
            let count = rows.len() * columns.len();
            let values = rows.flat_map(|row| &self.values[row * self.width..][columns.clone()]);
            values.sum::<f32>() / count as f32
        };
        let values = (0..height * width).map(|place| mean(place / width, place % width)).collect();
        Self { height, width, values, name: self.name.clone() }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// The largest finite magnitude.
    pub(crate) fn largest(&self) -> f32 {
        self.values.iter().map(|v| v.abs()).filter(|v| v.is_finite()).fold(0.0, f32::max)
    }

    /// Each value divided by this magnitude, -1 to 1; 0 for what is no number.
    pub(crate) fn scaled(&self, largest: f32) -> Vec<f32> {
        let scaled = |v: &f32| if largest > 0.0 && !v.is_nan() { (v / largest).clamp(-1.0, 1.0) } else { 0.0 };
        self.values.iter().map(scaled).collect()
    }
}

/// The colour of a scaled weight and its opacity, 0 to 1: nothing at zero, so that zero is the page itself.
pub(crate) fn colour(scaled: f32) -> (Rgb, f32) {
    (if scaled < 0.0 { BLUE } else { VERMILLION }, scaled.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_magnitude_is_full_and_zero_is_nothing() {
        let weights = Weights::new(1, 4, vec![-2.0, 0.0, 1.0, f32::NAN]);
        assert_eq!(weights.scaled(weights.largest()), [-1.0, 0.0, 0.5, 0.0]);
        assert_eq!([-1.0, 0.0, 0.5].map(colour), [(BLUE, 1.0), (VERMILLION, 0.0), (VERMILLION, 0.5)]);
    }

    #[test]
    fn reduced_weights_are_the_means_of_their_places() {
        let weights = Weights::new(3, 4, (0..12).map(|value| value as f32).collect());
        assert_eq!(weights.reduced(4), weights);
        assert_eq!(weights.reduced(2), Weights::new(2, 2, vec![2.5, 4.5, 8.5, 10.5]));
    }

    #[test]
    fn on_an_image_zero_is_the_pale_image_and_a_weight_is_seen_through() {
        let over = Weights::new(1, 3, vec![0.0, 0.0, -1.0]).over(&Pixels::new(1, 3, vec![0, 255, 0]));
        assert_eq!(over.colour(0, 0), Rgb::grey(153));
        assert_eq!(over.colour(0, 1), Rgb::grey(255));
        let Rgb(red, _, blue) = over.colour(0, 2);
        assert_eq!((red, blue), (31, 173), "a fifth of 153 and four fifths of blue");
    }

    #[test]
    fn weights_that_are_all_zero_stay_zero() {
        assert_eq!(Weights::new(1, 2, vec![0.0, 0.0]).scaled(0.0), [0.0, 0.0]);
    }
}
