//! A trained model on a split: what all sections are made of.

use std::{num::NonZeroUsize, sync::Arc};

use chart::{Axis, Block, Confusion, LineChart, Picture, Section, Table, Verdict, Weights, calibration, roc};
use data::{DataSet, Images, Split};
use metrics::{Evaluation, Metric, Scores, TopLoss};
use plan::{Loss, Plan};
use task::Shape;

use crate::{fraction, pixels};

/// Bins of the reliability diagram: as many as in most publications.
const BINS: usize = 10;

/// Pairs of classes that are told as confused.
const CONFUSED: usize = 10;

/// Classes whose weights are drawn.
const MOST_WEIGHTS: usize = 20;

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
    /// Of a linear model for each output one weight per pixel.
    pub weights: Vec<Vec<f32>>,
}

impl<'a> Evaluated<'a> {
    /// The scores of a split by a model that was trained as the plan says.
    pub fn new(plan: &Plan, data: &'a DataSet, split: Split, scores: Scores) -> Self {
        let Scores { evaluation, losses, weights } = scores;
        Self { data, split, loss: plan.training.loss.of(data.task()), evaluation, losses, weights }
    }

    /// The images that were scored.
    ///
    /// # Panics
    /// Where the data has no such split: then nothing was scored.
    pub fn images(&self) -> &Arc<Images> {
        self.data.split(self.split).expect("the data has the split that was scored")
    }

