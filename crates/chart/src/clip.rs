//! Lines cut at the edges of a box, each piece a line of its own.

/// From lowest to highest x and from lowest to highest y.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub x: [f64; 2],
    pub y: [f64; 2],
}

impl Bounds {
    /// Whether a point lies inside or on the edge.
    pub fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.x[0]..=self.x[1]).contains(&x) && (self.y[0]..=self.y[1]).contains(&y)
    }

    /// The parts of a line that lie inside; a `None` breaks it.
    pub fn cut(&self, points: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
        let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
        for pair in points.windows(2) {
            let [Some(from), Some(to)] = pair else { continue };
            let Some((from, to)) = self.segment(*from, *to) else { continue };
            match runs.last_mut() {
                Some(run) if run.last() == Some(&from) => run.push(to),
                _ => runs.push(vec![from, to]),
            }
        }
        runs
    }

    /// The part of a segment that lies inside (Liang and Barsky, 1984).
    fn segment(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let edges =
            [(-dx, from.0 - self.x[0]), (dx, self.x[1] - from.0), (-dy, from.1 - self.y[0]), (dy, self.y[1] - from.1)];
        let (mut enter, mut leave) = (0.0f64, 1.0f64);
        for (towards, room) in edges {
            if towards == 0.0 && room < 0.0 {
                return None;
            } else if towards < 0.0 {
                enter = enter.max(room / towards);
            } else if towards > 0.0 {
                leave = leave.min(room / towards);
            }
        }
        let at = |t: f64| match t {
            0.0 => from,
            1.0 => to,
            _ => (from.0 + t * dx, from.1 + t * dy),
        };
        (enter <= leave).then(|| (at(enter), at(leave)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Bounds = Bounds { x: [0.0, 1.0], y: [0.0, 1.0] };

    #[test]
    fn a_line_inside_stays_whole() {
        let points = [(0.0, 0.0), (0.5, 1.0), (1.0, 0.5)];
        assert_eq!(UNIT.cut(&points.map(Some)), [points.to_vec()]);
    }

    #[test]
    fn a_line_that_leaves_and_returns_becomes_two() {
        let points = [(0.0, 0.5), (0.5, 2.0), (1.0, 0.5)].map(Some);
        let third = 0.5 / 3.0;
        let runs = UNIT.cut(&points);
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0][0], (0.0, 0.5));
        assert!((runs[0][1].0 - third).abs() < 1e-12 && (runs[0][1].1 - 1.0).abs() < 1e-12, "{runs:?}");
        assert!((runs[1][0].0 - (1.0 - third)).abs() < 1e-12, "{runs:?}");
    }

    #[test]
    fn a_missing_point_breaks_the_line_and_what_is_outside_is_gone() {
        assert_eq!(UNIT.cut(&[Some((0.0, 0.0)), None, Some((1.0, 1.0))]), Vec::<Vec<(f64, f64)>>::new());
        assert!(UNIT.cut(&[Some((0.0, 2.0)), Some((1.0, 3.0))]).is_empty());
        assert!(UNIT.cut(&[Some((2.0, 0.0)), Some((2.0, 1.0))]).is_empty());
        assert!(UNIT.holds((1.0, 0.0)) && !UNIT.holds((1.1, 0.0)));
    }
}
