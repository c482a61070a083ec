//! How image files become what a model takes, and what of them it may not know.

use data::{DecodedImage, Fit};
use plan::SourceKind;
use task::Shape;

use super::super::{load_data, stored_run::StoredRun};

/// What is said of an image that a model may not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    DarkOnLight,
    Colour,
    Blank,
}

impl Oddity {
    /// What an image is, or several are; `invert` is how it is turned round.
    pub fn said(self, is_one: bool, invert: &str) -> String {
        match (self, is_one) {
            (Self::DarkOnLight, _) => {
                let look = if is_one { "looks" } else { "look" };
                format!("{look} like dark strokes on light, the model knows light on black: try {invert}")
            }
            (Self::Colour, true) => "is in colour, the model knows grey images: it is made grey".into(),
            (Self::Colour, false) => "are in colour, the model knows grey images: they are made grey".into(),
            (Self::Blank, true) => "is blank".into(),
            (Self::Blank, false) => "are blank".into(),
        }
    }
}

/// What a run's model takes.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub shape: Shape,
    pub fit: Fit,
    pub knows_strokes: bool,
}

impl Taken {
    pub fn by(stored: &StoredRun) -> Self {
        let (shape, fit) = (stored.record.model.shape(), load_data::fit(&stored.plan));
        Self { shape, fit, knows_strokes: knows_strokes(stored) }
    }

    /// The values of an image in the model's shape, and what is odd about it.
    pub fn prepared(&self, mut image: DecodedImage, invert: bool) -> (Vec<u8>, Vec<Oddity>) {
        if invert {
            image.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        }
        let oddities = self.oddities(&image, invert);
        (image.fitted(self.shape, self.fit), oddities)
    }

    /// What is odd about an image of any size; whoever has inverted it knows how its strokes are.
    pub fn oddities(&self, image: &DecodedImage, is_inverted: bool) -> Vec<Oddity> {
        let is_blank = image.pixels.iter().all(|pixel| *pixel == image.pixels[0]);
        let knows_light = self.shape.channels == 1 && self.knows_strokes && !is_inverted;
        let held = [
            (Oddity::DarkOnLight, knows_light && image.is_dark_on_light()),
            (Oddity::Colour, self.shape.channels < image.shape.channels && !image.is_without_colour()),
            (Oddity::Blank, is_blank),
        ];
        held.into_iter().filter(|(_, holds)| *holds).map(|(oddity, _)| oddity).collect()
    }
}

/// Whether the model has seen light strokes on black; of a reader's own pictures nobody knows.
fn knows_strokes(stored: &StoredRun) -> bool {
    match stored.plan.data.source {
        SourceKind::Folder | SourceKind::Csv | SourceKind::Npz | SourceKind::Cifar10 => false,
        SourceKind::Auto
        | SourceKind::MnistSample
        | SourceKind::Mnist
        | SourceKind::FashionMnist
        | SourceKind::Kmnist
        | SourceKind::Archive
        | SourceKind::Idx
        | SourceKind::Synthetic => true,
    }
}