    /// What was evaluated, in a line.
    pub fn title(&self) -> String {
        let split = match self.split {
            Split::Train => "training",
            Split::Valid => "validation",
            Split::Test => "test",
        };
        let (images, source) = (self.images().len(), &self.data.source);
        format!("{images} {split} images of {source}, {}", self.data.task())
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

    /// For each class its accuracy, and of two how their images were taken, of more its precision and F1.
    pub fn by_class(&self) -> Table {
        let (classes, counts) = (self.data.task().classes(), self.evaluation.sums.counts.by_class());
        if let [positive, negative] = classes {
            let predicted = [positive, negative].map(|class| format!("predicted {class}"));
            let mut table = Table::new(["class", &predicted[0], &predicted[1], "accuracy"], 1);
            for ((class, row), counts) in classes.iter().zip(self.evaluation.confusion()).zip(counts) {
                table.add_row([class.clone(), row[0].to_string(), row[1].to_string(), fraction(counts.recall())]);
            }
            return table;
        }
        let mut table = Table::new(["class", "images", "accuracy (recall)", "precision", "f1"], 1);
        for (class, counts) in classes.iter().zip(counts) {
            let [recall, precision, f1] = [counts.recall(), counts.precision(), counts.f1()].map(fraction);
            table.add_row([class.clone(), counts.actual.to_string(), recall, precision, f1]);
        }
        table
    }

    /// The matrix, and of more than two classes what is confused most.
    pub fn confusion(&self) -> Section {
        let (task, counts) = (self.data.task(), &self.evaluation.sums.counts);
        let matrix = Confusion { classes: task.classes().to_vec(), counts: self.evaluation.confusion() };
        let alt = match (task.classes(), &counts.by_class()[..]) {
            ([positive, negative], [positives, negatives]) => format!(
                "Confusion matrix: {} of {} {positive} and {} of {} {negative} are right",
                positives.right, positives.actual, negatives.right, negatives.actual
            ),
            _ => format!("Confusion matrix of {task}: {} of {} images are right", counts.right(), counts.total()),
        };
        let confused = (!task.is_binary()).then(|| self.most_confused(&matrix)).flatten();
        Section::new("Confusion matrix", [Block::Confusion { alt, matrix }].into_iter().chain(confused))
    }

    /// The pairs of classes that are most often taken for each other.
    fn most_confused(&self, matrix: &Confusion) -> Option<Block> {
        let confused = matrix.confused();
        let mut table = Table::new(["is", "predicted", "images", "of the class"], 2).captioned("What is confused most");
        for (actual, predicted, count) in confused.iter().take(CONFUSED) {
            let all: u64 = matrix.counts[*actual].iter().sum();
            let share = format!("{:.1} %", 100.0 * *count as f64 / all as f64);
            let [actual, predicted] = [actual, predicted].map(|class| matrix.classes[*class].clone());
            table.add_row([actual, predicted, count.to_string(), share]);
        }
        (!confused.is_empty()).then_some(Block::Table(table))
    }

    /// Of two classes the ROC curve, calibration and, of a linear model, its weights; each with a name for its file.
    pub fn charts(&self) -> Vec<(&'static str, Section)> {
        let charts = self.roc().map(|roc| ("roc", roc)).into_iter().chain([("calibration", self.calibration())]);
        charts.chain(self.pixel_weights().map(|weights| ("weights", weights))).collect()
    }

    /// The ROC curve of two classes.
    pub fn roc(&self) -> Option<Section> {
        let [positive, negative] = self.data.task().classes() else { return None };
        // Logits tell apart what probabilities next to 0 and 1 round together.
        let curve = roc(&self.evaluation.logits, &self.are(0));
        let text = format!(
            "As the probability that it takes to say {positive} goes down from 1 to 0, more images of {positive} are found (true \
             positive rate), and more of {negative} are taken for {positive} (false positive rate). The area below the curve \
             is the chance that an image of {positive} gets a higher probability than one of {negative}."
        );
        Some(Section::new("ROC curve", [Block::Lines(curve), Block::Text(text)]))
    }

    /// The reliability diagram: of two classes of the probability of the first, of more of that of what is predicted.
    pub fn calibration(&self) -> Section {
        let (task, probabilities) = (self.data.task(), self.evaluation.probabilities());
        let classes = task.classes().len();
        let end = "On the dashed line as many as it says. The error is the mean distance from that line, each image counting \
                   the same; a bin in the middle often holds few.";
        let (diagram, of, text) = if let [positive, _] = task.classes() {
            let first: Vec<f32> = probabilities.iter().copied().step_by(classes).collect();
            let text = format!("Of the images that get about the same probability, how many are {positive}? {end}");
            (calibration(&first, &self.are(0), BINS), positive.as_str(), text)
        } else {
            let predictions = self.evaluation.predictions();
            let of_predicted = |(row, class): (&[f32], &u16)| row[usize::from(*class)];
            let said: Vec<f32> = probabilities.chunks_exact(classes).zip(&predictions).map(of_predicted).collect();
            let right: Vec<bool> = predictions.iter().zip(&self.evaluation.labels).map(|(a, b)| a == b).collect();
            let text =
                format!("Of the images whose prediction has about the same probability, how many are right? {end}");
            let diagram = calibration(&said, &right, BINS);
            let y = Axis { name: "share of right ones".into(), ..diagram.y };
            (LineChart { y, ..diagram }, "what is predicted", text)
        };
        Section::new(format!("Calibration of the probability of {of}"), [Block::Lines(diagram), Block::Text(text)])
    }

    /// The weights in the place of their pixels, of a linear model of grey images; of very many classes none.
    pub fn pixel_weights(&self) -> Option<Section> {
        let Shape { channels: 1, height, width } = self.data.shape() else { return None };
        let picture = |heading: &str, weights: Weights, values: &[f32]| {
            let [least, most] = [f32::min, f32::max].map(|pick| values.iter().copied().fold(0.0, pick));
            Block::Weights { alt: format!("{heading}; from {least:.2} to {most:.2}"), weights }
        };
        let of = |values: &Vec<f32>| Weights::new(height, width, values.clone());
        match (self.data.task().classes(), &self.weights[..]) {
            (_, []) => None,
            ([positive, negative], [values]) => {
                let heading = format!("Weights: positive ones speak for {positive}, negative ones for {negative}");
                let picture = picture(&heading, of(values), values);
                Some(Section::new(heading, [picture]))
            }
            (classes, all) if classes.len() <= MOST_WEIGHTS => {
                let pictures = classes
                    .iter()
                    .zip(all)
                    .map(|(class, values)| picture(&format!("Weights of {class}"), of(values).named(class), values));
                Some(Section::new("Weights: positive ones speak for their class", [Block::Beside(pictures.collect())]))
            }
            _ => None,
        }
    }

    fn are(&self, label: u16) -> Vec<bool> {
        self.evaluation.labels.iter().map(|other| *other == label).collect()
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
        Picture { pixels: pixels(self.images(), top.index), caption, verdict }
    }

    /// As `train show` takes it.
    pub fn image_name(&self, index: usize) -> String {
        self.data.image_name(self.split, index)
    }
}
