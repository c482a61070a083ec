//! Values in groups along one axis, with the mean of each group and how sure it is.

use crate::{line_chart::Axis, span::Span};

/// Groups of values, one below the other, over one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// What there is to see, in a sentence, for who cannot see it.
    pub alt: String,
    pub axis: Axis,
    /// From top to bottom.
    pub groups: Vec<Group>,
}

/// A group of a [`Spread`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What its values have in common.
    pub name: String,
    pub values: Vec<f64>,
    /// Their mean; `None` where it says nothing.
    pub mean: Option<f64>,
    /// Half the width of the interval around the mean.
    pub half_width: Option<f64>,
    /// What each value stands for, as [`crate::Series::items`]; none, or as many as values.
    pub items: Vec<usize>,
    /// Whether the dot of each value is hollow: it has not come to its end; none, or as many as values.
    pub hollow: Vec<bool>,
}

impl Group {
    /// Both ends of the interval.
    pub(crate) fn interval(&self) -> Option<[f64; 2]> {
        let (mean, half) = (self.mean?, self.half_width?);
        Some([mean - half, mean + half])
    }
}

impl Spread {
    /// The axis over all values and intervals.
    pub(crate) fn span(&self, ticks: usize) -> Span {
        let of_group = |group: &Group| {
            let ends = group.interval().into_iter().flatten().chain(group.mean);
            group.values.iter().copied().chain(ends).collect::<Vec<_>>()
        };
        Span::new(&self.axis, &self.groups.iter().flat_map(of_group).collect::<Vec<_>>(), ticks)
    }

    /// Whether there is an interval to explain.
    pub(crate) fn has_intervals(&self) -> bool {
        self.groups.iter().any(|group| group.interval().is_some())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn chart() -> Spread {
        let group = |name: &str, values: Vec<f64>, half_width| Group {
            name: name.into(),
            mean: Some(values.iter().sum::<f64>() / values.len() as f64),
            values,
            half_width,
            ..Group::default()
        };
        Spread {
            alt: "two models".into(),
            axis: Axis::new("accuracy").range(0.0, 1.0),
            groups: vec![group("linear", vec![0.25, 0.5, 0.75], Some(0.25)), group("two-layer", vec![1.0], None)],
        }
    }

    #[test]
    fn the_axis_holds_the_intervals_too() {
        let mut chart = chart();
        chart.axis.range = None;
        chart.groups.truncate(1);
        chart.groups[0].half_width = Some(0.5);
        let span = chart.span(5);
        assert!(span.at(0.0).is_some_and(|at| at >= 0.0) && span.at(1.0).is_some_and(|at| at <= 1.0));
        assert_eq!(chart.groups[0].interval(), Some([0.0, 1.0]));
    }
}
