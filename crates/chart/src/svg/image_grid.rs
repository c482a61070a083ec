//! Images in rows, each with its caption.

use super::{escaped, png, root};
use crate::{
    palette,
    picture::{Picture, Verdict},
};

/// Width of an image, the room between images, size and height of a caption's line.
const IMAGE: f64 = 96.0;
const GAP: f64 = 12.0;
const TEXT: f64 = 13.0;
const LINE: f64 = 17.0;

/// Draws pictures in rows of `columns`, as fastai's `show_batch`; each pixel is a sharp square.
///
/// A caption that is right is blue, one that is wrong is orange, and both have a sign for who sees no colours.
///
/// # Panics
/// When `columns` is 0.
pub fn image_grid(alt: &str, pictures: &[Picture], columns: usize) -> String {
    let lines = pictures.iter().map(|picture| picture.caption.lines().count()).max().unwrap_or(0);
    let tallest = pictures.iter().map(height).fold(0.0, f64::max);
    let row_height = tallest + lines as f64 * LINE + GAP;
    let cell = |(number, picture): (usize, &Picture)| {
        let (row, column) = (number / columns, number % columns);
        one(picture, GAP + column as f64 * (IMAGE + GAP), GAP + row as f64 * row_height)
    };
    let body: String = pictures.iter().enumerate().map(cell).collect();
    let columns = columns.min(pictures.len()).max(1);
    let rows = pictures.len().div_ceil(columns);
    let size = [GAP + columns as f64 * (IMAGE + GAP), GAP + rows as f64 * row_height];
    root(alt, size.map(|side| side.ceil() as u32), &body)
}

fn height(picture: &Picture) -> f64 {
    IMAGE * picture.pixels.height() as f64 / picture.pixels.width() as f64
}

fn one(picture: &Picture, x: f64, y: f64) -> String {
    let (pixels, height) = (&picture.pixels, height(picture));
    let image = png::pixels([x, y, IMAGE, height], pixels);
    let frame = format!(
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{IMAGE}\" height=\"{height:.1}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\n"
    );
    image + &frame + &caption(picture, x + IMAGE / 2.0, y + height)
}

fn caption(picture: &Picture, middle: f64, top: f64) -> String {
    let colour = match picture.verdict {
        Verdict::None => String::new(),
        verdict => format!("{} font-weight=\"600\"", palette::text(verdict == Verdict::Right)),
    };
    let line = |(number, line): (usize, &str)| {
        let sign = if number == 0 { picture.verdict.sign() } else { "" };
        // A long line is pressed together rather than drawn over its neighbour.
        let wide = if super::text_width(line, TEXT) > IMAGE + GAP { fitted() } else { String::new() };
        let y = top + (number as f64 + 0.85) * LINE;
        let text = escaped(line);
        format!(
            "<text x=\"{middle:.1}\" y=\"{y:.1}\" font-size=\"{TEXT}\" text-anchor=\"middle\"{colour}{wide}>{sign}{text}</text>\n"
        )
    };
    picture.caption.lines().enumerate().map(line).collect()
}

fn fitted() -> String {
    format!(" textLength=\"{IMAGE}\" lengthAdjust=\"spacingAndGlyphs\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture::Pixels,
        svg::tests::{check, texts},
    };

    fn picture(caption: &str, verdict: Verdict) -> Picture {
        Picture {
            pixels: Pixels::new(2, 2, vec![0, 85, 170, 255]),
            caption: caption.into(),
            verdict,
            ..Picture::default()
        }
    }

    #[test]
    fn pictures_stand_in_rows_with_their_captions_below() {
        let pictures = ["3", "7", "3"].map(|caption| picture(caption, Verdict::None));
        let svg = image_grid("three digits", &pictures, 2);
        let document = check(&svg, "three digits");
        assert_eq!(texts(&document), ["3", "7", "3"]);
        let places: Vec<_> = document
            .descendants()
            .filter(|node| node.tag_name().name() == "image")
            .map(|node| (node.attribute("x").unwrap(), node.attribute("y").unwrap()))
            .collect();
        assert_eq!(places, [("12.0", "12.0"), ("120.0", "12.0"), ("12.0", "137.0")]);
    }

    #[test]
    fn a_verdict_has_a_colour_and_a_sign() {
        let pictures = [picture("3", Verdict::Right), picture("7 not 3\nloss 2.1", Verdict::Wrong)];
        let svg = image_grid("two", &pictures, 4);
        let document = check(&svg, "two");
        assert_eq!(texts(&document), ["✓ 3", "✗ 7 not 3", "loss 2.1"]);
        let styles = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
        let styles: Vec<_> = styles.filter_map(|node| node.attribute("style")).collect();
        assert!(styles.len() == 3 && styles[0] != styles[1] && styles[1] == styles[2], "{styles:?}");
    }

    #[test]
    fn no_picture_is_an_empty_grid() {
        check(&image_grid("nothing", &[], 3), "nothing");
    }
}
