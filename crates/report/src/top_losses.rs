//! The images the model was most wrong about, as fastai's `plot_top_losses`.

use std::num::NonZeroUsize;

use chart::{Block, Picture, Section, Verdict};
use metrics::TopLoss;

use crate::{Evaluated, pixels};

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

impl Evaluated<'_> {
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
