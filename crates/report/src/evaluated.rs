//! A trained model on a split: what all sections are made of.

use std::sync::Arc;

use chart::Table;
use data::{DataSet, Digits, Split};
use metrics::{Evaluation, Metric, Scores};
use plan::{Loss, Plan};

use crate::fraction;

/// What a model says of a split.
#[derive(Clone, Debug)]
pub struct Evaluated<'a> {
    /// The data.
    pub data: &'a DataSet,
    /// Its split.
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

    /// The images.
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
}
