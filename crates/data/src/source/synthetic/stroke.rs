//! The strokes of a 3 and of a 7, before they are brought to size.
//!
//! A hand aims at control points and cuts the corners there, more or less. Points are `[x, y]`, y down, and a digit is
//! about one unit high and wide until `warp` narrows it.

use super::Hand;

pub(super) type Point = [f32; 2];

/// One movement of the pen: points joined by straight lines, dense enough to look curved.
pub(super) type Stroke = Vec<Point>;

/// A control point and how far its corner is cut: 0 leaves it sharp, 1 cuts from the middle of one side to the next's.
type Corner = (Point, f32);

/// How many lines a cut corner takes.
const STEPS: usize = 7;

/// A 3: an upper part, round or flat, a waist that may be a cusp, a bar or a loop, and a lower bowl.
pub(super) fn three(hand: &mut Hand) -> Vec<Stroke> {
    let waist = [hand.normal(0.38, 0.12), hand.normal(0.46, 0.05)];
    let reach = hand.normal(0.86, 0.09);
    let mut path = if hand.chance(0.25) { flat_top(hand, reach) } else { round_top(hand, reach, waist[1]) };
    path.extend(turn(hand, waist));
    path.extend(lower_bowl(hand, waist[1]));
    warp(hand, 0.7, 0.2, vec![smooth(&path)])
}

/// The upper bowl of a 3, with its start on the left.
fn round_top(hand: &mut Hand, reach: f32, waist: f32) -> Vec<Corner> {
    let left = hand.normal(0.06, 0.08);
    vec![
        (near(hand, left, 0.17, 0.05), 1.0),
        (near(hand, left + 0.22, -0.02, 0.03), hand.uniform(0.7, 1.0)),
        (near(hand, reach, -0.02, 0.03), hand.uniform(0.8, 1.0)),
        (near(hand, reach - 0.02, waist - 0.06, 0.04), hand.uniform(0.7, 1.0)),
    ]
}

/// The upper part of a 3 as a bar and a diagonal.
fn flat_top(hand: &mut Hand, reach: f32) -> Vec<Corner> {
    let left = hand.normal(0.08, 0.08);
    vec![
        (near(hand, left, 0.04, 0.03), 1.0),
        (near(hand, 0.5, 0.01, 0.025), 1.0),
        (near(hand, reach, 0.0, 0.03), hand.uniform(0.0, 0.5)),
    ]
}

/// The waist of a 3: one sharp corner, or two that make a short bar or, the lower one first, a loop.
fn turn(hand: &mut Hand, [x, y]: Point) -> Vec<Corner> {
    if hand.chance(0.55) {
        return vec![([x, y], hand.uniform(0.0, 0.5))];
    }
    let open = hand.normal(0.03, 0.05);
    vec![([x, y + open], hand.uniform(0.5, 1.0)), ([x - hand.uniform(0.0, 0.06), y - open], hand.uniform(0.5, 1.0))]
}

/// The lower bowl of a 3, which ends on the left.
fn lower_bowl(hand: &mut Hand, waist: f32) -> Vec<Corner> {
    let right = hand.normal(1.0, 0.07);
    let left = hand.normal(0.08, 0.15);
    let end = hand.normal(0.88, 0.08);
    vec![
        (near(hand, right - 0.04, waist - 0.01, 0.04), hand.uniform(0.8, 1.0)),
        (near(hand, right, 1.0, 0.05), hand.uniform(0.7, 1.0)),
        (near(hand, left + 0.28, 1.02, 0.03), hand.uniform(0.7, 1.0)),
        ([left, end], 1.0),
    ]
}

/// A 7: a bar, with or without a tick at its start, a corner or an arch, a leg, and for 1 in 5 a crossbar.
pub(super) fn seven(hand: &mut Hand) -> Vec<Stroke> {
    let corner = near(hand, 0.95, 0.04, 0.04);
    let foot = [hand.normal(0.38, 0.14), 1.0];
    let mut path = bar(hand);
    path.push((corner, if hand.chance(0.75) { hand.uniform(0.0, 0.5) } else { hand.uniform(0.5, 1.0) }));
    let middle = [(corner[0] + foot[0]) / 2.0 + hand.normal(-0.02, 0.1), hand.normal(0.5, 0.07)];
    path.extend([(middle, 1.0), (foot, 1.0)]);
    let mut strokes = vec![smooth(&path)];
    if hand.chance(0.2) {
        strokes.push(crossbar(hand, middle));
    }
    warp(hand, 0.73, 0.25, strokes)
}

