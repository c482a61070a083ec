//! What decides a prediction, beside the image.

use chart::{Bar, Bars, Block, Picture, Pixels, Section, Verdict, Weights};

use crate::probability;

/// An image, what a model says of it, and why.
#[derive(Clone, Debug)]
pub struct Why {
    /// What the image is called.
    pub name: String,
    /// What it is, where that is known and something else than what is predicted.
    pub is: Option<String>,
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
    /// What the pictures beside an image show, of a linear model.
    pub const LINEAR: &str = "Orange speaks for the class that is predicted, blue against it. What a pixel adds is its value times its weight; \
                              with the bias that is all there is to the logit.";

    /// The same of other models.
    pub const OTHER: &str = "Orange speaks for the class that is predicted, blue against it. What a pixel adds is its value times the slope of the \
                             class's logit by it. A square costs by how much the logit falls when it is covered.";

    /// What the pictures beside the image show.
    pub fn legend(&self) -> &'static str {
        if self.is_linear { Self::LINEAR } else { Self::OTHER }
    }

    /// Of one image: large, and beside it how probable its classes are, and why.
    pub fn section(&self) -> Section {
        let (class, p) = &self.guesses[0];
        let bar =
            |(class, p): &(String, f32)| Bar { name: class.clone(), amount: f64::from(*p), label: probability(*p) };
        let alt = format!("Probabilities: {class} {}", probability(*p));
        let bars = Bars { alt, bars: self.guesses.iter().map(bar).collect(), whole: 1.0 };
        let pictures = Block::Large { alt: self.alt(), pictures: self.pictures("as the model sees it".into()) };
        Section::new(format!("{}: {class}", self.name), [Block::Bars(bars), pictures])
    }

    /// Of several.
    pub fn of_all(whys: &[Self]) -> Section {
        let named = |why: &Self| {
            let (class, p) = &why.guesses[0];
            let is = why.is.as_ref().map_or_else(String::new, |is| format!(", is {is}"));
            why.row(format!("{class}{is}\np {}\n{}", probability(*p), why.name))
        };
        let rows = Block::Beside(whys.iter().map(named).collect());
        let legend = whys.first().map(|why| Block::text(why.legend()));
        Section::new("Why: what decides the top losses", legend.into_iter().chain([rows]))
    }

    /// The image under this caption, and what is to be said of it.
    fn row(&self, caption: String) -> Block {
        let pictures = self.pictures(caption);
        Block::Pictures { alt: self.alt(), columns: pictures.len(), pictures }
    }

    fn alt(&self) -> String {
        format!("{}, and what of it speaks for and against {}", self.name, self.guesses[0].0)
    }

    fn pictures(&self, caption: String) -> Vec<Picture> {
        let picture = |pixels: Pixels, caption: String| Picture { pixels, caption, verdict: Verdict::None };
        let of = |what: &str, values: &[f32]| {
            let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let weights = Weights::new(self.pixels.height(), self.pixels.width(), values.to_vec());
            picture(weights.to_pixels(), format!("{what}\nup to {largest:.2}"))
        };
        let seen = picture(self.pixels.clone(), caption);
        let covered = (!self.is_linear).then(|| of("what a covered square costs", &self.covered));
        [seen, of("what each pixel adds", &self.added)].into_iter().chain(covered).collect()
    }
}
