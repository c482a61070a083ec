//! A trained model on a split: what all sections are made of.

use std::{num::NonZeroUsize, sync::Arc};

use chart::{Block, Confusion, Picture, Section, Table, Verdict, Weights, calibration, roc};
use data::{DataSet, Digits, Split};
use metrics::{Evaluation, Metric, Scores, TopLoss};
use plan::{Loss, Plan};

use crate::{fraction, pixels};

/// Bins of the reliability diagram: as many as in most publications.
const BINS: usize = 10;

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// What a model says of a split.
#[derive(Clone, Debug)]
pub struct Evaluated<'a> {
    /// Both splits.
    pub data: &'a DataSet,
    /// The one that was scored.
    pub split: Split,
    /// The loss that the model was trained with.
    pub loss: Loss,
    /// Logits, labels and their sums.
    pub evaluation: Evaluation,
    /// The loss of each image.
    pub losses: Vec<f32>,
    /// One weight per pixel, of a linear model.
    pub weights: Option<Vec<f32>>,
}

impl<'a> Evaluated<'a> {
    /// The scores of a split by a model that was trained as the plan says.
    pub fn new(plan: &Plan, data: &'a DataSet, split: Split, scores: Scores) -> Self {
        let Scores { evaluation, losses, weights } = scores;
        Self { data, split, loss: plan.training.loss, evaluation, losses, weights }
    }

    pub fn digits(&self) -> &Arc<Digits> {
        self.split.of(self.data)
    }

    /// What was evaluated, in a line.
    pub fn title(&self) -> String {
        let [positive, negative] = &self.data.classes;
        let split = match self.split {
            Split::Train => "training",
            Split::Valid => "validation",
        };
        let (images, source) = (self.digits().len(), &self.data.source);
        format!("{images} {split} images of {source}, {positive} against {negative}")
    }

    /// The metrics with their names.
    pub fn metrics(&self) -> [(String, String); 6] {
        let metrics = self.evaluation.metrics();
        Metric::ALL.map(|metric| {
            let value = match metric {
                Metric::Loss => format!("{:.6}", metrics.loss),
                metric => fraction(metrics.get(metric)),
            };
            (metric.name().replace('_', " "), value)
        })
    }

    /// For each class how its images were taken, and its accuracy.
    pub fn by_class(&self) -> Table {
        let confusion = self.evaluation.confusion();
        let counts =
            [[confusion.true_positive, confusion.false_negative], [confusion.false_positive, confusion.true_negative]];
        let [positive, negative] = self.data.classes.each_ref().map(|class| format!("predicted {class}"));
        let mut table = Table::new(["class", &positive, &negative, "accuracy"], 1);
        let accuracies = [confusion.recall(), confusion.specificity()];
        for ((class, [as_positive, as_negative]), accuracy) in self.data.classes.iter().zip(counts).zip(accuracies) {
            table.add_row([class.clone(), as_positive.to_string(), as_negative.to_string(), fraction(accuracy)]);
        }
        table
    }

    pub fn confusion(&self) -> Section {
        let counts = self.evaluation.confusion();
        let counted = [[counts.true_positive, counts.false_negative], [counts.false_positive, counts.true_negative]];
        let matrix = Confusion { classes: self.data.classes.clone(), counts: counted };
        let [positive, negative] = &matrix.classes;
        let [positives, negatives] = counted.map(|row| row.iter().sum::<u64>());
        let alt = format!(
            "Confusion matrix: {} of {positives} {positive} and {} of {negatives} {negative} are right",
            counts.true_positive, counts.true_negative
        );
        Section::new("Confusion matrix", [Block::Confusion { alt, matrix }])
    }

    /// ROC curve, calibration and, of a linear model, its weights; each with a name for its file.
    pub fn charts(&self) -> Vec<(&'static str, Section)> {
        let charts = [("roc", self.roc()), ("calibration", self.calibration())];
        charts.into_iter().chain(self.pixel_weights().map(|weights| ("weights", weights))).collect()
    }

