//! Signed weights as a picture, with the scale below it.

use super::{png, root, text};
use crate::weights::{Weights, colour};

const SIDE: f64 = 280.0;
const EDGE: f64 = 20.0;
const BAR: f64 = 14.0;
/// Steps of the scale; an odd number, so that one of them is zero.
const STEPS: usize = 101;

/// Draws positive weights orange, negative ones blue, each as strong as it is large; zero is the page itself.
pub fn weights(alt: &str, weights: &Weights) -> String {
    let (rows, columns) = weights.size();
    let height = SIDE * rows as f64 / columns as f64;
    let mut body = png::rgba([EDGE, EDGE, SIDE, height], rows, columns, &rgba(&weights.scaled(weights.largest())));
    body += &frame(EDGE, height);
    body += &weights
        .name
        .as_ref()
        .map_or_else(String::new, |name| text(EDGE, EDGE - 6.0, 14.0, "font-weight=\"600\"", name));
    let top = EDGE + height + EDGE;
    let steps: Vec<f32> = (0..STEPS).map(|step| step as f32 / (STEPS / 2) as f32 - 1.0).collect();
    body += &png::rgba([EDGE, top, SIDE, BAR], 1, STEPS, &rgba(&steps));
    body += &frame(top, BAR);
    let largest = format!("{:.3}", weights.largest());
    let ends =
        [("start", 0.0, format!("-{largest}")), ("middle", 0.5, "0".into()), ("end", 1.0, format!("+{largest}"))];
    for (anchor, place, label) in ends {
        let anchor = format!("text-anchor=\"{anchor}\"");
        body += &text(EDGE + place * SIDE, top + BAR + 18.0, 14.0, &anchor, &label);
    }
    root(alt, [SIDE + 2.0 * EDGE, top + BAR + 26.0].map(|side| side.ceil() as u32), &body)
}

fn rgba(scaled: &[f32]) -> Vec<u8> {
    let pixel = |(rgb, opacity): (crate::Rgb, f32)| [rgb.0, rgb.1, rgb.2, (opacity * 255.0).round() as u8];
    scaled.iter().map(|value| colour(*value)).flat_map(pixel).collect()
}

fn frame(y: f64, height: f64) -> String {
    format!(
        "<rect x=\"{EDGE}\" y=\"{y:.1}\" width=\"{SIDE}\" height=\"{height:.1}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::{check, texts};

    #[test]
    fn the_scale_goes_from_the_largest_negative_to_the_largest_positive() {
        let svg = weights("weights of the linear model", &Weights::new(1, 2, vec![-0.25, 0.1]));
        let document = check(&svg, "weights of the linear model");
        assert_eq!(texts(&document), ["-0.250", "0", "+0.250"]);
    }

    #[test]
    fn a_name_stands_above_the_picture() {
        let svg = weights("of 7", &Weights::new(1, 2, vec![-0.25, 0.1]).named("<7>"));
        assert_eq!(texts(&check(&svg, "of 7"))[0], "<7>");
    }

    #[test]
    fn zero_is_transparent_and_the_signs_have_their_colours() {
        assert_eq!(rgba(&[-1.0, 0.0, 0.5]), [0, 0x72, 0xb2, 255, 0xd5, 0x5e, 0, 0, 0xd5, 0x5e, 0, 128]);
    }
}
