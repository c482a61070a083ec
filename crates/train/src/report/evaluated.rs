//! A trained model on a split: what all sections are made of.

use chart::Table;
use data::{DataSet, Digits};
use model::Backend;
use std::sync::Arc;

use crate::{
    classifier::Classifier,
    evaluation::Evaluation,
    fit::evaluation_loader,
    plan::{Loss, Plan},
    report::fraction,
};

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What it learns from.
    Train,
    /// What it has never seen.
    Valid,
}

impl Split {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Train, Self::Valid];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
        }
    }

    /// Its digits.
    pub fn of(self, data: &DataSet) -> &Arc<Digits> {
        match self {
            Self::Train => &data.train,
            Self::Valid => &data.valid,
        }
    }
}

/// What a model says of a split, brought from the device.
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
    /// One pass over the split without gradients.
    pub fn of<B: Backend>(
        plan: &Plan,
        classifier: &Classifier<B>,
        data: &'a DataSet,
        split: Split,
        device: &B::Device,
    ) -> Self {
        let evaluation = Evaluation::of(classifier, &evaluation_loader(plan, split.of(data), device));
        let losses = evaluation.losses(classifier, device);
        let weights = classifier.network().pixel_weights();
        let weights = weights.map(|weights| weights.into_data().convert::<f32>().iter().collect());
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
    pub fn metrics(&self) -> [(&'static str, String); 6] {
        let metrics = self.evaluation.metrics();
        [
            ("loss", format!("{:.6}", metrics.loss)),
            ("accuracy", format!("{:.4}", metrics.accuracy)),
            ("precision", fraction(metrics.precision)),
            ("recall", fraction(metrics.recall)),
            ("f1", fraction(metrics.f1)),
            ("roc auc", fraction(metrics.roc_auc)),
        ]
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
