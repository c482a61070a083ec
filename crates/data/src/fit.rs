//! An image of any shape becomes one of a given shape.

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef};
use task::Shape;

use crate::decode::{DecodedImage, luma};

/// How an image of other proportions fits the size that all are to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// Its middle, as large as it fits: the longer side loses what is beyond.
    #[default]
    Crop,
    /// The whole image, on black.
    Pad,
    /// The whole image, each side by a factor of its own.
    Squish,
}

impl Fit {
    pub const ALL: [Self; 3] = [Self::Crop, Self::Pad, Self::Squish];

    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crop => "crop",
            Self::Pad => "pad",
            Self::Squish => "squish",
        }
    }
}

impl DecodedImage {
    /// The values of the image in another shape, channel after channel: a colour becomes grey by its luma, grey three equal channels.
    #[must_use]
    pub fn fitted(&self, to: Shape, fit: Fit) -> Vec<u8> {
        let mut values = vec![0; to.len()];
        self.fit_into(to, fit, &mut values);
        values
    }

    /// The same into a slice of that length.
    ///
    /// # Panics
    /// When it has another length.
    pub(crate) fn fit_into(&self, to: Shape, fit: Fit, values: &mut [u8]) {
        assert_eq!(values.len(), to.len(), "a place for the image");
        let image = if to.channels == 1 { self.to_grey() } else { None };
        let image = image.as_ref().unwrap_or(self);
        if image.shape.sides() == to.sides() {
            return image.write(&image.pixels, to.sides(), [0, 0], to, values);
        }
        let [height, width] = image.shape.sides().map(|side| side as f64);
        let [rows, columns] = to.sides();
        let scale = (rows as f64 / height).min(columns as f64 / width);
        let inner = match fit {
            Fit::Crop | Fit::Squish => to.sides(),
            Fit::Pad => [height, width].map(|side| ((side * scale).round() as usize).max(1)),
        };
        let resized = image.resized(inner, fit == Fit::Crop);
        let corner = [(rows - inner[0]) / 2, (columns - inner[1]) / 2];
        image.write(&resized, inner, corner, to, values);
    }

    fn to_grey(&self) -> Option<Self> {
        let (colours, _) = self.pixels.as_chunks::<3>();
        let grey = || Self {
            shape: Shape::grey(self.shape.sides()),
            pixels: colours.iter().map(|colour| luma(*colour)).collect(),
        };
        (self.shape.channels == 3).then(grey)
    }

    /// Pixels of other sides; each takes what it covers of the original by a cubic kernel (Catmull and Rom 1974).
    fn resized(&self, [height, width]: [usize; 2], crop: bool) -> Vec<u8> {
        let kind = if self.shape.channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
        let [rows, columns] = self.shape.sides();
        let from =
            ImageRef::new(columns as u32, rows as u32, &self.pixels, kind).expect("as many pixels as its shape says");
        let mut resized = Image::new(width as u32, height as u32, kind);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        let options = if crop { options.fit_into_destination(None) } else { options };
        Resizer::new().resize(&from, &mut resized, Some(&options)).expect("both have pixels of one kind");
        resized.into_vec()
    }

    /// Writes pixels of these sides as planes, from this row and column on.
    fn write(&self, pixels: &[u8], [height, width]: [usize; 2], [top, left]: [usize; 2], to: Shape, values: &mut [u8]) {
        let plane = to.height * to.width;
        let place = |row: usize| (top + row) * to.width + left;
        if self.shape.channels == 1 {
            let (first, others) = values.split_at_mut(plane);
            for (row, line) in pixels.chunks_exact(width).enumerate() {
                first[place(row)..][..width].copy_from_slice(line);
            }
            return others.chunks_exact_mut(plane).for_each(|other| other.copy_from_slice(first));
        }
        let (red, others) = values.split_at_mut(plane);
        let (green, blue) = others.split_at_mut(plane);
        for (row, line) in pixels.as_chunks::<3>().0.chunks_exact(width).enumerate() {
            let [red, green, blue] =
                [&mut *red, &mut *green, &mut *blue].map(|plane| &mut plane[place(row)..][..width]);
            for (((pixel, red), green), blue) in line.iter().zip(red).zip(green).zip(blue) {
                [*red, *green, *blue] = *pixel;
            }
        }
        debug_assert_eq!(pixels.len(), height * width * 3);
    }

