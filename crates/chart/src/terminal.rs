//! Pictures of characters, for a terminal of a given width, in the colours it has.
//!
//! Nothing here looks at the terminal: the caller says what it can do. Every line ends with a line break, and without
//! colours there is no escape code in it.

mod axis;
mod bars;
mod blocks;
mod canvas;
mod colours;
mod confusion_matrix;
mod document;
mod harmless;
mod image_grid;
mod legend;
mod line_chart;
mod parallel;
mod pixel_table;
mod progress;
mod spread;
mod table;
mod weights;
mod wrap;

pub use bars::bars;
pub use colours::Colours;
pub use confusion_matrix::confusion_matrix;
pub use document::{blocks, document, section};
pub use harmless::{harmless, harmless_json, harmless_line};
pub use image_grid::image_grid;
pub use line_chart::line_chart;
pub use parallel::parallel;
pub use pixel_table::pixel_table;
pub use progress::progress;
pub use spread::spread;
pub use table::{fits, table};
pub use weights::weights;
pub use wrap::{behind, wrapped};

/// A text of at most `width` characters; what is cut off ends in an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 { kept + "…" } else { kept }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Without a trailing space, and without an escape code.
    #[track_caller]
    pub(crate) fn check_plain(text: &str, width: usize) {
        for line in text.lines() {
            assert!(line.chars().count() <= width, "wider than {width}: {line:?}");
            assert!(!line.contains('\u{1b}') && line.trim_end() == line, "{line:?}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_ends_in_an_ellipsis() {
        assert_eq!((cut("abc", 3), cut("abcd", 3), cut("abc", 0)), ("abc".into(), "ab…".into(), String::new()));
    }
}
