//! Images with their captions, in rows as long as the page has room for.

use crate::{
    palette,
    picture::{Picture, Verdict},
    svg::{escaped, png_address},
};

/// A row that is longer than this is broken where the page ends.
const FIXED: usize = 6;

/// Images as an `<img>` each, in rows of `columns`.
pub fn pictures(alt: &str, pictures: &[Picture], columns: usize) -> String {
    let columns = columns.min(pictures.len()).max(1);
    let form = if columns > FIXED { String::new() } else { format!(" style=\"--columns:{columns}\"") };
    let all: String = pictures.iter().map(picture).collect();
    format!("<div class=\"pictures\" role=\"group\" aria-label=\"{}\"{form}>\n{all}</div>\n", escaped(alt))
}

fn picture(Picture { pixels, caption, verdict }: &Picture) -> String {
    let style = match verdict {
        Verdict::None => String::new(),
        verdict => palette::text(*verdict == Verdict::Right),
    };
    let sign = verdict.sign();
    // The caption says it; a second text would be read twice.
    let alt = if caption.is_empty() { "an image" } else { "" };
    let caption = escaped(caption).replace('\n', "<br/>");
    format!(
        "<figure><img alt=\"{alt}\" src=\"{}\"/><figcaption{style}>{sign}{caption}</figcaption></figure>\n",
        png_address(pixels)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pixels;

    #[test]
    fn each_image_has_its_caption_and_a_long_row_breaks() {
        let pixels = Pixels::new(1, 1, vec![7]);
        let one = Picture { pixels, caption: "7 < 9\nloss 1".into(), verdict: Verdict::Wrong };
        let html = pictures("two & more", &[one.clone(), one.clone()], 9);
        assert!(html.contains("aria-label=\"two &amp; more\" style=\"--columns:2\""), "{html}");
        assert!(html.contains(">✗ 7 &lt; 9<br/>loss 1</figcaption>"), "{html}");
        assert!(!pictures("many", &vec![one; 7], 9).contains("--columns"));
    }
}