    /// Whether its colours are greys.
    #[must_use]
    pub fn is_without_colour(&self) -> bool {
        self.shape.channels == 1
            || self.pixels.as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue)
    }

    /// Dark strokes on a light ground: its border is mostly light.
    #[must_use]
    pub fn is_dark_on_light(&self) -> bool {
        let Shape { channels, height, width } = self.shape;
        let is_border = |i: usize| {
            let (row, column) = (i / channels / width, i / channels % width);
            row == 0 || row + 1 == height || column == 0 || column + 1 == width
        };
        let border = self.pixels.iter().enumerate().filter(|(i, _)| is_border(*i)).map(|(_, value)| *value);
        let (sum, count) = border.fold((0, 0), |(sum, count), value| (sum + usize::from(value), count + 1));
        sum > 127 * count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(height: usize, width: usize, pixels: Vec<u8>) -> DecodedImage {
        DecodedImage { shape: Shape::grey([height, width]), pixels }
    }

    fn shape(channels: usize, height: usize, width: usize) -> Shape {
        Shape { channels, height, width }
    }

    #[test]
    fn an_image_of_the_right_shape_stays_as_it_is() {
        assert_eq!(grey(2, 2, vec![1, 2, 3, 4]).fitted(shape(1, 2, 2), Fit::Crop), [1, 2, 3, 4]);
    }

    #[test]
    fn colours_become_planes_or_grey_and_grey_becomes_three_equal_planes() {
        let colour = DecodedImage { shape: shape(3, 1, 2), pixels: vec![255, 0, 0, 1, 2, 3] };
        assert_eq!(colour.fitted(shape(3, 1, 2), Fit::Crop), [255, 1, 0, 2, 0, 3]);
        assert_eq!(colour.fitted(shape(1, 1, 2), Fit::Crop), [76, 2]);
        assert_eq!(grey(1, 2, vec![7, 8]).fitted(shape(3, 1, 2), Fit::Crop), [7, 8, 7, 8, 7, 8]);
    }

    #[test]
    fn a_larger_image_of_one_value_stays_of_one_value() {
        for fit in Fit::ALL {
            assert_eq!(grey(56, 56, vec![200; 56 * 56]).fitted(shape(1, 28, 28), fit), [200; 784]);
        }
    }

    #[test]
    fn what_two_images_of_two_halves_become_is_their_halves() {
        let halves = grey(40, 80, [[10; 40], [210; 40]].concat().repeat(40));
        // Its outer quarters are what a square of its middle leaves out.
        let middle = grey(40, 80, [[99; 20], [10; 20], [210; 20], [99; 20]].concat().repeat(40));
        for (image, fit) in [(halves, Fit::Squish), (middle, Fit::Crop)] {
            for row in image.fitted(shape(1, 8, 8), fit).chunks(8) {
                // The kernel reaches a pixel beyond the edge between the halves, and rings there.
                assert!(
                    row[..3].iter().all(|value| *value < 20) && row[5..].iter().all(|value| *value > 200),
                    "{row:?}"
                );
            }
        }
    }

    #[test]
    fn a_wide_image_keeps_its_proportions_between_black_bars() {
        let padded = grey(2, 4, vec![255; 8]).fitted(shape(1, 4, 4), Fit::Pad);
        assert_eq!(padded, [[0; 4], [255; 4], [255; 4], [0; 4]].concat());
        let colour = DecodedImage { shape: shape(3, 1, 2), pixels: vec![9; 6] };
        assert_eq!(colour.fitted(shape(3, 3, 2), Fit::Pad), [0, 0, 9, 9, 0, 0].repeat(3));
    }

    #[test]
    fn a_light_border_means_dark_on_light() {
        assert!(grey(3, 3, vec![255, 255, 255, 255, 0, 255, 255, 255, 255]).is_dark_on_light());
        assert!(!grey(3, 3, vec![0, 0, 0, 0, 255, 0, 0, 0, 0]).is_dark_on_light());
    }
}
