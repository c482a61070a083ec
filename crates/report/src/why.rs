//! What decides a prediction, beside the image.

use chart::{Block, Picture, Pixels, Section, Table, Verdict, Weights};

/// An image, what a model says of it, and why.
#[derive(Clone, Debug)]
pub struct Why {
    /// What the image is called.
    pub name: String,
    /// As the model sees it.
    pub pixels: Pixels,
    /// Classes with their probabilities, the most probable first.
    pub guesses: Vec<(String, f32)>,
    /// What each pixel adds to the score of the first.
    pub added: Vec<f32>,
    /// By how much that falls where a square is covered.
    pub covered: Vec<f32>,
    /// Whether the sum of what is added is the score: of a linear model.
    pub is_linear: bool,
}

impl Why {
    /// What the two pictures beside an image show.
    pub const LEGEND: &str = "Red speaks for the class, blue against it. What a pixel adds is its value times the slope of the class's \
                              logit by it; of a linear model that is all there is to its logit, but for the bias. A square costs by how \
                              much the logit falls when it is covered.";

    pub fn section(&self) -> Section {
        let (class, height, width) = (&self.guesses[0].0, self.pixels.height(), self.pixels.width());
        let picture = Picture { pixels: self.pixels.clone(), caption: String::new(), verdict: Verdict::None };
        let seen = Block::Pictures {
            alt: format!("{}, as the model sees it", self.name),
            pictures: vec![picture],
            columns: 1,
        };
        let of = |heading: &str, values: &[f32]| {
            let weights = Weights::new(height, width, values.to_vec()).named(heading);
            let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            Block::Weights {
                alt: format!("{heading}: what speaks for and against {class}, up to {largest:.2}"),
                weights,
            }
        };
        let added = of("what each pixel adds", &self.added);
        let covered = (!self.is_linear).then(|| of("what a covered square costs", &self.covered));
        let mut guesses = Table::new(["class", "probability"], 1);
        for (class, probability) in &self.guesses {
            guesses.add_row([class.clone(), format!("{probability:.4}")]);
        }
        let beside = [seen, added].into_iter().chain(covered).collect();
        Section::new(format!("{}: {class}", self.name), [Block::Table(guesses), Block::Beside(beside)])
    }
}
