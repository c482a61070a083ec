//! The charts of an evaluation.

use chart::{Block, Confusion, Section, Weights, calibration, roc};

use crate::Evaluated;

/// Bins of the reliability diagram: as many as in most publications.
const BINS: usize = 10;

impl Evaluated<'_> {
    /// The confusion matrix.
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

    /// The ROC curve.
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
}
