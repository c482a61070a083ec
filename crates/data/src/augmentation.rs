//! Augmentation: in every epoch each training image is turned, resized and shifted a little, by chance.

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use task::Shape;

/// How far an image may be changed. Each number is the largest change, either way; 0: none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Degrees by which it is turned.
    pub degrees: f64,
    /// Fraction of its sides by which it is shifted, up or down and left or right.
    pub translate: f64,
    /// Fraction by which it is made smaller or larger.
    pub scale: f64,
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

impl Augmentation {
    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Augment {
    /// Adds the changed image number `item` to `values`, from 0 to 1; what comes from outside the image is 0.
    pub fn push(&self, item: usize, image: &[u8], shape: Shape, values: &mut Vec<f32>) {
        let (sides, warp) = (shape.sides(), self.warp(item, shape.sides()));
        for plane in image.chunks_exact(shape.height * shape.width) {
            for row in 0..shape.height {
                values.extend((0..shape.width).map(|column| warp.sample(plane, sides, [row, column])));
            }
        }
    }

    fn warp(&self, item: usize, sides: [usize; 2]) -> Warp {
        let mut random = self.stream(item);
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
        Warp { origin: origin.map(|v| v as f32), steps: steps.map(|step| step.map(|v| v as f32)) }
    }

    fn stream(&self, item: usize) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(self.epoch as u64).to_le_bytes());
        key[16..20].copy_from_slice(b"augm");
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(item as u64);
        stream
    }
}

impl Warp {
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
        let limits = Augmentation { degrees: 20.0, translate: 0.1, scale: 0.1 };
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
    fn a_larger_image_moves_the_dot_away_from_the_middle() {
        let limits = Augmentation { scale: 0.5, ..Augmentation::default() };
        let rows: Vec<f32> = (0..200).map(|item| centre(&changed(limits, 0, item))[0]).collect();
        assert!(rows.iter().all(|row| (0.95..3.1).contains(row)), "{rows:?}");
        assert!(rows.iter().any(|row| *row < 1.4) && rows.iter().any(|row| *row > 2.8));
    }
}
