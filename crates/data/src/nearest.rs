//! Which images are most like one, pixel by pixel: what k-nearest-neighbours classifiers go by.

use crate::Images;

/// An image of a split with its distance to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its number within the split.
    pub index: usize,
    /// The root of the mean squared difference of the pixels, 0 to 1: the Euclidean distance over the root of how many they are.
    pub distance: f32,
}

/// The images that are nearest to one, the nearest first, of equally near ones the first; fewer where there are no more.
pub fn nearest(images: &Images, image: &[u8], count: usize) -> Vec<Neighbour> {
    let mut nearest: Vec<(u64, usize)> = Vec::new();
    for (index, other) in images.iter().enumerate() {
        let sum = squares(image, other);
        let place = nearest.partition_point(|(nearer, _)| *nearer <= sum);
        if place < count {
            nearest.truncate(count - 1);
            nearest.insert(place, (sum, index));
        }
    }
    let mean = |sum: u64| sum as f64 / (255.0 * 255.0 * image.len() as f64);
    nearest.into_iter().map(|(sum, index)| Neighbour { index, distance: mean(sum).sqrt() as f32 }).collect()
}

/// So many squares of differences of bytes have a sum of 32 bits.
const PIECE: usize = 1 << 16;

/// The sum of the squared differences.
fn squares(a: &[u8], b: &[u8]) -> u64 {
    let square = |(a, b): (&u8, &u8)| u32::from(a.abs_diff(*b)).pow(2);
    // It cannot overflow; where it is looked whether it does, this is no loop over vectors.
    let of_piece = |(a, b): (&[u8], &[u8])| a.iter().zip(b).map(square).fold(0, u32::wrapping_add);
    a.chunks(PIECE).zip(b.chunks(PIECE)).map(of_piece).map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::digits;

    #[test]
    fn the_nearest_come_first_and_equally_near_ones_in_order() {
        let digits = digits([1, 2], &[0, 0, 30, 40, 0, 50, 0, 0], &[0, 1, 0, 1]);
        let of = |image: &[u8], count| -> Vec<(usize, f32)> {
            nearest(&digits, image, count).iter().map(|near| (near.index, near.distance)).collect()
        };
        // 50 of 255 away in one of two pixels, or 30 and 40 in both.
        let away = 50.0 / 255.0 / 2.0_f32.sqrt();
        assert_eq!(of(&[0, 0], 3), [(0, 0.0), (3, 0.0), (1, away)]);
        assert_eq!(of(&[0, 0], 9).iter().map(|near| near.0).collect::<Vec<_>>(), [0, 3, 1, 2]);
        assert_eq!(of(&[30, 40], 1), [(1, 0.0)]);
        assert_eq!(of(&[30, 40], 0), []);
    }

    #[test]
    fn white_is_1_from_black_however_large_the_image() {
        let side = 300;
        let digits = digits([side, side], &vec![0; side * side], &[0]);
        assert_eq!(nearest(&digits, &vec![255; side * side], 1), [Neighbour { index: 0, distance: 1.0 }]);
    }
}
