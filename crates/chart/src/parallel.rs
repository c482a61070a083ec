//! Lines over parallel axes: what many points of many dimensions have in common.

use crate::{
    line_chart::Axis,
    span::{Span, Tick},
};

/// Neighbouring values that lie farther apart than this share of the axis have room to be spread in.
const ROOM: f64 = 0.05;
/// How much of that distance a value's lines take, and the most of the axis that they take.
const SPREAD: f64 = 0.6;
const MOST_SPREAD: f64 = 0.12;
/// Where lines without a value cross an axis, and where its values begin then.
const UNSET: f64 = 0.03;
const FIRST_SET: f64 = 0.16;

/// Points of many dimensions, each a line from axis to axis. The axes lie across, one below the other, so that long names
/// fit on a narrow page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parallel {
    /// What there is to see, in a sentence, for who cannot see it.
    pub alt: String,
    /// From top to bottom.
    pub axes: Vec<Dimension>,
    /// Drawn in this order; the last one lies on top.
    pub lines: Vec<Strand>,
    /// The line that stands out.
    pub best: Option<Strand>,
    /// As the legend calls the worst line, the best one, and the one that stands out.
    pub names: [String; 3],
}

/// An axis of a [`Parallel`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dimension {
    /// Its name, its scale and its range; what lies beyond is drawn at the end.
    pub axis: Axis,
    /// The names that its values number, from 0; none where they are numbers.
    pub names: Vec<String>,
}

/// A point of many dimensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strand {
    /// Its value on each axis; `None` where it has none.
    pub values: Vec<Option<f64>>,
    /// Its colour: 0 for the worst, 1 for the best.
    pub worth: f64,
    /// What it stands for, as [`crate::Series::items`].
    pub item: Option<usize>,
    /// Whether its line is dashed: it has not come to its end.
    pub is_dashed: bool,
}

/// An axis with the place of every line, as fractions of its length.
pub(crate) struct Laid<'a> {
    pub name: &'a str,
    pub ticks: Vec<Tick>,
    /// Of `lines` and then of `best`.
    pub places: Vec<f64>,
}

impl Parallel {
    /// All axes; where few names share many lines, these lie side by side, the better ones further right.
    pub(crate) fn laid(&self, ticks: usize) -> Vec<Laid<'_>> {
        let strands: Vec<&Strand> = self.lines.iter().chain(&self.best).collect();
        self.axes.iter().enumerate().map(|(index, axis)| axis.laid(index, &strands, ticks)).collect()
    }
}

impl Dimension {
    fn laid(&self, index: usize, strands: &[&Strand], ticks: usize) -> Laid<'_> {
        let values: Vec<Option<f64>> =
            strands.iter().map(|strand| strand.values.get(index).copied().flatten()).collect();
        let (mut marks, found) = self.places(&values, ticks);
        // A number's place is its own.
        let spread = if self.names.is_empty() { 0.0 } else { spread(&found) };
        let has_unset = found.contains(&None);
        let shifted = |place: f64| if has_unset { FIRST_SET + place * (1.0 - FIRST_SET) } else { place };
        let place = |(place, strand): (&Option<f64>, &&Strand)| match place {
            Some(place) => shifted((place + spread * (strand.worth - 0.5)).clamp(0.0, 1.0)),
            None => UNSET + 0.5 * MOST_SPREAD * (strand.worth - 0.5),
        };
        let places = found.iter().zip(strands).map(place).collect();
        marks.iter_mut().for_each(|tick| tick.at = shifted(tick.at));
        if has_unset {
            marks.insert(0, Tick { at: UNSET, label: "unset".into() });
        }
        Laid { name: &self.axis.name, ticks: marks, places }
    }

    fn places(&self, values: &[Option<f64>], ticks: usize) -> (Vec<Tick>, Vec<Option<f64>>) {
        if self.names.is_empty() {
            let numbers: Vec<f64> = values.iter().copied().flatten().collect();
            let span = Span::new(&self.axis, &numbers, ticks);
            let places = values.iter().map(|value| span.at((*value)?).map(|place| place.clamp(0.0, 1.0))).collect();
            return (span.ticks, places);
        }
        let middle = |number: f64| (number + 0.5) / self.names.len() as f64;
        let ticks = (0u32..).zip(&self.names);
        let ticks = ticks.map(|(number, name)| Tick { at: middle(f64::from(number)), label: name.clone() }).collect();
        (ticks, values.iter().map(|value| value.map(middle)).collect())
    }
}

/// How much room around each value its lines have; none where there are many values.
fn spread(places: &[Option<f64>]) -> f64 {
    let mut places: Vec<f64> = places.iter().copied().flatten().collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let gap = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    if gap > ROOM { (SPREAD * gap).min(MOST_SPREAD) } else { 0.0 }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn chart() -> Parallel {
        let strand = |rate: f64, kind: Option<f64>, loss: f64, worth: f64| Strand {
            values: vec![Some(rate), kind, Some(loss)],
            worth,
            ..Strand::default()
        };
        Parallel {
            alt: "three trials".into(),
            axes: vec![
                Dimension { axis: Axis::new("rate").log().range(0.01, 1.0), ..Dimension::default() },
                Dimension { axis: Axis::new("kind"), names: vec!["sgd".into(), "adam".into()] },
                Dimension { axis: Axis::new("loss").range(0.0, 1.0), ..Dimension::default() },
            ],
            lines: vec![strand(0.01, Some(0.0), 9.0, 0.0), strand(0.1, None, 0.5, 0.5)],
            best: Some(strand(1.0, Some(1.0), 0.25, 1.0)),
            names: ["worst 9".into(), "best 0.25".into(), "the best trial".into()],
        }
    }

    fn rounded(places: &[f64]) -> Vec<f64> {
        places.iter().map(|place| (place * 1e3).round() / 1e3).collect()
    }

    #[test]
    fn numbers_lie_on_their_scale_and_what_is_beyond_at_the_end() {
        let chart = chart();
        let laid = chart.laid(5);
        // Nothing leaves the axis.
        assert_eq!(rounded(&laid[0].places), [0.0, 0.5, 1.0]);
        assert_eq!(rounded(&laid[2].places), [1.0, 0.5, 0.25]);
        assert_eq!(laid[0].ticks.last().map(|tick| tick.label.as_str()), Some("1"));
    }

    #[test]
    fn names_have_equal_parts_of_the_axis_and_what_has_no_value_stands_apart() {
        let chart = chart();
        let kind = &chart.laid(5)[1];
        assert_eq!(kind.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(), ["unset", "sgd", "adam"]);
        let of = |place: f64| FIRST_SET + place * (1.0 - FIRST_SET);
        assert_eq!(rounded(&kind.places), rounded(&[of(0.25 - 0.06), UNSET, of(0.75 + 0.06)]));
    }

    #[test]
    fn many_different_values_are_not_spread() {
        let many: Vec<Option<f64>> = (0..100).map(|n| Some(f64::from(n) / 100.0)).collect();
        assert_eq!((spread(&many), spread(&[Some(0.0), Some(0.5), None])), (0.0, 0.12));
    }
}
