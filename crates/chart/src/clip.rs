//! Lines cut at the edges of a chart, each piece a line of its own.
//!
//! Points are fractions of the chart: 0, 0 at the bottom left and 1, 1 at the top right.

/// Across and up.
pub(crate) type Point = (f64, f64);

/// Whether a point lies within the chart or on its edge.
pub(crate) fn is_inside((x, y): Point) -> bool {
    (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
}

/// The parts of a line within the chart; a `None` breaks it.
pub(crate) fn cut(points: &[Option<Point>]) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let [Some(from), Some(to)] = pair else { continue };
        let Some((from, to)) = segment(*from, *to) else { continue };
        match runs.last_mut() {
            Some(run) if run.last() == Some(&from) => run.push(to),
            _ => runs.push(vec![from, to]),
        }
    }
    runs
}

/// The part of a segment within the chart (Liang and Barsky, 1984).
fn segment(from: Point, to: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let edges = [(-dx, from.0), (dx, 1.0 - from.0), (-dy, from.1), (dy, 1.0 - from.1)];
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (outwards, room) in edges {
        if outwards == 0.0 && room < 0.0 {
            return None;
        } else if outwards < 0.0 {
            enter = enter.max(room / outwards);
        } else if outwards > 0.0 {
            leave = leave.min(room / outwards);
        }
    }
    let at = |t: f64| match t {
        0.0 => from,
        1.0 => to,
        _ => ((from.0 + t * dx).clamp(0.0, 1.0), (from.1 + t * dy).clamp(0.0, 1.0)),
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_inside_stays_whole() {
        let points = [(0.0, 0.0), (0.5, 1.0), (1.0, 0.5)];
        assert_eq!(cut(&points.map(Some)), [points.to_vec()]);
    }

    #[test]
    fn a_line_that_leaves_and_returns_becomes_two() {
        let runs = cut(&[(0.0, 0.5), (0.5, 2.0), (1.0, 0.5)].map(Some));
        let third = 0.5 / 3.0;
        assert_eq!((runs.len(), runs[0][0]), (2, (0.0, 0.5)));
        assert!((runs[0][1].0 - third).abs() < 1e-12 && (runs[0][1].1 - 1.0).abs() < 1e-12, "{runs:?}");
        assert!((runs[1][0].0 - (1.0 - third)).abs() < 1e-12, "{runs:?}");
    }

    #[test]
    fn a_missing_point_breaks_the_line_and_what_is_outside_is_gone() {
        assert!(cut(&[Some((0.0, 0.0)), None, Some((1.0, 1.0))]).is_empty());
        assert!(cut(&[Some((0.0, 2.0)), Some((1.0, 3.0))]).is_empty());
        assert!(cut(&[Some((2.0, 0.0)), Some((2.0, 1.0))]).is_empty());
        assert!(is_inside((1.0, 0.0)) && !is_inside((1.1, 0.0)));
    }
}
