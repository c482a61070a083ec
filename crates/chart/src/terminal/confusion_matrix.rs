//! A confusion matrix.

use super::{Colours, cut};
use crate::{
    confusion::Confusion,
    numbers::grouped,
    palette::{BLUE, VERMILLION},
};

/// The most lines of what is confused, where the matrix is too wide.
const LINES: usize = 10;

/// Draws counts, of two classes with their shares of the actual class; right ones are blue, wrong ones orange. A matrix that is
/// wider than the terminal is told by what is confused most.
pub fn confusion_matrix(confusion: &Confusion, width: usize, colours: Colours) -> String {
    let is_binary = confusion.classes.len() == 2;
    let label = |word: &str, class: &str| {
        let text = if is_binary { format!("{word} {class}") } else { class.to_owned() };
        cut(&text, (width / 3).max(8))
    };
    let labels = |word| confusion.classes.iter().map(|class| label(word, class)).collect::<Vec<_>>();
    let (rows, columns) = (labels("actual"), labels("predicted"));
    let cell = |row: usize, column: usize| match confusion.counts[row][column] {
        count if is_binary => format!("{}  {:>6}", grouped(count), confusion.percent(row, column)),
        0 => ".".into(),
        count => grouped(count),
    };
    let cells: Vec<Vec<String>> =
        (0..rows.len()).map(|row| (0..rows.len()).map(|column| cell(row, column)).collect()).collect();
    let letters = |text: &String| text.chars().count();
    let first = rows.iter().map(letters).max().unwrap_or(0);
    let gap = if is_binary { 2 } else { 1 };
    let widest = |column: usize| cells.iter().map(|row| letters(&row[column])).max().unwrap_or(0);
    let wide: Vec<usize> =
        columns.iter().enumerate().map(|(column, name)| letters(name).max(widest(column)) + gap).collect();
    if first + wide.iter().sum::<usize>() > width && !is_binary {
        return most_confused(confusion);
    }
    let right_aligned =
        |texts: &[String]| texts.iter().zip(&wide).map(|(text, wide)| format!("{text:>wide$}")).collect::<Vec<_>>();
    let mut lines = format!("{:first$}{}\n", "", right_aligned(&columns).concat());
    for (row, name) in rows.iter().enumerate() {
        let painted = right_aligned(&cells[row]).into_iter().enumerate().map(|(column, text)| {
            let colour = if row == column { BLUE } else { VERMILLION };
            if text.ends_with('.') { text } else { colours.text(colour, &text) }
        });
        lines += &format!("{name:first$}{}\n", painted.collect::<String>());
    }
    lines
}

fn most_confused(confusion: &Confusion) -> String {
    let confused = confusion.confused();
    let line = |(actual, predicted, count): &(usize, usize, u64)| {
        let [actual, predicted] = [actual, predicted].map(|class| &confusion.classes[*class]);
        format!("{:>7} of {actual} predicted {predicted}\n", grouped(count))
    };
    let lines: String = confused.iter().take(LINES).map(line).collect();
    if lines.is_empty() {
        "nothing is confused\n".into()
    } else {
        format!("most confused, actual and predicted class:\n{lines}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::tests::check_plain;

    fn confusion() -> Confusion {
        Confusion { classes: vec!["3".into(), "7".into()], counts: vec![vec![990, 20], vec![7, 1021]] }
    }

    #[test]
    fn counts_and_shares_stand_below_what_was_predicted() {
        let text = confusion_matrix(&confusion(), 80, Colours::Plain);
        assert_eq!(
            text,
            "          predicted 3    predicted 7\nactual 3  990  98.0 %     20   2.0 %\nactual 7    7   0.7 %  1,021  99.3 %\n"
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

    #[test]
    fn more_classes_are_counts_and_what_is_too_wide_its_largest_errors() {
        let classes = ["cat", "dog", "eel"].map(String::from).to_vec();
        let confusion = Confusion { classes, counts: vec![vec![10, 2, 0], vec![0, 9, 3], vec![1, 0, 8]] };
        let text = confusion_matrix(&confusion, 80, Colours::Plain);
        assert_eq!(text, "    cat dog eel\ncat  10   2   .\ndog   .   9   3\neel   1   .   8\n");
        check_plain(&text, 20);
        let narrow = confusion_matrix(&confusion, 12, Colours::Plain);
        assert!(narrow.contains("\n      3 of dog predicted eel\n      2 of cat predicted dog\n"), "{narrow}");
    }
}
