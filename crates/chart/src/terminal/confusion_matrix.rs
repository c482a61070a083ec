//! A confusion matrix of two classes.

use super::{Colours, cut};
use crate::{
    confusion::Confusion,
    palette::{BLUE, VERMILLION},
};

/// Draws counts and their shares of the actual class; right ones are blue, wrong ones orange.
pub fn confusion_matrix(confusion: &Confusion, width: usize, colours: Colours) -> String {
    let label = |word: &str, class: &str| cut(&format!("{word} {class}"), (width / 3).max(8));
    let rows = confusion.classes.each_ref().map(|class| label("actual", class));
    let columns = confusion.classes.each_ref().map(|class| label("predicted", class));
    let cell =
        |row: usize, column: usize| format!("{}  {:>6}", confusion.counts[row][column], confusion.percent(row, column));
    let cells = [0, 1].map(|row| [0, 1].map(|column| cell(row, column)));
    let count = |text: &String| text.chars().count();
    let first = rows.iter().map(count).max().unwrap_or(0);
    let wide = [0, 1].map(|n| [&columns[n], &cells[0][n], &cells[1][n]].map(count).into_iter().max().unwrap_or(0) + 2);
    let head = format!("{:first$}{:>a$}{:>b$}\n", "", columns[0], columns[1], a = wide[0], b = wide[1]);
    let row = |row: usize| {
        let painted = [0, 1].map(|column| {
            let colour = if row == column { BLUE } else { VERMILLION };
            colours.text(colour, &format!("{:>w$}", cells[row][column], w = wide[column]))
        });
        format!("{:first$}{}\n", rows[row], painted.concat())
    };
    head + &row(0) + &row(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::tests::check_plain;

    fn confusion() -> Confusion {
        Confusion { classes: ["3".into(), "7".into()], counts: [[990, 20], [7, 1021]] }
    }

    #[test]
    fn counts_and_shares_stand_below_what_was_predicted() {
        let text = confusion_matrix(&confusion(), 80, Colours::Plain);
        assert_eq!(
            text,
            "          predicted 3   predicted 7\nactual 3  990  98.0 %    20   2.0 %\nactual 7    7   0.7 %  1021  99.3 %\n"
        );
        check_plain(&text, 40);
    }

    #[test]
    fn what_is_wrong_has_another_colour() {
        let text = confusion_matrix(&confusion(), 80, Colours::TrueColour);
        assert_eq!(
            (text.matches("\u{1b}[38;2;0;114;178m").count(), text.matches("\u{1b}[38;2;213;94;0m").count()),
            (2, 2)
        );
    }
}
