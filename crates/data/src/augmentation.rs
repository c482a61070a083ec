//! Augmentation: in every epoch each training image is turned, resized, shifted, mirrored, cut, brightened or covered a little, by
//! chance.

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use task::Shape;

use crate::shuffle::shuffle;

/// How far an image may be changed. Each number is the largest change, either way, or a probability; 0: none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Degrees by which it is turned.
    pub degrees: f64,
    /// Fraction of its sides by which it is shifted, up or down and left or right.
    pub translate: f64,
    /// Fraction by which it is made smaller or larger.
    pub scale: f64,
    /// Probability that left and right change places.
    pub flip: f64,
    /// Whole pixels by which it is shifted, up or down and left or right.
    pub shift: usize,
    /// Part of its sides that may be cut off: what is left of each, anywhere in it, is stretched to the whole.
    pub crop: f64,
    /// Fraction by which all values become smaller or larger.
    pub brightness: f64,
    /// Fraction by which the distances of all values to their mean become smaller or larger.
    pub contrast: f64,
    /// Probability that a rectangle of it becomes black (Zhong et al. 2017, <https://arxiv.org/abs/1708.04896>).
    pub erasing: f64,
    /// The parameter of the beta distribution by which two images of a batch, and their targets, are mixed, up to 1 (Zhang et al.
    /// 2017, <https://arxiv.org/abs/1710.09412>).
    pub mixup: f64,
}

/// Changes images, each by a random stream of its own: neither the order nor the threads decide what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Augment {
    pub limits: Augmentation,
    pub seed: u64,
    pub epoch: usize,
}

/// From a pixel of the changed image to the place in the original that shows there.
struct Warp {
    /// The original's row and column at the changed image's pixel (0, 0).
    origin: [f32; 2],
    /// What a step to the next row adds to that row and column, and what a step to the next column adds.
    steps: [[f32; 2]; 2],
}

/// Area of what is erased as a fraction of the image, and its height by its width, as in torchvision.
const ERASED: [f64; 2] = [0.02, 0.33];
const ERASED_RATIO: [f64; 2] = [0.3, 3.3];

impl Augmentation {
    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A number from 0 to 1, without the 1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32() >> 8) / f64::from(1 << 24)
}

impl Augment {
    /// Adds the changed image number `item` to `values`, from 0 to 1; what comes from outside the image is 0.
    pub fn push(&self, item: usize, image: &[u8], shape: Shape, values: &mut Vec<f32>) {
        let mut random = self.stream(b"augm", item);
        let (sides, warp) = (shape.sides(), self.warp(&mut random, shape.sides()));
        let start = values.len();
        for plane in image.chunks_exact(shape.height * shape.width) {
            if let Some(rows) = warp.whole_steps() {
                rows.copy(plane, sides, values);
                continue;
            }
            for row in 0..shape.height {
                values.extend((0..shape.width).map(|column| warp.sample(plane, sides, [row, column])));
            }
        }
        self.shade(&mut random, &mut values[start..]);
        self.erase(&mut random, shape, &mut values[start..]);
    }

    /// Brightness and contrast.
    fn shade(&self, random: &mut ChaCha8Rng, values: &mut [f32]) {
        let Augmentation { brightness, contrast, .. } = self.limits;
        let mut factor = |limit: f64| (1.0 + limit * (2.0 * uniform(random) - 1.0)) as f32;
        if brightness > 0.0 {
            let factor = factor(brightness);
            values.iter_mut().for_each(|value| *value = (*value * factor).clamp(0.0, 1.0));
        }
        if contrast > 0.0 {
            let factor = factor(contrast);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            values.iter_mut().for_each(|value| *value = ((*value - mean) * factor + mean).clamp(0.0, 1.0));
        }
    }

