//! The values of the training images: where they lie, and what they are in the mean.

use chart::{Axis, BEST_SERIES, Block, LineChart, Section, Series, Style, Table};
use data::Images;

use crate::{few, grouped};

/// Values that are looked at: of more images some, at equal distances.
const MOST_VALUES: usize = 256 << 20;

/// Bars of the histogram; each is of as many of the 256 values.
const BINS: usize = 64;

/// Colours of red, green and blue among those of a chart's series.
const COLOURS: [(&str, usize); 3] = [("red", 1), ("green", BEST_SERIES), ("blue", 0)];

/// The share of all pixels in a bar from which on all others would be too low to be seen.
const DWARFING: f64 = 0.25;

/// Sums over the training images.
pub(super) struct PixelSums {
    /// Images that are looked at, and all there are.
    images: usize,
    all: usize,
    /// How often each value comes, a row for each channel.
    counts: Vec<[u64; 256]>,
    /// The images of each class, and the sums of their values in each place.
    classes: Vec<(u32, Vec<u32>)>,
}

impl PixelSums {
    pub fn of(images: &Images) -> Self {
        let (shape, task) = (images.shape(), images.task());
        let chosen = few(&(0..images.len()).collect::<Vec<_>>(), (MOST_VALUES / shape.len()).max(1));
        let mut counts = vec![[0; 256]; shape.channels];
        let mut classes = vec![(0, vec![0; shape.len()]); task.classes().len()];
        for index in &chosen {
            let image = images.image(*index);
            for (counts, plane) in counts.iter_mut().zip(image.chunks_exact(shape.height * shape.width)) {
                plane.iter().for_each(|value| counts[usize::from(*value)] += 1);
            }
            let (count, sums) = &mut classes[usize::from(images.labels()[*index])];
            *count += 1;
            sums.iter_mut().zip(image).for_each(|(sum, value)| *sum += u32::from(*value));
        }
        Self { images: chosen.len(), all: images.len(), counts, classes }
    }

    /// The mean image of each class.
    pub fn means(&self) -> Vec<Vec<u8>> {
        self.classes
            .iter()
            .map(|(count, sums)| mean(u64::from(*count), sums.iter().map(|sum| u64::from(*sum))))
            .collect()
    }

    /// That of all images.
    pub fn mean(&self) -> Vec<u8> {
        let places = self.classes.first().map_or(0, |(_, sums)| sums.len());
        let sum = |place: usize| self.classes.iter().map(|(_, sums)| u64::from(sums[place])).sum();
        mean(self.images as u64, (0..places).map(sum))
    }

    /// Of how many images all this is, where not of all.
    pub fn sample(&self) -> Option<String> {
        (self.images < self.all).then(|| grouped(self.images))
    }

    /// Where the values lie.
    pub fn section(&self) -> Section {
        let of = self.sample().map_or_else(String::new, |some| format!("{some} of "));
        let text = format!(
            "How often values from 0, black, to 255 come in {of}the {} training images, {} of them together. A network sees them divided by 255; mean \
             and standard deviation are of that.",
            grouped(self.all),
            256 / BINS,
        );
        Section::new(
            "Values of the pixels",
            [Block::Text(text), Block::Lines(self.histogram()), Block::Table(self.table())],
        )
    }

