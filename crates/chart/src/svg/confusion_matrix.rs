//! A confusion matrix: of two classes with counts and shares, of some with counts, of many as a picture.

use super::{escaped, png, sized, text};
use crate::{
    confusion::Confusion,
    numbers::grouped,
    palette::{BLUE, Rgb, VERMILLION},
    terminal::cut,
};

const CELL: [f64; 2] = [130.0, 80.0];
/// Room for the names of the rows, and of the columns.
const LEFT: f64 = 90.0;
const TOP: f64 = 44.0;

/// Draws counts and their shares of the actual class; the fuller a cell, the stronger its colour.
pub fn confusion_matrix(alt: &str, confusion: &Confusion) -> String {
    if confusion.classes.len() == 2 { two_classes(alt, confusion) } else { more_classes(alt, confusion) }
}

/// Sides of the matrix of more than two classes, without the names, as far as its cells are not too small or large.
const SIDE: f64 = 560.0;

/// The smallest cell that takes a count, and the least distance between two names.
const COUNTED: f64 = 30.0;
const NAMED: f64 = 12.0;

/// The smallest scale that counts are read at.
const READABLE: f64 = 0.75;

/// The same of more classes: ten take a telephone's width.
const STILL_READABLE: f64 = 0.6;

/// The most letters of a name.
const LETTERS: usize = 12;

