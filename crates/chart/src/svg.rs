//! Pictures as SVG: each a whole `<svg>` that stands alone and can be put into a page as it is.
//!
//! Text, axes and frames take `currentColor`, the colour of the text around them. An SVG opened as a file follows the
//! light or dark scheme of its reader.

mod confusion_matrix;
mod image_grid;
mod legend;
mod line_chart;
mod png;
mod weights;

pub(crate) use self::png::{encoded, png_address};
use crate::{document::Block, span::Tick};

pub use confusion_matrix::confusion_matrix;
pub use image_grid::image_grid;
pub(crate) use legend::scale;
pub(crate) use line_chart::in_page;
pub use line_chart::line_chart;
pub use weights::weights;

/// One unit of a picture's own coordinates is this many CSS pixels at its largest.
const LARGEST_SCALE: f64 = 1.15;

/// Images to be looked at one by one that stand beside each other.
const LARGE_COLUMNS: usize = 3;

/// A block as one picture; `None` where it is none.
pub fn block(block: &Block) -> Option<String> {
    match block {
        Block::Lines(chart) => Some(line_chart(chart)),
        Block::Confusion { alt, matrix } => Some(confusion_matrix(alt, matrix)),
        Block::Pictures { alt, pictures, columns } => Some(image_grid(alt, pictures, *columns)),
        Block::Large { alt, pictures } => Some(image_grid(alt, pictures, LARGE_COLUMNS)),
        Block::Weights { alt, weights: values } => Some(weights(alt, values)),
        Block::Parallel(_)
        | Block::Spread(_)
        | Block::Bars(_)
        | Block::Text(_)
        | Block::Tiles(_)
        | Block::Link { .. }
        | Block::Fold { .. }
        | Block::Code { .. }
        | Block::Slider(_)
        | Block::Table(_)
        | Block::Terms(_)
        | Block::Pixels { .. }
        | Block::Beside(_)
        | Block::Together(_) => None,
    }
}

/// The `<svg>` around `body`, with coordinates from 0, 0 to `width`, `height`.
fn root(alt: &str, size: [u32; 2], body: &str) -> String {
    let largest = f64::from(size[0]) * LARGEST_SCALE;
    sized(alt, size, &format!("width:100%;height:auto;max-width:{largest:.0}px"), body)
}

/// The same as large as a style says.
fn sized(alt: &str, [width, height]: [u32; 2], style: &str, body: &str) -> String {
    let alt = escaped(alt);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{alt}\" class=\"chart\" style=\"{style}\" \
         font-family=\"system-ui, sans-serif\" fill=\"currentColor\">\n\
         <style>svg:root{{color-scheme:light dark}}</style>\n{body}</svg>\n"
    )
}

/// Text in the coordinates of a picture; `style` holds further attributes.
fn text(x: f64, y: f64, size: f64, style: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" {style}>{}</text>\n", escaped(text))
}

/// About how wide a text is, in the unit of its size: there is no font to ask.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}

/// A fraction as a share of whatever a place is in.
pub(crate) fn share(of: f64) -> String {
    format!("{}%", (of * 1e4).round() / 1e2)
}

/// The narrowest picture whose labels do not lie on each other.
pub(crate) const NARROW: f64 = 320.0;

/// The label of a tick of an axis that lies across and whose places are shares. It stands in the middle of its tick, or where it would
/// reach more than `beyond` units over an end of the axis, beside it.
pub(crate) fn tick_label(tick: &Tick, y: f64, beyond: f64) -> String {
    let (anchor, _) = anchor(tick, beyond);
    let (at, label) = (share(tick.at), escaped(&tick.label));
    format!("<text x=\"{at}\" y=\"{y}\" font-size=\"13\" text-anchor=\"{anchor}\">{label}</text>\n")
}

/// What of that label stands at its tick, and where the label begins as seen from there.
pub(crate) fn anchor(tick: &Tick, beyond: f64) -> (&'static str, f64) {
    let width = text_width(&tick.label, 13.0);
    let reaches_over = |from_end: f64| from_end * NARROW + beyond < width / 2.0;
    match tick.at {
        at if reaches_over(at) => ("start", 0.0),
        at if reaches_over(1.0 - at) => ("end", -width),
        _ => ("middle", -width / 2.0),
    }
}

/// Text as the content of an element or an attribute. What XML cannot hold becomes a question mark.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text that is at most so wide; what is cut off ends in an ellipsis.
pub(crate) fn fitting(text: &str, size: f64, width: f64) -> String {
    let most = (width / text_width("x", size)) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>() + "…"
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Well-formed, with an alternative text, without a fixed size, and with nothing that is fetched or run.
    pub(crate) fn check<'a>(svg: &'a str, alt: &str) -> roxmltree::Document<'a> {
        let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let root = document.root_element();
        assert_eq!((root.attribute("role"), root.attribute("aria-label")), (Some("img"), Some(alt)));
        assert!(root.attribute("viewBox").is_some() && root.attribute("width").is_none());
        for element in document.descendants().filter(|node| node.is_element()) {
            assert!(!["script", "foreignObject", "a", "use"].contains(&element.tag_name().name()), "{element:?}");
            for attribute in element.attributes() {
                let value = attribute.value();
                assert!(!attribute.name().starts_with("on") && !value.contains("NaN"), "{attribute:?}");
                let is_embedded = attribute.name() != "href" || value.starts_with("data:image/png;base64,");
                assert!(is_embedded && !value.contains("://") && !value.contains("url("), "{attribute:?}");
                let is_black = ["fill", "stroke"].contains(&attribute.name()) && value.to_lowercase() == "#000000";
                assert!(!is_black, "a fixed colour would vanish on a dark page: {attribute:?}");
            }
        }
        document
    }

    /// What is written in a picture.
    pub(crate) fn texts(document: &roxmltree::Document<'_>) -> Vec<String> {
        let is_text = |node: &roxmltree::Node<'_, '_>| node.has_tag_name(("http://www.w3.org/2000/svg", "text"));
        let content = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().trim().to_owned();
        document.descendants().filter(is_text).map(content).collect()
    }

    #[test]
    fn any_text_makes_well_formed_svg() {
        let alt = "3 < 7 & \"so\" 'on' ?";
        let svg = root("3 < 7 & \"so\" 'on' \u{1}", [10, 10], &text(0.0, 0.0, 12.0, "", "<b>\u{0}</b>"));
        assert_eq!(texts(&check(&svg, alt)), ["<b>?</b>"]);
    }
}
