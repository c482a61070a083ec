//! Images with their captions, in rows as long as the page has room for.

use super::{breakable, embedded};
use crate::{
    palette,
    picture::{Picture, Verdict},
    svg::escaped,
};

/// A row that is longer than this is broken where the page ends.
const FIXED: usize = 6;

/// Images as an `<img>` each, in rows of `columns`; large ones of at most `side` pixels a side.
pub fn pictures(alt: &str, pictures: &[Picture], columns: usize, side: usize) -> String {
    let columns = columns.min(pictures.len()).max(1);
    let form = if columns > FIXED { String::new() } else { format!(" style=\"--columns:{columns}\"") };
    let of = |number: usize| format!("{alt}: {number} of {}", pictures.len());
    let all: String = (1..).zip(pictures).map(|(number, one)| picture(one, &of(number), side, breakable)).collect();
    format!("<div class=\"pictures\" role=\"group\" aria-label=\"{}\"{form}>\n{all}</div>\n", escaped(alt))
}

/// Images as large as there is room for; those of many pixels of three times as many a side as in a row, where there is room.
pub fn large(alt: &str, pictures: &[Picture], side: usize) -> String {
    let side = if side > embedded::LITTLE { 3 * side } else { side };
    let of = |number: usize| format!("{alt}: {number} of {}", pictures.len());
    let all: String = (1..).zip(pictures).map(|(number, one)| picture(one, &of(number), side, led)).collect();
    // Where the page is narrow three stand beside each other, others two by two.
    let three = if pictures.len() == 3 { " three" } else { "" };
    format!("<div class=\"pictures large{three}\" role=\"group\" aria-label=\"{}\">\n{all}</div>\n", escaped(alt))
}

/// A caption whose first line stands out.
fn led(caption: &str) -> String {
    let (first, rest) = caption.split_once('\n').unwrap_or((caption, ""));
    format!("<strong>{}</strong>\n{}", breakable(first), breakable(rest)).trim_end().to_owned()
}

/// An image with its caption, which is its alternative text too where it has none of its own; `otherwise` is that of one without both.
fn picture(
    Picture { pixels, caption, verdict, alt }: &Picture,
    otherwise: &str,
    side: usize,
    shown: fn(&str) -> String,
) -> String {
    let class = if embedded::is_small(pixels) { " class=\"squares\"" } else { "" };
    let address = embedded::address(pixels, side);
    let image = |alt: &str| format!("<img alt=\"{}\"{class} src=\"{address}\"/>", escaped(alt));
    if caption.is_empty() {
        return format!("<figure>{}</figure>\n", image(if alt.is_empty() { otherwise } else { alt }));
    }
    // What is right has its sign; a colour of its own would read as a link.
    let style = if *verdict == Verdict::Wrong { palette::text(false) } else { String::new() };
    let sign = verdict.sign();
    let alt = if alt.is_empty() { caption.replace('\n', ", ") } else { alt.clone() };
    let caption = shown(caption).replace('\n', "<br/>");
    // Hidden from who hears the page: the image has said it.
    format!("<figure>{}<figcaption aria-hidden=\"true\"{style}>{sign}{caption}</figcaption></figure>\n", image(&alt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pixels;

    #[test]
    fn each_image_has_its_caption_and_a_long_row_breaks() {
        let pixels = Pixels::new(1, 1, vec![7]);
        let one = Picture { pixels, caption: "7 < 9\nloss 1".into(), verdict: Verdict::Wrong, ..Picture::default() };
        let html = pictures("two & more", &[one.clone(), one.clone()], 9, 112);
        assert!(html.contains("aria-label=\"two &amp; more\" style=\"--columns:2\""), "{html}");
        assert!(html.contains(">✗ 7 &lt; 9<br/>loss 1</figcaption>"), "{html}");
        assert!(!pictures("many", &vec![one; 7], 9, 112).contains("--columns"));
    }

    #[test]
    fn a_large_image_has_more_pixels_and_a_first_line_that_stands_out() {
        let pixels = Pixels::new(300, 300, vec![7; 90_000]);
        let one = Picture::new(pixels, "7 < 9\nvalid/7/1");
        let html = large("one", std::slice::from_ref(&one), 100);
        assert!(
            html.contains("class=\"pictures large\"") && html.contains(&embedded::address(&one.pixels, 300)),
            "{html}"
        );
        assert!(html.contains("><strong>7 &lt; 9</strong><br/>valid/<wbr/>7/<wbr/>1</figcaption>"), "{html}");
    }

    #[test]
    fn every_image_says_once_what_it_shows() {
        let captioned = Picture { caption: "7, is 9\nloss 1".into(), ..Picture::default() };
        let numbered = Picture { caption: "1184".into(), ..Picture::default() }.shows("3, train/3/1184");
        let html = pictures("units", &[captioned, Picture::default(), numbered], 9, 112);
        let alts: Vec<&str> = html.split("alt=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(alts, ["7, is 9, loss 1", "units: 2 of 3", "3, train/3/1184"]);
        assert_eq!((html.matches("<figcaption").count(), html.matches("aria-hidden").count()), (2, 2));
    }
}
