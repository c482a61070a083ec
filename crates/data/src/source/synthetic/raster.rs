//! From strokes to pixels, in MNIST's way: fit into 20 x 20, blur by a pixel's width, centre by mass.
//!
//! Source of the procedure: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.

use super::{
    Hand, SIDE,
    stroke::{Point, Stroke},
};

/// Draws strokes with a pen of random width into a black image.
pub(super) fn ink(hand: &mut Hand, strokes: Vec<Stroke>, image: &mut [u8]) {
    centre(&grey(hand, strokes), image);
}

/// The ink on each pixel, 0 to 1, of strokes in the middle of the image.
fn grey(hand: &mut Hand, mut strokes: Vec<Stroke>) -> [f32; SIDE * SIDE] {
    let pen = Pen::new(hand);
    fit(hand, &mut strokes, pen.start.max(pen.end));
    let mut grey = [0.0; SIDE * SIDE];
    for stroke in &strokes {
        pen.draw(stroke, &mut grey);
    }
    grey
}

/// A round pen whose radius, in pixels, changes from the start of a stroke to its end.
struct Pen {
    start: f32,
    end: f32,
}

impl Pen {
    /// A pen about 2.4 pixels wide, more often far thicker than far thinner.
    fn new(hand: &mut Hand) -> Self {
        let spread = hand.normal(0.0, 0.27);
        let radius = 1.18 * (1.0 + spread + 0.5 * spread * spread);
        let ramp = hand.normal(0.0, 0.1);
        Self { start: radius * (1.0 - ramp), end: radius * (1.0 + ramp) }
    }

    /// Adds a stroke; where it meets ink, the fuller of the two stays.
    fn draw(&self, stroke: &[Point], grey: &mut [f32; SIDE * SIDE]) {
        let lines = stroke.len().saturating_sub(1).max(1) as f32;
        for (number, line) in stroke.windows(2).enumerate() {
            let radius = self.start + (self.end - self.start) * number as f32 / lines;
            draw_line(line[0], line[1], radius, grey);
        }
    }
}

/// Draws one line, whose edge fades over one pixel.
fn draw_line(a: Point, b: Point, radius: f32, grey: &mut [f32; SIDE * SIDE]) {
    let reach = |low: f32, high: f32| {
        let clip = |v: f32| v.clamp(0.0, (SIDE - 1) as f32) as usize;
        clip((low - radius - 0.5).floor())..=clip((high + radius + 0.5).ceil())
    };
    for row in reach(a[1].min(b[1]), a[1].max(b[1])) {
        for column in reach(a[0].min(b[0]), a[0].max(b[0])) {
            let cover = radius + 0.5 - distance([column as f32, row as f32], a, b);
            let pixel = &mut grey[row * SIDE + column];
            *pixel = pixel.max(cover.min(1.0));
        }
    }
}

/// How far `p` is from the line between `a` and `b`.
fn distance(p: Point, a: Point, b: Point) -> f32 {
    let (line, to) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = line[0] * line[0] + line[1] * line[1];
    let share = if length > 0.0 { ((to[0] * line[0] + to[1] * line[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (to[0] - share * line[0], to[1] - share * line[1]);
    (dx * dx + dy * dy).sqrt()
}

/// Brings strokes to fill, pen included, a box of about 19 x 19 pixels: 20 x 20 once its edges have faded.
fn fit(hand: &mut Hand, strokes: &mut [Stroke], radius: f32) {
    let side = hand.uniform(18.4, 19.4) - 2.0 * radius;
    let extent = |axis: usize| {
        let values = strokes.iter().flatten().map(|point| point[axis]);
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (extent(0), extent(1));
    let scale = side / (right - left).max(bottom - top);
    // A place between pixels, since writers do not aim at the grid.
    let middle = [14.0 + hand.uniform(-0.5, 0.5), 14.0 + hand.uniform(-0.5, 0.5)];
    for [x, y] in strokes.iter_mut().flatten() {
        *x = middle[0] + (*x - (left + right) / 2.0) * scale;
        *y = middle[1] + (*y - (top + bottom) / 2.0) * scale;
    }
}

/// Writes `grey` as bytes, moved by whole pixels to bring its centre of mass within half a pixel of pixel (14, 14).
fn centre(grey: &[f32; SIDE * SIDE], image: &mut [u8]) {
    let (mut mass, mut x, mut y) = (0.0, 0.0, 0.0);
    for (index, value) in grey.iter().enumerate() {
        mass += value;
        x += value * (index % SIDE) as f32;
        y += value * (index / SIDE) as f32;
    }
    // `fit` leaves ink in pixels 4 to 24 alone: moving further, as 1 image in 50 would, could push it over the edge.
    let shift = |sum: f32| (14 - (sum / mass).round() as isize).clamp(-4, 3);
    let (right, down) = (shift(x), shift(y));
    for (index, pixel) in image.iter_mut().enumerate() {
        let (column, row) = ((index % SIDE) as isize - right, (index / SIDE) as isize - down);
        let within = |v: isize| (0..SIDE as isize).contains(&v);
        if within(column) && within(row) {
            *pixel = byte(grey[row as usize * SIDE + column as usize]);
        }
    }
}

/// A grey from 0 to 1 as MNIST stores it.
fn byte(grey: f32) -> u8 {
    (grey * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::{super::stroke, *};

    #[test]
    fn distance_is_to_the_line_and_beyond_its_ends_to_the_end() {
        let (a, b) = ([1.0, 1.0], [5.0, 1.0]);
        assert_eq!(distance([3.0, 3.0], a, b), 2.0);
        assert_eq!(distance([8.0, 5.0], a, b), 5.0);
        assert_eq!(distance([4.0, 5.0], a, a), 5.0);
    }

    #[test]
    fn line_is_as_thick_as_the_pen_and_fades_over_one_pixel() {
        let mut grey = [0.0; SIDE * SIDE];
        draw_line([4.0, 10.0], [20.0, 10.0], 1.25, &mut grey);
        let column: Vec<f32> = (8..=12).map(|row| grey[row * SIDE + 12]).collect();
        assert_eq!(column, [0.0, 0.75, 1.0, 0.75, 0.0]);
    }

    #[test]
    fn centring_loses_no_ink() {
        for number in 0..2000 {
            let hand = &mut Hand::new([0, 0, 0, number]);
            let strokes = stroke::seven(hand);
            let (grey, mut image) = (grey(hand, strokes), [0; SIDE * SIDE]);
            centre(&grey, &mut image);
            let before: u32 = grey.iter().map(|value| u32::from(byte(*value))).sum();
            assert_eq!(image.iter().map(|byte| u32::from(*byte)).sum::<u32>(), before);
        }
    }

    #[test]
    fn ink_moves_to_the_centre_by_whole_pixels() {
        let (mut grey, mut image) = ([0.0; SIDE * SIDE], [0; SIDE * SIDE]);
        grey[12 * SIDE + 18] = 1.0;
        centre(&grey, &mut image);
        assert_eq!(image.iter().position(|byte| *byte == 255), Some(14 * SIDE + 14));
    }
}
