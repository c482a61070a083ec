//! A confusion matrix of two classes.

use super::{root, text};
use crate::{
    confusion::Confusion,
    palette::{BLUE, VERMILLION},
};

const CELL: [f64; 2] = [130.0, 80.0];
/// Room for the names of the rows, and of the columns.
const LEFT: f64 = 90.0;
const TOP: f64 = 44.0;

/// Draws counts and their shares of the actual class; the fuller a cell, the stronger its colour.
pub fn confusion_matrix(alt: &str, confusion: &Confusion) -> String {
    let mut body = String::new();
    for (column, class) in confusion.classes.iter().enumerate() {
        let x = LEFT + (column as f64 + 0.5) * CELL[0];
        body += &text(x, TOP - 12.0, 14.0, "text-anchor=\"middle\"", &format!("predicted {class}"));
    }
    for (row, class) in confusion.classes.iter().enumerate() {
        let y = TOP + (row as f64 + 0.5) * CELL[1] + 5.0;
        body += &text(LEFT - 10.0, y, 14.0, "text-anchor=\"end\"", &format!("actual {class}"));
        for column in 0..2 {
            body += &cell(confusion, row, column);
        }
    }
    let size = [LEFT + 2.0 * CELL[0] + 4.0, TOP + 2.0 * CELL[1] + 4.0].map(|side| side as u32);
    root(alt, size, 1, &body)
}

fn cell(confusion: &Confusion, row: usize, column: usize) -> String {
    let [width, height] = CELL;
    let (x, y) = (LEFT + column as f64 * width, TOP + row as f64 * height);
    let colour = if row == column { BLUE } else { VERMILLION }.hex();
    // Weak enough that the text on it can be read, light or dark.
    let opacity = 0.06 + 0.44 * confusion.share(row, column);
    let ground = format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\" \
         fill-opacity=\"{opacity:.2}\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>\n"
    );
    let middle = "text-anchor=\"middle\"";
    let count = confusion.counts[row][column].to_string();
    let (x, y) = (x + width / 2.0, y + height / 2.0);
    let bold = format!("{middle} font-weight=\"600\"");
    ground + &text(x, y + 2.0, 22.0, &bold, &count) + &text(x, y + 23.0, 13.0, middle, &confusion.percent(row, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::{check, texts};

    #[test]
    fn every_count_stands_in_its_cell_with_its_share() {
        let confusion = Confusion { classes: ["3".into(), "7".into()], counts: [[90, 10], [1, 99]] };
        let svg = confusion_matrix("who is taken for whom", &confusion);
        let document = check(&svg, "who is taken for whom");
        let expected = ["predicted 3", "predicted 7", "actual 3", "90", "90.0 %", "10", "10.0 %"];
        assert_eq!(texts(&document)[..7], expected);
        assert_eq!(texts(&document)[7..], ["actual 7", "1", "1.0 %", "99", "99.0 %"]);
        let opacities: Vec<_> = document.descendants().filter_map(|node| node.attribute("fill-opacity")).collect();
        assert_eq!(opacities, ["0.46", "0.10", "0.06", "0.50"]);
    }
}
