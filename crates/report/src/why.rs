//! What decides a prediction, on the image.

use chart::{Bar, Bars, Block, Picture, Pixels, Section, Weights};

use crate::{probability, words::taken};

/// Weights of the pixels round one, along each side, over which what they add is averaged in images in colour: two means over four
/// pixels, which leave nothing of the stripes that convolutions of stride 2 give a gradient.
const ROUND: [f32; 7] = [1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0];

/// Below it a model is not certain.
pub(crate) const CERTAIN: f32 = 0.9;

/// Images that a page explains at once.
const SEEN: usize = 3;

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
    /// The loss of the image, where that is known.
    pub loss: Option<f32>,
    /// The logit of the first class.
    pub logit: f32,
    /// What each pixel adds to that.
    pub added: Vec<f32>,
    /// What each pixel adds to the logit of what it is, where that is another class with a logit of its own.
    pub added_to_actual: Option<Vec<f32>>,
    /// By how much the first class's logit falls where a square is covered, more than that of what it is.
    pub covered: Vec<f32>,
    /// Whether the sum of what is added is the logit but for the bias: of a linear model.
    pub is_linear: bool,
}

impl Why {
    /// What the pictures beside an image show, of a linear model.
    pub const LINEAR: &str = "Orange speaks for the class, blue against it. What a pixel adds to the class's logit is its value times its weight; \
                              with the bias that is all there is to the logit.";

    /// The same of other models, where squares of the image are covered.
    const SQUARES: &str = "Squares: each is covered in turn and the model asked again. Without an orange one it leans less to what it says, \
                           without a blue one more.";

    /// What the pictures beside the image show.
    pub fn legend(&self) -> String {
        if self.is_linear { Self::LINEAR.into() } else { format!("{} {}", Self::SQUARES, self.of_pixels()) }
    }

    /// What single pixels say; in colour they say little.
    fn of_pixels(&self) -> String {
        let pixels = "Pixels: orange ones raise the logit of the class, blue ones lower it, each by its value times the slope of the logit";
        match self.pixels.is_grey() {
            true => format!("{pixels}."),
            false => {
                format!(
                    "{pixels}, as a mean over the 7 x 7 pixels round it; on photographs that says less than the squares."
                )
            }
        }
    }

    /// Of one image: large, and beside it how probable its classes are, and why.
    pub fn section(&self) -> Section {
        let (class, p) = &self.guesses[0];
        let bar =
            |(class, p): &(String, f32)| Bar { name: class.clone(), amount: f64::from(*p), label: probability(*p) };
        let alt = format!("Probabilities: {class} {}", probability(*p));
        let bars = Bars { alt, bars: self.guesses.iter().map(bar).collect(), whole: 1.0, ..Bars::default() };
        let pictures = Block::Large { alt: self.alt(), pictures: self.pictures("as the model sees it".into()) };
        Section::new(format!("{}: {class}", self.name), [Block::Bars(bars), pictures])
    }