    /// Makes a rectangle black.
    fn erase(&self, random: &mut ChaCha8Rng, shape: Shape, values: &mut [f32]) {
        if self.limits.erasing == 0.0 || uniform(random) >= self.limits.erasing {
            return;
        }
        let [height, width] = shape.sides();
        let between = |[from, to]: [f64; 2], at: f64| from + at * (to - from);
        let area = between(ERASED, uniform(random)) * (height * width) as f64;
        let ratio = between(ERASED_RATIO.map(f64::ln), uniform(random)).exp();
        let side = |length: f64, most: usize| (length.round() as usize).clamp(1, most);
        let (rows, columns) = (side((area * ratio).sqrt(), height), side((area / ratio).sqrt(), width));
        let mut place = |free: usize| (uniform(random) * (free + 1) as f64) as usize;
        let (top, left) = (place(height - rows), place(width - columns));
        for plane in values.chunks_exact_mut(height * width) {
            plane[top * width..][..rows * width]
                .chunks_exact_mut(width)
                .for_each(|row| row[left..][..columns].fill(0.0));
        }
    }

    /// Mixes the images of a batch, `[items, values]`, and their targets, `[items, outputs]`, with those of others of it.
    pub fn mix(&self, items: &[usize], images: &mut [f32], targets: &mut [f32]) {
        let Some(first) = items.first().filter(|_| self.limits.mixup > 0.0) else { return };
        let mut random = self.stream(b"mixu", *first);
        let share = beta(self.limits.mixup, &mut random) as f32;
        let mut others: Vec<usize> = (0..items.len()).collect();
        shuffle(&mut others, &mut random);
        for values in [images, targets] {
            let (length, before) = (values.len() / items.len(), values.to_vec());
            for (values, other) in values.chunks_exact_mut(length).zip(&others) {
                let other = &before[other * length..][..length];
                values.iter_mut().zip(other).for_each(|(value, other)| *value = share * *value + (1.0 - share) * other);
            }
        }
    }

    fn warp(&self, random: &mut ChaCha8Rng, sides: [usize; 2]) -> Warp {
        let mut either_way = |limit: f64| limit * (f64::from(random.next_u32() >> 8) / f64::from(1 << 23) - 1.0);
        let angle = either_way(self.limits.degrees).to_radians();
        let size = 1.0 + either_way(self.limits.scale);
        let [height, width] = sides.map(|side| side as f64);
        let shift = [either_way(self.limits.translate) * height, either_way(self.limits.translate) * width];
        let (cos, sin) = (angle.cos() / size, angle.sin() / size);
        let steps = [[cos, -sin], [sin, cos]];
        let centre = [(height - 1.0) / 2.0, (width - 1.0) / 2.0];
        // The changed image's centre shows the original's, shifted.
        let origin = [0, 1].map(|to| centre[to] - shift[to] - centre[0] * steps[0][to] - centre[1] * steps[1][to]);
        self.windowed(
            random,
            Warp { origin: origin.map(|v| v as f32), steps: steps.map(|step| step.map(|v| v as f32)) },
            sides,
        )
    }

    /// The same of a part of the image, shifted by whole pixels, mirrored.
    fn windowed(&self, random: &mut ChaCha8Rng, mut warp: Warp, sides: [usize; 2]) -> Warp {
        let Augmentation { flip, shift, crop, .. } = self.limits;
        if crop > 0.0 {
            let left = 1.0 - crop * uniform(random);
            let corner = sides.map(|side| (1.0 - left) * (side - 1) as f64 * uniform(random));
            warp = warp.within(corner.map(|v| v as f32), [left as f32; 2]);
        }
        if shift > 0 {
            let mut whole = || (uniform(random) * (2 * shift + 1) as f64).floor() as f32 - shift as f32;
            warp = warp.within([whole(), whole()], [1.0; 2]);
        }
        if flip > 0.0 && uniform(random) < flip {
            warp = warp.within([0.0, (sides[1] - 1) as f32], [1.0, -1.0]);
        }
        warp
    }

    fn stream(&self, purpose: &[u8; 4], item: usize) -> ChaCha8Rng {
        stream(purpose, self.seed, self.epoch, item)
    }
}

/// The random stream of an item of an epoch for a purpose.
pub(crate) fn stream(purpose: &[u8; 4], seed: u64, epoch: usize, item: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
    key[16..20].copy_from_slice(purpose);
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(item as u64);
    stream
}

