//! Images in rows, each with its caption.

use super::{
    Colours,
    blocks::{half_blocks, ink, shrunk},
    cut,
};
use crate::{
    palette::{BLUE, VERMILLION},
    picture::{Picture, Verdict},
};

/// Columns between two images.
const GAP: usize = 2;

/// Draws as many pictures in a row as fit, each pixel a half block, or ink where there are no colours.
///
/// An image that is wider than `width` is shrunk.
pub fn image_grid(pictures: &[Picture], width: usize, colours: Colours) -> String {
    let widest = pictures.iter().map(|picture| picture.pixels.width()).max().unwrap_or(1).min(width.max(1));
    let in_a_row = ((width + GAP) / (widest + GAP)).max(1);
    let row = |pictures: &[Picture]| {
        let drawn: Vec<Vec<String>> = pictures.iter().map(|picture| lines(picture, widest, colours)).collect();
        beside(&drawn, widest)
    };
    pictures.chunks(in_a_row).map(row).collect::<Vec<_>>().join("\n")
}

/// The lines of image and caption. All are `width` wide, but for escape codes.
fn lines(picture: &Picture, width: usize, colours: Colours) -> Vec<String> {
    let pixels = shrunk(&picture.pixels, width);
    let size = [pixels.height(), pixels.width()];
    let image = match colours {
        Colours::Plain => ink(&pixels),
        _ => half_blocks(size, |row, column| pixels.colour(row, column), colours),
    };
    let rest = " ".repeat(width - pixels.width());
    let captions =
        picture.caption.lines().enumerate().map(|(number, line)| caption(picture, number, line, width, colours));
    image.into_iter().map(|line| line + &rest).chain(captions).collect()
}

fn caption(picture: &Picture, number: usize, line: &str, width: usize, colours: Colours) -> String {
    let sign = if number == 0 { picture.verdict.sign() } else { "" };
    let centred = format!("{:^width$}", cut(&format!("{sign}{line}"), width));
    match picture.verdict {
        Verdict::None => centred,
        Verdict::Right => colours.text(BLUE, &centred),
        Verdict::Wrong => colours.text(VERMILLION, &centred),
    }
}

/// Columns of lines beside each other; a shorter one is filled up.
fn beside(columns: &[Vec<String>], width: usize) -> String {
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    let blank = " ".repeat(width);
    let line = |row: usize| {
        let parts: Vec<&str> = columns.iter().map(|lines| lines.get(row).unwrap_or(&blank).as_str()).collect();
        parts.join(&" ".repeat(GAP)).trim_end().to_owned() + "\n"
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{picture::Pixels, terminal::tests::check_plain};

    fn picture(caption: &str, verdict: Verdict) -> Picture {
        Picture {
            pixels: Pixels::new(2, 4, vec![255, 0, 0, 255, 255, 0, 0, 255]),
            caption: caption.into(),
            verdict,
            ..Picture::default()
        }
    }

    #[test]
    fn as_many_pictures_stand_in_a_row_as_fit() {
        let pictures = ["3", "7", "3"].map(|caption| picture(caption, Verdict::None));
        let text = image_grid(&pictures, 10, Colours::Plain);
        assert_eq!(text, "@  @  @  @\n 3     7\n\n@  @\n 3\n");
        assert_eq!(image_grid(&pictures, 16, Colours::Plain).lines().count(), 2);
    }

    #[test]
    fn a_wrong_caption_has_a_colour_and_a_sign() {
        let text = image_grid(&[picture("7", Verdict::Wrong)], 20, Colours::TrueColour);
        assert!(text.contains("\u{1b}[38;2;213;94;0m✗ 7 \u{1b}[0m"), "{text:?}");
        assert!(image_grid(&[picture("7", Verdict::Wrong)], 20, Colours::Plain).contains("✗ 7"));
    }

    #[test]
    fn an_image_wider_than_the_terminal_is_shrunk() {
        for width in [1, 2, 3, 40] {
            check_plain(&image_grid(&[picture("a long caption", Verdict::Right)], width, Colours::Plain), width);
        }
        assert_eq!(image_grid(&[], 40, Colours::Plain), "");
    }
}
