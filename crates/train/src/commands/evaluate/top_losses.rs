//! The images the model was most wrong about, as fastai's `plot_top_losses`.

use std::num::NonZeroUsize;

use chart::{Picture, Verdict, svg, terminal::image_grid};
use serde_json::{Value, json};
use train::evaluation::TopLoss;

use super::Evaluated;
use crate::{
    commands::shown::{Shown, class, pixels},
    terminal::{colours, width},
};

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// The images with prediction, target, loss and the probability of the predicted class.
pub fn show(evaluated: &Evaluated, count: NonZeroUsize) -> Shown {
    let pictures: Vec<Picture> = top(evaluated, count).iter().map(|top| picture(evaluated, top)).collect();
    let title = format!("Top losses, highest {} first", evaluated.loss());
    let body = svg::image_grid(&title, &pictures, COLUMNS);
    Shown { title, text: image_grid(&pictures, width(), colours()), body }
}

/// The same as an array.
pub fn json(evaluated: &Evaluated, count: NonZeroUsize) -> Value {
    let object = |top: &TopLoss| {
        let [prediction, target] = [top.predicted, top.label].map(|label| class(evaluated.data, label));
        json!({
            "image": name(evaluated, top),
            "prediction": prediction,
            "target": target,
            "loss": top.loss,
            "probability": top.probability,
        })
    };
    top(evaluated, count).iter().map(object).collect()
}

fn top(evaluated: &Evaluated, count: NonZeroUsize) -> Vec<TopLoss> {
    let scores = &evaluated.scores;
    scores.evaluation.top_losses(&scores.losses, count.get())
}

fn picture(evaluated: &Evaluated, top: &TopLoss) -> Picture {
    let [prediction, target] = [top.predicted, top.label].map(|label| class(evaluated.data, label));
    let verdict = if top.predicted == top.label { Verdict::Right } else { Verdict::Wrong };
    let (loss, probability, name) = (top.loss, top.probability, name(evaluated, top));
    let caption = format!("{prediction}, is {target}\nloss {loss:.4}\np {probability:.4}\n{name}");
    Picture { pixels: pixels(evaluated.digits, top.index), caption, verdict }
}

/// As `train show` takes it: split, class, and number within the two.
fn name(evaluated: &Evaluated, top: &TopLoss) -> String {
    let before = &evaluated.digits.labels()[..top.index];
    let number = before.iter().filter(|label| **label == top.label).count();
    format!("{}/{}/{number}", evaluated.args.split.name(), class(evaluated.data, top.label))
}
