//! The ROC curve of a classifier.

use crate::{
    line_chart::{Axis, LineChart, Series, Shape, Style},
    numbers::fraction,
};

/// True positives found against false alarms raised, over all thresholds, beside the diagonal of pure chance.
///
/// `scores` are probabilities of the positive class or anything that rises with them; equal scores share a threshold.
/// Fawcett, An introduction to ROC analysis (2006), algorithm 1. Without a positive or a negative there is no curve.
///
/// # Panics
/// When the two slices differ in length.
pub fn roc(scores: &[f32], is_positive: &[bool]) -> LineChart {
    let points = corners(scores, is_positive);
    let area = fraction(area(&points));
    let alt = match points.is_empty() {
        true => "ROC curve: needs images of both classes".to_owned(),
        false => format!("ROC curve: rises from 0, 0 to 1, 1 with an area of {area} below it"),
    };
    LineChart {
        alt,
        x: Axis::new("false positive rate").range(0.0, 1.0),
        y: Axis::new("true positive rate").range(0.0, 1.0),
        series: vec![
            Series::line(format!("model, area {area}"), points),
            Series::line("chance, area 0.5", vec![(0.0, 0.0), (1.0, 1.0)]).drawn(Style::Dashed),
        ],
        shape: Shape::Square,
        ..LineChart::default()
    }
}

/// Sides of the corner that is shown enlarged.
const CORNERS: [f64; 6] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1];

/// The upper left corner of an ROC curve, enlarged until the curve's turn fills it; none where the whole shows it.
pub fn roc_corner(whole: &LineChart) -> Option<LineChart> {
    let points = &whole.series.first()?.points;
    let from_corner = |(x, y): &(f64, f64)| x.max(1.0 - y);
    let nearest = points.iter().map(from_corner).reduce(f64::min)?;
    let side = CORNERS.into_iter().find(|side| *side >= 3.0 * nearest)?;
    Some(LineChart {
        alt: format!(
            "ROC curve, its upper left corner enlarged: false positive rates up to {side}; {} in all",
            whole.series.first()?.name
        ),
        x: Axis::new("false positive rate, enlarged").range(0.0, side),
        y: Axis::new("true positive rate, enlarged").range(1.0 - side, 1.0),
        series: whole.series.iter().take(1).cloned().collect(),
        ..whole.clone()
    })
}

/// The points where the curve turns, from (0, 0) to (1, 1).
fn corners(scores: &[f32], is_positive: &[bool]) -> Vec<(f64, f64)> {
    assert_eq!(scores.len(), is_positive.len(), "scores and labels disagree");
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let positives = is_positive.iter().filter(|positive| **positive).count();
    let negatives = is_positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return vec![];
    }
    let (mut found, mut alarms) = (0, 0);
    let mut points = vec![(0.0, 0.0)];
    for equal in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let hits = equal.iter().filter(|index| is_positive[**index]).count();
        (found, alarms) = (found + hits, alarms + equal.len() - hits);
        push(&mut points, (alarms as f64 / negatives as f64, found as f64 / positives as f64));
    }
    points
}

/// Adds a point; the last one goes where it lies on a straight way up or right.
fn push(points: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    if let [.., a, b] = points[..]
        && (a.0 == b.0 && b.0 == point.0 || a.1 == b.1 && b.1 == point.1)
    {
        points.pop();
    }
    points.push(point);
}

/// By trapezoids.
fn area(points: &[(f64, f64)]) -> f64 {
    points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_up_for_a_hit_and_right_for_a_false_alarm() {
        let chart = roc(&[0.9, 0.8, 0.7, 0.6], &[true, false, true, false]);
        assert_eq!(chart.series[0].points, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        assert_eq!(chart.series[0].name, "model, area 0.7500");
    }

    #[test]
    fn equal_scores_make_a_slope_and_straight_ways_have_no_points_between() {
        assert_eq!(corners(&[0.5, 0.5], &[true, false]), [(0.0, 0.0), (1.0, 1.0)]);
        assert_eq!(corners(&[0.9, 0.8, 0.1, 0.0], &[true, true, false, false]), [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
    }

    #[test]
    fn a_good_curve_has_its_corner_enlarged() {
        assert_eq!(roc_corner(&roc(&[0.9, 0.8, 0.7, 0.6], &[true, false, true, false])), None);
        let positives = 100;
        let scores: Vec<f32> = (0..2 * positives).map(|n| n as f32).collect();
        let mut is_positive: Vec<bool> = (0..2 * positives).map(|n| n >= positives).collect();
        is_positive.swap(positives - 1, positives);
        let corner = roc_corner(&roc(&scores, &is_positive)).unwrap();
        assert_eq!((corner.x.range, corner.y.range), (Some([0.0, 0.05]), Some([0.95, 1.0])));
        assert_eq!(roc_corner(&roc(&[], &[])), None);
    }

    #[test]
    fn one_class_alone_has_no_curve() {
        assert!(corners(&[0.5], &[true]).is_empty());
        assert!(roc(&[], &[]).alt.contains("both classes"));
    }
}
