//! The model beside the pixel-similarity baseline, on the same images.

use std::num::NonZeroUsize;

use chart::{Block, Picture, Section, Table, Verdict};
use metrics::Confusion;

use crate::{Evaluated, fraction, pixels};

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// What the baseline says of a split, one score per image.
#[derive(Clone, Debug)]
pub struct BaselineScores {
    /// By the mean absolute difference, the chapter's baseline.
    pub l1: Vec<f32>,
    /// By the root of the mean squared difference.
    pub l2: Vec<f32>,
}

/// The model and the baseline on the same split.
#[derive(Clone, Copy, Debug)]
pub struct BesideBaseline<'a> {
    /// What the model says.
    pub evaluated: &'a Evaluated<'a>,
    pub baseline: &'a BaselineScores,
}

/// Who of two is right on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlyOne {
    Model,
    /// The baseline, by L1.
    Baseline,
}

impl BesideBaseline<'_> {
    /// Predictors with their predictions counted.
    pub fn counted(&self) -> [(&'static str, Confusion); 3] {
        let count = |scores: &[f32]| Confusion::of(scores, &self.evaluated.evaluation.labels);
        [
            ("model", count(&self.evaluated.evaluation.logits)),
            ("baseline, L1", count(&self.baseline.l1)),
            ("baseline, L2", count(&self.baseline.l2)),
        ]
    }

    /// The numbers of the images that only one of the two gets right.
    pub fn right(&self, only: OnlyOne) -> Vec<usize> {
        let evaluation = &self.evaluated.evaluation;
        let is_right = |scores: &[f32], index: usize| (scores[index] > 0.0) == (evaluation.labels[index] == 1);
        let wanted = |index: &usize| {
            let (model, baseline) = (is_right(&evaluation.logits, *index), is_right(&self.baseline.l1, *index));
            (model && !baseline && only == OnlyOne::Model) || (baseline && !model && only == OnlyOne::Baseline)
        };
        (0..evaluation.labels.len()).filter(wanted).collect()
    }

    /// Accuracies, and the first `count` images of each kind.
    pub fn section(&self, count: NonZeroUsize) -> Section {
        let pictures = [OnlyOne::Model, OnlyOne::Baseline].map(|only| self.pictures(only, count.get()));
        let blocks = [Block::Table(self.table())].into_iter().chain(pictures.into_iter().flatten());
        Section::new("Beside the pixel-similarity baseline", blocks)
    }

    fn table(&self) -> Table {
        let classes = self.evaluated.data.classes.each_ref().map(|class| format!("accuracy on {class}"));
        let [positive, negative] = &classes;
        let mut table = Table::new(["predictor", positive, negative, "accuracy"], 1);
        for (name, confusion) in self.counted() {
            let accuracies = [confusion.recall(), confusion.specificity(), Some(confusion.accuracy())];
            let [of_positive, of_negative, of_all] = accuracies.map(fraction);
            table.add_row([name.to_owned(), of_positive, of_negative, of_all]);
        }
        table
    }

    fn pictures(&self, only: OnlyOne, count: usize) -> Vec<Block> {
        let right = self.right(only);
        let who = match only {
            OnlyOne::Model => "the model and not the baseline by L1",
            OnlyOne::Baseline => "the baseline by L1 and not the model",
        };
        let text = format!("{} of {} images {who} gets right.", right.len(), self.evaluated.digits().len());
        let pictures: Vec<Picture> = right.iter().take(count).map(|index| self.picture(*index)).collect();
        let alt = format!("Images that {who} gets right");
        let pictures = (!pictures.is_empty()).then_some(Block::Pictures { alt, pictures, columns: COLUMNS });
        [Block::Text(text)].into_iter().chain(pictures).collect()
    }

    fn picture(&self, index: usize) -> Picture {
        let Evaluated { data, evaluation, .. } = self.evaluated;
        let label = evaluation.labels[index];
        let caption =
            format!("{}, not {}\n{}", data.class(label), data.class(1 - label), self.evaluated.image_name(index));
        Picture { pixels: pixels(self.evaluated.digits(), index), caption, verdict: Verdict::None }
    }
}