/// The counts of what there is any of, with titles, where the cells are large enough for them; else a pixel for each cell.
fn more_classes(alt: &str, confusion: &Confusion) -> String {
    let classes = confusion.classes.len().max(1);
    let cell = (SIDE / classes as f64).clamp(5.0, 42.0);
    let every = (NAMED / cell).ceil().max(1.0) as usize;
    let names: Vec<String> = confusion.classes.iter().map(|class| cut(class, LETTERS)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let margin = (26.0 + 6.8 * longest as f64).max(40.0);
    let side = cell * classes as f64;
    let mut body = format!(
        "<rect x=\"{margin}\" y=\"{margin}\" width=\"{side}\" height=\"{side}\" fill=\"none\" stroke=\"currentColor\" \
         stroke-opacity=\"0.4\"/>\n"
    );
    body += &text(margin + side / 2.0, 14.0, 13.0, "text-anchor=\"middle\"", "predicted");
    let (x, y) = (14.0, margin + side / 2.0);
    body += &text(x, y, 13.0, &format!("text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\""), "actual");
    for (index, name) in names.iter().enumerate().step_by(every) {
        let middle = margin + (index as f64 + 0.5) * cell;
        body += &text(margin - 6.0, middle + 4.0, 13.0, "text-anchor=\"end\"", name);
        let upright = longest <= 3 && cell > 20.0;
        let (x, y) = (if upright { middle } else { middle + 4.0 }, margin - 6.0);
        let how = if upright { "text-anchor=\"middle\"".into() } else { format!("transform=\"rotate(-90 {x} {y})\"") };
        body += &text(x, y, 13.0, &how, name);
    }
    if cell < COUNTED {
        body += &png::rgba([margin, margin, side, side], classes, classes, &grounds(confusion));
        return matrix(alt, [margin + side + 8.0; 2], 0.0, &body);
    }
    for (actual, row) in confusion.counts.iter().enumerate() {
        for (predicted, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            body += &counted_cell(confusion, [actual, predicted], *count, [margin, cell]);
        }
    }
    matrix(alt, [margin + side + 4.0; 2], STILL_READABLE, &body)
}

/// As large as it is, so that what stands beside it knows; where there is no room as much smaller as `least`, and then a page scrolls.
fn matrix(alt: &str, size: [f64; 2], least: f64, body: &str) -> String {
    let [width, height] = size.map(|side| side as u32);
    let least = least * size[0];
    sized(alt, [width, height], &format!("width:{width}px;height:auto;max-width:100%;min-width:{least:.0}px"), body)
}

/// A pixel for each cell.
fn grounds(confusion: &Confusion) -> Vec<u8> {
    let cells = confusion.counts.iter().enumerate().flat_map(|(actual, row)| {
        row.iter().enumerate().map(move |(predicted, count)| {
            let (Rgb(red, green, blue), opacity) = ground(confusion, [actual, predicted]);
            [red, green, blue, if *count > 0 { (opacity * 255.0).round() as u8 } else { 0 }]
        })
    });
    cells.flatten().collect()
}

/// The colour and the opacity of a cell.
fn ground(confusion: &Confusion, [actual, predicted]: [usize; 2]) -> (Rgb, f64) {
    let share = confusion.share(actual, predicted);
    // A few among thousands are to be told apart too.
    let most = confusion.largest_error().max(LEAST_ERROR);
    if actual == predicted { (BLUE, 0.06 + 0.44 * share) } else { (VERMILLION, 0.08 + 0.62 * (share / most).min(1.0)) }
}

/// The share of an error that has the strongest colour at least.
const LEAST_ERROR: f64 = 0.01;

fn counted_cell(
    confusion: &Confusion,
    [actual, predicted]: [usize; 2],
    count: u64,
    [margin, cell]: [f64; 2],
) -> String {
    let (x, y) = (margin + predicted as f64 * cell, margin + actual as f64 * cell);
    let (colour, opacity) = ground(confusion, [actual, predicted]);
    let [of, taken] = [actual, predicted].map(|class| escaped(&confusion.classes[class]));
    let (share, colour) = (confusion.percent(actual, predicted), colour.hex());
    let count = grouped(count);
    let ground = format!(
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{cell:.1}\" height=\"{cell:.1}\" fill=\"{colour}\" \
         fill-opacity=\"{opacity:.2}\"><title>{count} of {of} predicted {taken}, {share}</title></rect>\n"
    );
    let size = if count.len() < 4 {
        16.0
    } else if count.len() < 6 {
        13.0
    } else {
        11.0
    };
    let weight = if actual == predicted { " font-weight=\"600\"" } else { "" };
    let style = format!("text-anchor=\"middle\"{weight}");
    ground + &text(x + cell / 2.0, y + cell / 2.0 + 5.0, size, &style, &count)
}

fn two_classes(alt: &str, confusion: &Confusion) -> String {
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
    matrix(alt, [LEFT + 2.0 * CELL[0] + 4.0, TOP + 2.0 * CELL[1] + 4.0], READABLE, &body)
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
    let count = grouped(confusion.counts[row][column]);
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
        let confusion = Confusion { classes: vec!["3".into(), "7".into()], counts: vec![vec![90, 10], vec![1, 99]] };
        let svg = confusion_matrix("who is taken for whom", &confusion);
        let document = check(&svg, "who is taken for whom");
        let expected = ["predicted 3", "predicted 7", "actual 3", "90", "90.0 %", "10", "10.0 %"];
        assert_eq!(texts(&document)[..7], expected);
        assert_eq!(texts(&document)[7..], ["actual 7", "1", "1.0 %", "99", "99.0 %"]);
        let opacities: Vec<_> = document.descendants().filter_map(|node| node.attribute("fill-opacity")).collect();
        assert_eq!(opacities, ["0.46", "0.10", "0.06", "0.50"]);
    }

    #[test]
    fn of_some_classes_every_count_is_shown_and_of_many_a_small_picture() {
        let diagonal = |classes: usize| {
            let row = |actual| {
                (0..classes).map(|predicted| if actual == predicted { 7 } else { u64::from(predicted == 0) }).collect()
            };
            let classes = (0..classes).map(|class| format!("<{class}>"));
            Confusion { classes: classes.clone().collect(), counts: (0..classes.len()).map(row).collect() }
        };
        let ten = confusion_matrix("ten", &diagonal(10));
        let shown = texts(&check(&ten, "ten"));
        assert_eq!(shown.iter().filter(|text| *text == "7").count(), 10);
        assert_eq!(shown.iter().filter(|text| *text == "<9>").count(), 2);
        let hundred = confusion_matrix("hundred", &diagonal(100));
        let document = check(&hundred, "hundred");
        assert!(texts(&document).iter().all(|text| text != "7"));
        assert!(
            !ten.contains("min-width:0px") && hundred.contains("min-width:0px"),
            "counts are read, a picture is seen"
        );
        assert!(ten.contains("<title>1 of &lt;9&gt; predicted &lt;0&gt;, 12.5 %</title>"));
        let count = |svg: &str, name: &str| svg.matches(name).count();
        assert_eq!([count(&ten, "<rect"), count(&hundred, "<rect"), count(&hundred, "<image")], [1 + 10 + 9, 1, 1]);
        assert!(hundred.len() < 20_000, "{}", hundred.len());
    }
}