/// The bar of a 7 from the left, level, sagging or arched.
fn bar(hand: &mut Hand) -> Vec<Corner> {
    let arched = hand.chance(0.25);
    let left = near(hand, 0.0, if arched { 0.2 } else { 0.06 }, 0.06);
    let tick = hand.uniform(0.08, 0.25);
    let mut path = Vec::new();
    if hand.chance(0.4) {
        path.push(([left[0] + hand.normal(0.0, 0.03), left[1] + tick], 1.0));
    }
    path.push((left, hand.uniform(0.0, 1.0)));
    path.push((near(hand, 0.5, 0.04, 0.03), 1.0));
    path
}

/// A short line across the leg of a 7.
fn crossbar(hand: &mut Hand, [x, y]: Point) -> Stroke {
    let (left, right) = (hand.normal(0.3, 0.08), hand.normal(0.28, 0.1));
    let (drop, tilt) = (hand.normal(0.02, 0.05), hand.normal(0.0, 0.05));
    vec![[x - left, y + drop + tilt], [x + right, y + drop - tilt]]
}

/// Narrows (to `width`, give or take the share `spread`), leans, bends and tilts whole strokes, as a hand does to all
/// that it writes, and lets them tremble.
fn warp(hand: &mut Hand, width: f32, spread: f32, mut strokes: Vec<Stroke>) -> Vec<Stroke> {
    let aspect = width * hand.normal(1.0, spread);
    let (slant, bend, tilt) = (hand.normal(0.06, 0.25), hand.normal(0.0, 0.12), hand.normal(0.0, 0.08));
    let tremor = hand.uniform(0.0, 0.015);
    for [x, y] in strokes.iter_mut().flatten() {
        let (across, down) = ((*x - 0.5) * aspect, *y - 0.5);
        *x = across - slant * down + bend * down * down + hand.uniform(-tremor, tremor);
        *y = down + tilt * across + hand.uniform(-tremor, tremor);
    }
    strokes
}

/// A control point about `(x, y)`.
fn near(hand: &mut Hand, x: f32, y: f32, deviation: f32) -> Point {
    [hand.normal(x, deviation), hand.normal(y, deviation)]
}

/// Cuts the corners of a path: each becomes a quadratic Bezier curve, those at both ends stay.
fn smooth(path: &[Corner]) -> Stroke {
    let mut stroke: Stroke = path.first().map(|corner| corner.0).into_iter().collect();
    for window in path.windows(3) {
        let (control, cut) = window[1];
        let (from, to) = (between(control, window[0].0, cut / 2.0), between(control, window[2].0, cut / 2.0));
        stroke.extend((0..=STEPS).map(|step| {
            let t = step as f32 / STEPS as f32;
            between(between(from, control, t), between(control, to, t), t)
        }));
    }
    stroke.extend(path.last().map(|corner| corner.0));
    stroke
}

/// The point at share `t` of the way from `a` to `b`.
fn between(a: Point, b: Point, t: f32) -> Point {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncut_corner_is_reached_and_cut_one_is_not() {
        let path = |cut| [([0.0, 0.0], 1.0), ([1.0, 0.0], cut), ([1.0, 1.0], 1.0)];
        assert!(smooth(&path(0.0)).contains(&[1.0, 0.0]));
        assert!(!smooth(&path(1.0)).contains(&[1.0, 0.0]));
    }

    #[test]
    fn fully_cut_corner_runs_from_middle_to_middle() {
        let stroke = smooth(&[([0.0, 0.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 1.0)]);
        assert_eq!((stroke[0], stroke[1]), ([0.0, 0.0], [0.5, 0.0]));
        assert_eq!((stroke[STEPS + 1], stroke[STEPS + 2]), ([1.0, 0.5], [1.0, 1.0]));
    }

    #[test]
    fn three_is_one_stroke_and_seven_has_a_crossbar_at_times() {
        let count = |digit: fn(&mut Hand) -> Vec<Stroke>, strokes| {
            (0..200).filter(|number| digit(&mut Hand::new([0, 0, 0, *number])).len() == strokes).count()
        };
        assert_eq!(count(three, 1), 200);
        assert!((20..=60).contains(&count(seven, 2)));
        assert_eq!(count(seven, 1) + count(seven, 2), 200);
    }
}
