//! Signed weights as a picture.

use super::{Colours, blocks::half_blocks};
use crate::{
    palette::Rgb,
    weights::{Weights, colour},
};

/// Draws positive weights orange, negative ones blue, zero white; without colours as `#` and `+`, `=` and `-`. The last
/// line says so.
pub fn weights(weights: &Weights, colours: Colours) -> String {
    let (height, width) = weights.size();
    let scaled = weights.scaled(weights.largest());
    let at = |row: usize, column: usize| scaled[row * width + column];
    let lines = match colours {
        Colours::Plain => signs([height, width], at),
        _ => half_blocks([height, width], |row, column| on_white(at(row, column)), colours),
    };
    let key = match colours {
        Colours::Plain => "# + positive   = - negative",
        _ => "orange: positive, blue: negative",
    };
    weights
        .name
        .iter()
        .chain(&lines)
        .map(String::as_str)
        .chain([key])
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Two rows at a time, as a character is twice as high as wide: the larger of two weights is shown.
fn signs([height, width]: [usize; 2], at: impl Fn(usize, usize) -> f32) -> Vec<String> {
    let sign = |row: usize, column: usize| {
        let (upper, lower) = (at(row, column), at((row + 1).min(height - 1), column));
        let (larger, is_strong) = (if upper.abs() >= lower.abs() { upper } else { lower }, |v: f32| v.abs() >= 0.5);
        match larger {
            v if v.abs() < 0.15 => ' ',
            v if v > 0.0 => {
                if is_strong(v) {
                    '#'
                } else {
                    '+'
                }
            }
            v => {
                if is_strong(v) {
                    '='
                } else {
                    '-'
                }
            }
        }
    };
    (0..height).step_by(2).map(|row| (0..width).map(|column| sign(row, column)).collect()).collect()
}

fn on_white(scaled: f32) -> Rgb {
    let (Rgb(red, green, blue), opacity) = colour(scaled);
    let mix = |channel: u8| (255.0 + (f32::from(channel) - 255.0) * opacity).round() as u8;
    Rgb(mix(red), mix(green), mix(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_largest_has_the_full_colour() {
        assert_eq!([0.0, 1.0, -1.0].map(on_white), [Rgb::grey(255), Rgb(0xd5, 0x5e, 0), Rgb(0, 0x72, 0xb2)]);
    }

    #[test]
    fn without_colours_the_signs_are_characters() {
        let picture = Weights::new(2, 5, vec![1.0, 0.0, -0.3, 0.2, 0.0, 0.2, 0.1, 0.1, 0.3, -0.9]);
        assert_eq!(weights(&picture, Colours::Plain), "# -+=\n# + positive   = - negative\n");
    }
}