    pub fn roc(&self) -> Section {
        // Logits tell apart what probabilities next to 0 and 1 round together.
        let curve = roc(&self.evaluation.logits, &self.is_positive());
        let [positive, negative] = &self.data.classes;
        let text = format!(
            "As the probability that it takes to say {positive} goes down from 1 to 0, more images of {positive} are found (true \
             positive rate), and more of {negative} are taken for {positive} (false positive rate). The area below the curve \
             is the chance that an image of {positive} gets a higher probability than one of {negative}."
        );
        Section::new("ROC curve", [Block::Lines(curve), Block::Text(text)])
    }

    /// The reliability diagram.
    pub fn calibration(&self) -> Section {
        let diagram = calibration(&self.evaluation.probabilities(), &self.is_positive(), BINS);
        let heading = format!("Calibration of the probability of {}", self.data.classes[0]);
        let positive = &self.data.classes[0];
        let text = format!(
            "Of the images that get about the same probability, how many are {positive}? On the dashed line as many as it says. \
             The error is the mean distance from that line, each image counting the same; a bin in the middle often holds few."
        );
        Section::new(heading, [Block::Lines(diagram), Block::Text(text)])
    }

    /// The weights in the place of their pixels, of a linear model.
    pub fn pixel_weights(&self) -> Option<Section> {
        let values = self.weights.clone()?;
        let [positive, negative] = &self.data.classes;
        let [height, width] = self.digits().sides();
        let heading = format!("Weights: positive ones speak for {positive}, negative ones for {negative}");
        let [least, most] = [f32::min, f32::max].map(|pick| values.iter().copied().fold(0.0, pick));
        let alt = format!("{heading}; from {least:.2} to {most:.2}");
        Some(Section::new(heading, [Block::Weights { alt, weights: Weights::new(height, width, values) }]))
    }

    fn is_positive(&self) -> Vec<bool> {
        self.evaluation.labels.iter().map(|label| *label == 1).collect()
    }

    /// The images with prediction, target, loss and the probability of the predicted class.
    pub fn top_losses_as_pictures(&self, count: NonZeroUsize) -> Section {
        let top = self.top_losses(count);
        let heading = format!("Top losses, highest {} first", self.loss);
        let wrong = top.iter().filter(|top| top.predicted != top.label).count();
        let losses = top.first().zip(top.last()).map(|(most, least)| (most.loss, least.loss));
        let (most, least) = losses.unwrap_or_default();
        let alt = format!("{heading}: {} images, {wrong} of them wrong, from {most:.4} to {least:.4}", top.len());
        let pictures: Vec<Picture> = top.iter().map(|top| self.picture(top)).collect();
        let text = "What the model says, what it is, its loss, and p, the probability the model gave to what it says; below, \
                    the name by which `train show` finds the image.";
        Section::new(heading, [Block::text(text), Block::Pictures { alt, pictures, columns: COLUMNS }])
    }

    /// The images with the highest losses, the highest first.
    pub fn top_losses(&self, count: NonZeroUsize) -> Vec<TopLoss> {
        self.evaluation.top_losses(&self.losses, count.get())
    }

    fn picture(&self, top: &TopLoss) -> Picture {
        let [prediction, target] = [top.predicted, top.label].map(|label| self.data.class(label));
        let verdict = if top.predicted == top.label { Verdict::Right } else { Verdict::Wrong };
        let (loss, probability, name) = (top.loss, top.probability, self.image_name(top.index));
        let caption = format!("{prediction}, is {target}\nloss {loss:.4}\np {probability:.4}\n{name}");
        Picture { pixels: pixels(self.digits(), top.index), caption, verdict }
    }

    /// As `train show` takes it.
    pub fn image_name(&self, index: usize) -> String {
        self.data.image_name(self.split, index)
    }
}