/// A number of the beta distribution whose two parameters are this one, up to 1 (Jöhnk 1964).
fn beta(parameter: f64, random: &mut ChaCha8Rng) -> f64 {
    loop {
        let [one, other] = [(); 2].map(|()| uniform(random).powf(1.0 / parameter));
        let sum = one + other;
        // Where both are too small to be told from 0, either end will do.
        if sum == 0.0 {
            return f64::from(u8::from(uniform(random) < 0.5));
        }
        if sum <= 1.0 {
            return one / sum;
        }
    }
}

/// A warp by whole pixels, perhaps mirrored: it needs no weighing.
struct Rows {
    /// The original's row and column at the changed image's pixel (0, 0).
    origin: [i64; 2],
    is_mirrored: bool,
}

impl Rows {
    fn copy(&self, plane: &[u8], [height, width]: [usize; 2], values: &mut Vec<f32>) {
        for row in (0..height as i64).map(|row| row + self.origin[0]) {
            let line = usize::try_from(row).ok().filter(|row| *row < height).map(|row| &plane[row * width..][..width]);
            let value = |column: i64| {
                let column = usize::try_from(self.origin[1] + if self.is_mirrored { -column } else { column }).ok();
                line.zip(column)
                    .and_then(|(line, column)| line.get(column))
                    .map_or(0.0, |value| f32::from(*value) / 255.0)
            };
            values.extend((0..width as i64).map(value));
        }
    }
}

impl Warp {
    /// The warp of a part: its pixel (0, 0) shows what `corner` did, and a step in it is `steps` of them.
    fn within(self, corner: [f32; 2], steps: [f32; 2]) -> Self {
        let origin = [0, 1].map(|to| self.origin[to] + corner[0] * self.steps[0][to] + corner[1] * self.steps[1][to]);
        Self { origin, steps: [0, 1].map(|axis| self.steps[axis].map(|step| step * steps[axis])) }
    }

    /// The same as whole pixels, where it is.
    fn whole_steps(&self) -> Option<Rows> {
        let is_whole = self.origin.iter().all(|place| place.fract() == 0.0);
        let columns = self.steps[1];
        (is_whole && self.steps[0] == [1.0, 0.0] && (columns == [0.0, 1.0] || columns == [0.0, -1.0]))
            .then(|| Rows { origin: self.origin.map(|place| place as i64), is_mirrored: columns[1] < 0.0 })
    }

