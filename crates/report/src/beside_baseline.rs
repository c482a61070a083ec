//! The model beside the pixel-similarity baseline, on the same images.

use std::num::NonZeroUsize;

use chart::{Block, Picture, Section, Table, Tile};
use metrics::Counts;

use crate::{Evaluated, fraction, grouped, pixels};

/// What the accuracy of the chapter's baseline is called where it is one number.
pub(crate) const PIXEL_SIMILARITY: &str = "pixel-similarity baseline";

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// What the baseline says of a split, `[images, outputs]`.
#[derive(Clone, Debug)]
pub struct BaselineScores {
    /// By the mean absolute difference, the chapter's baseline.
    pub l1: Vec<f32>,
    /// By the root of the mean squared difference.
    pub l2: Vec<f32>,
}

/// The model and the baseline on the same split.
#[derive(Clone, Debug)]
pub struct BesideBaseline<'a> {
    /// What the model says.
    pub evaluated: &'a Evaluated<'a>,
    /// Model, baseline by L1, baseline by L2.
    predictors: [(&'static str, Vec<u16>); 3],
}

/// Who of two is right on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlyOne {
    Model,
    /// The baseline, by L1.
    Baseline,
}

impl<'a> BesideBaseline<'a> {
    #[must_use]
    pub fn new(evaluated: &'a Evaluated<'a>, baseline: &BaselineScores) -> Self {
        let Evaluated { data, evaluation, .. } = evaluated;
        let predictors = [
            ("model", evaluation.predictions()),
            ("pixel-similarity baseline, L1", data.task().predict(&baseline.l1)),
            ("pixel-similarity baseline, L2", data.task().predict(&baseline.l2)),
        ];
        Self { evaluated, predictors }
    }

    /// Predictors with their predictions.
    #[must_use]
    pub fn predictors(&self) -> &[(&'static str, Vec<u16>); 3] {
        &self.predictors
    }

    /// The numbers of the images that only one of the two gets right.
    #[must_use]
    pub fn right(&self, only: OnlyOne) -> Vec<usize> {
        let labels = &self.evaluated.evaluation.labels;
        let [(_, model), (_, baseline), _] = &self.predictors;
        let wanted = |index: &usize| {
            let [model, baseline] = [model, baseline].map(|predictions| predictions[*index] == labels[*index]);
            (model && !baseline && only == OnlyOne::Model) || (baseline && !model && only == OnlyOne::Baseline)
        };
        (0..labels.len()).filter(wanted).collect()
    }

    /// Accuracies, and the first `count` images of each kind.
    pub fn section(&self, count: NonZeroUsize) -> Section {
        let pictures = [OnlyOne::Model, OnlyOne::Baseline].map(|only| self.pictures(only, count.get()));
        let blocks = [Block::Table(self.table())].into_iter().chain(pictures.into_iter().flatten());
        Section::new("Beside the pixel-similarity baseline", blocks)
    }

    /// What any model has to beat: the accuracy by the distance that does better.
    pub fn tile(&self) -> Tile {
        let [_, (_, l1), (_, l2)] = &self.predictors;
        let [l1, l2] = [l1, l2].map(|predictions| self.counts(predictions).accuracy());
        let [(better, by), (worse, other)] = if l2 > l1 { [(l2, "L2"), (l1, "L1")] } else { [(l1, "L1"), (l2, "L2")] };
        let [better, worse] = [better, worse].map(|accuracy| fraction(Some(accuracy)));
        Tile::new(PIXEL_SIMILARITY, better, format!("by {by}; by {other} {worse}"))
    }

    fn counts(&self, predictions: &[u16]) -> Counts {
        Counts::of(self.evaluated.data.task().classes().len(), predictions, &self.evaluated.evaluation.labels)
    }

    fn table(&self) -> Table {
        let task = self.evaluated.data.task();
        // Of more than two classes the accuracy on each would be columns that no page is wide enough for.
        let classes = task.classes().iter().filter(|_| task.is_binary());
        let names = classes.map(|class| format!("accuracy on {class}"));
        let header: Vec<String> = ["predictor".into()].into_iter().chain(names).chain(["accuracy".into()]).collect();
        let mut table = Table::new(header, 1);
        for (name, predictions) in &self.predictors {
            let counts = self.counts(predictions);
            let of_classes = counts.by_class().into_iter().filter(|_| task.is_binary()).map(|class| class.recall());
            let accuracies = of_classes.chain([Some(counts.accuracy())]).map(fraction);
            table.add_row([(*name).to_owned()].into_iter().chain(accuracies));
        }
        table
    }

    fn pictures(&self, only: OnlyOne, count: usize) -> Vec<Block> {
        let right = self.right(only);
        let [who, other] = match only {
            OnlyOne::Model => ["model", "pixel-similarity baseline by L1"],
            OnlyOne::Baseline => ["pixel-similarity baseline by L1", "model"],
        };
        let first = match right.len() {
            0 => "",
            all if all > count => " The first of them, with what they are taken for:",
            _ => " With what they are taken for:",
        };
        let [right_ones, all] = [right.len(), self.evaluated.images().len()].map(grouped);
        let text = format!("The {who} gets {right_ones} of {all} images right that the {other} gets wrong.{first}");
        let pictures: Vec<Picture> = right.iter().take(count).map(|index| self.picture(only, *index)).collect();
        let alt = format!("Images that the {who} gets right and the {other} wrong");
        let pictures = (!pictures.is_empty()).then_some(Block::Pictures { alt, pictures, columns: COLUMNS });
        [Block::Text(text)].into_iter().chain(pictures).collect()
    }

    fn picture(&self, only: OnlyOne, index: usize) -> Picture {
        let Evaluated { data, evaluation, .. } = self.evaluated;
        let [(_, model), (_, baseline), _] = &self.predictors;
        let wrong = if only == OnlyOne::Model { baseline[index] } else { model[index] };
        let label = evaluation.labels[index];
        let caption =
            format!("{}, taken for {}\n{}", data.class(label), data.class(wrong), self.evaluated.image_name(index));
        Picture::new(pixels(self.evaluated.images(), index), caption)
    }
}
