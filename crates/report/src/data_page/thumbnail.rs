//! Images as small as a page has room for.

use chart::Pixels;
use data::{DecodedImage, Fit};
use task::Shape;

/// Rows and columns that show what is on an image, and those that hardly do.
const GOOD: usize = 32;
const LEAST: usize = 20;

/// Images of one shape, made as small as they have to be.
pub(super) struct Thumbnails {
    from: Shape,
    to: Shape,
}

impl Thumbnails {
    /// `count` images that have no more values than these together.
    pub fn new(from: Shape, values: usize, count: usize) -> Self {
        let scale = (values as f64 / (count.max(1) * from.len()) as f64).sqrt().min(1.0);
        let [height, width] = from.sides().map(|side| ((side as f64 * scale) as usize).max(1));
        Self { from, to: Shape { channels: from.channels, height, width } }
    }

    /// Images that there is room for, if need be as small as they may be.
    pub fn most(from: Shape, values: usize) -> usize {
        values / within(from, LEAST)
    }

    /// Images of each of so many kinds that there is room for in a good size.
    pub fn of_each(from: Shape, values: usize, kinds: usize) -> usize {
        values / (within(from, GOOD) * kinds.max(1))
    }

    /// An image, channel after channel.
    pub fn of(&self, planes: &[u8]) -> Pixels {
        let [height, width] = self.to.sides();
        if self.from == self.to {
            return Pixels::of_planes(height, width, planes);
        }
        let plane = self.from.height * self.from.width;
        let pixel = |at: usize| planes[at..].iter().step_by(plane).copied();
        let image = DecodedImage { shape: self.from, pixels: (0..plane).flat_map(pixel).collect() };
        Pixels::of_planes(height, width, &image.fitted(self.to, Fit::Squish))
    }

    /// That they are smaller than they were, where they are.
    pub fn note(&self) -> Option<String> {
        let [height, width] = self.to.sides();
        (self.from != self.to).then(|| format!(" They are made smaller here: {height} x {width} pixels."))
    }
}

/// The values of an image no larger than a square of this side.
fn within(shape: Shape, side: usize) -> usize {
    shape.channels * shape.height.min(side) * shape.width.min(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_fit_are_as_they_are_and_others_smaller() {
        let digits = Thumbnails::new(Shape::grey([28, 28]), 28 * 28 * 60, 60);
        assert_eq!((digits.to, digits.note()), (Shape::grey([28, 28]), None));
        let photos = Thumbnails::new(Shape { channels: 3, height: 128, width: 64 }, 3 * 32 * 16 * 100, 100);
        assert_eq!(photos.to.sides(), [32, 16]);
        let halves = [vec![200; 128 * 64], vec![100; 128 * 64], vec![0; 128 * 64]].concat();
        let small = photos.of(&halves);
        assert_eq!((small.height(), small.width(), small.at(31, 15)), (32, 16, 119), "0.299 * 200 + 0.587 * 100");
    }

    #[test]
    fn of_more_classes_fewer_are_shown_of_each() {
        let shape = Shape { channels: 3, height: 224, width: 224 };
        let of_each = [2, 10, 100].map(|classes| Thumbnails::of_each(shape, 120_000, classes));
        assert_eq!((of_each, Thumbnails::most(shape, 120_000)), ([19, 3, 0], 100));
    }
}