    /// The value at a pixel of the changed image: the original's four nearest pixels, weighed by nearness (bilinear).
    fn sample(&self, image: &[u8], [height, width]: [usize; 2], [row, column]: [usize; 2]) -> f32 {
        let place =
            [0, 1].map(|to| self.origin[to] + row as f32 * self.steps[0][to] + column as f32 * self.steps[1][to]);
        let whole = place.map(f32::floor);
        let part = [place[0] - whole[0], place[1] - whole[1]];
        let pixel = |down: i32, right: i32| {
            let (row, column) = (whole[0] as i32 + down, whole[1] as i32 + right);
            let inside = (0..height as i32).contains(&row) && (0..width as i32).contains(&column);
            if inside { f32::from(image[row as usize * width + column as usize]) } else { 0.0 }
        };
        let line = |down| pixel(down, 0) * (1.0 - part[1]) + pixel(down, 1) * part[1];
        (line(0) * (1.0 - part[0]) + line(1) * part[0]) / 255.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: [usize; 2] = [9, 9];

    /// A dot of full ink in row 2, column 4.
    fn dot() -> Vec<u8> {
        let mut image = vec![0; 81];
        image[2 * 9 + 4] = 255;
        image
    }

    fn changed(limits: Augmentation, epoch: usize, item: usize) -> Vec<f32> {
        let mut values = Vec::new();
        Augment { limits, seed: 0, epoch }.push(item, &dot(), Shape::grey(SIDES), &mut values);
        values
    }

    /// Where the ink's centre of mass lies: row and column.
    fn centre(values: &[f32]) -> [f32; 2] {
        let ink: f32 = values.iter().sum();
        let moment = |place: fn(usize) -> usize| -> f32 {
            values.iter().enumerate().map(|(i, v)| v * place(i) as f32).sum::<f32>() / ink
        };
        [moment(|i| i / 9), moment(|i| i % 9)]
    }

    #[test]
    fn without_limits_nothing_changes() {
        let dot: Vec<f32> = dot().iter().map(|v| f32::from(*v) / 255.0).collect();
        assert_eq!(changed(Augmentation::default(), 3, 4), dot);
    }

    #[test]
    fn seed_epoch_and_item_decide_the_change() {
        let limits = Augmentation { degrees: 20.0, translate: 0.1, scale: 0.1, ..Augmentation::default() };
        assert_eq!(changed(limits, 1, 2), changed(limits, 1, 2));
        assert_ne!(changed(limits, 1, 2), changed(limits, 2, 2));
        assert_ne!(changed(limits, 1, 2), changed(limits, 1, 3));
    }

    #[test]
    fn a_turn_moves_the_dot_on_a_circle_around_the_middle() {
        let limits = Augmentation { degrees: 90.0, ..Augmentation::default() };
        let angles = (0..200).map(|item| {
            let [row, column] = centre(&changed(limits, 0, item));
            let (down, right) = (row - 4.0, column - 4.0);
            assert!(((down * down + right * right).sqrt() - 2.0).abs() < 0.2, "{down} {right}");
            right.atan2(-down).to_degrees()
        });
        let angles: Vec<f32> = angles.collect();
        assert!(angles.iter().all(|angle| angle.abs() < 91.0));
        assert!(angles.iter().any(|angle| *angle > 60.0) && angles.iter().any(|angle| *angle < -60.0));
    }

    #[test]
    fn a_shift_stays_within_its_limit_and_goes_every_way() {
        let limits = Augmentation { translate: 0.2, ..Augmentation::default() };
        let shifts: Vec<[f32; 2]> = (0..200).map(|item| centre(&changed(limits, 0, item))).collect();
        for axis in [0, 1] {
            let away: Vec<f32> = shifts.iter().map(|place| place[axis] - [2.0, 4.0][axis]).collect();
            assert!(away.iter().all(|v| v.abs() < 1.81), "{away:?}");
            assert!(away.iter().any(|v| *v > 1.2) && away.iter().any(|v| *v < -1.2));
        }
    }

    #[test]
    fn a_flip_and_a_shift_move_whole_pixels() {
        let mirrored = changed(Augmentation { flip: 1.0, ..Augmentation::default() }, 0, 0);
        assert_eq!(mirrored, changed(Augmentation::default(), 0, 0), "the dot is in the middle column");
        let image: Vec<u8> = (0..6).collect();
        let limits = Augmentation { flip: 1.0, ..Augmentation::default() };
        let mut values = Vec::new();
        Augment { limits, seed: 0, epoch: 0 }.push(0, &image, Shape::grey([2, 3]), &mut values);
        assert_eq!(values, [2, 1, 0, 5, 4, 3].map(|value| value as f32 / 255.0));
        let places: std::collections::BTreeSet<(usize, usize)> = (0..300)
            .map(|item| {
                let values = changed(Augmentation { shift: 2, ..Augmentation::default() }, 0, item);
                let at = values.iter().position(|value| *value > 0.0).unwrap();
                assert_eq!(values[at], 1.0);
                (at / 9, at % 9)
            })
            .collect();
        assert_eq!(places, (0..5).flat_map(|row| (2..7).map(move |column| (row, column))).collect());
    }

    #[test]
    fn a_crop_shows_a_part_of_the_image_in_full_size() {
        let ramp: Vec<u8> = (0..81).map(|index| (index % 9 * 20) as u8).collect();
        let limits = Augmentation { crop: 0.5, ..Augmentation::default() };
        for item in 0..100 {
            let mut values = Vec::new();
            Augment { limits, seed: 0, epoch: 0 }.push(item, &ramp, Shape::grey(SIDES), &mut values);
            let (first, last) = (values[0] * 255.0, values[8] * 255.0);
            assert!(first >= -0.01 && last <= 160.01 && (last - first) >= 79.9, "{first} {last}");
        }
    }

    #[test]
    fn brightness_and_contrast_change_all_values_of_all_channels_alike() {
        let image = [100, 50, 200, 150];
        let shape = Shape { channels: 2, height: 1, width: 2 };
        let changed = |limits: Augmentation, item: usize| {
            let mut values = Vec::new();
            Augment { limits, seed: 0, epoch: 0 }.push(item, &image, shape, &mut values);
            values
        };
        for item in 0..50 {
            let bright = changed(Augmentation { brightness: 0.2, ..Augmentation::default() }, item);
            let factor = bright[0] / (100.0 / 255.0);
            assert!((0.8..=1.2).contains(&factor) && (bright[3] - factor * 150.0 / 255.0).abs() < 1e-6);
            let contrasted = changed(Augmentation { contrast: 0.2, ..Augmentation::default() }, item);
            let (mean, factor) = (125.0 / 255.0, (contrasted[2] - 125.0 / 255.0) / (75.0 / 255.0));
            assert!((0.79..=1.21).contains(&factor) && (contrasted[1] - (mean - factor * 75.0 / 255.0)).abs() < 1e-5);
        }
    }

    #[test]
    fn erasing_makes_a_rectangle_black_in_as_many_images_as_it_says() {
        let white = vec![255; 32 * 32 * 3];
        let shape = Shape { channels: 3, height: 32, width: 32 };
        let limits = Augmentation { erasing: 0.5, ..Augmentation::default() };
        let erased = (0..400).filter(|item| {
            let mut values = Vec::new();
            Augment { limits, seed: 0, epoch: 0 }.push(*item, &white, shape, &mut values);
            let black = values.iter().filter(|value| **value == 0.0).count();
            assert!(values.iter().all(|value| *value == 0.0 || *value == 1.0) && black % 3 == 0);
            assert!(black == 0 || (0.01..0.4).contains(&(black as f64 / values.len() as f64)), "{black}");
            black > 0
        });
        assert!((160..240).contains(&erased.count()));
    }

    #[test]
    fn mixed_images_and_targets_are_sums_of_two() {
        let limits = Augmentation { mixup: 0.4, ..Augmentation::default() };
        let mix = |first: usize| {
            let (mut images, mut targets) = (vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0], vec![1.0, 0.0, 0.0]);
            Augment { limits, seed: 0, epoch: 1 }.mix(&[first, 8, 9], &mut images, &mut targets);
            assert!(
                (images.iter().sum::<f32>() - 6.0).abs() < 1e-5 && (targets.iter().sum::<f32>() - 1.0).abs() < 1e-6
            );
            assert!(images.chunks(2).all(|image| image[0] == image[1]));
            images
        };
        assert_eq!(mix(7), mix(7));
        assert!((0..20).any(|first| mix(first) != mix(first + 1)));
        let mut random = Augment { limits, seed: 0, epoch: 0 }.stream(b"mixu", 0);
        let shares: Vec<f64> = (0..2000).map(|_| beta(0.4, &mut random)).collect();
        let mean = shares.iter().sum::<f64>() / 2000.0;
        let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 2000.0;
        // Of beta(a, a): 1/2 and 1 / (4 (2a + 1)).
        assert!((mean - 0.5).abs() < 0.03 && (variance - 0.25 / 1.8).abs() < 0.01, "{mean} {variance}");
    }

    #[test]
    fn a_larger_image_moves_the_dot_away_from_the_middle() {
        let limits = Augmentation { scale: 0.5, ..Augmentation::default() };
        let rows: Vec<f32> = (0..200).map(|item| centre(&changed(limits, 0, item))[0]).collect();
        assert!(rows.iter().all(|row| (0.95..3.1).contains(row)), "{rows:?}");
        assert!(rows.iter().any(|row| *row < 1.4) && rows.iter().any(|row| *row > 2.8));
    }
}