    /// A line for each channel.
    fn histogram(&self) -> LineChart {
        let shares: Vec<Vec<f64>> = self.counts.iter().map(binned).collect();
        let most = shares.iter().flatten().copied().fold(0.0, f64::max);
        let least = shares.iter().flatten().copied().filter(|share| *share > 0.0).fold(most, f64::min);
        let width = 256 / BINS;
        let points = |shares: &Vec<f64>| {
            // The last point is the right end of the last bar.
            let ends = shares.iter().chain(shares.last()).enumerate();
            ends.map(|(bin, share)| ((bin * width) as f64, 100.0 * share)).collect::<Vec<_>>()
        };
        let series = match &shares[..] {
            [grey] => vec![Series::line("", points(grey)).drawn(Style::Steps)],
            colours => {
                let named = colours.iter().zip(COLOURS);
                named.map(|(shares, (name, colour))| Series::line(name, points(shares)).coloured(colour)).collect()
            }
        };
        let y = Axis::new("% of the pixels");
        LineChart {
            alt: format!(
                "Values of the pixels, {width} of them in a bar, the most frequent with {:.1} % of all",
                100.0 * most
            ),
            x: Axis { is_whole: true, ..Axis::new("value").range(0.0, 256.0) },
            // A logarithm of nothing is none.
            y: if most > DWARFING {
                y.log().range(below(100.0 * least), above(100.0 * most))
            } else {
                y.range(0.0, above(100.0 * most))
            },
            series,
            ..LineChart::default()
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["channel", "mean", "standard deviation", "black", "white"], 1);
        for (counts, (name, _)) in self.counts.iter().zip(COLOURS) {
            let name = if self.counts.len() == 1 { "grey" } else { name };
            let all = counts.iter().sum::<u64>().max(1) as f64;
            let moment = |of: fn(f64) -> f64| {
                counts.iter().zip(0..).map(|(count, value)| *count as f64 * of(f64::from(value) / 255.0)).sum::<f64>()
                    / all
            };
            let (mean, square) = (moment(|value| value), moment(|value| value * value));
            let deviation = (square - mean * mean).max(0.0).sqrt();
            let [black, white] = [0, 255].map(|value| format!("{:.1} %", 100.0 * counts[value] as f64 / all));
            table.add_row([name.to_owned(), format!("{mean:.4}"), format!("{deviation:.4}"), black, white]);
        }
        table
    }
}

fn mean(count: u64, sums: impl Iterator<Item = u64>) -> Vec<u8> {
    let count = count.max(1);
    sums.map(|sum| ((sum + count / 2) / count) as u8).collect()
}

/// The share of all values in each bar.
fn binned(counts: &[u64; 256]) -> Vec<f64> {
    let all = counts.iter().sum::<u64>().max(1) as f64;
    counts.chunks_exact(256 / BINS).map(|bin| bin.iter().sum::<u64>() as f64 / all).collect()
}

/// The power of ten below a number: where an axis begins on which that is to be seen.
fn below(number: f64) -> f64 {
    10f64.powf((0.999 * number).log10().floor())
}

/// The first of 1, 2, 5, 10, .. at or above a number: where an axis ends with a label.
fn above(number: f64) -> f64 {
    let power = 10f64.powf(number.max(f64::MIN_POSITIVE).log10().floor());
    [1.0, 2.0, 5.0].map(|step| step * power).into_iter().find(|round| *round >= 0.999 * number).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use task::{Shape, Task};

    use super::*;

    /// Two images of a class and one of the other, of 1 x 2 pixels in three channels.
    fn images() -> Images {
        let task = Arc::new(Task::new(["a", "b"]).unwrap());
        let pixels = vec![0, 255, 10, 20, 0, 0, 0, 255, 30, 40, 0, 0, 255, 255, 50, 60, 0, 1];
        Images::new(&task, Shape { channels: 3, height: 1, width: 2 }, pixels.into(), vec![0, 0, 1])
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        assert_eq!([0.3, 5.0, 66.7, 100.0].map(above), [0.5, 5.0, 100.0, 100.0]);
    }

    #[test]
    fn mean_images_are_of_a_class_or_of_all() {
        let sums = PixelSums::of(&images());
        assert_eq!(sums.means(), [[0, 255, 20, 30, 0, 0], [255, 255, 50, 60, 0, 1]]);
        assert_eq!(sums.mean(), [85, 255, 30, 40, 0, 0]);
    }

    #[test]
    fn each_channel_has_its_line_and_its_moments() {
        let sums = PixelSums::of(&images());
        let chart = sums.histogram();
        let red = &chart.series[0];
        assert_eq!((red.name.as_str(), red.points.len(), chart.y.scale), ("red", BINS + 1, chart::Scale::Log));
        assert_eq!((red.points[0], red.points[63]), ((0.0, 100.0 * (2.0 / 6.0)), (252.0, 100.0 * (4.0 / 6.0))));
        // Of 0, 1, 0, 1, 1, 1 the mean is 2/3, and the standard deviation the root of 2/9.
        assert_eq!(sums.table().rows[0], ["red", "0.6667", "0.4714", "33.3 %", "66.7 %"]);
        assert_eq!(sums.table().rows.len(), 3);
    }
}