    /// Of several, of which a few are seen at once; of photographs more, without what their single pixels say.
    pub fn of_all(whys: &[Self]) -> Section {
        const HEADING: &str = "Why: what decides the top losses";
        if whys.iter().any(|why| !why.is_linear && !why.pixels.is_grey()) {
            return Section::new(HEADING, Self::of_photographs(whys));
        }
        let rows = |whys: &[Self]| whys.iter().map(|why| why.row(None)).collect::<Vec<Block>>();
        let (first, more) = whys.split_at(whys.len().min(SEEN));
        let summary = format!("The next {}", more.len());
        let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: rows(more) });
        let legend = whys.first().map(|why| Block::Text(why.legend()));
        Section::new(HEADING, legend.into_iter().chain(rows(first)).chain(more))
    }

    /// Two images in a row, each with its squares; the pixels for who asks for them.
    fn of_photographs(whys: &[Self]) -> Vec<Block> {
        let rows = |pictures: fn(&Self) -> Vec<Picture>| {
            whys.chunks(2).map(move |pair| {
                let alts: Vec<String> = pair.iter().map(Self::alt).collect();
                Block::Large { alt: alts.join("; "), pictures: pair.iter().flat_map(pictures).collect() }
            })
        };
        let squares = rows(|why| [why.seen(why.caption(None))].into_iter().chain(why.squares()).collect());
        let pixels = rows(|why| {
            let named = |picture: Picture| Picture { caption: format!("{}\n{}", picture.caption, why.name), ..picture };
            why.by_pixel().into_iter().map(named).collect()
        });
        let legend = whys.first().map(|why| Block::Text(why.of_pixels()));
        let pixels =
            Block::Fold { summary: "The same by pixel".into(), blocks: legend.into_iter().chain(pixels).collect() };
        [Block::text(Self::SQUARES)].into_iter().chain(squares).chain([pixels]).collect()
    }

    /// The image with what is to be said of it, and what it is where that is known otherwise.
    pub(crate) fn row(&self, known: Option<&str>) -> Block {
        Block::Large { alt: self.alt(), pictures: self.pictures(self.caption(known)) }
    }

    fn caption(&self, known: Option<&str>) -> String {
        let (class, p) = &self.guesses[0];
        let said = taken(class, self.is.as_deref().or(known));
        let loss = self.loss.map_or_else(String::new, |loss| format!("loss {loss:.2}, "));
        let then = self.guesses.get(1).filter(|_| *p < CERTAIN);
        let then = then.map_or_else(String::new, |(class, p)| format!("then {class}, p {}\n", probability(*p)));
        format!("{said}\n{loss}p {}\n{then}{}", probability(*p), self.name)
    }

    fn alt(&self) -> String {
        format!("{}, and what of it speaks for and against {}", self.name, self.guesses[0].0)
    }

    fn pictures(&self, caption: String) -> Vec<Picture> {
        [self.seen(caption)].into_iter().chain(self.squares()).chain(self.by_pixel()).collect()
    }

    fn seen(&self, caption: String) -> Picture {
        Picture::new(self.pixels.clone(), caption)
    }

    /// What covering costs the class; a linear model needs no such question.
    fn squares(&self) -> Option<Picture> {
        let against = self.is.as_ref().map_or_else(String::new, |is| format!(" against {is}"));
        let what = format!("squares for {}{against}", self.guesses[0].0);
        (!self.is_linear).then(|| self.over(what, &self.covered, None))
    }

    /// What each pixel adds to the class, and to what the image is.
    fn by_pixel(&self) -> Vec<Picture> {
        let of = |class: &str, values: &Vec<f32>, said| match self.is_linear || self.pixels.is_grey() {
            true => self.over(format!("pixels for {class}"), values, said),
            false => self.over(format!("pixels for {class}"), &self.averaged(values), said),
        };
        let added = of(&self.guesses[0].0, &self.added, self.is_linear.then(|| self.sum()));
        let actual = self.added_to_actual.as_ref().zip(self.is.as_ref()).map(|(added, is)| of(is, added, None));
        [added].into_iter().chain(actual).collect()
    }

    /// Values on the image; where nothing else is to be said, how large they are.
    fn over(&self, what: String, values: &[f32], said: Option<String>) -> Picture {
        let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let weights = Weights::new(self.pixels.height(), self.pixels.width(), values.to_vec());
        let said = said.unwrap_or_else(|| format!("logit ±{largest:.2} at most"));
        Picture::new(weights.over(&self.pixels), format!("{what}\n{said}"))
    }

    /// Each value as the mean of those round it, as far as the image goes.
    fn averaged(&self, values: &[f32]) -> Vec<f32> {
        let (height, width) = (self.pixels.height(), self.pixels.width());
        let round = |at: usize, end: usize| {
            let places = (at..).zip(ROUND).map(|(place, weight)| (place.checked_sub(ROUND.len() / 2), weight));
            places.filter_map(move |(place, weight)| Some((place.filter(|place| *place < end)?, weight)))
        };
        let mean = |row: usize, column: usize| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (row, of_row) in round(row, height) {
                for (column, of_column) in round(column, width) {
                    sum += of_row * of_column * values[row * width + column];
                    weights += of_row * of_column;
                }
            }
            sum / weights
        };
        (0..height).flat_map(|row| (0..width).map(move |column| mean(row, column))).collect()
    }

    /// Of a linear model what the logit is the sum of.
    fn sum(&self) -> String {
        let pixels: f32 = self.added.iter().sum();
        format!("bias {:+.2} and pixels {pixels:+.2}: logit {:.2}", self.logit - pixels, self.logit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(is_linear: bool) -> Why {
        Why {
            name: "valid/cat/1".into(),
            is: Some("cat".into()),
            pixels: Pixels::of_planes(1, 2, &[0, 255]),
            guesses: vec![("dog".into(), 0.9)],
            loss: Some(2.345),
            logit: 1.5,
            added: vec![2.0, -1.0],
            added_to_actual: Some(vec![0.5, 0.25]),
            covered: vec![0.0, 3.0],
            is_linear,
        }
    }

    fn captions(why: &Why) -> Vec<String> {
        let Block::Large { pictures, .. } = why.row(None) else { panic!("no pictures") };
        pictures.into_iter().map(|picture| picture.caption).collect()
    }

    #[test]
    fn both_classes_are_explained_with_their_units() {
        let expected = [
            "cat, taken for dog\nloss 2.35, p 0.9000\nvalid/cat/1",
            "squares for dog against cat\nlogit ±3.00 at most",
            "pixels for dog\nlogit ±2.00 at most",
            "pixels for cat\nlogit ±0.50 at most",
        ];
        assert_eq!(captions(&why(false)), expected);
    }

    #[test]
    fn of_a_linear_model_the_parts_come_to_the_logit() {
        assert_eq!(captions(&why(true))[1], "pixels for dog\nbias +0.50 and pixels +1.00: logit 1.50");
    }

    #[test]
    fn in_colour_stripes_are_averaged_away_and_what_stands_alone_stays() {
        let why = Why { pixels: Pixels::of_planes(16, 16, &[9; 3 * 256]), ..why(false) };
        for period in [2, 4] {
            let stripes: Vec<f32> = (0..256).map(|at| if at % period < period / 2 { 1.0 } else { -1.0 }).collect();
            let inside = why.averaged(&stripes)[8 * 16 + 8];
            assert!(inside.abs() < 1e-6, "{period}: {inside}");
        }
        let one: Vec<f32> = (0..256).map(|at| if at == 8 * 16 + 8 { 256.0 } else { 0.0 }).collect();
        assert_eq!(why.averaged(&one)[8 * 16 + 8], 16.0);
        assert_eq!(why.averaged(&[2.0; 256]), [2.0; 256]);
    }

    #[test]
    fn of_photographs_the_squares_are_seen_and_the_pixels_folded() {
        let photograph = Why { pixels: Pixels::of_planes(1, 2, &[9; 6]), ..why(false) };
        let section = Why::of_all(&vec![photograph; 5]);
        let of = |block: &Block| match block {
            Block::Large { pictures, .. } => pictures.iter().map(|picture| picture.caption.clone()).collect(),
            _ => Vec::new(),
        };
        assert_eq!(section.blocks.iter().map(|block| of(block).len()).collect::<Vec<_>>(), [0, 4, 4, 2, 0]);
        assert_eq!(of(&section.blocks[1])[1], "squares for dog against cat\nlogit ±3.00 at most");
        let Block::Fold { blocks, .. } = &section.blocks[4] else { panic!("{section:?}") };
        assert_eq!(of(&blocks[1])[1], "pixels for cat\nlogit ±0.39 at most\nvalid/cat/1");
    }

    #[test]
    fn a_few_are_seen_at_once() {
        let section = Why::of_all(&vec![why(false); 5]);
        assert_eq!(section.blocks.len(), 1 + 3 + 1);
        assert!(
            matches!(&section.blocks[4], Block::Fold { summary, blocks } if summary == "The next 2" && blocks.len() == 2)
        );
    }
}
